#!/usr/bin/env bash
# ansible-test wants a real path …/ansible_collections/central/llm and a git checkout of its own.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
site=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
work="$root/.build/sanity"
copy="$work/ansible_collections/central/llm"
rm -rf "$work/ansible_collections"
mkdir -p "$copy" "$work/home/.ansible/test/cache"
(cd "$root" && git ls-files -z --cached --others --exclude-standard | xargs -0 -I{} sh -c '[ -e "$1" ] && printf "%s\0" "$1"' _ {} | tar --null -T - -cf -) | tar -xf - -C "$copy"
# The lab and its tests are no part of what Ansible loads.
find "$copy/tests" -mindepth 1 -maxdepth 1 ! -name sanity ! -name config.yml -exec rm -rf {} +
rm -rf "$copy/lab" "$copy/extensions"
ln -s "$site/ansible_collections/amazon" "$work/ansible_collections/amazon"
ln -s "$site/ansible_collections/community" "$work/ansible_collections/community"
(cd "$copy" && git init -q && git add -A && git -c user.name=x -c user.email=x@localhost commit -q -m copy)

# ansible-test fetches a script that installs pip; the same from pip's wheel, so that a package index is all it needs.
core=$(python -c 'import ansible.release; print(ansible.release.__version__)')
version=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
pip=$(python - "$version" <<'PY'
import sys
import types

from ansible_test._internal.python_requirements import get_venv_packages

print(get_venv_packages(types.SimpleNamespace(version=sys.argv[1]))["pip"])
PY
)
cache="$work/home/.ansible/test/cache"
[ -e "$cache"/pip-"$pip"-*.whl ] || python -m pip download -q --disable-pip-version-check --no-deps -d "$cache" "pip==$pip"
wheel=$(ls "$cache"/pip-"$pip"-*.whl)
cat >"$cache/get_pip_${pip//./_}.py" <<PY
import subprocess
import sys

subprocess.check_call([sys.executable, "$wheel/pip", "install", "-q", "--no-index", "$wheel"])
PY

# Which Python is tested with which, said by name; ansible-test itself reports those that are missing.
for other in 3.11 3.12 3.13; do
  [ "$other" = "$version" ] || echo "SKIP sanity on Python $other: this environment has Python $version"
done
echo "ansible-test sanity, ansible-core $core, Python $version"
cd "$copy"
HOME="$work/home" ansible-test sanity --python "$version" --color no
