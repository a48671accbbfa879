# shellcheck shell=bash
# Private PostgreSQL and Redis on Unix sockets. Sourced after common.sh.
#
# A folder holds everything of one pair: data, sockets, logs. It lies in /var/tmp or /tmp, because socket paths must stay
# under 108 bytes and because the user postgres, who runs the servers when we are root (initdb refuses root), must reach
# it even when the checkout lies in a folder of mode 0700.

# make_servers_folder NAME: prints a new folder /var/tmp/NAME-XXXXXX.
make_servers_folder() {
  local parent folder=''
  for parent in /var/tmp /tmp "${TMPDIR:-/tmp}"; do
    folder=$(mktemp -d "$parent/$1-XXXXXX" 2>/dev/null) && break
  done
  [ -n "$folder" ] || die "no temporary folder can be made in /var/tmp or /tmp"
  chmod 700 "$folder"
  [ "$(id -u)" != 0 ] || chown postgres: "$folder"
  printf '%s\n' "$folder"
}

# The newest PostgreSQL; Debian keeps the server's programs out of PATH.
postgres_bin() {
  local bin
  # shellcheck disable=SC2012 # names of versions only
  bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  if [ -z "$bin" ] || [ ! -x "$bin/initdb" ]; then
    die "PostgreSQL's server programs are missing; install the package postgresql"
  fi
  printf '%s\n' "$bin"
}

# as_server_user COMMAND...: as the user postgres when we are root. Foreground.
as_server_user() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && exec runuser -u postgres -- "$@")
  else
    (cd / && exec "$@")
  fi
}

# spawn LOG [--as USER] COMMAND...: in the background, in a session of its own, so that Ctrl-C reaches us alone; its
# number is in SPAWNED. With SPAWN_TIED=yes it ends when we do, even when we are killed outright; otherwise it stays.
spawn() {
  local log=$1 options=() start=(setsid)
  shift
  if [ "$1" = --as ]; then
    [ "$(id -u)" != 0 ] || options=(--reuid "$2" --regid "$2" --init-groups)
    shift 2
  fi
  [ "${SPAWN_TIED:-no}" != yes ] || options+=(--pdeathsig TERM)
  if [ ${#options[@]} -gt 0 ]; then
    start+=(setpriv "${options[@]}")
  fi
  # Not our descriptor 9 either: it is a lock that ends with us.
  "${start[@]}" "$@" </dev/null >>"$log" 2>&1 9>&- &
  # shellcheck disable=SC2034 # for the caller
  SPAWNED=$!
}

postgres_answers() { "$(postgres_bin)/pg_isready" -q -h "$1/s" -U fam -d postgres; }
redis_answers() { [ "$(redis-cli -s "$1/s/redis" ping 2>/dev/null)" = PONG ]; }
database_url() { printf 'postgresql:///fam?host=%s/s&user=fam\n' "$1"; }
redis_url() { printf 'unix://%s/s/redis?db=0\n' "$1"; }

# start_postgres FOLDER: makes the cluster when there is none, starts it, makes the database `fam`.
start_postgres() {
  local folder=$1 bin settings=()
  bin=$(postgres_bin)
  [ "${PG_FSYNC:-on}" = on ] || settings=(-c fsync=off)
  as_server_user mkdir -p -m 700 "$folder/s"
  if [ ! -f "$folder/pg/PG_VERSION" ]; then
    # An empty LANG would choose SQL_ASCII.
    as_server_user "$bin/initdb" -D "$folder/pg" -U fam -E UTF8 --locale=C.UTF-8 --auth=trust --no-sync \
      >"$folder/initdb.log" 2>&1 || { tail -n 10 "$folder/initdb.log" >&2; die "initdb failed"; }
  fi
  spawn "$folder/postgres.log" --as postgres "$bin/postgres" -D "$folder/pg" -c listen_addresses= \
    -c "unix_socket_directories=$folder/s" -c unix_socket_permissions=0700 "${settings[@]+"${settings[@]}"}"
  # shellcheck disable=SC2034 # for the caller
  PG_PID=$SPAWNED
  wait_for 60 postgres_answers "$folder" || { tail -n 10 "$folder/postgres.log" >&2; die "PostgreSQL does not start"; }
  if ! as_server_user "$bin/psql" -qAtX -h "$folder/s" -U fam -d postgres \
    -c "select 1 from pg_database where datname = 'fam'" | grep -q 1; then
    as_server_user "$bin/createdb" -h "$folder/s" -U fam fam
  fi
}

start_redis() {
  local folder=$1
  as_server_user mkdir -p -m 700 "$folder/s" "$folder/redis"
  spawn "$folder/redis.log" --as postgres redis-server --port 0 --unixsocket "$folder/s/redis" --unixsocketperm 700 \
    --dir "$folder/redis" --save '' --appendonly yes --maxmemory-policy noeviction --daemonize no
  # shellcheck disable=SC2034 # for the caller
  REDIS_PID=$SPAWNED
  wait_for 30 redis_answers "$folder" || { tail -n 10 "$folder/redis.log" >&2; die "Redis does not start"; }
}

# as_owner PATH COMMAND...: as the user whom the path belongs to, when we are root: he started the servers that lie there.
as_owner() {
  local path=$1
  shift
  if [ "$(id -u)" = 0 ] && [ "$(stat -c %u -- "$path")" != 0 ]; then
    (cd / && exec setpriv --reuid "$(stat -c %u -- "$path")" --regid "$(stat -c %g -- "$path")" --clear-groups -- "$@")
  else
    (cd / && exec "$@")
  fi
}

# stop_postgres FOLDER, stop_redis FOLDER: if it runs. False, with the reason on standard error, when it goes on.
stop_postgres() {
  local folder=$1
  if [ -f "$folder/pg/postmaster.pid" ]; then
    as_owner "$folder/pg" "$(postgres_bin)/pg_ctl" -D "$folder/pg" -m fast -w -t 30 stop >/dev/null || true
  fi
  ! postgres_answers "$folder"
}

stop_redis() {
  local folder=$1
  if [ -S "$folder/s/redis" ]; then
    timeout 10 redis-cli -s "$folder/s/redis" shutdown nosave >/dev/null || true
  fi
  ! redis_answers "$folder"
}

new_master_key() { printf 'v1:%s\n' "$(head -c 32 /dev/urandom | base64 -w 0)"; }
