# shellcheck shell=bash
# Which Debian packages the project needs, and how they get here. Sourced after common.sh.
# shellcheck disable=SC2034 # the lists are for the scripts that source this

# To run: servers for quickstart, dev and the tests, certificates for Telegram, and letters for the pictures of reports.
PACKAGES_RUN=(postgresql redis-server ca-certificates fonts-dejavu-core)
# To build.
PACKAGES_BUILD=(gcc libc6-dev cmake ninja-build pkgconf protobuf-compiler protobuf-c-compiler libprotobuf-c-dev
  libnng-dev libpq-dev libhiredis-dev libcurl4-openssl-dev libcjson-dev zlib1g-dev libsodium-dev libutf8proc-dev
  libmicrohttpd-dev libstemmer-dev libpango1.0-dev libcairo2-dev libdw-dev libcriterion-dev)
# To watch: scripts/dev up --observe, and the tests.
PACKAGES_OBSERVE=(prometheus prometheus-alertmanager)
# To test.
PACKAGES_TEST=(chromium clang clang-format clang-tidy clang-tools libclang-rt-dev lld cppcheck shellcheck binutils procps python3
  python3-protobuf make openssl "${PACKAGES_OBSERVE[@]}")

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install_packages PACKAGE...: installs what is missing. Starts no server, and stops none that was there before.
install_packages() {
  local missing=() package installer=$ROOT/scripts/lib/install-packages
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "this needs Debian's packages: ${missing[*]}"
  say "packages that are missing: ${missing[*]}"
  if [ "$(id -u)" = 0 ]; then
    "$installer" "${missing[@]}" >&2
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n "$installer" "${missing[@]}" >&2
  elif command -v sudo >/dev/null && [ -t 0 ] && [ -t 2 ]; then
    sudo "$installer" "${missing[@]}" >&2
  else
    warn "there is no way to become root here. As root, run:"
    printf '  apt-get install --no-install-recommends %s\n' "${missing[*]}" >&2
    exit 1
  fi
}
