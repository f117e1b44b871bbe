# Outside libraries: by pkg-config where the package has a .pc file, else by a small program.
# trunk/3rdparty/README.md has the table.

# by_pkgconfig NAME MODULE MINIMUM PACKAGE: sets NAME_cflags and NAME_libs.
by_pkgconfig() {
    eval "$1_cflags= $1_libs="
    if pkg-config --atleast-version="$3" "$2" 2>/dev/null; then
        eval "$1_cflags=\$(pkg-config --cflags $2) $1_libs=\$(pkg-config --libs $2)"
        say "$2" "$(pkg-config --modversion "$2")"
    else
        miss "$2 >= $3" "$4"
    fi
}

# by_program NAME SOURCE LIBS PACKAGE: sets NAME_libs.
by_program() {
    if can_compile "$2" $3; then
        eval "$1_libs=\$3"
        say "$1" yes
    else
        eval "$1_libs="
        miss "$1" "$4"
    fi
}

# State Threads is linked statically, because its archive is rewritten for guard pages.
st_archive=
st_cflags=$(pkg-config --cflags st 2>/dev/null || true)
for dir in $(pkg-config --variable=libdir st 2>/dev/null) /usr/lib /usr/lib/x86_64-linux-gnu \
    /usr/local/lib; do
    if [ -z "$st_archive" ] && [ -f "$dir/libst.a" ]; then
        st_archive=$dir/libst.a
    fi
done
if [ -n "$st_archive" ] && can_compile '#include <st.h>
int main(void) { return st_init(); }' $st_cflags "$st_archive"; then
    say st "$st_archive"
else
    miss "State Threads (st.h, libst.a)" libst-dev
fi

by_pkgconfig ssl libssl 3.0 libssl-dev
by_pkgconfig crypto libcrypto 3.0 libssl-dev
by_pkgconfig cares libcares 1.18 libc-ares-dev
by_pkgconfig curl libcurl 7.85 libcurl4-openssl-dev
by_pkgconfig cjson libcjson 1.7 libcjson-dev
by_program http_parser '#include <http_parser.h>
int main(void) { return (int)http_parser_version() < 0; }' -lhttp_parser libhttp-parser-dev
by_program uthash '#include <stdlib.h>
#include <string.h>
#include <uthash.h>
struct item { int key; UT_hash_handle hh; };
int main(void) { struct item *none = NULL; return (int)HASH_COUNT(none); }' "" uthash-dev
