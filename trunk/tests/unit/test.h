// What every unit and flow test includes: cmocka with its preamble, and an assertion that says why.
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/err.h"
#include "core/mem.h"

// `why` names the row of a table.
#define assert_err(want, got, why)                                                          \
    do {                                                                                    \
        srs_err want_ = (want);                                                             \
        srs_err got_ = (got);                                                               \
        if (want_ != got_)                                                                  \
            fail_msg("%s: want %d(%s), got %d(%s)", (why), (int)want_, srs_err_name(want_), \
                     (int)got_, srs_err_name(got_));                                        \
        (void)srs_bare(got_);                                                               \
    } while (0)
