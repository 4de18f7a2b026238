#!/usr/bin/env bash
# A real browser for the report's tests: the one that is there, or Debian's. Status 3 where there is none to be had.
set -euo pipefail
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "SKIP the report in a browser: there is no chromium, and this is no root on Debian to install it" >&2
  exit 3
fi
echo "Installing Chromium from Debian (once, about half a minute)" >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
options=(-q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
{ apt-get "${options[@]}" update && apt-get "${options[@]}" install --no-install-recommends chromium; } >"$log" 2>&1 ||
  { tail -20 "$log" >&2; exit 1; }
