# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What every script shares; sourced, never run. Results go to stdout, progress and errors to stderr.
#
#   die WHAT NEXT [STATUS]        one line that names the thing, one that names the next step; exits (1 unless given)
#   say WORDS...                  one line of progress
#   step WHAT NEXT COMMAND...     runs a command that may take long: shows what, how far and how long so far; when it
#                                 fails, shows the command, the last lines of its log, and NEXT, and exits
#   as_root COMMAND...            directly, or through sudo
#   seconds_since START           elapsed seconds since an $EPOCHREALTIME, with one decimal

set -euo pipefail
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

# shellcheck disable=SC2034 # the scripts that source this file use them
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# shellcheck disable=SC2034
build=${MPULAB_BUILD_DIR:-$root/build}
if [[ -n ${XDG_CACHE_HOME:-} ]]; then
    cache=$XDG_CACHE_HOME/mpulab
else
    cache=${HOME:-/var/tmp/mpulab-home-$UID}/.cache/mpulab
fi
logs=$cache/logs
jobs=$(nproc 2>/dev/null || echo 2)
export root build cache logs jobs

die() {
    printf 'error: %s\nnext:  %s\n' "$1" "$2" >&2
    exit "${3:-1}"
}

say() { printf '%s\n' "$*" >&2; }

seconds_since() {
    local now=$EPOCHREALTIME
    local tenths=$(((${now/./} - ${1/./}) / 100000))
    printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        # sudo clears the environment; what apt needs of it is named.
        sudo DEBIAN_FRONTEND=noninteractive "$@"
    else
        die "'$1' needs root, and there is no sudo" "run as root: $*"
    fi
}

# Last line of a log, shortened: how far the step is.
last_line() { tail -c 2000 "$1" 2>/dev/null | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-90; }

# Prints progress of process $1 (what $2, log $3) until it ends. A step of under a second stays silent.
watch_step() {
    local pid=$1 what=$2 log=$3 start=$EPOCHREALTIME ticks=0 width
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        ticks=$((ticks + 1))
        if [[ -t 2 ]]; then
            ((ticks > 4)) || continue
            width=$(tput cols 2>/dev/null || echo 100)
            printf '\r\033[K%.*s' "$((width - 1))" "$what … $(seconds_since "$start") s  $(last_line "$log")" >&2
        elif ((ticks == 5)); then
            say "$what …"
        elif ((ticks % 75 == 0)); then
            say "$what … $(seconds_since "$start") s  $(last_line "$log")"
        fi
    done
    [[ ! -t 2 ]] || printf '\r\033[K' >&2
}

step() {
    local what=$1 next=$2
    shift 2
    mkdir -p "$logs" 2>/dev/null || die "cannot write to $logs" "free some space, or set XDG_CACHE_HOME to a writable folder"
    local name log status=0 start=$EPOCHREALTIME
    name=$(tr -cs '[:alnum:].' '-' <<<"$what")
    log=$logs/${name%-}.log
    "$@" >"$log" 2>&1 </dev/null &
    local pid=$!
    # An interrupted script takes its step with it.
    trap 'kill "$pid" 2>/dev/null || true; exit 130' INT TERM
    watch_step "$pid" "$what" "$log"
    wait "$pid" || status=$?
    trap - INT TERM
    local took
    took=$(seconds_since "$start")
    if ((status != 0)); then
        {
            printf 'error: %s failed (exit status %d) after %s s\n' "$what" "$status" "$took"
            printf 'command: %s\n' "$(printf '%q ' "$@")"
            printf 'last lines of %s:\n' "$log"
            tail -n 25 "$log" | sed 's/^/    /'
            printf 'next:  %s\n' "$next"
        } >&2
        exit "$((status > 125 ? 1 : status))"
    fi
    # Silence for what was already done, one line for what took time.
    [[ ${took%.*} == 0 ]] || say "$what: done in $took s"
}

# Prints the usage text that stands in the head of the calling script between "# usage" and the first line that is no comment.
usage() { sed -n '/^# usage/,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; }
