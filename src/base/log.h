/* Talk: what goes to stderr while a command works. The answer goes to stdout, the one error is
 * printed by main(); this is everything between. Nothing here ever carries a password. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* quiet: warnings only; verbose: details too. Without a call: neither. */
void log_setup(bool quiet, bool verbose);

void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));   /* "warning: …" */
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));   /* unless quiet */
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2))); /* with --verbose */

/* A progress bar, only when stderr is a terminal and not quiet: `what  42 %  1.2 GB of 2.9 GB  310 MB/s  5 s left`.
 * total 0: the total is not known. progress_update() may be called from any thread, as often as one likes. */
void progress_start(const char *what, uint64_t total);
void progress_update(uint64_t done);
/* Removes the bar. Harmless without a start. */
void progress_end(void);

#endif
