# Writes what was found. A file that would not change is left alone; objs/config.stamp says
# when configure last ran.

# put FILE: standard input becomes FILE.
put() {
    cat >"$scratch/out"
    if ! cmp -s "$scratch/out" "$1"; then
        mv "$scratch/out" "$1"
    fi
}

mkdir -p objs
put objs/config.mk <<EOF
# Written by ./configure.
CC := $cc
CC_KIND := $cc_kind
WERROR := $werror
ST_ARCHIVE := $st_archive
LIB_CFLAGS := $(echo $st_cflags $ssl_cflags $crypto_cflags $cares_cflags $cjson_cflags $curl_cflags |
    sed -E 's/(^| )-I/\1-isystem /g; s!-isystem /usr/include( |$)!!g')
LIB_LIBS := $http_parser_libs $cjson_libs $curl_libs $cares_libs $ssl_libs $crypto_libs
EOF
if [ $with_tests = yes ]; then
    put objs/config-test.mk <<EOF
# Written by ./configure --with-tests.
WERROR := -Werror
CLANG := $clang
CLANG_TIDY := $clang_tidy
CLANG_FORMAT := $clang_format
LLVM_COV := $llvm_cov
LLVM_PROFDATA := $llvm_profdata
CMOCKA_CFLAGS := $cmocka_cflags
CMOCKA_LIBS := $cmocka_libs
EOF
fi
touch objs/config.stamp
say "written" "objs/config.mk$([ $with_tests = no ] || echo ' and objs/config-test.mk')"
