#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A PostgreSQL of our own: a data directory in DIR, a Unix socket in it, no TCP, fsync on.
#
#   pg.sh start DIR          makes and starts it, prints its URL (DIR must not exist, or be empty)
#   pg.sh stop DIR           stops it and removes DIR
#   pg.sh with COMMAND ...   runs COMMAND with POSTERN_TEST_POSTGRESQL=URL; if that is set already, with that server
#
# PostgreSQL refuses to run as root: then it runs as the user postgres, or nobody.
set -eu

die() {
    echo "pg.sh: $*" >&2
    exit 1
}

bin() {
    for d in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) /usr/local/bin /usr/bin; do
        if [ -x "$d/initdb" ] && [ -x "$d/pg_ctl" ]; then
            echo "$d"
            return
        fi
    done
    die "no PostgreSQL server here (initdb, pg_ctl); on Debian: apt-get install postgresql"
}

as_user() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
        return
    fi
    user=postgres
    id -u postgres >/dev/null 2>&1 || user=nobody
    setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env HOME="$dir" "$@"
}

start() {
    tools=$(bin)
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    [ ${#dir} -le 80 ] || die "the path $dir is too long for a socket"
    if [ "$(id -u)" -eq 0 ]; then
        user=postgres
        id -u postgres >/dev/null 2>&1 || user=nobody
        chown "$user" "$dir"
    fi
    chmod 700 "$dir"
    cd "$dir" # the server's user may not read the caller's directory
    as_user "$tools/initdb" -D "$dir/data" -U postern -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
        >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; die "initdb failed"; }
    as_user "$tools/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 \
        -o "-k $dir -c listen_addresses= -c max_connections=250 -c shared_buffers=64MB -c log_min_messages=fatal -c log_min_error_statement=panic" \
        start >"$dir/start.log" 2>&1 </dev/null || { cat "$dir/start.log" "$dir/log" >&2; die "the server did not start"; }
    echo "postgresql://postern@/postgres?host=$dir"
}

stop() {
    dir=$(cd "$dir" && pwd) || die "there is no $dir"
    cd /
    if [ -f "$dir/data/postmaster.pid" ]; then
        # By the pid of its own pid file; connections that are still open are cut.
        as_user "$(bin)/pg_ctl" -D "$dir/data" -m fast -w -t 60 stop >/dev/null || die "it did not stop"
    fi
    rm -rf "$dir"
}

with() {
    if [ -n "${POSTERN_TEST_POSTGRESQL:-}" ]; then
        exec "$@"
    fi
    dir=$(mktemp -d "${TMPDIR:-/tmp}/postern-pg.XXXXXX")
    trap 'stop' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # Were all of us killed, this one would see the end of the pipe and stop the server.
    mkfifo "$dir.life"
    exec 9<>"$dir.life" # opened both ways, it does not wait for the other side
    exec 8<"$dir.life"
    rm "$dir.life"
    setsid "$script" guard "$dir" <&8 >/dev/null 2>&1 8<&- 9>&- &
    exec 8<&-
    POSTERN_TEST_POSTGRESQL=$("$script" start "$dir" 9>&-)
    export POSTERN_TEST_POSTGRESQL
    status=0
    "$@" || status=$?
    exit "$status"
}

script=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
case "${1:-}" in
start | stop)
    [ $# -eq 2 ] || die "$1 needs a directory"
    dir=$2
    "$1"
    ;;
guard)
    cat >/dev/null
    dir=$2
    [ ! -d "$dir" ] || stop
    ;;
with)
    shift
    [ $# -gt 0 ] || die "with needs a command"
    with "$@"
    ;;
*)
    die "start DIR | stop DIR | with COMMAND ..."
    ;;
esac
