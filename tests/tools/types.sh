#!/usr/bin/env bash
# mypy wants the collection where Ansible imports it from: below a folder ansible_collections.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work="$root/.build/types"
mkdir -p "$work/ansible_collections/central"
ln -sfn "$root" "$work/ansible_collections/central/llm"
cd "$work"
export MYPYPATH="$work"
mypy --config-file "$root/pyproject.toml" --cache-dir "$root/.mypy_cache" \
  -p ansible_collections.central.llm.plugins
cd "$root"
MYPYPATH="$root" mypy --config-file pyproject.toml -p lab
MYPYPATH="$root/image" mypy --config-file pyproject.toml --strict -p central_llm_audit
MYPYPATH="$root" mypy --config-file pyproject.toml --namespace-packages -p image.make
# A function is a folder of its own, whose modules find each other by their bare names.
for function in functions/*/; do
  MYPYPATH="$root/$function" mypy --config-file pyproject.toml --cache-dir "$root/.mypy_cache" "$function"*.py
done
