/* The page for people: one file without anything from outside, which looks for news by itself, and without script loads
 * itself again. Everything that is not written here is escaped. */
#include "work/status_private.h"

#include "base/clock.h"
#include "base/mem.h"

enum { MOST_SNAPSHOTS = 10, SHORT_ID = 8 };

/* ---- pieces ---- */

static void escape(struct text *out, const char *string)
{
	AUTO(mem_auto) char *valid = status_utf8(string);
	for (const char *at = valid; *at; at++) {
		unsigned char byte = (unsigned char)*at;
		if (*at == '<')
			text_add(out, "&lt;");
		else if (*at == '>')
			text_add(out, "&gt;");
		else if (*at == '&')
			text_add(out, "&amp;");
		else if (*at == '"' || *at == '\'')
			text_addf(out, "&#%d;", byte);
		else
			text_add_bytes(out, byte < 0x20 || byte == 0x7f ? " " : at, 1);
	}
}

/* before, the string escaped, after. */
static void put(struct text *out, const char *before, const char *string, const char *after)
{
	text_add(out, before);
	escape(out, string);
	text_add(out, after);
}

/* "3 h 12 min ago", with the time itself for whoever points at it. */
static void put_age(struct text *out, time_t when, const char *after)
{
	AUTO(mem_auto) char *exact = text_time(when);
	time_t now = clock_now();
	int seconds = now <= when ? 0 : now - when < 60 ? (int)(now - when) : 60;
	AUTO(mem_auto) char *age = seconds < 60 ? mem_format("%d s", seconds) : text_duration((double)(now - when));
	text_addf(out, "<time datetime=\"%s\" title=\"%s\">%s%s</time>", exact, exact, age, after);
}

static const char *class_of(enum instance_state state)
{
	static const char *const classes[INSTANCE_STATES] = {
		[INSTANCE_STOPPED] = "off", [INSTANCE_STARTING] = "wait", [INSTANCE_UP] = "good",
		[INSTANCE_SICK] = "bad", [INSTANCE_STOPPING] = "wait", [INSTANCE_WAITING] = "bad",
		[INSTANCE_FAILED] = "bad",
	};
	return classes[state];
}

/* ---- sections ---- */

static void add_header(struct text *out, const struct view *view, const char *sentence)
{
	bool held = view->held_by, going = held && !view->interrupted;
	bool healthy = !held && instances_healthy(&view->instances);
	put(out, "<header><p class=\"soft\">Anchore Engine on ", view->host ? view->host : "this machine", "</p>\n");
	put(out, going ? "<h1 class=\"run\">" : healthy ? "<h1 class=\"good\">" : "<h1 class=\"bad\">",
		!held ? sentence : view->held_for ? view->held_for : "a run", "");
	text_add(out, going ? " is in progress</h1>\n<p>The services are stopped until it has ended.</p>\n" :
		held ? " was interrupted</h1>\n<p>The services are stopped until the database is settled.</p>\n" :
		"</h1>\n");
	text_add(out, "</header>\n");
}

/* Without a known end the bar only says that something happens. */
static void add_bar(struct text *out, const struct view *view)
{
	double progress = status_progress(view);
	if (progress < 0) {
		text_add(out, "<progress></progress>\n<p class=\"soft\">");
	} else {
		text_addf(out, "<progress max=\"100\" value=\"%.1f\"></progress>\n", 100 * progress);
		text_addf(out, "<p class=\"soft\">%d %%", (int)(100 * progress));
	}
	const char *what = json_text(view->progress, "what");
	if (what)
		put(out, progress < 0 ? "" : text_same(what, "statements") ? " of the " : " · ", what, "");
	json_int_t rows = json_integer_value(json_object_get(view->progress, "rows"));
	const json_t *left = json_object_get(view->progress, "seconds_left");
	if (rows > 0) {
		AUTO(mem_auto) char *count = text_count((uint64_t)rows);
		text_addf(out, " · %s rows", count);
	}
	if (json_is_number(left)) {
		double seconds = json_number_value(left);
		AUTO(mem_auto) char *time = seconds < 60 ? mem_format("%.0f s", seconds) : text_duration(seconds);
		text_addf(out, " · about %s left", time);
	}
	text_add(out, "</p>\n");
}

static void add_hold(struct text *out, const struct view *view, const char *sentence)
{
	if (!view->held_by)
		return;
	text_addf(out, "<section class=\"now%s\">", view->interrupted ? " lost" : "");
	put(out, "<h2>", sentence, "</h2>\n");
	if (view->interrupted)
		text_add(out, "<p>Its process is gone. <code>anchore-admin db status</code> says where the database "
			"is; <code>anchore-admin upgrade</code> or <code>anchore-admin downgrade --to VERSION</code> "
			"settles it and starts the services again.</p>\n");
	else
		add_bar(out, view);
	put(out, "<p class=\"soft\">Run <code>", view->held_by, "</code>");
	if (view->held_since) {
		text_add(out, ", for ");
		put_age(out, view->held_since, "");
	}
	text_add(out, "</p></section>\n");
}

static void add_versions(struct text *out, const struct view *view)
{
	put(out, "<section><dl><div><dt>Engine DB Version</dt><dd>", view->db_version ? view->db_version : "not known",
		"</dd></div>\n");
	put(out, "<div><dt>Engine Code Version</dt><dd>", view->code_version ? view->code_version : "not known",
		"</dd></div>\n<div><dt>Versions read</dt><dd>");
	if (view->versions_at)
		put_age(out, view->versions_at, " ago");
	else
		text_add(out, "not yet");
	text_add(out, "</dd></div>\n<div><dt>Supervisor runs for</dt><dd>");
	put_age(out, view->started, "");
	text_add(out, "</dd></div></dl></section>\n");
}

static void add_service(struct text *out, const struct instance *instance)
{
	bool named = instance->name && !text_same(instance->name, instance->service);
	put(out, "<tr><td><strong>", instance->service, "</strong>");
	if (named)
		put(out, "<br><small class=\"soft\">", instance->name, "</small>");
	text_addf(out, "</td><td class=\"state %s\">%s</td><td data-name=\"for\">", class_of(instance->state),
		instance_state_name(instance->state));
	if (instance->since)
		put_age(out, instance->since, "");
	else
		text_add(out, "?");
	text_addf(out, "</td><td class=\"number\" data-name=\"restarts\">%u</td>", instance->restarts);
	text_add(out, "<td class=\"wide\">");
	escape(out, instance->last_error);
	text_add(out, "</td></tr>\n");
}

static void add_services(struct text *out, const struct view *view)
{
	text_add(out, "<section><h2>Services</h2>\n");
	if (view->instances.count)
		text_add(out, "<table><thead><tr><th>Service<th>State<th>For<th class=\"number\">Restarts<th>Last error"
			"</thead><tbody>\n");
	for (size_t i = 0; i < view->instances.count; i++)
		add_service(out, &view->instances.items[i]);
	text_add(out, view->instances.count ? "</tbody></table></section>\n" : "<p>There are none.</p></section>\n");
}

static void add_snapshot(struct text *out, const json_t *snapshot)
{
	const char *id = json_text(snapshot, "id"), *created = json_text(snapshot, "created");
	const char *health = json_text(snapshot, "health");
	bool whole = text_same(health, "whole");
	AUTO(mem_auto) char *start = mem_format("%.*s", SHORT_ID, id ? id : "?");
	AUTO(mem_auto) char *size = text_bytes((uint64_t)json_integer_value(json_object_get(snapshot, "size")));
	time_t when;
	put(out, "<tr><td><code>", start, "</code></td><td data-name=\"version\">");
	escape(out, json_text(snapshot, "db_version"));
	text_add(out, "</td><td>");
	if (created && text_time_parse(created, &when))
		put_age(out, when, " ago");
	text_addf(out, "</td><td class=\"number\">%s</td><td class=\"wide %s\">", size, whole ? "good" : "bad");
	escape(out, health);
	text_add(out, json_flag(snapshot, "pinned") ? ", pinned" : "");
	text_add(out, json_flag(snapshot, "own") ? "</td></tr>\n" : ", of another deployment</td></tr>\n");
}

static void add_snapshots(struct text *out, const struct view *view)
{
	const json_t *array = status_snapshots(view);
	if (!array)
		return;
	size_t count = json_array_size(array), most = count < MOST_SNAPSHOTS ? count : MOST_SNAPSHOTS;
	text_add(out, "<section><h2>Snapshots</h2>\n");
	if (count == 0)
		text_add(out, "<p>There are none: <code>anchore-admin backup</code> takes one.</p></section>\n");
	else
		text_add(out, "<table><thead><tr><th>Snapshot<th>Version<th>Taken<th class=\"number\">Size<th>State"
			"</thead><tbody>\n");
	for (size_t i = 0; i < most; i++)
		add_snapshot(out, json_array_get(array, i));
	if (count)
		text_add(out, "</tbody></table>\n");
	if (count > most)
		text_addf(out, "<p class=\"soft\">and %zu older</p>", count - most);
	if (count)
		text_add(out, "</section>\n");
}

void status_page(struct text *out, const struct view *view, const char *nonce)
{
	AUTO(mem_auto) char *sentence = status_sentence(view);
	text_add(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
	put(out, "<title>", sentence, " – Anchore Engine</title>\n");
	text_add(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
		"<link rel=\"icon\" href=\"data:,\">\n"
		"<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n");
	text_addf(out, "<style nonce=\"%s\">\n%s</style></head>\n", nonce, status_style);
	text_add(out, "<body><p id=\"stale\" role=\"alert\" hidden></p>\n<main>\n");
	add_header(out, view, sentence);
	add_hold(out, view, sentence);
	add_versions(out, view);
	add_services(out, view);
	add_snapshots(out, view);
	text_addf(out, "</main>\n<script nonce=\"%s\">\n%s</script></body></html>\n", nonce, status_script);
}
