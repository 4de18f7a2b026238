#!/usr/bin/env bash
# Has Galaxy's own importer look at the tarball. It pins tools of its own, hence an environment of its own.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
site=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
work="$root/.build/importer"
requirements="$root/requirements/importer.txt"
if ! cmp -s "$requirements" "$work/installed.txt"; then
  python -m venv --clear "$work/venv"
  "$work/venv/bin/python" -m pip install -q --no-compile --disable-pip-version-check -r "$requirements"
  cp "$requirements" "$work/installed.txt"
fi
# The modules' documentation includes fragments of amazon.aws.
collections="$("$work/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ansible_collections"
mkdir -p "$collections"
ln -sfn "$site/ansible_collections/amazon" "$collections/amazon"
ln -sfn "$site/ansible_collections/community" "$collections/community"

export PATH="$work/venv/bin:$PATH" GALAXY_IMPORTER_CONFIG="$work/importer.cfg" ANSIBLE_HOME="$work/home"
unset PYTHONPATH
rm -rf "$work/built"
ansible-galaxy collection build --output-path "$work/built" "$root" >/dev/null
# Sanity is a check of its own here (tests/tools/sanity.sh).
printf '[galaxy-importer]\nRUN_ANSIBLE_TEST=False\nCHECK_REQUIRED_TAGS=True\nCHECK_CHANGELOG=True\n' >"$GALAXY_IMPORTER_CONFIG"
cd "$work/built"
python -m galaxy_importer.main central-llm-*.tar.gz 2>&1 | tee "$work/importer.log" | grep -v '^Loading '
# What it only warns about is wrong as well.
if grep -E '^(WARNING|ERROR)' "$work/importer.log"; then exit 1; fi
