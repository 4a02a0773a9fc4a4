#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "client.h"
#include "io/http.h"
#include "unit.h"

/* A server of one answer: takes one connection, reads until the empty line, sends reply and filler bytes of 'x', and
 * holds the connection for as long as hold says. */
struct server {
	int listener;
	pid_t pid;
	char url[64];
};

static void serve(int listener, const char *reply, size_t filler, double hold)
{
	struct error ignored = ERROR_INIT;
	char request[4096];
	int peer = accept(listener, NULL, NULL);
	request_read(peer, request, sizeof request);
	signal(SIGPIPE, SIG_IGN);
	file_write_all(peer, reply, strlen(reply), &ignored);
	char block[4096];
	memset(block, 'x', sizeof block);
	for (size_t sent = 0; sent < filler; sent += sizeof block)
		if (file_write_all(peer, block, sizeof block, &ignored))
			break;
	clock_sleep(hold);
	_exit(0);
}

static void start(struct server *server, const char *reply, size_t filler, double hold)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	server->listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(server->listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(server->listener, 1), 0);
	ck_assert_int_eq(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
	snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d/health", ntohs(address.sin_port));
	server->pid = fork();
	if (server->pid == 0)
		serve(server->listener, reply, filler, hold);
}

static void stop(struct server *server)
{
	kill(server->pid, SIGKILL);
	ck_assert_int_eq(waitpid(server->pid, NULL, 0), server->pid);
	close(server->listener);
}

START_TEST(answer_of_any_status)
{
	static const char *const replies[] = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"};
	static const long statuses[] = {200, 503, 302};
	for (size_t i = 0; i < 3; i++) {
		AUTO(error_clear) struct error err = ERROR_INIT;
		AUTO(http_answer_clear) struct http_answer answer = HTTP_ANSWER_INIT;
		struct server server;
		start(&server, replies[i], 0, 0);
		unit_assert_ok(http_get(&answer, server.url, NULL, 5, &err), &err);
		stop(&server);
		ck_assert_int_eq(answer.status, statuses[i]);
		ck_assert_str_eq(answer.body, i == 0 ? "ok" : "");
		ck_assert_uint_eq(answer.size, strlen(answer.body));
	}
}
END_TEST

START_TEST(long_body_is_cut)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(http_answer_clear) struct http_answer answer = HTTP_ANSWER_INIT;
	struct server server;
	start(&server, "HTTP/1.0 200 OK\r\n\r\n", 3 << 20, 0);
	unit_assert_ok(http_get(&answer, server.url, NULL, 20, &err), &err);
	stop(&server);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_uint_eq(answer.size, 1 << 20);
}
END_TEST

START_TEST(silence_has_a_limit)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct http_answer answer = {.status = 7};
	struct server server;
	start(&server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\no", 0, 30);
	double before = clock_elapsed();
	ck_assert_int_ne(http_get(&answer, server.url, NULL, 0.5, &err), 0);
	ck_assert(clock_elapsed() - before < 10);
	stop(&server);
	ck_assert_int_eq(answer.status, 7);
	unit_assert_error(&err, ERROR_UNREACHABLE, "no answer: ");
}
END_TEST

START_TEST(nobody_answers)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct http_answer answer = HTTP_ANSWER_INIT;
	static const char *const bad[] = {"http://u:tiger@127.0.0.1:1/", "file:///etc/passwd", "a0-services.base_url",
		"", "http://u:tiger@"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_int_ne(http_get(&answer, bad[i], NULL, 2, &err), 0);
		ck_assert_ptr_null(strstr(err.message, "tiger"));
		unit_assert_error(&err, ERROR_UNREACHABLE, NULL);
	}
}
END_TEST

START_TEST(unix_socket)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	AUTO(http_answer_clear) struct http_answer answer = HTTP_ANSWER_INIT;
	AUTO(mem_auto) char *path = path_join(unit_folder(), "socket");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, path, strlen(path) + 1);
	struct server server = {.listener = socket(AF_UNIX, SOCK_STREAM, 0)};
	ck_assert_int_eq(bind(server.listener, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(server.listener, 1), 0);
	server.pid = fork();
	if (server.pid == 0)
		serve(server.listener, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong", 0, 0);
	unit_assert_ok(http_get(&answer, "http://daemon/_ping", path, 5, &err), &err);
	stop(&server);
	ck_assert_str_eq(answer.body, "pong");
}
END_TEST

Suite *http_suite(void)
{
	return unit_suite("http", (const TTest *const[]){answer_of_any_status, long_body_is_cut, silence_has_a_limit,
		nobody_answers, unix_socket, NULL});
}
