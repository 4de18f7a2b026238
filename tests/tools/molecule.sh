#!/usr/bin/env bash
# Runs the roles' scenarios against a lab of their own, which ends with them.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
export LAB_HOME="$root/.build/lab-molecule" MOLECULE_GLOB="extensions/molecule/*/molecule.yml"
export ANSIBLE_HOME="$root/.build/ansible"
trap 'python -m lab stop >/dev/null' EXIT
for scenario in "${@:-default}" $([ $# -gt 0 ] || echo elsewhere engine); do
  echo "== scenario $scenario"
  python -m lab stop >/dev/null
  python -m lab start
  eval "$(python -m lab env)"
  if [ "$scenario" = engine ]; then unset LAB_ENGINE; else export LAB_ENGINE=stub; fi
  # Molecule remembers what it prepared, in a lab that is no more.
  molecule reset --scenario-name "$scenario"
  molecule test --scenario-name "$scenario" --destroy never
done
