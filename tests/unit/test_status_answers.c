/* The supervisor's answers to programs: the engine's shapes, and the metrics. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "work/status.h"
#include "unit.h"

static const time_t NOW = 1500000000;

static struct instance *add(struct view *view, const char *service, const char *name, enum instance_state state)
{
	struct instance *instance = instances_add(&view->instances);
	instance->service = mem_copy(service);
	instance->name = mem_copy(name);
	instance->host = mem_copy("host-1");
	instance->url = mem_copy("http://127.0.0.1:8082");
	instance->state = state;
	instance->since = NOW;
	return instance;
}

static void make_view(struct view *view)
{
	*view = (struct view){.host = mem_copy("here"), .db_version = mem_copy("0.0.7"),
		.code_version = mem_copy("0.2.4"), .versions_at = NOW, .started = NOW - 60};
	add(view, "catalog", "catalog", INSTANCE_UP);
	struct instance *analyzer = add(view, "analyzer", "ana\"ly\\zer\n1", INSTANCE_WAITING);
	analyzer->restarts = 3;
	analyzer->last_error = mem_copy("exit status 3");
	mem_replace(&analyzer->host, NULL);
	mem_replace(&analyzer->url, NULL);
}

static void hold(struct view *view)
{
	struct error err = ERROR_INIT;
	static const char progress[] = "{\"run\": \"17\", \"done\": 25, \"total\": 100, \"rows\": 5}";
	view->held_by = mem_copy("17");
	view->held_for = mem_copy("upgrade");
	view->held_since = NOW;
	view->step = mem_copy("upgrade: 0.0.6--0.0.7.sql, statement 3 of 12");
	unit_assert_ok(json_parse(&view->progress, progress, strlen(progress), "test", &err), &err);
}

static struct httpd_answer ask_as(struct status *status, const char *path, const char *user, const char *password)
{
	struct httpd_answer answer = {.status = 0};
	struct httpd_request request = {.method = "GET", .path = path, .user = user, .password = password};
	status_answer(&answer, &request, status);
	return answer;
}

static struct httpd_answer ask_path(struct status *status, const char *path)
{
	return ask_as(status, path, "admin", "foobar");
}

static json_t *parsed(struct httpd_answer *answer)
{
	struct error err = ERROR_INIT;
	json_t *value = NULL;
	ck_assert_str_eq(answer->type, "application/json");
	unit_assert_ok(json_parse(&value, answer->body, answer->size, "answer", &err), &err);
	mem_free(answer->body);
	return value;
}

/* ---- shapes ---- */

static json_t *service_state(struct status *status, size_t index)
{
	struct httpd_answer answer = ask_path(status, "/v1/system");
	AUTO(json_auto) json_t *system = parsed(&answer);
	return json_incref(json_array_get(json_object_get(system, "service_states"), index));
}

START_TEST(services_as_the_engine_has_them)
{
	struct view view;
	make_view(&view);
	struct status status = {.view = &view, .password = "foobar"};
	AUTO(json_auto) json_t *catalog = service_state(&status, 0);
	ck_assert_str_eq(json_text(catalog, "servicename"), "catalog");
	ck_assert_str_eq(json_text(catalog, "hostid"), "host-1");
	ck_assert_str_eq(json_text(catalog, "base_url"), "http://127.0.0.1:8082");
	ck_assert_str_eq(json_text(catalog, "status_message"), "available");
	ck_assert(json_flag(catalog, "status"));
	const json_t *detail = json_object_get(catalog, "service_detail");
	ck_assert(json_flag(detail, "up"));
	ck_assert(json_flag(detail, "available"));
	ck_assert(!json_flag(detail, "busy"));
	AUTO(json_auto) json_t *analyzer = service_state(&status, 1);
	ck_assert_str_eq(json_text(analyzer, "hostid"), "here");
	ck_assert_ptr_nonnull(json_text(analyzer, "base_url"));
	ck_assert_str_eq(json_text(analyzer, "status_message"), "waiting: exit status 3");
	ck_assert(!json_flag(analyzer, "status"));
	detail = json_object_get(analyzer, "service_detail");
	ck_assert_str_eq(json_text(detail, "db_version"), "0.0.7");
	ck_assert_str_eq(json_text(detail, "version"), "0.2.4");
	struct httpd_answer answer = ask_path(&status, "/v1/system/services");
	AUTO(json_auto) json_t *services = parsed(&answer);
	ck_assert_uint_eq(json_array_size(services), 2);
	view_clear(&view);
}
END_TEST

START_TEST(held_services_are_down)
{
	struct view view;
	make_view(&view);
	hold(&view);
	struct status status = {.view = &view, .password = "foobar"};
	for (size_t i = 0; i < 2; i++) {
		AUTO(json_auto) json_t *service = service_state(&status, i);
		const json_t *detail = json_object_get(service, "service_detail");
		ck_assert(!json_flag(service, "status"));
		ck_assert(!json_flag(detail, "up"));
		ck_assert_str_eq(json_text(service, "status_message"), view.step);
		ck_assert_str_eq(json_text(detail, "db_version"), "0.0.7");
		ck_assert_str_eq(json_text(detail, "version"), "0.2.4");
	}
	struct httpd_answer answer = ask_path(&status, "/v1/status");
	AUTO(json_auto) json_t *whole = parsed(&answer);
	ck_assert(!json_flag(whole, "up"));
	ck_assert(json_flag(whole, "busy"));
	ck_assert_str_eq(json_text(whole, "message"), view.step);
	const json_t *progress = json_object_get(json_object_get(whole, "detail"), "progress");
	ck_assert_int_eq(json_integer_value(json_object_get(progress, "done")), 25);
	mem_replace(&view.step, NULL);
	AUTO(json_auto) json_t *service = service_state(&status, 0);
	ck_assert_str_eq(json_text(service, "status_message"), "held for upgrade");
	view.interrupted = true;
	AUTO(json_auto) json_t *lost = service_state(&status, 0);
	ck_assert_str_eq(json_text(lost, "status_message"), "held for upgrade (interrupted)");
	view_clear(&view);
}
END_TEST

START_TEST(the_deployment_as_a_whole)
{
	static const struct {
		enum instance_state state;
		const char *message;
	} cases[] = {{INSTANCE_UP, "all 2 services are up"}, {INSTANCE_SICK, "1 of 2 services is not up"}};
	for (size_t i = 0; i < 2; i++) {
		struct view view;
		make_view(&view);
		view.instances.items[1].state = cases[i].state;
		struct status status = {.view = &view, .password = "foobar"};
		struct httpd_answer answer = ask_path(&status, "/v1/status");
		AUTO(json_auto) json_t *whole = parsed(&answer);
		ck_assert_int_eq(json_flag(whole, "up"), cases[i].state == INSTANCE_UP);
		ck_assert_int_eq(json_flag(whole, "available"), cases[i].state == INSTANCE_UP);
		ck_assert(!json_flag(whole, "busy"));
		ck_assert_str_eq(json_text(whole, "message"), cases[i].message);
		ck_assert_str_eq(json_text(whole, "version"), "0.2.4");
		view_clear(&view);
	}
	struct view empty = {.snapshots = NULL};
	struct status status = {.view = &empty, .password = "foobar"};
	struct httpd_answer answer = ask_path(&status, "/v1/status");
	AUTO(json_auto) json_t *whole = parsed(&answer);
	ck_assert(!json_flag(whole, "up"));
	ck_assert(json_is_null(json_object_get(whole, "db_version")));
}
END_TEST

/* ---- metrics ---- */

static char *metrics_of(struct view *view)
{
	struct status status = {.view = view};
	struct httpd_answer answer = ask_as(&status, "/metrics", NULL, NULL);
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_str_eq(answer.type, "text/plain; version=0.0.4; charset=utf-8");
	return answer.body;
}

static void assert_line(const char *text, const char *line)
{
	AUTO(mem_auto) char *whole = mem_format("\n%s\n", line);
	ck_assert_msg(strstr(text, whole) != NULL, "no line \"%s\" in:\n%s", line, text);
}

START_TEST(metrics)
{
#define SNAPSHOT(version, created, health, own) "{\"db_version\": \"" version "\", \"created\": \"" created \
	"\", \"health\": \"" health "\", \"own\": " own "}"
	static const char snapshots[] = "[" SNAPSHOT("0.0.6", "2017-07-14T02:40:00Z", "whole", "true") ","
		SNAPSHOT("0.0.6", "2017-07-14T02:30:00Z", "whole", "true") ","
		SNAPSHOT("0.0.7", "2018-07-14T02:40:00Z", "corrupt", "true") ","
		SNAPSHOT("0.0.7", "2018-07-14T02:40:00Z", "whole", "false") ", null]";
	struct error err = ERROR_INIT;
	struct view view;
	make_view(&view);
	unit_assert_ok(json_parse(&view.snapshots, snapshots, strlen(snapshots), "test", &err), &err);
	AUTO(mem_auto) char *idle = metrics_of(&view);
	assert_line(idle, "anchore_admin_info{db_version=\"0.0.7\",code_version=\"0.2.4\"} 1");
	assert_line(idle, "anchore_admin_service_up{service=\"catalog\",instance=\"catalog\"} 1");
	assert_line(idle, "anchore_admin_service_up{service=\"analyzer\",instance=\"ana\\\"ly\\\\zer\\n1\"} 0");
	assert_line(idle, "anchore_admin_service_state{service=\"catalog\",instance=\"catalog\",state=\"up\"} 1");
	assert_line(idle, "anchore_admin_service_state{service=\"catalog\",instance=\"catalog\",state=\"failed\"} 0");
	assert_line(idle, "anchore_admin_service_restarts_total{service=\"analyzer\","
		"instance=\"ana\\\"ly\\\\zer\\n1\"} 3");
	assert_line(idle, "anchore_admin_held 0");
	assert_line(idle, "anchore_admin_start_time_seconds 1499999940");
	assert_line(idle, "anchore_admin_snapshots{db_version=\"0.0.6\"} 2");
	assert_line(idle, "anchore_admin_snapshot_last_timestamp_seconds 1500000000");
	ck_assert_ptr_null(strstr(idle, "snapshots{db_version=\"0.0.7\"}"));
	ck_assert_ptr_null(strstr(idle, "step_progress_ratio"));
	hold(&view);
	AUTO(mem_auto) char *held = metrics_of(&view);
	assert_line(held, "anchore_admin_service_up{service=\"catalog\",instance=\"catalog\"} 0");
	assert_line(held, "anchore_admin_held 1");
	assert_line(held, "anchore_admin_held_interrupted 0");
	assert_line(held, "anchore_admin_step_progress_ratio 0.2500");
	view.interrupted = true;
	AUTO(mem_auto) char *lost = metrics_of(&view);
	assert_line(lost, "anchore_admin_held_interrupted 1");
	ck_assert_ptr_null(strstr(lost, "step_progress_ratio"));
	view_clear(&view);
}
END_TEST

/* Every line of a metric follows its HELP and TYPE, each of which stands once. */
START_TEST(metrics_are_declared)
{
	struct view view;
	make_view(&view);
	hold(&view);
	AUTO(mem_auto) char *text = metrics_of(&view);
	AUTO(list_clear) struct list lines = LIST_INIT, declared = LIST_INIT;
	list_add_lines(&lines, text);
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i];
		if (text_starts(line, "# TYPE "))
			continue;
		bool help = text_starts(line, "# HELP ");
		const char *start = line + (help ? strlen("# HELP ") : 0);
		AUTO(mem_auto) char *name = mem_copy_bytes(start, strcspn(start, " {"));
		ck_assert_msg(help != list_has(&declared, name), "%s", line);
		AUTO(mem_auto) char *type = mem_format("# TYPE %s ", name);
		if (help)
			ck_assert_msg(text_starts(lines.items[i + 1], type), "%s", line);
		list_add_once(&declared, name);
	}
	ck_assert_uint_ge(declared.count, 8);
	view_clear(&view);
}
END_TEST

Suite *status_answers_suite(void)
{
	return unit_suite("status_answers", (const TTest *const[]){services_as_the_engine_has_them,
		held_services_are_down, the_deployment_as_a_whole, metrics, metrics_are_declared, NULL});
}
