#!/usr/bin/env bash
# Builds the tarball, installs it offline beside the bundled amazon.aws, and uses it from there.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
site=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
work="$root/.build/package"
rm -rf "$work"
mkdir -p "$work/collections"
ansible-galaxy collection build --output-path "$work" "$root" >/dev/null
tarball=$(ls "$work"/central-llm-*.tar.gz)
# The package carries what Ansible needs and nothing that only the repository needs: this list is whole.
tar -tzf "$tarball" | cut -d/ -f1 | sort -u >"$work/carried.txt"
printf '%s\n' CHANGELOG.rst CONTRIBUTING.md FILES.json LICENSE MANIFEST.json README.md changelogs docs functions image inventories meta \
  playbooks plugins roles | LC_ALL=C sort | diff - <(LC_ALL=C sort "$work/carried.txt") || {
  echo "the tarball does not carry what it should (see above: < expected, > carried)" >&2
  exit 1
}

# From a folder that holds nothing of the checkout, and with a path that does not hold it either.
cd "$work"
export ANSIBLE_COLLECTIONS_PATH="$work/collections" ANSIBLE_COLLECTIONS_SCAN_SYS_PATH=false ANSIBLE_HOME="$work/home"
ansible-galaxy collection install --offline -p "$work/collections" \
  "$site/ansible_collections/amazon/aws" "$site/ansible_collections/community/docker" \
  "$site/ansible_collections/community/library_inventory_filtering_v1" "$tarball" >/dev/null
ansible-doc -t module -l central.llm | tee modules.txt
expected=$(ls "$root"/plugins/modules/*.py | wc -l)
[ "$(grep -c '^central\.llm\.' modules.txt)" -eq "$expected" ] || { echo "not every module is documented" >&2; exit 1; }
for playbook in up down status report bake image rollback rotate teardown; do
  ansible-playbook --syntax-check -i "$root/inventories/local" "central.llm.$playbook"
done
