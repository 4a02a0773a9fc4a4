#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *pointer)
{
	if (!pointer) {
		fputs("anchore-admin: out of memory\n", stderr);
		abort();
	}
	return pointer;
}

/* By default the limit rises to 32 MB with what is freed, and every thread keeps so much of what it grew out of. */
void mem_setup(void)
{
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

void *mem_new(size_t size)
{
	return must(calloc(1, size ? size : 1));
}

void *mem_array(size_t count, size_t size)
{
	return must(calloc(count ? count : 1, size ? size : 1));
}

void *mem_resize(void *old, size_t size)
{
	return must(realloc(old, size ? size : 1));
}

char *mem_copy(const char *string)
{
	return string ? mem_copy_bytes(string, strlen(string)) : NULL;
}

char *mem_copy_bytes(const void *bytes, size_t size)
{
	if (size == SIZE_MAX)
		must(NULL);
	char *copy = must(malloc(size + 1));
	if (size)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	return copy;
}

char *mem_format(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *string = mem_format_v(format, args);
	va_end(args);
	return string;
}

char *mem_format_v(const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (size < 0)
		must(NULL);
	char *string = must(malloc((size_t)size + 1));
	vsnprintf(string, (size_t)size + 1, format, args);
	return string;
}

void mem_free(void *pointer)
{
	free(pointer);
}

void mem_replace(char **slot, char *value)
{
	char *old = *slot;
	*slot = value;
	mem_free(old);
}

char *mem_take(char **slot)
{
	char *value = *slot;
	*slot = NULL;
	return value;
}

void mem_auto(void *slot)
{
	void *pointer;
	memcpy(&pointer, slot, sizeof pointer);
	mem_free(pointer);
}

void mem_free_secret(char *string)
{
	if (!string)
		return;
	explicit_bzero(string, strlen(string));
	mem_free(string);
}

void mem_auto_secret(char **slot)
{
	mem_free_secret(*slot);
}
