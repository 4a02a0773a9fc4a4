#include "work/doctor.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "work/doctor_private.h"

static void check_skipped(struct doctor *doctor);

/* In the order in which the one depends on the other: what is wrong first is to be fixed first. */
static void (*const checks[])(struct doctor *) = {
	doctor_check_settings,
	doctor_check_migrations,
	doctor_check_compose,
	doctor_check_connection,
	doctor_check_tools,
	doctor_check_database,
	doctor_check_rights,
	doctor_check_store,
	doctor_check_room,
	doctor_check_clock,
	doctor_check_snapshots,
	doctor_check_leftovers,
	doctor_check_services,
	doctor_check_logs,
	doctor_check_schedule,
	doctor_check_hooks,
	doctor_check_metrics,
	check_skipped,
};

void doctor_add(struct doctor *doctor, const char *check, enum finding_level level, char *sentence, char *remedy)
{
	findings_add(doctor->out, check, level, sentence, remedy);
}

void doctor_failed(struct doctor *doctor, const char *check, struct error *failure)
{
	if (failure->code == ERROR_INTERRUPTED)
		error_move(&doctor->stop, failure);
	else
		doctor_add(doctor, check, FINDING_PROBLEM, mem_copy(failure->message), mem_copy(failure->hint));
	error_clear(failure);
}

/* What is not in the list was not well, only not seen. */
static void check_skipped(struct doctor *doctor)
{
	if (!doctor->db)
		doctor_add(doctor, "database", FINDING_NOTE, mem_copy("without an answer of the database its "
			"version, its schema, rights, the server's clock and room, and databases that restores left "
			"were not looked at"), NULL);
	else if (!doctor->facts_known)
		doctor_add(doctor, "database", FINDING_NOTE, mem_copy("without a known version of the database "
			"its schema, ownership and the server's room were not looked at"), NULL);
}

void doctor_look_at(struct doctor_file *out, const char *path)
{
	struct stat status;
	out->path = path;
	out->found = stat(path, &status) == 0;
	if (!out->found)
		return;
	out->folder = S_ISDIR(status.st_mode);
	out->usable = access(path, out->folder ? R_OK | W_OK | X_OK : R_OK) == 0;
	out->read_only = !out->usable && errno == EROFS;
	out->mode = status.st_mode & 07777;
	out->foreign = status.st_uid != 0 && status.st_uid != geteuid();
}

static void clear(struct doctor *doctor)
{
	db_close(doctor->db);
	facts_clear(&doctor->facts);
	migrations_clear(&doctor->migrations);
	pgtool_clear(&doctor->tool);
	snapshot_list_clear(&doctor->list);
	mem_free(doctor->deployment);
	error_clear(&doctor->stop);
}

int doctor_run(struct findings *out, struct run *run, const char *directory, struct error *err)
{
	AUTO(clear) struct doctor doctor = {.run = run, .out = out, .directory = directory, .now = clock_now()};
	facts_init(&doctor.facts);
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		checks[i](&doctor);
		int rc = doctor.stop.code ? error_move(err, &doctor.stop) : interrupt_check(err);
		if (rc)
			return rc;
	}
	return 0;
}
