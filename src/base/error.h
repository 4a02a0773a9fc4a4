/* Errors as values.
 *
 * A function that can fail returns int: 0, or one of enum error_code. Its last parameter is a
 * struct error that the leaf fills with error_set() and, where the operator can do something about
 * it, error_hint(). Callers may put words before the message with error_context(). Nobody prints:
 * main() prints the one error that reaches it.
 *
 * Messages are one lower-case sentence without a full stop. Hints name the command to type.
 * Outputs of a failed function are untouched. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

enum error_code {
	ERROR_NONE = 0,
#define ERROR(name, status, meaning) ERROR_##name,
#include "base/error.def"
#undef ERROR
	ERROR_COUNT
};

struct error {
	enum error_code code;
	char *message; /* owned; NULL while code is ERROR_NONE */
	char *hint;    /* owned; NULL when there is nothing to advise */
};

#define ERROR_INIT {ERROR_NONE, NULL, NULL}

/* Each returns the error's code, so that `return error_set(err, ...)` reads well.
 * error_set() replaces what err held. */
int error_set(struct error *err, enum error_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Replaces the hint. */
int error_hint(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts "words: " before the message. */
int error_context(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* For a failed system call: adds ": strerror(errno)"; ENOSPC and EDQUOT become ERROR_NO_SPACE. */
int error_errno(struct error *err, enum error_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Moves from into err (whatever err held is freed) and returns the code. */
int error_move(struct error *err, struct error *from);
/* Frees and empties; accepts an empty error. Fits AUTO(). */
void error_clear(struct error *err);

/* The exit status that belongs to a code; for INTERRUPTED the base, 128. */
int error_status(enum error_code code);
/* "REFUSED", "NO_SPACE": for programs that read the error. */
const char *error_name(enum error_code code);

#endif
