# Helpers of ./configure: messages, and the list of what is missing.

missing_packages=
missing_things=

say() {
    printf '%-28s %s\n' "$1" "$2"
}

die() {
    printf 'configure: %s\n' "$*" >&2
    exit 1
}

# miss THING PACKAGE: remembered, so that one run names everything that is missing.
miss() {
    say "$1" "not found (Debian package $2)"
    missing_things="$missing_things, $1"
    case " $missing_packages " in
    *" $2 "*) ;;
    *) missing_packages="$missing_packages $2" ;;
    esac
}

stop_if_missing() {
    [ -z "$missing_packages" ] && return 0
    printf 'configure: missing: %s\n' "${missing_things#, }" >&2
    printf 'configure: on Debian install it with:  apt-get install%s\n' "$missing_packages" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# first_of NAME...: the first of these commands that exists.
first_of() {
    for candidate in "$@"; do
        if have "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

# need_tool COMMAND PACKAGE
need_tool() {
    if have "$1"; then
        say "$1" "$(command -v "$1")"
    else
        miss "$1" "$2"
    fi
}
