#!/usr/bin/env bash
# Runs the roles' scenarios, each against a lab of its own, which ends with it: those with the small stand-in for the
# engine side by side, then the one with the real vLLM, which wants the machine for itself.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
export MOLECULE_GLOB="extensions/molecule/*/molecule.yml" ANSIBLE_HOME="$root/.build/ansible"
# shellcheck disable=SC2206
scenarios=(${@:-default elsewhere engine})
mkdir -p .build

lab_of() { echo "$root/.build/lab-molecule-$1"; }

run() {
  local scenario=$1
  export LAB_HOME; LAB_HOME=$(lab_of "$scenario")
  if [ "$scenario" = engine ]; then unset LAB_ENGINE; else export LAB_ENGINE=stub; fi
  python -m lab stop
  python -m lab start
  eval "$(python -m lab env)"
  # Molecule remembers what it prepared, in a lab that is no more.
  molecule reset --scenario-name "$scenario"
  molecule test --scenario-name "$scenario" --destroy never
}

# Whatever ends this script ends what it started: a job and its children are one process group.
finish() {
  local job
  for job in $(jobs -p); do kill -- "-$job" 2>/dev/null || true; done
  for scenario in "${scenarios[@]}"; do LAB_HOME=$(lab_of "$scenario") python -m lab stop >/dev/null || true; done
}
trap finish EXIT
trap 'exit 130' INT TERM

failed=()
declare -A job_of
set -m
for scenario in "${scenarios[@]}"; do
  [ "$scenario" != engine ] || continue
  echo "== scenario $scenario: its output is shown when it is through"
  (run "$scenario") >".build/molecule-$scenario.log" 2>&1 &
  job_of[$scenario]=$!
done
for scenario in "${!job_of[@]}"; do
  wait "${job_of[$scenario]}" || failed+=("$scenario")
  echo "== scenario $scenario"
  cat ".build/molecule-$scenario.log"
done
set +m

if [[ " ${scenarios[*]} " == *" engine "* ]]; then
  echo "== scenario engine"
  # Not in a condition, where 'set -e' would not hold.
  set +e
  (set -e; run engine)
  [ $? = 0 ] || failed+=(engine)
  set -e
fi
[ "${#failed[@]}" = 0 ] || { echo "Failed: ${failed[*]}" >&2; exit 1; }
