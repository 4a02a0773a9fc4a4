#include <git2.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/repo.h"
#include "unit.h"

static void put(const char *folder, const char *name, const char *text)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(folder, name);
	AUTO(mem_auto) char *directory = path_directory(path);
	unit_assert_ok(file_make_directories(directory, 0700, &err), &err);
	unit_assert_ok(file_write(path, 0600, text, strlen(text), &err), &err);
}

/* Commits all that lies in the work tree and tags the commit, annotated. */
static void commit_all(const char *folder, const char *tag)
{
	git_repository *git = NULL;
	git_index *index = NULL;
	git_oid tree_id, id, tag_id;
	git_tree *tree = NULL;
	git_signature *me = NULL;
	git_object *commit = NULL;
	ck_assert_int_eq(git_repository_init(&git, folder, 0), 0);
	ck_assert_int_eq(git_repository_index(&index, git), 0);
	ck_assert_int_eq(git_index_add_all(index, NULL, 0, NULL, NULL), 0);
	ck_assert_int_eq(git_index_write(index), 0);
	ck_assert_int_eq(git_index_write_tree(&tree_id, index), 0);
	ck_assert_int_eq(git_tree_lookup(&tree, git, &tree_id), 0);
	ck_assert_int_eq(git_signature_new(&me, "unit", "unit@localhost", 1, 0), 0);
	ck_assert_int_eq(git_commit_create_v(&id, git, "HEAD", me, me, NULL, "all", tree, 0), 0);
	ck_assert_int_eq(git_object_lookup(&commit, git, &id, GIT_OBJECT_COMMIT), 0);
	ck_assert_int_eq(git_tag_create(&tag_id, git, tag, commit, me, "tag", 0), 0);
	git_object_free(commit);
	git_signature_free(me);
	git_tree_free(tree);
	git_index_free(index);
	git_repository_free(git);
}

static struct repo *opened(const char *directory)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct repo *repo = NULL;
	unit_assert_ok(repo_open(&repo, directory, &err), &err);
	return repo;
}

START_TEST(no_repository_is_no_error)
{
	AUTO(repo_auto) struct repo *repo = opened(unit_folder());
	ck_assert_ptr_null(repo);
}
END_TEST

START_TEST(says_what_is_not_as_committed)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(mem_auto) char *commit = NULL;
	AUTO(list_clear) struct list files = LIST_INIT;
	const char *folder = unit_folder();
	AUTO(mem_auto) char *sql = path_join(folder, "x/sql");
	AUTO(mem_auto) char *gone = path_join(sql, "gone.sql");
	put(sql, "a.sql", "1");
	put(sql, "[b].sql", "2");
	put(sql, "gone.sql", "3");
	put(folder, "elsewhere", "4");
	git_libgit2_init();
	commit_all(folder, "v1");
	AUTO(repo_auto) struct repo *repo = opened(sql);
	unit_assert_ok(repo_head(&commit, repo, &err), &err);
	ck_assert_uint_eq(strlen(commit), 40);
	unit_assert_ok(repo_dirty(&files, repo, &err), &err);
	ck_assert_uint_eq(files.count, 0);
	put(sql, "[b].sql", "changed");
	put(sql, "new.sql", "5");
	put(sql, "hidden.sql", "6");
	put(folder, ".gitignore", "hidden*\n");
	put(folder, "elsewhere", "changed");
	unit_assert_ok(file_remove(gone, &err), &err);
	unit_assert_ok(repo_dirty(&files, repo, &err), &err);
	AUTO(mem_auto) char *all = list_join(&files, ", ");
	ck_assert_str_eq(all, "[b].sql (changed), gone.sql (removed), hidden.sql (ignored), new.sql (untracked)");
}
END_TEST

START_TEST(reads_the_files_of_a_tag)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(repo_files_clear) struct repo_files files = {NULL, 0, NULL};
	const char *folder = unit_folder();
	AUTO(mem_auto) char *sql = path_join(folder, "sql");
	put(sql, "a.sql", "as committed");
	put(sql, "below/b.sql", "not read");
	git_libgit2_init();
	commit_all(folder, "v1");
	put(sql, "a.sql", "as it is now");
	AUTO(repo_auto) struct repo *repo = opened(sql);
	unit_assert_ok(repo_read(&files, repo, "v1", &err), &err);
	ck_assert_uint_eq(files.count, 1);
	ck_assert_str_eq(files.items[0].name, "a.sql");
	ck_assert_str_eq(files.items[0].text, "as committed");
	AUTO(mem_auto) char *head = NULL;
	unit_assert_ok(repo_head(&head, repo, &err), &err);
	ck_assert_str_eq(files.commit, head);
	struct repo_files none = {NULL, 0, NULL};
	repo_read(&none, repo, "v2", &err);
	unit_assert_error(&err, ERROR_USAGE, "has no commit v2");
	AUTO(mem_auto) char *new_folder = path_join(folder, "later");
	put(new_folder, "a.sql", "");
	AUTO(repo_auto) struct repo *later = opened(new_folder);
	repo_read(&none, later, "v1", &err);
	unit_assert_error(&err, ERROR_USAGE, "there is no folder later at v1");
}
END_TEST

START_TEST(a_repository_without_a_commit_has_no_head)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(list_clear) struct list files = LIST_INIT;
	const char *folder = unit_folder();
	git_repository *git = NULL;
	git_libgit2_init();
	ck_assert_int_eq(git_repository_init(&git, folder, 0), 0);
	git_repository_free(git);
	put(folder, "a.sql", "1");
	AUTO(repo_auto) struct repo *repo = opened(folder);
	char *commit = NULL;
	unit_assert_ok(repo_head(&commit, repo, &err), &err);
	ck_assert_ptr_null(commit);
	unit_assert_ok(repo_dirty(&files, repo, &err), &err);
	ck_assert_uint_eq(files.count, 1);
	ck_assert_str_eq(files.items[0], "a.sql (untracked)");
}
END_TEST

/* A file in a sub-folder of a work tree that has one commit. */
static const char *committed(struct repo **repo)
{
	const char *folder = unit_folder();
	AUTO(mem_auto) char *below = path_join(folder, "below");
	put(below, "c.yaml", "old");
	put(folder, "other", "old");
	git_libgit2_init();
	commit_all(folder, "v1");
	*repo = opened(below);
	return folder;
}

static char *message_of_head(const char *folder, char **author)
{
	git_repository *git = NULL;
	git_object *head = NULL;
	ck_assert_int_eq(git_repository_open(&git, folder), 0);
	ck_assert_int_eq(git_revparse_single(&head, git, "HEAD"), 0);
	char *message = mem_copy(git_commit_message((git_commit *)head));
	*author = mem_copy(git_commit_author((git_commit *)head)->name);
	ck_assert_uint_eq(git_commit_parentcount((git_commit *)head), 1);
	git_object_free(head);
	git_repository_free(git);
	return message;
}

START_TEST(one_file_is_committed_and_nothing_else)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(repo_auto) struct repo *repo = NULL;
	AUTO(list_clear) struct list dirty = LIST_INIT;
	const char *folder = committed(&repo);
	AUTO(mem_auto) char *path = path_join(folder, "below");
	AUTO(mem_auto) char *commit = NULL, *head = NULL, *author = NULL;
	put(folder, "other", "staged");
	git_repository *git = NULL;
	git_index *index = NULL;
	ck_assert_int_eq(git_repository_open(&git, folder), 0);
	ck_assert_int_eq(git_repository_detach_head(git), 0);
	ck_assert_int_eq(git_repository_index(&index, git), 0);
	ck_assert_int_eq(git_index_add_bypath(index, "other"), 0);
	ck_assert_int_eq(git_index_write(index), 0);
	git_index_free(index);
	git_repository_free(git);
	unit_assert_ok(repo_check_file(repo, "c.yaml", &err), &err);
	put(path, "c.yaml", "new");
	unit_assert_ok(repo_commit_file(&commit, repo, "c.yaml", "why\n\nwhat\n", &err), &err);
	unit_assert_ok(repo_head(&head, repo, &err), &err);
	ck_assert_str_eq(head, commit);
	AUTO(mem_auto) char *message = message_of_head(folder, &author);
	ck_assert_str_eq(message, "why\n\nwhat\n");
	ck_assert_str_ne(author, "");
	AUTO(repo_files_clear) struct repo_files files = {NULL, 0, NULL};
	unit_assert_ok(repo_read(&files, repo, "HEAD", &err), &err);
	ck_assert_str_eq(files.items[0].text, "new");
	AUTO(repo_auto) struct repo *top = opened(folder);
	AUTO(repo_files_clear) struct repo_files others = {NULL, 0, NULL};
	unit_assert_ok(repo_read(&others, top, "HEAD", &err), &err);
	ck_assert_uint_eq(others.count, 1);
	ck_assert_str_eq(others.items[0].text, "old");
	unit_assert_ok(repo_dirty(&dirty, top, &err), &err);
	ck_assert_uint_eq(dirty.count, 1);
	ck_assert_str_eq(dirty.items[0], "other (changed)");
}
END_TEST

START_TEST(a_file_that_is_not_as_committed_is_refused)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(repo_auto) struct repo *repo = NULL;
	const char *folder = committed(&repo);
	AUTO(mem_auto) char *path = path_join(folder, "below"), *merging = path_join(folder, ".git/MERGE_HEAD");
	AUTO(mem_auto) char *commit = NULL;
	put(path, "new.yaml", "x");
	ck_assert_int_eq(repo_check_file(repo, "new.yaml", &err), ERROR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.hint, "git -C"));
	unit_assert_error(&err, ERROR_REFUSED, "below/new.yaml is not as committed (untracked)");
	put(path, "c.yaml", "changed");
	repo_check_file(repo, "c.yaml", &err);
	unit_assert_error(&err, ERROR_REFUSED, "below/c.yaml is not as committed (changed)");
	unit_assert_ok(repo_commit_file(&commit, repo, "c.yaml", "x", &err), &err);
	unit_assert_ok(repo_check_file(repo, "c.yaml", &err), &err);
	put(folder, ".git/MERGE_HEAD", commit);
	repo_check_file(repo, "c.yaml", &err);
	unit_assert_error(&err, ERROR_REFUSED, "in the middle of a merge");
	unit_assert_ok(file_remove(merging, &err), &err);
	AUTO(mem_auto) char *none = path_join(unit_folder(), "unborn");
	put(none, "c.yaml", "x");
	git_repository *git = NULL;
	ck_assert_int_eq(git_repository_init(&git, none, 0), 0);
	git_repository_free(git);
	AUTO(repo_auto) struct repo *unborn = opened(none);
	repo_check_file(unborn, "c.yaml", &err);
	unit_assert_error(&err, ERROR_REFUSED, "(untracked)");
	char *id = NULL;
	ck_assert_int_eq(repo_commit_file(&id, unborn, "c.yaml", "x", &err), ERROR_FAILED);
	ck_assert_ptr_null(id);
}
END_TEST

START_TEST(a_bare_repository_is_no_work_tree)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	const char *folder = unit_folder();
	git_repository *git = NULL;
	git_libgit2_init();
	ck_assert_int_eq(git_repository_init(&git, folder, 1), 0);
	git_repository_free(git);
	AUTO(repo_auto) struct repo *repo = opened(folder);
	ck_assert_ptr_null(repo);
}
END_TEST

Suite *repo_suite(void)
{
	const TTest *const tests[] = {no_repository_is_no_error, says_what_is_not_as_committed,
		reads_the_files_of_a_tag,
		a_repository_without_a_commit_has_no_head, one_file_is_committed_and_nothing_else,
		a_file_that_is_not_as_committed_is_refused, a_bare_repository_is_no_work_tree, NULL};
	return unit_suite("repo", tests);
}
