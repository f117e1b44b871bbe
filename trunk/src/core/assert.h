// srs_assert: for our own mistakes, cheap, on in production. Never for input from a peer, a file or
// a configuration.
#pragma once

#define srs_assert(condition) \
    ((condition) ? (void)0 : srs_assert_failed(#condition, __FILE__, __LINE__, __func__))

_Noreturn void srs_assert_failed(const char *condition, const char *file, int line,
                                 const char *func);
