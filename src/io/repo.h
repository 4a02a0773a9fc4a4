/* The git repository that holds the migrations, or the deployment's own files, by libgit2. Only repo_commit_file()
 * writes to it. */
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

/* Is the file, a name in the directory, as it was committed? ERROR_REFUSED with the remedy if it is changed, staged,
 * untracked or ignored, or if the repository is in the middle of a merge or a rebase. */
int repo_check_file(struct repo *repo, const char *name, struct error *err);
/* Commits the file as it is now, on top of HEAD (a branch, or a detached one), and nothing else: what is staged
 * besides stays staged. The author is git's own (user.name, user.email), else anchore-admin at this host. *commit: 40
 * hex digits, owned. Hooks do not run. */
int repo_commit_file(char **commit, struct repo *repo, const char *name, const char *message, struct error *err);

#endif
