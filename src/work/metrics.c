#include "work/metrics.h"


#include "base/file.h"
#include "base/mem.h"
#include "work/scheduled.h"

void metrics_head(struct text *out, const char *name, const char *type, const char *help)
{
	text_addf(out, "# HELP anchore_admin_%s %s\n# TYPE anchore_admin_%s %s\n", name, help, name, type);
}

void metrics_label(struct text *out, const char *name, const char *value)
{
	text_addf(out, "%s=\"", name);
	for (const char *at = value ? value : ""; *at; at++) {
		if (*at == '\\' || *at == '"')
			text_add(out, "\\");
		text_add_bytes(out, *at == '\n' ? "\\n" : at, *at == '\n' ? 2 : 1);
	}
	text_add(out, "\"");
}

static void gauge(struct text *out, const char *name, const char *help, double value)
{
	metrics_head(out, name, "gauge", help);
	/* Whole seconds and bytes in full, not as 1.79e+09. */
	text_addf(out, "anchore_admin_%s %.15g\n", name, value);
}

/* A time that is not there has no sample, for 0 would be 1970. */
static void moment(struct text *out, const json_t *object, const char *key, const char *name, const char *help)
{
	const char *text = json_text(object, key);
	time_t when;
	if (text && text_time_parse(text, &when))
		gauge(out, name, help, (double)when);
}

static double number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void add_attempt(struct text *out, const json_t *attempt)
{
	moment(out, attempt, "success", "backup_last_success_timestamp_seconds",
		"When the scheduled job last did what it should, with or without a new snapshot.");
	moment(out, attempt, "last", "backup_last_attempt_timestamp_seconds", "When the scheduled job last began.");
	moment(out, attempt, "snapshot_at", "backup_last_snapshot_timestamp_seconds",
		"When the scheduled job last took a snapshot.");
	moment(out, attempt, "failing_since", "backup_failing_since_timestamp_seconds",
		"When the scheduled job began to fail; absent while it does not.");
	if (!json_text(attempt, "last"))
		return;
	gauge(out, "backup_exit_code", "Exit status of the scheduled job's last run.", number(attempt, "exit_status"));
	gauge(out, "backup_failures", "Failed runs of the scheduled job in a row.", number(attempt, "failures"));
	gauge(out, "backup_duration_seconds", "How long its last run took.", number(attempt, "seconds"));
	gauge(out, "backup_bytes", "Size of the last snapshot that it took.", number(attempt, "bytes"));
	gauge(out, "backup_unchanged", "Whether its last success needed no new snapshot.",
		json_flag(attempt, "unchanged"));
	metrics_head(out, "backup_missed_total", "counter", "Runs of the scheduled job that did not happen.");
	text_addf(out, "anchore_admin_backup_missed_total %.0f\n", number(attempt, "missed"));
}

void metrics_snapshots(struct text *out, const json_t *versions)
{
	const char *version;
	json_t *value;
	metrics_head(out, "snapshots", "gauge",
		"Whole snapshots of this deployment, by the database version that they hold.");
	json_object_foreach((json_t *)(uintptr_t)versions, version, value) {
		text_add(out, "anchore_admin_snapshots{");
		metrics_label(out, "db_version", version);
		text_addf(out, "} %lld\n", (long long)json_integer_value(value));
	}
}

void metrics_scheduled(struct text *out, const json_t *scheduled)
{
	if (!scheduled)
		return;
	const json_t *needed = json_object_get(scheduled, "upgrade_needed");
	add_attempt(out, json_object_get(scheduled, "attempt"));
	moment(out, scheduled, "proven", "snapshot_proven_timestamp_seconds",
		"When a snapshot was last restored and compared in full.");
	moment(out, scheduled, "next", "backup_next_timestamp_seconds", "When the scheduled job is due next.");
	gauge(out, "snapshots_damaged", "Snapshots that are known to be damaged.", number(scheduled, "damaged"));
	if (json_is_boolean(needed))
		gauge(out, "upgrade_needed", "Whether the engine's release needs a newer database version.",
			json_is_true(needed));
}

static void print(struct text *out, const struct scheduled *scheduled)
{
	AUTO(json_auto) json_t *object = scheduled_json(scheduled);
	metrics_head(out, "info", "gauge", "The database's version and the engine's release; always 1.");
	text_add(out, "anchore_admin_info{");
	metrics_label(out, "db_version", scheduled->attempt.db_version);
	text_add(out, ",");
	metrics_label(out, "code_version", scheduled->release);
	text_add(out, ",");
	metrics_label(out, "tool_version", PACKAGE_VERSION);
	text_add(out, "} 1\n");
	metrics_scheduled(out, object);
	metrics_snapshots(out, scheduled->snapshots);
}

int metrics_write(struct run *run, const struct attempt *attempt, struct error *err)
{
	const char *path = settings_text(&run->settings, OPTION_METRICS_FILE);
	AUTO(scheduled_clear) struct scheduled scheduled = {.next = 0};
	AUTO(text_clear) struct text text = TEXT_INIT;
	if (!path)
		return 0;
	AUTO(mem_auto) char *folder = path_directory(path);
	if (!file_is_directory(folder)) {
		error_set(err, ERROR_FAILED, "there is no folder %s", folder);
		return error_hint(err, "make it with `mkdir -p %s`, or correct the setting metrics_file", folder);
	}
	int rc = scheduled_look(&scheduled, run, attempt, err);
	if (rc)
		return rc;
	print(&text, &scheduled);
	return file_publish(path, 0644, text.data, text.size, err);
}
