// A failed assertion says what and where on standard error; the crash report (crash.c) adds the
// rest.
#include "core/assert.h"
#include <stdio.h>
#include <stdlib.h>

_Noreturn void srs_assert_failed(const char *condition, const char *file, int line,
                                 const char *func)
{
    (void)fprintf(stderr, "error: assertion failed: %s (%s:%d %s)\n", condition, file, line, func);
    abort();
}
