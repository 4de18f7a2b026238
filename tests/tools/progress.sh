#!/usr/bin/env bash
# Shows what pip is at, a line a package, and everything once it has failed.
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT
tee "$log" | grep --line-buffered -E '^(Collecting|Installing collected|Successfully)' | cut -c1-100
grep -qE '^ERROR' "$log" && cat "$log" >&2
exit 0
