#!/usr/bin/env bash
# Runs steps of the Makefile in lanes beside one another, since each of them keeps one processor busy: an argument is a
# lane, its words the steps in order. A step's output is shown once it is through; all run, and those that failed are named.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=.build/lanes
rm -rf "$work"
mkdir -p "$work"

lane() {
  local step status
  for step in "$@"; do
    status=0
    "${MAKE:-make}" --no-print-directory "$step" >"$work/$step.log" 2>&1 || status=$?
    [ "$status" = 0 ] || touch "$work/$step.failed"
    # One at a time, so that no two outputs mix.
    {
      flock 9
      echo "== $step: $([ "$status" = 0 ] && echo passed || echo "FAILED with status $status")"
      cat "$work/$step.log"
    } 9>"$work/lock"
  done
}

# Whatever ends this script ends what it started: a lane and its children are one process group.
finish() {
  local job
  for job in $(jobs -p); do kill -- "-$job" 2>/dev/null || true; done
}
trap finish EXIT
trap 'exit 130' INT TERM

set -m
for steps in "$@"; do
  echo "== side by side: $steps"
  # shellcheck disable=SC2086
  lane $steps &
done
wait
failed=$(cd "$work" && ls -- *.failed 2>/dev/null | sed 's/\.failed$//' | tr '\n' ' ' || true)
[ -z "$failed" ] || { echo "Failed: $failed" >&2; exit 1; }
