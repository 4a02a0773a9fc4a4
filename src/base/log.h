/* Talk: what goes to stderr while a command works. The answer goes to stdout, the one error is
 * printed by main(); this is everything between. Nothing here ever carries a password. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/text.h"

/* quiet: warnings only; verbose: details too; json: whoever reads is a program. Without a call: none of these. */
void log_setup(bool quiet, bool verbose, bool json);
/* From now on a line that stderr does not take at once is dropped: its reader may be stuck, and nobody waits for it. */
void log_never_wait(void);
bool log_is_quiet(void);
bool log_is_json(void);

void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));   /* "warning: …" */
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));   /* unless quiet */
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2))); /* with --verbose */

/* Warnings go there from now on instead of to stderr, each once; NULL: to stderr again. The list must live on. */
void log_collect(struct list *warnings);
bool log_is_collected(void);

/* For base/progress: what stands on the terminal's last line until something else is said; NULL takes it away. */
void log_bar(const char *line);

#endif
