# shellcheck shell=bash
# Sourced by every script: the checkout's folder, messages, checks that every script needs.
# Progress goes to standard error, so that standard output stays the answer.
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8
unset CDPATH
# shellcheck disable=SC2034 # the scripts that source this use them
ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
PROGRAM=${0##*/}

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ] && [ -n "${TERM:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  STRONG=$'\033[1m' RED=$'\033[31m' PLAIN=$'\033[0m'
else
  STRONG='' RED='' PLAIN=''
fi

say() { printf '%s%s:%s %s\n' "$STRONG" "$PROGRAM" "$PLAIN" "$*" >&2; }
warn() { printf '%s%s:%s %s\n' "$RED" "$PROGRAM" "$PLAIN" "$*" >&2; }
die() { warn "$*"; exit 1; }

# require_writable PATH...: below these, what exists must be ours to write. Root first and a user afterwards leaves files
# that the user can't touch.
require_writable() {
  local path found
  for path in "$@"; do
    if [ -e "$path" ]; then
      found=$(find "$path" ! -type l ! -writable -print -quit 2>/dev/null || true)
    else
      found=$(dirname -- "$path")
      [ -w "$found" ] && found=''
    fi
    [ -z "$found" ] && continue
    warn "$found is not writable for $(id -un); it belongs to $(stat -c %U -- "$found"), who ran this before."
    die "Give it back with:  sudo chown -R $(id -un): $(printf '%q' "$path")"
  done
}

# wait_for SECONDS COMMAND...: polls until the command succeeds; false when the time is over.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.05
  done
}

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port [PREFERRED]: that port on 127.0.0.1, or another one below the range of outgoing connections.
free_port() {
  local port=${1:-} tries=0
  while [ -z "$port" ] || port_is_taken "$port"; do
    [ "$((tries += 1))" -le 200 ] || die "no free port was found on 127.0.0.1"
    port=$((20000 + RANDOM % 12000))
  done
  printf '%s\n' "$port"
}
