#include "work/load_private.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/proc.h"
#include "model/conninfo.h"

/* Below this a table's keys take less time than the program that hands out their SQL; of a large snapshot only
 * what is more than a five-hundredth, so that there are not too many such programs. */
enum { HEAVY = 8 << 20, HEAVY_PARTS = 500 };

/* ---- pg_restore ---- */

/* The first complaint and the command it is about, without the program's name before it. */
static int explain(struct load *load, const char *section, const char *talk, struct error *err)
{
	static const char *const rights[] = {" OWNER TO ", "Command was: GRANT ", "Command was: REVOKE ",
		"Command was: ALTER DEFAULT PRIVILEGES ", "Command was: SET SESSION AUTHORIZATION "};
	static const char before[] = "pg_restore: error: ";
	const char *at = talk ? strstr(talk, before) : NULL;
	if (!at)
		return error_context(err, "restoring the snapshot's section %s", section);
	const char *command = strstr(at, "Command was: ");
	for (size_t i = 0; command && i < sizeof rights / sizeof *rights; i++) {
		const char *hit = strstr(at, rights[i]);
		load->rights_failed = load->rights_failed || (hit && hit < command + strcspn(command, "\n"));
	}
	at += sizeof before - 1;
	int size = (int)strcspn(at, "\n");
	error_set(err, ERROR_FAILED, "pg_restore failed in section %s: %.*s", section, size, at);
	if (pgtool_lacks_connection(err))
		error_hint(err, "allow the role four connections, and see that the server has them; with `--into` "
			"three are enough");
	return ERROR_FAILED;
}

static void add_owner(struct list *arguments, const struct load *load)
{
	if (!load->no_owner)
		return;
	list_add(arguments, "--no-owner");
	list_add(arguments, "--no-privileges");
	if (load->owner)
		list_addf(arguments, "--role=%s", load->owner);
}

/* In memory, read by the program that inherits it: nothing is left behind by a kill. */
static int add_list(struct list *arguments, int *fd, const struct toc *toc, const struct toc_list *list,
	struct error *err)
{
	AUTO(text_clear) struct text text = TEXT_INIT;
	toc_write(&text, toc, list);
	*fd = memfd_create("list", 0);
	if (*fd < 0)
		return error_errno(err, ERROR_FAILED, "cannot make a list in memory");
	list_addf(arguments, "--use-list=/proc/self/fd/%d", *fd);
	return file_write_all(*fd, text.size ? text.data : "", text.size, err);
}

int load_section(struct load *load, const char *section, const struct load_plan *plan, const struct toc_list *list,
	int jobs, struct error *err)
{
	AUTO(text_clear) struct text conninfo = TEXT_INIT;
	AUTO(list_clear) struct list arguments = LIST_INIT;
	AUTO(file_close) int fd = -1;
	AUTO(mem_auto) char *fault = mem_format("restore-%s", section);
	AUTO(mem_auto) char *talk = NULL;
	conninfo_add(&conninfo, "dbname", load->dbname);
	/* Under this name the next run knows what a killed one left. */
	conninfo_add(&conninfo, "application_name", "pg_restore");
	list_addf(&arguments, "--dbname=%s", conninfo.data);
	list_addf(&arguments, "--section=%s", section);
	list_add(&arguments, "--exit-on-error");
	list_add(&arguments, "--no-password");
	if (jobs > 1)
		list_addf(&arguments, "--jobs=%d", jobs);
	add_owner(&arguments, load);
	int rc = list ? add_list(&arguments, &fd, &plan->toc, list, err) : 0;
	list_add(&arguments, load->archive);
	if (!rc)
		rc = fault_point(fault, err);
	if (!rc)
		rc = pgtool_run(load->tool->restore, &arguments, load->db, NULL, &talk, err);
	if (rc == ERROR_FAILED)
		return explain(load, section, talk, err);
	if (!rc && talk && *talk)
		log_detail("pg_restore said: %s", talk);
	return rc;
}

/* Without a connection; what it prints. */
static int ask(char **out, const struct load *load, const struct list *arguments, struct error *err)
{
	AUTO(mem_auto) const char **argv = mem_array(arguments->count + 3, sizeof *argv);
	argv[0] = load->tool->restore;
	for (size_t i = 0; i < arguments->count; i++)
		argv[i + 1] = arguments->items[i];
	argv[arguments->count + 1] = load->archive;
	return proc_run(out, NULL, &(struct proc){.argv = argv}, err);
}

/* ---- one entry ---- */

/* Only what says where an index is to lie and whose it is: the rest is for psql and for other sessions, and servers
 * that are older than pg_restore do not know all of it. */
static void add_settings(struct text *out, const char *from, const char *to)
{
	static const char *const wanted[] = {"SET default_tablespace = ", "SET ROLE "};
	while (from < to) {
		size_t size = strcspn(from, "\n");
		for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
			if (text_starts(from, wanted[i])) {
				text_add_bytes(out, from, size);
				text_add(out, "\n");
			}
		from += size + (from[size] == '\n');
	}
}

static const char *last_of(const char *in, const char *what)
{
	const char *last = NULL;
	for (const char *at = strstr(in, what); at; at = strstr(at + 1, what))
		last = at;
	return last;
}

/* What stands before the entry's own comment are settings, what stands behind the last comment is the end. */
static bool cut_entry(struct text *out, const char *script)
{
	static const char head[] = "\n-- Name: ", tail[] = "\n--\n-- PostgreSQL database dump complete\n";
	const char *begin = strstr(script, head), *end = last_of(script, tail);
	if (!begin || !end || end < begin)
		return false;
	add_settings(out, script, begin);
	const char *body = begin + 1 + strcspn(begin + 1, "\n");
	text_add_bytes(out, body, (size_t)(end - body));
	return true;
}

int load_entry_sql(char **out, struct load *load, const struct toc_entry *entry, struct error *err)
{
	AUTO(list_clear) struct list arguments = LIST_INIT;
	AUTO(file_close) int fd = -1;
	AUTO(mem_auto) char *script = NULL;
	AUTO(text_clear) struct text sql = TEXT_INIT;
	list_add(&arguments, "--section=post-data");
	list_add(&arguments, "--file=-");
	add_owner(&arguments, load);
	/* A list of one. */
	struct toc toc = {(struct toc_entry[]){*entry}, 1};
	int rc = add_list(&arguments, &fd, &toc, &(struct toc_list){(size_t[]){0}, 1}, err);
	if (!rc)
		rc = ask(&script, load, &arguments, err);
	if (!rc && !cut_entry(&sql, script))
		rc = error_set(err, ERROR_FAILED, "pg_restore does not give the SQL of %s", entry->words);
	if (!rc)
		*out = text_take(&sql);
	return rc;
}

/* ---- the plan ---- */

static int read_toc(struct toc *out, const struct load *load, struct error *err)
{
	AUTO(list_clear) struct list all = LIST_INIT;
	AUTO(list_clear) struct list post = LIST_INIT;
	AUTO(mem_auto) char *listing = NULL;
	AUTO(mem_auto) char *post_listing = NULL;
	list_add(&all, "--list");
	list_add(&all, "--verbose");
	list_add(&post, "--list");
	list_add(&post, "--section=post-data");
	int rc = ask(&listing, load, &all, err);
	if (!rc)
		rc = ask(&post_listing, load, &post, err);
	return rc ? rc : toc_parse(out, listing, post_listing, load->manifest, err);
}

static uint64_t heavy(const struct manifest *manifest)
{
	uint64_t whole = 0;
	for (size_t i = 0; i < manifest->table_count; i++)
		whole += manifest->tables[i].bytes;
	return whole / HEAVY_PARTS > HEAVY ? whole / HEAVY_PARTS : HEAVY;
}

/* A superuser may, and whoever was granted it (PostgreSQL 15 and later). */
static int try_trust(bool *out, struct db *db, struct error *err)
{
	int rc = db_exec(db, "SET session_replication_role = replica", err);
	if (rc == ERROR_FAILED) {
		log_detail("foreign keys are checked after the rows: %s", err->message);
		error_clear(err);
		return 0;
	}
	if (!rc)
		rc = db_exec(db, "RESET session_replication_role", err);
	*out = !rc;
	return rc;
}

int load_plan_make(struct load_plan *out, struct load *load, struct error *err)
{
	AUTO(load_plan_clear) struct load_plan plan = {0};
	int rc = read_toc(&plan.toc, load, err);
	if (!rc)
		rc = try_trust(&plan.trusted, load->db, err);
	if (!rc)
		rc = toc_plan(&plan.order, &plan.toc, load->manifest, heavy(load->manifest), plan.trusted, err);
	if (rc && rc != ERROR_FAILED)
		return rc;
	if (rc) {
		log_detail("the rows first, then everything else in pg_restore's order: %s", err->message);
		error_clear(err);
		return 0;
	}
	log_detail("of %zu entries of the archive %zu before the rows, %zu beside them, %zu after", plan.toc.count,
		plan.order.early.count, plan.order.builds.count, plan.order.last.count);
	*out = plan;
	plan = (struct load_plan){0};
	return 0;
}

void load_plan_clear(struct load_plan *plan)
{
	toc_clear(&plan->toc);
	toc_plan_clear(&plan->order);
	plan->trusted = false;
}
