# The compiler, and the tools that any build needs.

if [ -z "$cc" ]; then
    cc=$(first_of gcc clang cc) || cc=gcc
fi
need_tool "${cc%% *}" gcc
need_tool make make
need_tool ar binutils
need_tool objcopy binutils
need_tool pkg-config pkg-config
stop_if_missing

# can_compile SOURCE [FLAGS...]: whether this compiles and links.
can_compile() {
    compile_source=$1
    shift
    printf '%s\n' "$compile_source" >"$scratch/try.c"
    # shellcheck disable=SC2086
    $cc -std=c17 -D_GNU_SOURCE "$scratch/try.c" -o "$scratch/try" "$@" >"$scratch/log" 2>&1
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if ! have "${cc%% *}" || ! can_compile '#include <stdio.h>
int main(void) { return puts("x") < 0; }'; then
    cat "$scratch/log" >&2
    die "$cc cannot build a C17 program (Debian packages gcc and libc6-dev)"
fi

cc_version=$($cc -dumpversion)
if $cc --version | grep -qi clang; then
    cc_kind=clang
else
    cc_kind=gcc
fi
say compiler "$cc ($cc_kind $cc_version)"

werror=
case $with_werror:$cc_kind:${cc_version%%.*} in
yes:*) werror=-Werror ;;
auto:gcc:12 | auto:clang:14) werror=-Werror ;;
esac
