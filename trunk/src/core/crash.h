// Crash report: a fatal signal writes the coroutine's name, context id, error story and a backtrace
// to standard error and the log file, then the core is dumped as without it. Runs on a stack of its
// own, so a coroutine's stack overflow (the guard page) is reported too.
#pragma once

// Once, at the start. `log_path` may be NULL; it is opened again at the crash.
void srs_crash_install(const char *log_path);
