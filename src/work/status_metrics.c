/* Metrics in Prometheus' text format: every one with its HELP and TYPE, values of labels escaped. */
#include "work/status_private.h"

#include "base/mem.h"
#include "work/metrics.h"

static void label(struct text *out, const char *name, const char *value)
{
	AUTO(mem_auto) char *valid = status_utf8(value);
	metrics_label(out, name, valid);
}

/* name{service="…",instance="…" and what the caller adds. */
static void series(struct text *out, const char *name, const struct instance *instance)
{
	text_addf(out, "anchore_admin_%s{", name);
	label(out, "service", instance->service);
	text_add(out, ",");
	label(out, "instance", instance->name ? instance->name : instance->service);
}

static void add_services(struct text *out, const struct view *view)
{
	const struct instances *all = &view->instances;
	metrics_head(out, "service_up", "gauge", "Whether the instance is up, and no run holds the services.");
	for (size_t i = 0; i < all->count; i++) {
		series(out, "service_up", &all->items[i]);
		text_addf(out, "} %d\n", status_is_up(view, &all->items[i]));
	}
	metrics_head(out, "service_state", "gauge", "1 for the state that the instance is in.");
	for (size_t i = 0; i < all->count; i++) {
		for (int state = 0; state < INSTANCE_STATES; state++) {
			series(out, "service_state", &all->items[i]);
			text_add(out, ",");
			label(out, "state", instance_state_name((enum instance_state)state));
			text_addf(out, "} %d\n", all->items[i].state == (enum instance_state)state);
		}
	}
	metrics_head(out, "service_restarts_total", "counter",
		"How often the instance was started again after it had died.");
	for (size_t i = 0; i < all->count; i++) {
		series(out, "service_restarts_total", &all->items[i]);
		text_addf(out, "} %u\n", all->items[i].restarts);
	}
}

static void add_hold(struct text *out, const struct view *view)
{
	metrics_head(out, "held", "gauge", "Whether a run, such as an upgrade, holds the services.");
	text_addf(out, "anchore_admin_held %d\n", view->held_by != NULL);
	metrics_head(out, "held_interrupted", "gauge", "Whether that run is gone and the database is to be settled.");
	text_addf(out, "anchore_admin_held_interrupted %d\n", view->held_by && view->interrupted);
	if (view->held_by && view->held_since) {
		metrics_head(out, "held_since_timestamp_seconds", "gauge", "When that began.");
		text_addf(out, "anchore_admin_held_since_timestamp_seconds %lld\n", (long long)view->held_since);
	}
	double progress = status_progress(view);
	if (progress >= 0) {
		metrics_head(out, "step_progress_ratio", "gauge", "How far the run's step is, from 0 to 1.");
		text_addf(out, "anchore_admin_step_progress_ratio %.4f\n", progress);
	}
}

/* Of this deployment, whole, and not known to be damaged: what one could go back to. */
static bool counts(const json_t *snapshot)
{
	return json_text(snapshot, "db_version") && text_same(json_text(snapshot, "health"), "whole") &&
		json_flag(snapshot, "own") && !json_flag(json_object_get(snapshot, "verification"), "failed");
}

static void add_versions_of(struct text *out, const json_t *array)
{
	struct list seen = LIST_INIT;
	for (size_t i = 0; i < json_array_size(array); i++)
		if (counts(json_array_get(array, i)))
			list_add_once(&seen, json_text(json_array_get(array, i), "db_version"));
	list_sort(&seen);
	for (size_t i = 0; i < seen.count; i++) {
		size_t number = 0;
		for (size_t j = 0; j < json_array_size(array); j++) {
			const json_t *snapshot = json_array_get(array, j);
			number += counts(snapshot) && text_same(json_text(snapshot, "db_version"), seen.items[i]);
		}
		text_add(out, "anchore_admin_snapshots{");
		label(out, "db_version", seen.items[i]);
		text_addf(out, "} %zu\n", number);
	}
	list_clear(&seen);
}

static void add_snapshots(struct text *out, const struct view *view)
{
	const json_t *array = status_snapshots(view);
	if (!array)
		return;
	time_t newest = 0;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *snapshot = json_array_get(array, i);
		time_t when;
		const char *created = json_text(snapshot, "created");
		if (counts(snapshot) && created && text_time_parse(created, &when) && when > newest)
			newest = when;
	}
	metrics_head(out, "snapshots", "gauge",
		"Whole snapshots of this deployment, by the database version that they hold.");
	add_versions_of(out, array);
	if (newest) {
		metrics_head(out, "snapshot_last_timestamp_seconds", "gauge", "When the newest of them was taken.");
		text_addf(out, "anchore_admin_snapshot_last_timestamp_seconds %lld\n", (long long)newest);
	}
}

/* Whether an upgrade is needed is asked of the database itself, where the job's record is of the version that it saw:
 * somebody may have upgraded since. */
static void add_scheduled(struct text *out, const struct view *view)
{
	if (!view->scheduled)
		return;
	AUTO(json_auto) json_t *scheduled = json_copy(view->scheduled);
	if (view->upgrade_needed)
		json_put_value(scheduled, "upgrade_needed", json_incref(view->upgrade_needed));
	metrics_scheduled(out, scheduled);
}

void status_metrics(struct text *out, const struct view *view)
{
	metrics_head(out, "info", "gauge", "The database's version and the engine's release; always 1.");
	text_add(out, "anchore_admin_info{");
	label(out, "db_version", view->db_version);
	text_add(out, ",");
	label(out, "code_version", view->code_version);
	text_add(out, "} 1\n");
	if (view->versions_at) {
		metrics_head(out, "versions_timestamp_seconds", "gauge", "When the two versions were read.");
		text_addf(out, "anchore_admin_versions_timestamp_seconds %lld\n", (long long)view->versions_at);
	}
	metrics_head(out, "start_time_seconds", "gauge", "When the supervisor was started.");
	text_addf(out, "anchore_admin_start_time_seconds %lld\n", (long long)view->started);
	add_services(out, view);
	add_hold(out, view);
	add_snapshots(out, view);
	add_scheduled(out, view);
}
