/* Replacing a file that is an operator's, see work/pin.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/repo.h"
#include "work/pin.h"

static int real_path(char **out, const char *path, struct error *err)
{
	char room[PATH_MAX];
	if (!realpath(path, room))
		return error_errno(err, ERROR_REFUSED, "cannot read %s", path);
	*out = mem_copy(room);
	return 0;
}

/* A file that is mounted by itself, as into a container, cannot be replaced by a rename. */
static bool is_mounted(const char *path)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *mounts = NULL;
	AUTO(mem_auto) char *wanted = mem_format(" %s ", path);
	size_t size;
	return file_read(&mounts, &size, "/proc/self/mountinfo", &ignored) == 0 && strstr(mounts, wanted);
}

static int check_writable(const char *path, const char *directory, struct error *err)
{
	struct stat state;
	if (stat(path, &state) != 0)
		return error_errno(err, ERROR_REFUSED, "cannot read %s", path);
	if (access(directory, W_OK | X_OK) != 0 || access(path, W_OK) != 0) {
		error_errno(err, ERROR_REFUSED, "%s cannot be replaced", path);
		return error_hint(err, "run this as a user who may write to it and to its folder");
	}
	/* The new file must be able to belong to whom the old one does. */
	if (state.st_uid != geteuid() && geteuid() != 0) {
		error_set(err, ERROR_REFUSED, "%s belongs to another user", path);
		return error_hint(err, "run this as its owner, or with sudo");
	}
	if (is_mounted(path)) {
		error_set(err, ERROR_REFUSED, "%s is mounted by itself and cannot be replaced", path);
		return error_hint(err, "mount its folder instead");
	}
	return 0;
}

static int open_repo(struct repo **repo, const char *path, const char *directory, struct error *err)
{
	int rc = repo_open(repo, directory, err);
	if (rc || *repo)
		return rc;
	error_set(err, ERROR_REFUSED, "%s is in no git work tree, and deployment_git is set", path);
	return error_hint(err, "type `git init %s` and commit the file, or take deployment_git out of the settings",
		directory);
}

int pin_check(const char *path, bool git, struct error *err)
{
	AUTO(mem_auto) char *real = NULL;
	AUTO(repo_auto) struct repo *repo = NULL;
	int rc = real_path(&real, path, err);
	if (rc)
		return rc;
	AUTO(mem_auto) char *directory = path_directory(real);
	rc = check_writable(real, directory, err);
	if (!rc && git)
		rc = open_repo(&repo, path, directory, err);
	if (!rc && git)
		rc = repo_check_file(repo, path_base(real), err);
	return rc;
}

/* An empty file beside it under a name that nobody had: FILE.new may be an operator's. */
static int make_temporary(char **out, const char *directory, const char *real, struct error *err)
{
	AUTO(mem_auto) char *name = mem_format("%s/.%s.XXXXXX", directory, path_base(real));
	AUTO(file_close) int fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, ERROR_FAILED, "cannot make a file beside %s", real);
	*out = mem_take(&name);
	return 0;
}

/* A copy that becomes the file by a rename once it has the old one's owner. */
static int replace(const char *real, const char *text, size_t size, struct error *err)
{
	struct stat state;
	if (stat(real, &state) != 0)
		return error_errno(err, ERROR_FAILED, "cannot read %s", real);
	AUTO(mem_auto) char *temporary = NULL;
	AUTO(mem_auto) char *directory = path_directory(real);
	int rc = make_temporary(&temporary, directory, real, err);
	if (rc)
		return rc;
	rc = file_write(temporary, state.st_mode & 07777, text, size, err);
	if (!rc && (state.st_uid != geteuid() || state.st_gid != getegid()) &&
		chown(temporary, state.st_uid, state.st_gid) != 0 && geteuid() == 0)
		rc = error_errno(err, ERROR_FAILED, "cannot give %s its owner", temporary);
	if (!rc)
		rc = fault_point("pin-rename", err);
	if (!rc && rename(temporary, real) != 0)
		rc = error_errno(err, ERROR_FAILED, "cannot replace %s", real);
	if (rc) {
		unlink(temporary);
		return rc;
	}
	return file_sync_directory(directory, err);
}

static void commit(const char *real, struct version release, const char *what)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(repo_auto) struct repo *repo = NULL;
	AUTO(mem_auto) char *id = NULL;
	AUTO(mem_auto) char *directory = path_directory(real);
	AUTO(mem_auto) char *message = mem_format("Pin the engine to %s\n\n%s\n", VERSION_TEXT(release), what);
	int rc = open_repo(&repo, real, directory, &why);
	if (!rc)
		rc = repo_commit_file(&id, repo, path_base(real), message, &why);
	if (rc)
		log_warn("%s was changed, but not committed: %s", real, why.message);
	else
		log_note("committed %s as %.10s", path_base(real), id);
}

int pin_write(const char *path, const char *text, size_t size, bool git, struct version release, const char *what,
	struct error *err)
{
	AUTO(mem_auto) char *real = NULL;
	AUTO(mem_auto_secret) char *old = NULL; /* a settings file may hold a password */
	size_t old_size;
	struct stat state;
	int rc = real_path(&real, path, err);
	if (!rc)
		rc = file_read(&old, &old_size, real, err);
	if (rc || (old_size == size && memcmp(old, text, size) == 0))
		return rc;
	if (stat(real, &state) != 0)
		return error_errno(err, ERROR_FAILED, "cannot read %s", real);
	AUTO(mem_auto) char *when = text_time_compact(clock_now());
	AUTO(mem_auto) char *before = mem_format("%s.before-%s", real, when);
	rc = file_write(before, state.st_mode & 07777, old, old_size, err);
	if (!rc)
		rc = replace(real, text, size, err);
	if (rc)
		return rc;
	log_note("%s pins the engine to %s; the old file is %s", path, VERSION_TEXT(release), path_base(before));
	if (git)
		commit(real, release, what);
	return 0;
}
