#!/usr/bin/env bash
# Prints the folder of an environment with the Ansible that requirements/runtime.txt names for a Python (3.11, 3.13, ...):
# this one where it fits, else one that is made once. Status 3 where the machine has no such Python.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
wanted=$1
version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true; }

if [ "$(version "$root/.venv/bin/python")" = "$wanted" ]; then
  echo "$root/.venv"
  exit
fi
# By its name on the path, or among the versions of pyenv, whose shims do not run a version that is not selected.
for python in "python$wanted" "$(pyenv root 2>/dev/null || true)/versions/$wanted".*/bin/python3; do
  [ "$(version "$python")" = "$wanted" ] && break
  python=
done
[ -n "$python" ] || exit 3

work="$root/.build/core-$wanted"
requirements="$root/requirements/runtime.txt"
mkdir -p "$root/.build"
exec 9>"$work.lock"
flock 9
if ! cmp -s "$requirements" "$work/installed.txt"; then
  echo "Installing Ansible for Python $wanted (once)" >&2
  "$python" -m venv --clear "$work"
  "$work/bin/python" -m pip install -q --no-compile --disable-pip-version-check -r "$requirements" >&2
  site=$("$work/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  mkdir -p "$site/ansible_collections/central"
  ln -sfn "$root" "$site/ansible_collections/central/llm"
  cp "$requirements" "$work/installed.txt"
fi
echo "$work"
