/* Memory. Every allocation succeeds or the program aborts: each effect on the outside is a
 * transaction or a rename, so that dying at any point is safe.
 *
 * AUTO(f) frees a local when it goes out of scope: `AUTO(mem_auto) char *name = ...`. To hand such
 * a local on, use mem_take(). */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

#define AUTO(function) __attribute__((cleanup(function)))

/* Before anything else: large pieces of memory go back to the system when they are freed, in whichever thread. */
void mem_setup(void);
/* Zeroed memory of size bytes; size 0 gives a valid pointer. */
void *mem_new(size_t size);
/* Zeroed memory for count items of size bytes; aborts on overflow. */
void *mem_array(size_t count, size_t size);
void *mem_resize(void *old, size_t size);
/* Copy of a string; NULL gives NULL. */
char *mem_copy(const char *string);
/* Copy of size bytes with a terminating NUL added. */
char *mem_copy_bytes(const void *bytes, size_t size);
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *mem_format_v(const char *format, va_list args);
/* Accepts NULL. */
void mem_free(void *pointer);
/* Frees *slot and puts value (owned from now on) in its place. */
void mem_replace(char **slot, char *value);
/* Empties *slot and returns what it held. */
char *mem_take(char **slot);
/* Cleanup for AUTO on any pointer from this module. */
void mem_auto(void *slot);
/* Overwrites before freeing: for passwords. Accepts NULL. */
void mem_free_secret(char *string);
void mem_auto_secret(char **slot);

#endif
