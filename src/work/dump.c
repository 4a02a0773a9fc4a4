#include "work/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "work/snapshot.h"
#include "work/store.h"
#include "work/store_private.h"

/* A table that another session truncated or rewrote means a new snapshot; so often, then somebody must look. */
enum { MOST_ATTEMPTS = 4 };
/* What the manifest, the schema and an unlucky table take at least. */
enum { LEAST_ROOM = 1 << 20 };

static void dump_clear(struct dump *dump)
{
	db_close(dump->db);
	earlier_close(dump->earlier);
	inventory_clear(&dump->inventory);
	manifest_clear(&dump->manifest);
	if (dump->archive)
		unlink(dump->archive);
	if (dump->schema)
		unlink(dump->schema);
	mem_free(dump->columns);
	mem_free(dump->archive);
	mem_free(dump->schema);
	mem_free(dump->snapshot);
	mem_free(dump->changed);
}

/* ---- room ---- */

/* The newest snapshot of the same deployment is the best guess; without one, an eighth of the tables. */
static int guess_size(uint64_t *bytes, const struct dump *dump, struct error *err)
{
	AUTO(snapshot_list_clear) struct snapshot_list list = {0};
	int rc = store_list(&list, dump->store, err);
	if (rc)
		return rc;
	uint64_t guess = dump->inventory.bytes / 8;
	for (size_t i = 0; i < list.count; i++) {
		const struct snapshot_entry *entry = &list.entries[i];
		if (entry->health == SNAPSHOT_WHOLE &&
			text_same(entry->manifest.deployment, dump->manifest.deployment) &&
			text_same(entry->manifest.identity.name, dump->manifest.identity.name)) {
			guess = entry->size + entry->size / 5;
			break;
		}
	}
	*bytes = guess < LEAST_ROOM ? LEAST_ROOM : guess;
	return 0;
}

static int check_room(const struct dump *dump, struct error *err)
{
	uint64_t need = 0, have = 0;
	int rc = guess_size(&need, dump, err);
	if (!rc)
		rc = file_space(&have, dump->store, err);
	if (rc || have >= need)
		return rc;
	AUTO(mem_auto) char *need_text = text_bytes(need);
	AUTO(mem_auto) char *have_text = text_bytes(have);
	error_set(err, ERROR_NO_SPACE, "%s has room for %s, the snapshot needs about %s", dump->store, have_text,
		need_text);
	return error_hint(err, "free some room there, or name another folder with `--store DIR`");
}

/* ---- one attempt ---- */

/* Any failure may come from DDL behind our back; only that is worth another attempt. */
static void explain(struct dump *dump, int rc)
{
	if (rc != ERROR_FAILED || dump->changed || interrupt_signal())
		return;
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	if (!db_in_transaction(dump->db) || db_exec(dump->db, "ROLLBACK", &ignored) == 0)
		dump_check_catalog(dump, &ignored);
}

static void name_files(struct dump *dump)
{
	AUTO(mem_auto) char *archive = mem_format(".tmp-%s.tar", dump->manifest.id);
	AUTO(mem_auto) char *schema = mem_format(".tmp-%s.pgdump", dump->manifest.id);
	dump->archive = path_join(dump->store, archive);
	dump->schema = path_join(dump->store, schema);
}

static int attempt(struct dump *dump, struct error *err)
{
	int rc = run_connect(&dump->db, dump->run, NULL, err);
	if (!rc)
		rc = pgtool_check(dump->tool, dump->db, err);
	if (!rc) {
		rc = dump_facts(dump, err);
		/* The functions that describe a table look it up as it is now, not as of the snapshot. */
		if (rc == ERROR_FAILED && strcmp(db_sqlstate(dump->db), "XX000") == 0)
			dump->changed = mem_copy("the schema");
	}
	if (!rc)
		rc = check_room(dump, err);
	if (!rc && settings_flag(&dump->run->settings, OPTION_INCREMENTAL))
		rc = earlier_find(&dump->earlier, dump->store, &dump->manifest, err);
	if (rc)
		return rc;
	name_files(dump);
	rc = dump_archive(dump, err);
	if (rc == ERROR_NO_SPACE && !err->hint)
		error_hint(err, "free some room, or name another folder with `--store DIR`");
	explain(dump, rc);
	return rc;
}

/* ---- putting it in its place ---- */

/* "<database>-<version>-<time>", of letters that need no quoting anywhere. */
static char *make_base(const struct manifest *manifest)
{
	AUTO(mem_auto) char *time = text_time_compact(manifest->created);
	char *base = mem_format("%s-%s-%s", manifest->identity.name, manifest->db_version, time);
	for (char *at = base; *at; at++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-", *at) ||
			(at == base && (*at == '.' || *at == '-')))
			*at = '_';
	return base;
}

/* A name that is free: two backups may fall into one second. */
static char *make_path(const char *store, const struct manifest *manifest)
{
	AUTO(mem_auto) char *base = make_base(manifest);
	for (int i = 1;; i++) {
		AUTO(mem_auto) char *name = i == 1 ? mem_format("%s.tar", base) : mem_format("%s.%d.tar", base, i);
		char *path = path_join(store, name);
		if (!file_exists(path))
			return path;
		mem_free(path);
	}
}

/* Reads all of it back before anybody may rely on it. The workers decoded every frame and compared its rows before it
 * was written (rows.c): that the same bytes come back is what is left to prove. */
static int prove(const struct dump *dump, int jobs, struct error *err)
{
	AUTO(snapshot_entry_clear) struct snapshot_entry entry = {0};
	int rc = fault_point("backup-verify", err);
	if (!rc)
		rc = store_load(&entry, dump->archive, err);
	if (!rc)
		rc = snapshot_verify_bytes(&entry, jobs, err);
	if (rc == ERROR_CORRUPT) {
		error_context(err, "what was written is not what is read back");
		return error_hint(err, "check the disk of %s, or name another folder with `--store DIR`", dump->store);
	}
	return rc;
}

static int put_in_place(struct snapshot_entry *out, struct dump *dump, struct error *err)
{
	AUTO(mem_auto) char *path = make_path(dump->store, &dump->manifest);
	int rc = prove(dump, run_jobs(dump->run), err);
	if (!rc)
		rc = interrupt_check(err);
	if (!rc)
		rc = fault_point("backup-rename", err);
	if (rc)
		return rc;
	if (rename(dump->archive, path) != 0)
		return error_errno(err, ERROR_FAILED, "cannot rename %s", dump->archive);
	rc = fault_point("backup-done", err);
	if (!rc)
		rc = file_sync_directory(dump->store, err);
	if (!rc)
		rc = store_load(out, path, err);
	/* A backup that says it failed leaves nothing that looks as if it had not. */
	if (rc)
		unlink(path);
	return rc;
}

static int try_once(struct snapshot_entry *out, struct dump *dump, struct error *err)
{
	int rc = attempt(dump, err);
	return rc ? rc : put_in_place(out, dump, err);
}

int snapshot_take(struct snapshot_entry *out, struct run *run, struct error *err)
{
	AUTO(pgtool_clear) struct pgtool tool = {0};
	const char *store;
	int rc = run_store(&store, run, true, err);
	if (!rc)
		rc = pgtool_find(&tool, settings_text(&run->settings, OPTION_PG_BINDIR), err);
	for (int number = 1; !rc; number++) {
		AUTO(dump_clear) struct dump dump = {.run = run, .store = store, .tool = &tool};
		rc = try_once(out, &dump, err);
		if (!rc || !dump.changed)
			return rc;
		if (number == MOST_ATTEMPTS)
			return error_hint(err, "run the command again when nobody truncates or alters tables");
		log_note("%s changed while it was read: starting again (%d of %d)", dump.changed, number,
			MOST_ATTEMPTS - 1);
		error_clear(err);
		rc = interrupt_check(err);
	}
	return rc;
}
