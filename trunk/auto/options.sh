# Command line of ./configure.

with_tests=no
with_werror=auto
cc=${CC:-}

usage() {
    cat <<'EOF'
usage: ./configure [--with-tests] [--with-werror | --without-werror] [CC=compiler]

  --with-tests      also require what the tests and checks need (cmocka, clang, ctags, ...)
  --with-werror     make warnings errors with any compiler; the default is to do so with the
  --without-werror  compiler versions the project is tested with (gcc 12, clang 14) only
  CC=compiler       the compiler of the release and asan builds, default gcc

Writes objs/config.mk; then run make.
EOF
}

parse_options() {
    for option in "$@"; do
        case $option in
        --with-tests) with_tests=yes ;;
        --with-werror) with_werror=yes ;;
        --without-werror) with_werror=no ;;
        CC=*) cc=${option#CC=} ;;
        -h | --help)
            usage
            exit 0
            ;;
        *)
            usage >&2
            die "unknown option $option"
            ;;
        esac
    done
}
