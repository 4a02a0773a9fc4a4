#include "io/repo.h"

#include <git2.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

struct repo {
	git_repository *git;
	char *path; /* of the directory within the work tree, without slashes around; "" for its root */
	char *directory;
};

static const char *last_message(void)
{
	const git_error *error = git_error_last();
	return error && error->message ? error->message : "no reason given";
}

static void free_object(git_object **object)
{
	git_object_free(*object);
}

static void free_tree(git_tree **tree)
{
	git_tree_free(*tree);
}

/* The work tree that holds directory, by its .git alone, owned; NULL if there is none. Works where opening is
 * refused. */
static char *find_work_tree(const char *directory)
{
	git_buf found = {NULL, 0, 0};
	char *root = NULL;
	if (git_repository_discover(&found, directory, 0, NULL) == 0) {
		size_t size = strlen(found.ptr) - (text_ends(found.ptr, "/.git/") ? strlen(".git/") : 0);
		root = mem_format("%.*s", (int)(size > 1 ? size - 1 : size), found.ptr);
	}
	git_buf_dispose(&found);
	return root;
}

/* Why a repository did not open. libgit2 1.5 says "not found" for one that belongs to another user when nothing is
 * configured as safe: taken at its word, a work tree would count as none, and uncommitted SQL would pass. */
static int refuse(const char *directory, int code, struct error *err)
{
	AUTO(mem_auto) char *why = mem_copy(last_message());
	AUTO(mem_auto) char *root = find_work_tree(directory);
	struct stat state;
	bool foreign = root && stat(root, &state) == 0 && state.st_uid != geteuid();
	if (code == GIT_ENOTFOUND && !root)
		return 0;
	if (code != GIT_EOWNER && !foreign)
		return error_set(err, ERROR_USAGE, "the git repository that holds %s cannot be opened: %s", directory,
			why);
	error_set(err, ERROR_USAGE, "the git repository %s belongs to another user", root ? root : directory);
	return error_hint(err, "if you trust it, type `git config --global --add safe.directory %s`",
		root ? root : directory);
}

/* Where the directory is within the work tree. Both are resolved, for git has resolved its own. */
static int find_path(char **path, git_repository *git, const char *directory, struct error *err)
{
	char real_room[PATH_MAX], root_room[PATH_MAX];
	const char *real = realpath(directory, real_room);
	const char *root = realpath(git_repository_workdir(git), root_room);
	size_t size = root && strcmp(root, "/") ? strlen(root) : 0;
	if (real && root && strncmp(real, root, size) == 0 && (real[size] == '/' || !real[size]))
		*path = mem_copy(real[size] ? real + size + 1 : "");
	else
		error_set(err, ERROR_FAILED, "%s is not where its git repository says it is", directory);
	return err->code;
}

int repo_open(struct repo **out, const char *directory, struct error *err)
{
	git_repository *git = NULL;
	/* Never shut down: the library counts, and the program ends soon. */
	if (git_libgit2_init() < 0)
		return error_set(err, ERROR_FAILED, "libgit2 does not start: %s", last_message());
	int code = git_repository_open_ext(&git, directory, 0, NULL);
	if (code || git_repository_is_bare(git)) {
		git_repository_free(git);
		code = code ? refuse(directory, code, err) : 0;
		if (!code)
			*out = NULL;
		return code;
	}
	AUTO(mem_auto) char *path = NULL;
	code = find_path(&path, git, directory, err);
	if (code) {
		git_repository_free(git);
		return code;
	}
	struct repo *repo = mem_new(sizeof *repo);
	*repo = (struct repo){git, mem_take(&path), mem_copy(directory)};
	*out = repo;
	return 0;
}

void repo_close(struct repo *repo)
{
	if (!repo)
		return;
	git_repository_free(repo->git);
	mem_free(repo->path);
	mem_free(repo->directory);
	mem_free(repo);
}

void repo_auto(struct repo **repo)
{
	repo_close(*repo);
}

static char *hex_id(const git_oid *id)
{
	char *hex = mem_new(GIT_OID_HEXSZ + 1);
	git_oid_tostr(hex, GIT_OID_HEXSZ + 1, id);
	return hex;
}

int repo_head(char **commit, struct repo *repo, struct error *err)
{
	git_oid id;
	int code = git_reference_name_to_id(&id, repo->git, "HEAD");
	if (code == GIT_ENOTFOUND || code == GIT_EUNBORNBRANCH) {
		*commit = NULL;
		return 0;
	}
	if (code)
		return error_set(err, ERROR_USAGE, "the commit of %s cannot be read: %s", repo->directory,
			last_message());
	*commit = hex_id(&id);
	return 0;
}

static const char *status_word(unsigned status)
{
	if (status & GIT_STATUS_CONFLICTED)
		return "conflicted";
	if (status & (GIT_STATUS_WT_DELETED | GIT_STATUS_INDEX_DELETED))
		return "removed";
	if (status & GIT_STATUS_IGNORED)
		return "ignored";
	if (status & GIT_STATUS_WT_NEW)
		return "untracked";
	return "changed";
}

int repo_dirty(struct list *files, struct repo *repo, struct error *err)
{
	char *pathspec[] = {repo->path};
	git_status_options options;
	git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
	options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
	options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS |
			GIT_STATUS_OPT_INCLUDE_IGNORED | GIT_STATUS_OPT_RECURSE_IGNORED_DIRS |
			GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH;
	if (*repo->path) {
		options.pathspec.strings = pathspec;
		options.pathspec.count = 1;
	}
	git_status_list *statuses = NULL;
	if (git_status_list_new(&statuses, repo->git, &options))
		return error_set(err, ERROR_FAILED, "the state of %s in git cannot be read: %s", repo->directory,
			last_message());
	for (size_t i = 0; i < git_status_list_entrycount(statuses); i++) {
		const git_status_entry *entry = git_status_byindex(statuses, i);
		const git_diff_delta *delta = entry->index_to_workdir ? entry->index_to_workdir : entry->head_to_index;
		if (entry->status == GIT_STATUS_CURRENT || !delta)
			continue;
		const char *path = delta->new_file.path ? delta->new_file.path : delta->old_file.path;
		size_t within = *repo->path ? strlen(repo->path) + 1 : 0;
		list_addf(files, "%s (%s)", strlen(path) > within ? path + within : path, status_word(entry->status));
	}
	git_status_list_free(statuses);
	list_sort(files);
	return 0;
}

static int find_tree(git_tree **tree, char **commit, struct repo *repo, const char *ref, struct error *err)
{
	AUTO(free_object) git_object *object = NULL, *peeled = NULL;
	AUTO(free_tree) git_tree *root = NULL;
	if (git_revparse_single(&object, repo->git, ref) || git_object_peel(&peeled, object, GIT_OBJECT_COMMIT)) {
		error_set(err, ERROR_USAGE, "the git repository that holds %s has no commit %s", repo->directory, ref);
		return error_hint(err, "type `git -C %s branch --all` and `git -C %s tag` for what it has",
			repo->directory, repo->directory);
	}
	if (git_commit_tree(&root, (git_commit *)peeled))
		return error_set(err, ERROR_FAILED, "commit %s cannot be read: %s", ref, last_message());
	if (*repo->path) {
		git_tree_entry *entry = NULL;
		int code = git_tree_entry_bypath(&entry, root, repo->path);
		if (!code)
			code = git_tree_lookup(tree, repo->git, git_tree_entry_id(entry));
		git_tree_entry_free(entry);
		if (code)
			return error_set(err, ERROR_USAGE, "there is no folder %s at %s", repo->path, ref);
	} else {
		*tree = root;
		root = NULL;
	}
	*commit = hex_id(git_object_id(peeled));
	return 0;
}

static int read_entry(struct repo_files *files, struct repo *repo, const git_tree_entry *entry, struct error *err)
{
	git_blob *blob = NULL;
	const char *name = git_tree_entry_name(entry);
	if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
		return 0;
	if (git_blob_lookup(&blob, repo->git, git_tree_entry_id(entry)))
		return error_set(err, ERROR_FAILED, "%s cannot be read from git: %s", name, last_message());
	size_t size = (size_t)git_blob_rawsize(blob);
	files->items[files->count++] = (struct repo_file){mem_copy(name),
		mem_copy_bytes(git_blob_rawcontent(blob), size), size};
	git_blob_free(blob);
	return 0;
}

int repo_read(struct repo_files *out, struct repo *repo, const char *ref, struct error *err)
{
	AUTO(repo_files_clear) struct repo_files files = {NULL, 0, NULL};
	AUTO(free_tree) git_tree *tree = NULL;
	int code = find_tree(&tree, &files.commit, repo, ref, err);
	if (code)
		return code;
	size_t count = git_tree_entrycount(tree);
	files.items = mem_array(count, sizeof *files.items);
	for (size_t i = 0; i < count && !code; i++)
		code = read_entry(&files, repo, git_tree_entry_byindex(tree, i), err);
	if (code)
		return code;
	*out = files;
	files = (struct repo_files){NULL, 0, NULL};
	return 0;
}

void repo_files_clear(struct repo_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		mem_free(files->items[i].name);
		mem_free(files->items[i].text);
	}
	mem_free(files->items);
	mem_free(files->commit);
	*files = (struct repo_files){NULL, 0, NULL};
}

/* ---- committing one file ---- */

static char *path_within(const struct repo *repo, const char *name)
{
	return mem_format("%s%s%s", repo->path, *repo->path ? "/" : "", name);
}

int repo_check_file(struct repo *repo, const char *name, struct error *err)
{
	AUTO(mem_auto) char *path = path_within(repo, name);
	unsigned status = 0;
	if (git_repository_state(repo->git) != GIT_REPOSITORY_STATE_NONE) {
		error_set(err, ERROR_REFUSED, "the git repository of %s is in the middle of a merge or the like", path);
		return error_hint(err, "finish it: `git -C %s status` says how", repo->directory);
	}
	if (git_status_file(&status, repo->git, path))
		return error_set(err, ERROR_FAILED, "the state of %s in git cannot be read: %s", path, last_message());
	if (status == GIT_STATUS_CURRENT)
		return 0;
	error_set(err, ERROR_REFUSED, "%s is not as committed (%s)", path, status_word(status));
	return error_hint(err, "commit it: `git -C %s add%s %s && git -C %s commit %s`", repo->directory,
		status & GIT_STATUS_IGNORED ? " -f" : "", name, repo->directory, name);
}

static int make_signature(git_signature **me, git_repository *git)
{
	char host[256] = "localhost";
	if (git_signature_default(me, git) == 0)
		return 0;
	gethostname(host, sizeof host - 1);
	AUTO(mem_auto) char *address = mem_format("anchore-admin@%s", host);
	return git_signature_now(me, "anchore-admin", address);
}

/* The tree of HEAD with the file as it is now. */
static int make_tree(git_tree **tree, struct repo *repo, git_tree *head, const char *path)
{
	git_index *index = NULL;
	const git_index_entry *old;
	git_index_entry entry;
	git_oid id, tree_id;
	int code = git_index_new(&index);
	if (!code)
		code = git_index_read_tree(index, head);
	if (!code)
		code = git_blob_create_from_workdir(&id, repo->git, path);
	if (!code) {
		memset(&entry, 0, sizeof entry);
		old = git_index_get_bypath(index, path, 0);
		entry.mode = old ? old->mode : GIT_FILEMODE_BLOB;
		entry.path = path;
		entry.id = id;
		code = git_index_add(index, &entry);
	}
	if (!code)
		code = git_index_write_tree_to(&tree_id, index, repo->git);
	if (!code)
		code = git_tree_lookup(tree, repo->git, &tree_id);
	git_index_free(index);
	return code;
}

/* So that the file does not count as changed in the operator's own index. */
static int stage(git_repository *git, const char *path)
{
	git_index *index = NULL;
	int code = git_repository_index(&index, git);
	if (!code)
		code = git_index_add_bypath(index, path);
	if (!code)
		code = git_index_write(index);
	git_index_free(index);
	return code;
}

int repo_commit_file(char **commit, struct repo *repo, const char *name, const char *message, struct error *err)
{
	AUTO(mem_auto) char *path = path_within(repo, name);
	AUTO(free_object) git_object *head = NULL;
	AUTO(free_tree) git_tree *old = NULL, *tree = NULL;
	git_signature *me = NULL;
	git_oid id;
	int code = git_revparse_single(&head, repo->git, "HEAD^{commit}");
	if (!code)
		code = git_commit_tree(&old, (git_commit *)head);
	if (!code)
		code = make_tree(&tree, repo, old, path);
	if (!code)
		code = make_signature(&me, repo->git);
	if (!code)
		code = git_commit_create_v(&id, repo->git, "HEAD", me, me, NULL, message, tree, 1, (git_commit *)head);
	if (!code)
		code = stage(repo->git, path);
	git_signature_free(me);
	if (code)
		return error_set(err, ERROR_FAILED, "%s cannot be committed: %s", path, last_message());
	*commit = hex_id(&id);
	return 0;
}
