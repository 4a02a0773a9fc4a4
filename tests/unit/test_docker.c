#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "client.h"
#include "unit.h"
#include "work/docker.h"

#define VERSION "{\"ApiVersion\": \"1.41\", \"MinAPIVersion\": \"1.12\"}"

/* Stands for a daemon: one connection after the other gets the next answer, the last one again and again. What was
 * asked is appended to a file. */
struct daemon {
	pid_t pid;
	int listener;
	char *socket, *asked;
};

static void answer(int listener, const char *asked, int status, const char *body)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	char request[8192];
	int peer = accept(listener, NULL, NULL);
	request_read(peer, request, sizeof request);
	size_t line = strcspn(request, "\r") + 1;
	request[line - 1] = '\n';
	file_append(asked, request, line, &ignored);
	AUTO(mem_auto) char *reply = mem_format("HTTP/1.1 %d X\r\nConnection: close\r\n\r\n%s", status, body);
	file_write_all(peer, reply, strlen(reply), &ignored);
	close(peer);
}

struct reply {
	int status;
	const char *body;
};

static void daemon_start(struct daemon *out, const struct reply *replies, size_t count)
{
	const char *folder = unit_folder();
	*out = (struct daemon){.socket = path_join(folder, "socket"), .asked = path_join(folder, "asked")};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, out->socket, strlen(out->socket) + 1);
	out->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(out->listener, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(out->listener, 8), 0);
	out->pid = fork();
	if (out->pid)
		return;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0;; i++)
		answer(out->listener, out->asked, replies[i < count ? i : count - 1].status,
			replies[i < count ? i : count - 1].body);
}

static void daemon_stop(struct daemon *daemon)
{
	kill(daemon->pid, SIGKILL);
	ck_assert_int_eq(waitpid(daemon->pid, NULL, 0), daemon->pid);
	close(daemon->listener);
	mem_free(daemon->socket);
	mem_free(daemon->asked);
}

#define DAEMON(...) \
	struct daemon daemon; \
	daemon_start(&daemon, (const struct reply[]){__VA_ARGS__}, \
		sizeof (const struct reply[]){__VA_ARGS__} / sizeof(struct reply)); \
	struct docker docker = {daemon.socket, "/v1.41"}

static char *asked(const struct daemon *daemon)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	char *text = NULL;
	size_t size;
	unit_assert_ok(file_read(&text, &size, daemon->asked, &err), &err);
	return text;
}

static int open_at(struct docker *out, const char *socket, struct error *err)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	struct settings settings;
	settings_init(&settings);
	settings_set(&settings, OPTION_DOCKER_SOCKET, socket, SOURCE_FILE, "f", NULL, &ignored);
	int rc = docker_open(out, &settings, err);
	settings_clear(&settings);
	return rc;
}

START_TEST(the_version_is_agreed_on)
{
	static const struct {
		int status;
		const char *body, *api; /* NULL: refused */
	} cases[] = {
		{200, VERSION, "/v1.41"},
		{200, "{\"ApiVersion\": \"1.40\", \"MinAPIVersion\": \"1.24\"}", "/v1.40"},
		{200, "{\"ApiVersion\": \"1.52\", \"MinAPIVersion\": \"1.44\"}", "/v1.44"},
		{200, "{\"ApiVersion\": \"1.51\"}", "/v1.41"},
		{200, "{\"ApiVersion\": \"2.0\"}", NULL},
		{200, "{}", NULL},
		{200, "hello", NULL},
		{200, "", NULL},
		{503, "busy", NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(docker_close) struct docker opened = {NULL, NULL};
		DAEMON({cases[i].status, cases[i].body});
		int rc = open_at(&opened, docker.socket, &err);
		ck_assert_msg(text_same(opened.api, cases[i].api), "case %zu: %s", i, opened.api);
		ck_assert_msg((rc == 0) == (cases[i].api != NULL), "case %zu", i);
		ck_assert(rc == 0 || rc == ERROR_UNREACHABLE || rc == ERROR_SERVICES);
		daemon_stop(&daemon);
	}
}
END_TEST

START_TEST(a_pull_that_fails_inside_an_answer_that_began_well)
{
	static const struct {
		int status;
		const char *body, *words;
	} cases[] = {
		{200, "{\"status\":\"Pulling from x\"}\r\n"
			"{\"errorDetail\":{\"message\":\"disk is full\"},\"error\":\"short\"}\r\n", "disk is full"},
		{200, "{\"error\":\"unexpected EOF\"}\n{\"status\":\"more\"}\n", "unexpected EOF"},
		{200, "{\"status\":\"a\"}\n{\"error\":\"no newline at the end\"}", "no newline at the end"},
		{404, "{\"message\":\"manifest for a/anchore-engine:v0.2.4 not found: manifest unknown\"}",
			"manifest unknown"},
		{500, "plain words\nand more", "plain words"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		DAEMON({cases[i].status, cases[i].body}, {200, "{}"});
		docker_pull(&docker, "reg:5000/a/anchore-engine:v0.2.4", &err);
		AUTO(mem_auto) char *question = asked(&daemon);
		daemon_stop(&daemon);
		ck_assert_ptr_nonnull(err.hint);
		unit_assert_error(&err, ERROR_REFUSED, cases[i].words);
		ck_assert_msg(text_starts(question, "POST /v1.41/images/create?fromImage=reg%3A5000%2Fa%2F"
			"anchore-engine&tag=v0.2.4 "), "%s", question);
	}
}
END_TEST

START_TEST(a_pull_is_believed_when_the_image_is_there)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	static const char body[] = "{\"status\":\"an \\\"error\\\": none\"}\nno JSON\n\n{\"status\":\"done\"}\n";
	{
		DAEMON({200, body}, {200, "{}"});
		unit_assert_ok(docker_pull(&docker, "a:v1", &err), &err);
		daemon_stop(&daemon);
	}
	DAEMON({200, body}, {404, "{\"message\":\"No such image\"}"});
	docker_pull(&docker, "a:v1", &err);
	daemon_stop(&daemon);
	unit_assert_error(&err, ERROR_REFUSED, "the pull ended without it");
}
END_TEST

START_TEST(containers_are_read)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(containers_clear) struct containers found = {NULL, 0};
	DAEMON({200, "[{\"Id\":\"0b\"},{\"Id\":\"../x\"},{\"Id\":\"0a\"},{\"Id\":\"0d\"},"
		"{\"Id\":\"0c\",\"Labels\":{\"com.docker.compose.oneoff\":\"True\"}}]"},
		{200, "{\"Name\":\"/p_s_10\",\"RestartCount\":3,\"State\":{\"Status\":\"running\",\"Pid\":7,"
			"\"StartedAt\":\"2026-11-27T23:00:00.5Z\",\"Health\":{\"Status\":\"unhealthy\","
			"\"Log\":[{\"Output\":\"first\"},{\"Output\":\"last\\nline\"}]}},"
			"\"Config\":{\"StopTimeout\":30,\"Image\":\"a:v1\",\"Tty\":true,"
			"\"Labels\":{\"com.docker.compose.service\":\"s\","
			"\"com.docker.compose.container-number\":\"10\"}}}"},
		{200, "{\"Name\":\"/p_s_9\",\"State\":{\"Status\":\"exited\",\"ExitCode\":3,\"OOMKilled\":true,"
			"\"StartedAt\":\"0001-01-01T00:00:00Z\"},"
			"\"Config\":{\"Labels\":{\"com.docker.compose.service\":\"s\","
			"\"com.docker.compose.container-number\":\"9\"}}}"},
		{404, "{\"message\":\"gone\"}"});
	unit_assert_ok(docker_list(&found, &docker, "my project", &err), &err);
	AUTO(mem_auto) char *question = asked(&daemon);
	daemon_stop(&daemon);
	ck_assert_ptr_nonnull(strstr(question, "project%3Dmy%20project"));
	ck_assert_ptr_null(strstr(question, "0c"));
	ck_assert_ptr_null(strstr(question, ".."));
	ck_assert_uint_eq(found.count, 2);
	const struct container *nine = &found.items[0], *ten = &found.items[1];
	ck_assert(nine->number == 9 && nine->exit_code == 3 && nine->out_of_memory && !nine->started);
	ck_assert(!container_alive(nine) && nine->health == HEALTH_NONE);
	ck_assert(ten->number == 10 && ten->restarts == 3 && ten->pid == 7 && ten->terminal && container_alive(ten));
	ck_assert(ten->health == HEALTH_BAD && ten->started == 1795820400);
	ck_assert_str_eq(ten->health_said, "last");
	ck_assert(nine->grace > 9.9 && nine->grace < 10.1 && ten->grace > 29.9);
	ck_assert_str_eq(ten->name, "p_s_10");
}
END_TEST

START_TEST(answers_that_are_none)
{
	static const struct reply lists[] = {{200, "{}"}, {200, "[1"}, {200, ""}, {500, "{\"message\":\"no\"}"},
		{404, "no"}, {200, "[{\"Id\":\"0a\"}]"}};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		struct containers found = {NULL, 0};
		DAEMON(lists[i], {200, "[]"});
		int rc = docker_list(&found, &docker, "p", &err);
		ck_assert_msg(rc == ERROR_SERVICES || rc == ERROR_FAILED, "case %zu: %d", i, rc);
		ck_assert_ptr_null(found.items);
		daemon_stop(&daemon);
	}
}
END_TEST

START_TEST(a_container_that_is_gone_is_stopped)
{
	static const int fine[] = {204, 304, 404};
	for (size_t i = 0; i < 3; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		DAEMON({fine[i], ""});
		unit_assert_ok(docker_stop(&docker, "0a", 7, &err), &err);
		AUTO(mem_auto) char *question = asked(&daemon);
		ck_assert_msg(text_starts(question, "POST /v1.41/containers/0a/stop?t=7 "), "%s", question);
		daemon_stop(&daemon);
	}
	AUTO(error_clear) struct error err = ERROR_INIT;
	DAEMON({500, "{\"message\":\"cannot stop it\"}"});
	docker_stop(&docker, "0a", 0, &err);
	daemon_stop(&daemon);
	unit_assert_error(&err, ERROR_SERVICES, "Docker says 500: cannot stop it");
}
END_TEST

static void note(const char *line, size_t size, void *context)
{
	text_addf(context, "%.*s|", (int)size, line);
}

/* However the pieces are cut: once whole, then at every byte, then all of one byte each. */
START_TEST(frames_are_put_together)
{
	static const char raw[] = "\1\0\0\0\0\0\0\4ab\nc" "\2\0\0\0\0\0\0\5err\nx" "\1\0\0\0\0\0\0\0"
		"\1\0\0\0\0\0\0\3de\n" "\1\0\0\0\0\0\0\1f";
	size_t size = sizeof raw - 1;
	for (size_t cut = 0; cut <= size + 1; cut++) {
		AUTO(text_clear) struct text seen = TEXT_INIT;
		struct docker_frames frames = {.line = note, .context = &seen};
		for (size_t at = 0; at < size;) {
			size_t part = cut > size ? 1 : at < cut ? cut - at : size - at;
			ck_assert(docker_frames_take(&frames, raw + at, part));
			at += part;
		}
		docker_frames_end(&frames);
		ck_assert_str_eq(seen.data, "ab|err|cde|f|x|");
	}
}
END_TEST

START_TEST(what_is_no_frame_is_noticed_and_terminals_are_raw)
{
	AUTO(text_clear) struct text seen = TEXT_INIT;
	struct docker_frames frames = {.line = note, .context = &seen};
	ck_assert(!docker_frames_take(&frames, "plain text, no frame", 20));
	ck_assert(frames.broken);
	docker_frames_end(&frames);
	ck_assert_uint_eq(seen.size, 0);
	struct docker_frames raw = {.line = note, .context = &seen, .terminal = true};
	ck_assert(docker_frames_take(&raw, "one\r\ntwo\nth", 11));
	docker_frames_end(&raw);
	ck_assert_str_eq(seen.data, "one|two|th|");
}
END_TEST

START_TEST(a_line_without_end_is_cut)
{
	AUTO(text_clear) struct text seen = TEXT_INIT;
	AUTO(mem_auto) char *block = mem_new(100000);
	memset(block, 'x', 100000);
	struct docker_frames frames = {.line = note, .context = &seen, .terminal = true};
	for (int i = 0; i < 20; i++)
		docker_frames_take(&frames, block, 100000);
	ck_assert(frames.half[1].size < 200000);
	docker_frames_end(&frames);
	ck_assert(seen.size > 2000000);
}
END_TEST

Suite *docker_suite(void)
{
	return unit_suite("docker", (const TTest *const[]){the_version_is_agreed_on,
		a_pull_that_fails_inside_an_answer_that_began_well, a_pull_is_believed_when_the_image_is_there,
		containers_are_read, answers_that_are_none, a_container_that_is_gone_is_stopped,
		frames_are_put_together, what_is_no_frame_is_noticed_and_terminals_are_raw, a_line_without_end_is_cut,
		NULL});
}
