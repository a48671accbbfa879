# shellcheck shell=bash
# Building. Sourced after common.sh.

# build PRESET FOLDER [TARGET...]: configures when needed, builds; silent unless it fails.
build() {
  local preset=$1 folder=$ROOT/$2 log
  shift 2
  require_writable "$folder"
  mkdir -p "$folder"
  log=$folder/build.log
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
}
