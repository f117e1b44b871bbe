# What the tests and checks need. One pinned version of clang, so that format and findings agree.

pinned_clang=14

# pinned NAME PACKAGE: finds NAME-14, or NAME if that is version 14; sets "found".
pinned() {
    found=$(first_of "$1-$pinned_clang" "$1") || found=
    if [ -z "$found" ]; then
        miss "$1" "$2"
    elif ! "$found" --version | grep -q "version $pinned_clang\."; then
        miss "$1 of version $pinned_clang" "$2-$pinned_clang"
    else
        say "$1" "$(command -v "$found")"
    fi
}

if [ $with_tests = yes ]; then
    by_pkgconfig cmocka cmocka 1.1.5 libcmocka-dev
    pinned clang clang && clang=$found
    pinned clang-tidy clang-tidy && clang_tidy=$found
    pinned clang-format clang-format && clang_format=$found
    pinned llvm-cov llvm && llvm_cov=$found
    # It prints no version; it comes with llvm-cov.
    llvm_profdata=$(first_of llvm-profdata-$pinned_clang llvm-profdata) ||
        miss llvm-profdata llvm
    need_tool ctags universal-ctags
    need_tool python3 python3
    need_tool ffmpeg ffmpeg
    need_tool curl curl
    if have ctags && ! ctags --version | grep -qi universal; then
        miss "ctags with JSON output" universal-ctags
    fi
    if [ -n "${clang:-}" ]; then
        printf '%s\n' '#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return data == NULL && size; }' \
            >"$scratch/fuzz.c"
        if "$clang" -fsanitize=fuzzer,address,undefined "$scratch/fuzz.c" -o "$scratch/fuzz" \
            >"$scratch/log" 2>&1; then
            say libFuzzer yes
        else
            miss "libFuzzer and sanitizers of clang" libclang-rt-$pinned_clang-dev
        fi
    fi
fi
stop_if_missing
