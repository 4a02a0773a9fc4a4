#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"

static const struct {
	const char *name;
	int status;
} codes[ERROR_COUNT] = {
	[ERROR_NONE] = {"NONE", 0},
#define ERROR(name, exit_status, words) [ERROR_##name] = {#name, exit_status},
#include "base/error.def"
#undef ERROR
};

static int error_set_v(struct error *err, enum error_code code, const char *format, va_list args)
{
	/* The arguments may point into the old message, so it is freed last. */
	char *message = mem_format_v(format, args);
	error_clear(err);
	err->code = code;
	err->message = message;
	return code;
}

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	error_set_v(err, code, format, args);
	va_end(args);
	return code;
}

int error_hint(struct error *err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *hint = mem_format_v(format, args);
	va_end(args);
	mem_free(err->hint);
	err->hint = hint;
	return err->code;
}

int error_context(struct error *err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	AUTO(mem_auto) char *words = mem_format_v(format, args);
	va_end(args);
	char *message = mem_format("%s: %s", words, err->message ? err->message : "");
	mem_free(err->message);
	err->message = message;
	return err->code;
}

int error_errno(struct error *err, enum error_code code, const char *format, ...)
{
	int number = errno;
	va_list args;
	va_start(args, format);
	AUTO(mem_auto) char *words = mem_format_v(format, args);
	va_end(args);
	if (number == ENOSPC || number == EDQUOT)
		code = ERROR_NO_SPACE;
	return error_set(err, code, "%s: %s", words, strerror(number));
}

int error_move(struct error *err, struct error *from)
{
	error_clear(err);
	*err = *from;
	*from = (struct error)ERROR_INIT;
	return err->code;
}

void error_clear(struct error *err)
{
	mem_free(err->message);
	mem_free(err->hint);
	*err = (struct error)ERROR_INIT;
}

int error_status(enum error_code code)
{
	return codes[code].status;
}

const char *error_name(enum error_code code)
{
	return codes[code].name;
}
