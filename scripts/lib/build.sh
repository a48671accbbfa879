# shellcheck shell=bash
# Building. Sourced after common.sh.

# build PRESET FOLDER [TARGET...]: configures when needed, builds; silent unless it fails.
build() {
  local preset=$1 folder=$ROOT/$2 log
  shift 2
  require_writable "$folder"
  mkdir -p "$folder"
  log=$folder/build.log
  # One build of a folder at a time: two would spoil each other's files.
  exec 8>"$folder/.lock"
  flock -n 8 || { say "waiting for another build in $folder"; flock -w 1800 8 || die "another build in $folder does not end"; }
  if [ ! -f "$folder/build.ninja" ] && ! (cd "$ROOT" && cmake --preset "$preset") >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    die "cmake --preset $preset failed; the whole log is $log"
  fi
  local targets=()
  [ $# -eq 0 ] || targets=(--target "$@")
  if ! cmake --build "$folder" "${targets[@]}" >"$log" 2>&1; then
    grep -E 'error|undefined reference|FAILED:' -A 2 "$log" | head -n 60 >&2 || tail -n 30 "$log" >&2
    die "the build in $folder failed; the whole log is $log"
  fi
  exec 8>&-
}
