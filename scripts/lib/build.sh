# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Building, as run, test and build share it; sourced after common.sh.
#
#   build_qemu               builds QEMU if sources, patches or device model changed; sets $qemu
#   configure DIR OPTION...  cmake, only when DIR is new or an option in its cache differs
#   compile DIR WHAT TARGET...

build_qemu() {
    if [[ -n ${MPULAB_QEMU:-} ]]; then
        [[ -x $MPULAB_QEMU ]] || die "MPULAB_QEMU=$MPULAB_QEMU is no program" "unset it, and QEMU is built by scripts/build-qemu"
        qemu=$MPULAB_QEMU
    else
        # Its progress goes to stderr as it comes; its last line on stdout is the path.
        qemu=$("$root/scripts/build-qemu" | tail -n 1)
        [[ -x $qemu ]] || die "scripts/build-qemu named '$qemu', which is no program" "scripts/build-qemu --help"
    fi
    export MPULAB_QEMU=$qemu
}

configure() {
    local dir=$1 option name value changed=''
    shift
    [[ -f $dir/build.ninja && -f $dir/CMakeCache.txt ]] || changed=new
    for option in "$@"; do
        name=${option%%=*} value=${option#*=}
        [[ -n $changed ]] || grep -q "^${name#-D}:[A-Z]*=$value\$" "$dir/CMakeCache.txt" || changed=$option
    done
    [[ -n $changed ]] || return 0
    step "configuring ${dir##*/}" "scripts/doctor names what is missing; a stale build directory: rm -r $dir" \
        cmake -S "$root" -B "$dir" -G Ninja "$@"
}

compile() {
    local dir=$1 what=$2
    shift 2
    step "$what" "the log above names file and line; to see it all: ninja -C $dir" \
        ninja -C "$dir" -j "$jobs" "$@"
}
