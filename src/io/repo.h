/* The git repository that holds the migrations, by libgit2. Nothing here writes to it. */
#ifndef IO_REPO_H
#define IO_REPO_H

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

struct repo;

/* The repository whose work tree holds directory. *out is NULL, without an error, if there is none. A repository that
 * belongs to another user is refused (ERROR_USAGE) with the command that trusts it. */
int repo_open(struct repo **out, const char *directory, struct error *err);
void repo_close(struct repo *repo); /* accepts NULL */
void repo_auto(struct repo **repo);

/* 40 hex digits of the commit that is checked out, owned; NULL if there is no commit yet. */
int repo_head(char **commit, struct repo *repo, struct error *err);

/* Adds "NAME (changed)", "(untracked)", "(ignored)", "(removed)" or "(conflicted)" for every file under the
 * directory that is not as committed. */
int repo_dirty(struct list *files, struct repo *repo, struct error *err);

/* A file as of a commit. */
struct repo_file {
	char *name; /* without folder */
	char *text; /* NUL-terminated */
	size_t size;
};
struct repo_files {
	struct repo_file *items;
	size_t count;
	char *commit; /* 40 hex digits */
};
/* The files (not those in sub-folders) that the directory holds as of ref: a branch, a tag, a commit. ERROR_USAGE if
 * there is no such ref, or no such folder in it. */
int repo_read(struct repo_files *out, struct repo *repo, const char *ref, struct error *err);
void repo_files_clear(struct repo_files *files);

#endif
