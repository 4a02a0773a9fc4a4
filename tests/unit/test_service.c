#include <string.h>

#include "base/mem.h"
#include "io/yaml.h"
#include "model/service.h"
#include "unit.h"
#include "work/services.h"

/* ---- states ---- */

/* The whole machine in words, by state and event, as it was decided; `.` is: stays, nothing is done. */
static const char *const machine[SERVICE_STATES][SERVICE_EVENTS] = {
	/*                  start             stop             spawned          healthy   unhealthy    exited
	 *                  timer             give up */
	[SERVICE_DOWN] = {"spawning spawn", ".", ".", ".", ".", ".", ".", "."},
	[SERVICE_SPAWNING] = {".", "stopping term", "starting watch", ".", ".", "waiting pause", ".", "."},
	[SERVICE_STARTING] = {".", "stopping term", ".", "up tell", ".", "waiting pause", ".", "."},
	[SERVICE_UP] = {".", "stopping term", ".", ".", "sick tell", "waiting pause", ".", "."},
	[SERVICE_SICK] = {".", "stopping term", ".", "up tell", ".", "waiting pause", ".", "."},
	[SERVICE_STOPPING] = {"bouncing nothing", ".", ".", ".", ".", "down tell", "stopping kill", "."},
	[SERVICE_BOUNCING] = {".", "stopping nothing", ".", ".", ".", "spawning spawn", "bouncing kill", "."},
	[SERVICE_WAITING] = {"spawning spawn", "down tell", ".", ".", ".", ".", "spawning spawn", "failed tell"},
	[SERVICE_FAILED] = {"spawning spawn", "down tell", ".", ".", ".", ".", ".", "."},
};

START_TEST(every_cell)
{
	static const char *const actions[] = {"nothing", "spawn", "watch", "term", "kill", "pause", "tell"};
	for (int state = 0; state < SERVICE_STATES; state++) {
		for (int event = 0; event < SERVICE_EVENTS; event++) {
			struct service_step step =
				service_step((enum service_state)state, (enum service_event)event);
			AUTO(mem_auto) char *is =
				mem_format("%s %s", service_state_name(step.state), actions[step.action]);
			AUTO(mem_auto) char *stays =
				mem_format("%s nothing", service_state_name((enum service_state)state));
			const char *wanted = machine[state][event];
			ck_assert_msg(text_same(is, strcmp(wanted, ".") == 0 ? stays : wanted),
				"%s, event %d: %s", service_state_name((enum service_state)state), event, is);
		}
	}
}
END_TEST

START_TEST(what_is_shown)
{
	for (int i = 0; i < SERVICE_STATES; i++) {
		enum service_state state = (enum service_state)i;
		struct instance instance = {.state = service_instance_state(state)};
		ck_assert_msg(service_alive(state) == instance_alive(&instance), "%s", service_state_name(state));
	}
	ck_assert_int_eq(service_instance_state(SERVICE_UP), INSTANCE_UP);
	ck_assert_int_eq(service_instance_state(SERVICE_BOUNCING), INSTANCE_STOPPING);
}
END_TEST

/* ---- the limit ---- */

START_TEST(five_in_three_hundred_seconds)
{
	struct service_deaths deaths = {.count = 0};
	static const double pauses[] = {1, 2, 4, 8};
	double now = 1000, pause = 0;
	for (size_t i = 0; i < 4; i++, now += 10) {
		ck_assert(service_died(&pause, &deaths, now, 1));
		ck_assert_double_eq(pause, pauses[i]);
	}
	pause = 7;
	ck_assert(!service_died(&pause, &deaths, now, 1));
	ck_assert_double_eq(pause, 7);
	service_deaths_reset(&deaths);
	ck_assert(service_died(&pause, &deaths, now + 1, 1));
	ck_assert_double_eq(pause, 1);
}
END_TEST

START_TEST(the_window_moves)
{
	struct service_deaths deaths = {.count = 0};
	double pause = 0, now = 0;
	/* Four deaths in a window, for ever: never the fifth. */
	for (int i = 0; i < 100; i++, now += SERVICE_WINDOW / 4.0)
		ck_assert_msg(service_died(&pause, &deaths, now, 70), "death %d", i);
	ck_assert_double_eq(pause, SERVICE_PAUSE_MOST);
	/* The fifth just inside. */
	struct service_deaths again = {.count = 0};
	for (int i = 0; i < 4; i++)
		ck_assert(service_died(&pause, &again, i, 1));
	ck_assert(!service_died(&pause, &again, SERVICE_WINDOW - 0.5, 1));
	struct service_deaths other = {.count = 0};
	for (int i = 0; i < 4; i++)
		ck_assert(service_died(&pause, &other, i, 1));
	ck_assert(service_died(&pause, &other, SERVICE_WINDOW, 1));
}
END_TEST

START_TEST(who_ran_for_long_begins_anew)
{
	struct service_deaths deaths = {.count = 0};
	double pause = 0;
	for (int i = 0; i < 3; i++)
		ck_assert(service_died(&pause, &deaths, i, 1));
	ck_assert_double_eq(pause, 4);
	ck_assert(service_died(&pause, &deaths, 1000, SERVICE_WINDOW));
	ck_assert_double_eq(pause, 1);
}
END_TEST

/* ---- the settings ---- */

START_TEST(release_in_the_text)
{
	static const struct {
		const char *text, *release, *wanted; /* NULL: an error */
	} cases[] = {{"/opt/${engine}/bin", "0.2.4", "/opt/0.2.4/bin"}, {"plain", NULL, "plain"}, {"", "1.0.0", ""},
		{"$$", NULL, "$"}, {"$${engine}", "1.0.0", "${engine}"}, {"${engine}${engine}", "1.0.0", "1.0.01.0.0"},
		{"a$$$${x", "1.0.0", "a$${x"}, {"${engine}", NULL, NULL}, {"$HOME", "1.0.0", NULL},
		{"${Engine}", "1.0.0", NULL}, {"${engine", "1.0.0", NULL}, {"end$", "1.0.0", NULL}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(mem_auto) char *out = NULL;
		int rc = service_expand(&out, cases[i].text, cases[i].release, &err);
		ck_assert_msg((rc == 0) == (cases[i].wanted != NULL), "%s", cases[i].text);
		ck_assert_pstr_eq(out, cases[i].wanted);
		ck_assert(rc == 0 || (rc == ERROR_USAGE && err.hint));
	}
}
END_TEST

START_TEST(base_of_an_address)
{
	static const char *const cases[][2] = {{"http://127.0.0.1:8228/health", "http://127.0.0.1:8228"},
		{"https://[::1]:8/x/y?z", "https://[::1]:8"}, {"http://h", "http://h"}, {"http://h?a", "http://h"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(mem_auto) char *base = service_base_url(cases[i][0]);
		ck_assert_str_eq(base, cases[i][1]);
	}
	ck_assert_ptr_null(service_base_url(NULL));
}
END_TEST

static int parse(struct service_specs *specs, const char *text, struct error *err)
{
	AUTO(yaml_clear) struct yaml yaml = {0};
	int rc = yaml_parse(&yaml, text, strlen(text), "f.yaml", err);
	return rc ? rc : services_parse(specs, &yaml, err);
}

START_TEST(a_list_of_services)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(service_specs_clear) struct service_specs specs = {NULL, 0};
	unit_assert_ok(parse(&specs,
		"engine: 0.2.4\nservices:\n- name: apiext\n  argv: [/bin/x, '', 7]\n  env: {A: 1, B.C: '', D: null}\n"
		"  user: anchore\n  health: http://127.0.0.1:1/\n- name: last\n  argv: [x]\n  order: 9\n"
		"  stop_timeout: 0\n- name: catalog\n  argv: [y]\n- name: first\n  argv: [z]\n  order: 0\n", &err),
			&err);
	static const char *const order[] = {"first", "catalog", "apiext", "last"};
	ck_assert_uint_eq(specs.count, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(specs.items[i].name, order[i]);
	const struct service_spec *apiext = service_specs_find(&specs, "apiext");
	AUTO(mem_auto) char *argv = list_join(&apiext->argv, "|");
	AUTO(mem_auto) char *environment = list_join(&apiext->environment, "|");
	ck_assert_str_eq(argv, "/bin/x||7");
	ck_assert_str_eq(environment, "A=1|B.C=|D=");
	ck_assert_str_eq(apiext->user, "anchore");
	ck_assert_str_eq(apiext->health, "http://127.0.0.1:1/");
	ck_assert_int_eq(apiext->stop_timeout, SERVICE_STOP_TIMEOUT);
	ck_assert_int_eq(apiext->line, 3);
	ck_assert_int_eq(service_specs_find(&specs, "last")->stop_timeout, 0);
}
END_TEST

START_TEST(no_services)
{
	static const char *const texts[] = {"engine: 0.2.4\n", "services:\n", "services: []\n", ""};
	for (size_t i = 0; i < 4; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(service_specs_clear) struct service_specs specs = {NULL, 0};
		unit_assert_ok(parse(&specs, texts[i], &err), &err);
		ck_assert_uint_eq(specs.count, 0);
	}
}
END_TEST

START_TEST(bad_services)
{
	static const char *const cases[][2] = {
		{"services: x\n", "line 1: services is no list"},
		{"services: {catalog: {argv: [x]}}\n", "line 1: services is no list"},
		{"a: 1\nservices:\n- catalog\n", "line 3: a service has no name"},
		{"services:\n- argv: [x]\n", "line 2: a service has no name"},
		{"services:\n- name: a/b\n  argv: [x]\n", "line 2: 'a/b' cannot be a service's name"},
		{"services:\n- name: ../x\n", "cannot be a service's name"},
		{"services:\n- name: ''\n", "cannot be a service's name"},
		{"services:\n- name: a\n  argv: [x]\n- name: a\n  argv: [x]\n", "line 4: there are two services a"},
		{"services:\n- name: a\n", "line 2: the service a has no argv"},
		{"services:\n- name: a\n  argv: x y\n", "line 3: argv of the service a is no list"},
		{"services:\n- name: a\n  argv: []\n", "line 3: argv of the service a is empty"},
		{"services:\n- name: a\n  argv: ['', x]\n", "argv of the service a is empty"},
		{"services:\n- name: a\n  argv: [x, {y: z}]\n", "line 3: 'services.0.argv.1' wants one value"},
		{"services:\n- name: a\n  argv: [x]\n  env: [A=1]\n", "line 4: env of the service a wants a mapping"},
		{"services:\n- name: a\n  argv: [x]\n  env: {A: {B: c}}\n", "wants one value"},
		{"services:\n- name: a\n  argv: [x]\n  env: {'A=B': c}\n", "cannot be a variable's"},
		{"services:\n- name: a\n  argv: [x]\n  health: 127.0.0.1:80\n",
			"line 4: health of the service a wants an http"},
		{"services:\n- name: a\n  argv: [x]\n  user:\n", "line 4: user of the service a is empty"},
		{"services:\n- name: a\n  argv: [x]\n  order: first\n",
			"line 4: order of the service a wants a whole number"},
		{"services:\n- name: a\n  argv: [x]\n  order: -1\n", "order of the service a wants a whole number"},
		{"services:\n- name: a\n  argv: [x]\n  stop_timeout: 1m\n",
			"stop_timeout of the service a wants a whole"},
		{"services:\n- name: a\n  argv: [x]\n  colour: red\n", "line 4: unknown key 'colour' of the service a"},
		{"services:\n- name: a\n  argv: [x]\n  name: b\n", "stands there twice"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(service_specs_clear) struct service_specs specs = {NULL, 0};
		ck_assert_msg(parse(&specs, cases[i][0], &err) == ERROR_USAGE, "%s", cases[i][0]);
		ck_assert_uint_eq(specs.count, 0);
		unit_assert_error(&err, ERROR_USAGE, cases[i][1]);
	}
}
END_TEST

Suite *service_suite(void)
{
	const TTest *const tests[] = {every_cell, what_is_shown, five_in_three_hundred_seconds, the_window_moves,
		who_ran_for_long_begins_anew, release_in_the_text, base_of_an_address, a_list_of_services, no_services,
		bad_services, NULL};
	return unit_suite("service", tests);
}
