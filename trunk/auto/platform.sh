# The coroutine library switches stacks with x86-64 code on Linux; its arm64 build is broken.

platform_os=$(uname -s)
platform_arch=$(uname -m)
if [ "$platform_os" != Linux ] || [ "$platform_arch" != x86_64 ]; then
    die "this machine is $platform_os on $platform_arch; srs builds on Linux on x86_64 only \
(use a virtual machine or a container of that kind)"
fi
say platform "$platform_os $platform_arch"
