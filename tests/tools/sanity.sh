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
rm -rf "$copy/lab" "$copy/tests/integration" "$copy/tests/unit" "$copy/tests/tools" "$copy/extensions"
ln -s "$site/ansible_collections/amazon" "$work/ansible_collections/amazon"
(cd "$copy" && git init -q && git add -A && git -c user.name=x -c user.email=x@localhost commit -q -m copy)

# ansible-test fetches a script that installs pip; the same from what Python brings along, so that it works offline.
core=$(python -c 'import ansible.release; print(ansible.release.__version__)')
cat >"$work/home/.ansible/test/cache/get_pip_25_2.py" <<'PY'
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"])
subprocess.check_call([sys.executable, "-m", "pip", "install", "-q", "pip==25.2"])
PY

# Which Python is tested with which, said by name; ansible-test itself reports those that are missing.
version=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
for other in 3.11 3.12 3.13; do
  [ "$other" = "$version" ] || echo "SKIP sanity on Python $other: this environment has Python $version"
done
echo "ansible-test sanity, ansible-core $core, Python $version"
cd "$copy"
HOME="$work/home" ansible-test sanity --python "$version" --color no
