# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Reads scripts/lib/packages; sourced after common.sh.
#
#   debian_release           12, 13 …; dies on anything that is not Debian
#   packages_for ROLE...     "package<tab>what for" a line, by the names of this release
#   missing_packages ROLE... the same, only those that are not installed
#   need_packages ROLE...    installs what is missing, saying what and why

debian_release() {
    local id='' version=''
    # shellcheck disable=SC1091
    { id=$(. /etc/os-release && echo "$ID") && version=$(. /etc/os-release && echo "${VERSION_ID:-}"); } 2>/dev/null || true
    [[ $id == debian && ($version == 12 || $version == 13) ]] ||
        die "this is ${id:-an unknown system} ${version:-}, and the packages are named for Debian 12 and 13" \
            "use one of them (a container will do), or install the packages of scripts/lib/packages by hand and set MPULAB_SKIP_PACKAGES=1"
    echo "$version"
}

packages_for() {
    local release=$1 role name12 name13 why line
    shift
    while IFS='|' read -r role name12 name13 why; do
        role=${role// /} name12=${name12// /} name13=${name13// /} why=${why# }
        [[ -n $role && $role != \#* && " $* " == *" $role "* ]] || continue
        line=$name12
        [[ $release == 12 || $name13 == '=' ]] || line=$name13
        [[ $line == - ]] || printf '%s\t%s\n' "$line" "$why"
    done <"$root/scripts/lib/packages"
}

missing_packages() {
    local wanted installed name why
    wanted=$(packages_for "$@")
    # shellcheck disable=SC2016 # dpkg expands these
    # One dpkg-query for all of them: about 20 ms.
    installed=" $(cut -f1 <<<"$wanted" | xargs dpkg-query -W -f '${Package}=${db:Status-Status} ' 2>/dev/null || true) "
    while IFS=$'\t' read -r name why; do
        [[ $installed == *" $name=installed "* ]] || printf '%s\t%s\n' "$name" "$why"
    done <<<"$wanted"
}

need_packages() {
    [[ -z ${MPULAB_SKIP_PACKAGES:-} ]] || return 0
    local release missing
    release=$(debian_release)
    missing=$(missing_packages "$release" "$@")
    [[ -n $missing ]] || return 0
    say "installing $(wc -l <<<"$missing") Debian packages that are missing:"
    awk -F'\t' '{ printf "    %-32s %s\n", $1, $2 }' <<<"$missing" >&2
    local names
    mapfile -t names < <(cut -f1 <<<"$missing")
    step "reading the package lists" "check the network and /etc/apt/sources.list, then run this again" \
        as_root apt-get update -q
    step "installing ${#names[@]} packages" "try by hand: apt-get install --no-install-recommends ${names[*]}" \
        as_root apt-get install -q -y --no-install-recommends "${names[@]}"
}
