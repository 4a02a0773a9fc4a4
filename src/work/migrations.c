#include "work/migrations.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/digest.h"
#include "io/repo.h"

static const char releases_name[] = "releases";

static bool is_ours(const char *name)
{
	return *name != '.' && (strcmp(name, releases_name) == 0 || text_ends(name, ".sql") ||
		text_ends(name, ".catalog") || text_ends(name, ".shapes") || text_ends(name, ".locks"));
}

/* "NAME (changed)" of a file that counts. */
static bool is_ours_dirty(const char *line)
{
	AUTO(mem_auto) char *name = mem_copy(line);
	char *end = strstr(name, " (");
	if (end)
		*end = '\0';
	return !strchr(name, '/') && is_ours(name);
}

static int read_folder(struct repo_files *out, const char *directory, struct error *err)
{
	AUTO(list_clear) struct list names = LIST_INIT;
	int code = file_list(&names, directory, err);
	if (code) {
		err->code = ERROR_USAGE;
		return error_hint(err, "name the folder of the SQL files: `--migrations DIR`");
	}
	AUTO(repo_files_clear) struct repo_files files = {mem_array(names.count, sizeof *files.items), 0, NULL};
	for (size_t i = 0; i < names.count; i++) {
		if (!is_ours(names.items[i]))
			continue;
		AUTO(mem_auto) char *path = path_join(directory, names.items[i]);
		struct repo_file *file = &files.items[files.count];
		code = file_read(&file->text, &file->size, path, err);
		if (code)
			return code;
		file->name = mem_copy(names.items[i]);
		files.count++;
	}
	*out = files;
	files = (struct repo_files){NULL, 0, NULL};
	return 0;
}

/* Where the files come from: their text, commit and state. */
static int read_files(struct repo_files *files, struct migrations *migrations, struct error *err)
{
	AUTO(repo_auto) struct repo *repo = NULL;
	int code = repo_open(&repo, migrations->path, err);
	if (code)
		return code;
	if (migrations->ref) {
		if (!repo) {
			error_set(err, ERROR_USAGE, "%s is not in a git work tree, so there is no %s to read it from",
				migrations->path, migrations->ref);
			return error_hint(err,
				"leave out --migrations-ref, or name a folder in a work tree: `--migrations DIR`");
		}
		code = repo_read(files, repo, migrations->ref, err);
		if (!code)
			migrations->commit = mem_copy(files->commit);
		return code;
	}
	AUTO(list_clear) struct list dirty = LIST_INIT;
	code = read_folder(files, migrations->path, err);
	if (!code && repo)
		code = repo_head(&migrations->commit, repo, err);
	if (!code && repo)
		code = repo_dirty(&dirty, repo, err);
	for (size_t i = 0; !code && i < dirty.count; i++)
		if (is_ours_dirty(dirty.items[i]))
			list_add(&migrations->dirty, dirty.items[i]);
	return code;
}

static void build(struct migrations *migrations, const struct repo_files *files)
{
	struct graph_file *list = mem_array(files->count, sizeof *list);
	size_t count = 0;
	bool releases = false;
	for (size_t i = 0; i < files->count; i++) {
		const struct repo_file *file = &files->items[i];
		AUTO(error_clear) struct error err = ERROR_INIT;
		if (strcmp(file->name, releases_name) == 0) {
			releases = true;
			if (releases_parse(&migrations->releases, file->text, releases_name, &err))
				list_add(&migrations->problems, err.message);
		} else if (is_ours(file->name)) {
			list[count++] = (struct graph_file){file->name, file->text, file->size};
		}
	}
	if (!releases)
		list_add(&migrations->problems, "the file releases is missing");
	graph_build(&migrations->graph, &migrations->problems, list, count);
	struct graph_edge *settle = &migrations->graph.settle;
	for (size_t i = 0; i < migrations->graph.edge_count; i++) {
		struct graph_edge *edge = &migrations->graph.edges[i];
		digest_sha256_hex(edge->sha256, edge->sql, edge->size);
	}
	if (settle->file)
		digest_sha256_hex(settle->sha256, settle->sql, settle->size);
	mem_free(list);
}

int migrations_load(struct migrations *out, const char *directory, const char *ref, struct error *err)
{
	AUTO(repo_files_clear) struct repo_files files = {NULL, 0, NULL};
	AUTO(migrations_clear) struct migrations migrations = {.path = path_absolute(directory), .ref = mem_copy(ref)};
	int code = read_files(&files, &migrations, err);
	if (code)
		return code;
	build(&migrations, &files);
	*out = migrations;
	migrations = (struct migrations){0};
	return 0;
}

int migrations_read(struct migrations *out, const struct run *run, struct error *err)
{
	const char *directory = settings_text(&run->settings, OPTION_MIGRATIONS);
	return migrations_load(out, directory ? directory : PKGDATADIR "/sql",
		settings_text(&run->settings, OPTION_MIGRATIONS_REF), err);
}

int migrations_check(const struct migrations *migrations, struct error *err)
{
	if (migrations->problems.count && migrations->dirty.count) {
		/* A file that nobody has committed yet is most likely what is wrong. */
		AUTO(mem_auto) char *files = list_join(&migrations->dirty, ", ");
		error_set(err, ERROR_REFUSED, "the SQL files in %s are not as committed: %s; and %s", migrations->path,
			files, migrations->problems.items[0]);
		return error_hint(err, "commit or remove them, or use a commit with `--migrations-ref REF`");
	}
	if (migrations->problems.count) {
		error_set(err, ERROR_USAGE, "the SQL files in %s are not in order: %s", migrations->path,
			migrations->problems.items[0]);
		return error_hint(err, "type `anchore-admin graph lint` for all that is wrong with them");
	}
	return 0;
}

int migrations_open(struct migrations *out, const struct run *run, struct error *err)
{
	AUTO(migrations_clear) struct migrations migrations = {0};
	int code = migrations_read(&migrations, run, err);
	if (!code)
		code = migrations_check(&migrations, err);
	if (code)
		return code;
	*out = migrations;
	migrations = (struct migrations){0};
	return 0;
}

void migrations_clear(struct migrations *migrations)
{
	graph_clear(&migrations->graph);
	releases_clear(&migrations->releases);
	mem_free(migrations->path);
	mem_free(migrations->ref);
	mem_free(migrations->commit);
	list_clear(&migrations->dirty);
	list_clear(&migrations->problems);
	*migrations = (struct migrations){0};
}

static int unknown_target(const struct migrations *migrations, const char *typed, struct error *err)
{
	AUTO(mem_auto) char *near = releases_nearest(&migrations->releases, *typed == 'v' ? typed + 1 : typed);
	error_set(err, ERROR_USAGE, "%s is neither a release of the engine nor a database version", typed);
	if (near)
		return error_hint(err, "did you mean %s? `anchore-admin graph show` lists them all", near);
	return error_hint(err, "type `anchore-admin graph show` for those that are known");
}

int migrations_target(struct version *database, struct version *release, const struct migrations *migrations,
	const char *typed, struct error *err)
{
	struct version version, found, newest = {{0, 0, 0}};
	if (!version_parse_typed(&version, typed))
		return unknown_target(migrations, typed, err);
	if (releases_find(&found, &migrations->releases, version)) {
		newest = version;
	} else {
		bool known = releases_newest(&newest, &migrations->releases, version);
		if (*typed == 'v' || (!known && !graph_node(&migrations->graph, version)))
			return unknown_target(migrations, typed, err);
		found = version;
	}
	*database = found;
	if (release)
		*release = newest;
	return 0;
}
