/* The HTTP server over real sockets: server and clients share one process and one poll loop, as in the supervisor. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/httpd.h"
#include "client.h"
#include "unit.h"

enum { MANY = 1000 };

struct seen {
	int requests;
	char method[8], path[64], user[64], password[64];
};

static void keep(char *out, size_t room, const char *string)
{
	snprintf(out, room, "%s", string ? string : "(none)");
}

static void handle(struct httpd_answer *out, const struct httpd_request *request, void *context)
{
	struct seen *seen = context;
	seen->requests++;
	keep(seen->method, sizeof seen->method, request->method);
	keep(seen->path, sizeof seen->path, request->path);
	keep(seen->user, sizeof seen->user, request->user);
	keep(seen->password, sizeof seen->password, request->password);
	bool closed = text_same(request->path, "/closed");
	*out = (struct httpd_answer){.status = closed ? 401 : 200, .type = "text/x-test", .body = mem_copy("hello"),
		.size = 5, .realm = closed ? "here" : NULL};
	if (text_same(request->path, "/page"))
		out->policy = mem_copy("default-src 'self'");
}

static struct httpd *open_server(struct seen *seen)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct httpd *httpd = NULL;
	*seen = (struct seen){.requests = 0};
	unit_assert_ok(httpd_open(&httpd, "127.0.0.1:0", handle, seen, &err), &err);
	ck_assert_int_gt(httpd_port(httpd), 0);
	return httpd;
}

static void assert_has(const char *text, const char *words)
{
	ck_assert_msg(strstr(text, words) != NULL, "\"%s\" is not in \"%s\"", words, text);
}

/* ---- tests ---- */

START_TEST(an_answer)
{
	struct seen seen;
	struct httpd *httpd = open_server(&seen);
	ck_assert_int_eq(httpd_wait(httpd), -1);
	AUTO(mem_auto) char *got = ask(httpd, "GET /a/b%20c?query=1 HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(got, "HTTP/1.1 200 OK\r\n");
	assert_has(got, "\r\nContent-Type: text/x-test\r\n");
	assert_has(got, "\r\nCache-Control: no-store\r\n");
	assert_has(got, "\r\nConnection: close\r\n");
	assert_has(got, "\r\nContent-Security-Policy: default-src 'none'\r\n");
	assert_has(got, "\r\nX-Content-Type-Options: nosniff\r\n");
	ck_assert_ptr_null(strstr(got, "WWW-Authenticate"));
	ck_assert(text_ends(got, "\r\n\r\nhello"));
	ck_assert_str_eq(seen.path, "/a/b c");
	ck_assert_str_eq(seen.user, "(none)");
	AUTO(mem_auto) char *page = ask(httpd, "GET /page HTTP/1.0\r\n\r\n");
	assert_has(page, "\r\nContent-Security-Policy: default-src 'self'\r\n");
	ck_assert_int_eq(httpd_wait(httpd), -1);
	httpd_close(httpd);
}
END_TEST

START_TEST(head_has_no_body)
{
	struct seen seen;
	struct httpd *httpd = open_server(&seen);
	AUTO(mem_auto) char *got = ask(httpd, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(got, "HTTP/1.1 200 OK\r\n");
	assert_has(got, "\r\nContent-Length: 5\r\n");
	ck_assert(text_ends(got, "\r\n\r\n"));
	ck_assert_str_eq(seen.method, "HEAD");
	httpd_close(httpd);
}
END_TEST

START_TEST(basic_authentication)
{
	struct seen seen;
	struct httpd *httpd = open_server(&seen);
	AUTO(mem_auto) char *got = ask(httpd, "GET /closed HTTP/1.1\r\nHost: x\r\n"
		"Authorization: Basic YWRtaW46Zm9vOmJhcg==\r\n\r\n");
	assert_has(got, "HTTP/1.1 401 Unauthorized\r\n");
	assert_has(got, "\r\nWWW-Authenticate: Basic realm=\"here\"\r\n");
	ck_assert_str_eq(seen.user, "admin");
	ck_assert_str_eq(seen.password, "foo:bar");
	static const char *const bad[] = {"Basic", "Basic !!!", "Basic YWRtaW4=", "Bearer YWRtaW46Zm9v", "basic \x80"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO(mem_auto) char *request = mem_format("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n\r\n",
			bad[i]);
		AUTO(mem_auto) char *answer = ask(httpd, request);
		assert_has(answer, "HTTP/1.1 ");
		ck_assert_str_eq(seen.password, "(none)");
	}
	httpd_close(httpd);
}
END_TEST

START_TEST(only_questions)
{
	static const char *const requests[] = {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", "BREW / HTTP/1.1\r\nHost: x\r\n\r\n"};
	static const char *const bodies[] = {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"};
	struct seen seen;
	struct httpd *httpd = open_server(&seen);
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		AUTO(mem_auto) char *got = ask(httpd, requests[i]);
		assert_has(got, "HTTP/1.1 405 ");
		assert_has(got, "\r\nAllow: GET, HEAD\r\n");
	}
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		AUTO(mem_auto) char *got = ask(httpd, bodies[i]);
		assert_has(got, "HTTP/1.1 413 ");
	}
	ck_assert_int_eq(seen.requests, 0);
	AUTO(mem_auto) char *none = ask(httpd, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
	assert_has(none, "HTTP/1.1 200 ");
	httpd_close(httpd);
}
END_TEST

/* Each is refused or cut, and the server goes on. */
START_TEST(malformed)
{
	static const struct {
		const char *bytes;
		size_t size;
	} bad[] = {
#define BYTES(string) {string, sizeof string - 1}
		BYTES("\r\n\r\n\r\n\r\nGET\r\n\r\n"), BYTES("GET /\r\n\r\n"),
		BYTES("GET / HTTP/9.9\r\n\r\n"), BYTES("GET / HTTP/1.1\r\n: x\r\n\r\n"),
		BYTES("GET / HTTP/1.1\r\n\r\n"),
		BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
		BYTES("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
		BYTES("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
		BYTES("GET /%00%ff%zz%2 HTTP/1.1\r\nHost: x\r\n\r\n"),
		BYTES("GET http://[:::/%s%n HTTP/1.1\r\nHost: %n\r\n\r\n"),
	};
	struct seen seen;
	struct httpd *httpd = open_server(&seen);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct client client;
		client_open(&client, httpd, bad[i].bytes, bad[i].size);
		client_send(&client);
		ck_assert_int_eq(shutdown(client.fd, SHUT_WR), 0);
		converse(httpd, &client, 1);
		client_close(&client);
	}
	AUTO(mem_auto) char *got = ask(httpd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(got, "HTTP/1.1 200 OK\r\n");
	httpd_close(httpd);
}
END_TEST

START_TEST(endless_header)
{
	struct seen seen;
	struct httpd *httpd = open_server(&seen);
	struct text request = TEXT_INIT;
	text_add(&request, "GET / HTTP/1.1\r\nHost: x\r\n");
	for (int i = 0; request.size < 1 << 20; i++)
		text_addf(&request, "X-%d: %0100d\r\n", i, i);
	struct client client;
	client_open(&client, httpd, request.data, request.size);
	converse(httpd, &client, 1);
	ck_assert_int_eq(seen.requests, 0);
	client_close(&client);
	text_clear(&request);
	AUTO(mem_auto) char *got = ask(httpd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_has(got, "HTTP/1.1 200 OK\r\n");
	httpd_close(httpd);
}
END_TEST

static void allow_descriptors(void)
{
	struct rlimit limit;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

START_TEST(a_thousand_at_once)
{
	static const char request[] = "GET /many HTTP/1.1\r\nHost: x\r\n\r\n";
	struct seen seen;
	struct httpd *httpd = open_server(&seen);
	allow_descriptors();
	struct client *clients = mem_array(MANY, sizeof *clients);
	for (size_t i = 0; i < MANY; i++)
		client_open(&clients[i], httpd, request, sizeof request - 1);
	converse(httpd, clients, MANY);
	for (size_t i = 0; i < MANY; i++) {
		assert_has(clients[i].got.data ? clients[i].got.data : "nothing", "\r\n\r\nhello");
		client_close(&clients[i]);
	}
	ck_assert_int_eq(seen.requests, MANY);
	mem_free(clients);
	httpd_close(httpd);
}
END_TEST

/* As many as the server takes send a byte now and then. They are cut, and then the one that comes last has its answer,
 * but not before: there is no room for it. */
START_TEST(slow_visitors)
{
	static const char request[] = "GET /last HTTP/1.1\r\nHost: x\r\n\r\n";
	static char slow[1 << 20];
	memset(slow, 'x', sizeof slow);
	memcpy(slow, "GET / HTTP/1.1\r\nHost: x\r\nX: ", 28);
	struct seen seen;
	struct httpd *httpd = open_server(&seen);
	allow_descriptors();
	struct client *clients = mem_array(HTTPD_CONNECTIONS + 1, sizeof *clients);
	for (size_t i = 0; i < HTTPD_CONNECTIONS; i++) {
		client_open(&clients[i], httpd, slow, sizeof slow);
		clients[i].slow = true;
		clients[i].unwanted = i > 0; /* as soon as there is room again, the others have more time */
		httpd_run(httpd);
	}
	struct client *last = &clients[HTTPD_CONNECTIONS];
	client_open(last, httpd, request, sizeof request - 1);
	converse(httpd, clients, HTTPD_CONNECTIONS + 1);
	assert_has(last->got.data ? last->got.data : "nothing", "\r\n\r\nhello");
	ck_assert_int_eq(seen.requests, 1);
	ck_assert_uint_ge(last->turn, 1);
	for (size_t i = 0; i <= HTTPD_CONNECTIONS; i++)
		client_close(&clients[i]);
	mem_free(clients);
	httpd_close(httpd);
}
END_TEST

/* Those who say nothing are cut, too, when nothing else happens than that time goes by; and however late the loop comes
 * to look, with all of them over their time at once, whoever waits for their place gets it. */
static void silent_visitors_are_cut(double pause)
{
	struct seen seen;
	struct httpd *httpd = open_server(&seen);
	allow_descriptors();
	struct client *clients = mem_array(HTTPD_CONNECTIONS + 1, sizeof *clients);
	for (size_t i = 0; i <= HTTPD_CONNECTIONS; i++) {
		bool last = i == HTTPD_CONNECTIONS;
		client_open(&clients[i], httpd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", last ? 27 : 20);
		clients[i].unwanted = !last;
		client_send(&clients[i]);
		httpd_run(httpd);
	}
	double start = clock_elapsed();
	while (clock_elapsed() - start < pause)
		clock_sleep(0.1);
	converse(httpd, clients, HTTPD_CONNECTIONS + 1);
	ck_assert_int_eq(seen.requests, 1);
	for (size_t i = 0; i <= HTTPD_CONNECTIONS; i++)
		client_close(&clients[i]);
	mem_free(clients);
	httpd_close(httpd);
}

START_TEST(silent_visitors)
{
	silent_visitors_are_cut(0);
}
END_TEST

START_TEST(silent_visitors_and_a_late_loop)
{
	silent_visitors_are_cut(HTTPD_BUSY_SECONDS + 0.1);
}
END_TEST

START_TEST(closed_with_visitors)
{
	struct seen seen;
	struct httpd *httpd = open_server(&seen);
	struct client clients[3];
	for (size_t i = 0; i < 3; i++)
		client_open(&clients[i], httpd, "GET / HT", 8);
	httpd_run(httpd);
	ck_assert_int_ge(httpd_wait(httpd), 0);
	ck_assert_int_le(httpd_wait(httpd), 1000 * HTTPD_SECONDS + 1);
	httpd_close(httpd);
	httpd_close(NULL);
	for (size_t i = 0; i < 3; i++)
		client_close(&clients[i]);
}
END_TEST

START_TEST(port_is_taken)
{
	struct seen seen;
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct httpd *first = open_server(&seen), *second = NULL;
	AUTO(mem_auto) char *same = mem_format("127.0.0.1:%d", httpd_port(first));
	AUTO(mem_auto) char *words = mem_format("port %d is taken", httpd_port(first));
	ck_assert_int_ne(httpd_open(&second, same, handle, &seen, &err), 0);
	ck_assert_ptr_null(second);
	ck_assert_ptr_nonnull(err.hint);
	unit_assert_error(&err, ERROR_FAILED, words);
	ck_assert_int_ne(httpd_open(&second, "192.0.2.1:0", handle, &seen, &err), 0);
	unit_assert_error(&err, ERROR_FAILED, "cannot listen on 192.0.2.1:0");
	httpd_close(first);
}
END_TEST

START_TEST(addresses)
{
	static const char *const bad[] = {"", "8229", ":8229", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
		"127.0.0.1:-1",
		"127.0.0.1:http", "::1:8229", "[::1]", "[127.0.0.1]:8229", "[]:8229", "[::1:8229", "example.com:8229"};
	static const struct {
		const char *listen;
		bool loopback;
	} good[] = {{"127.0.0.1:8229", true}, {"127.9.9.9:0", true}, {"localhost:8229", true}, {"[::1]:8229", true},
		{"[::ffff:127.0.0.1]:1", true}, {"0.0.0.0:8229", false}, {"[::]:8229", false},
		{"192.0.2.1:8229", false},
		{"128.0.0.1:1", false}, {"*:1", false}, {"[::ffff:10.0.0.1]:1", false}};
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct httpd *httpd = NULL;
	bool loopback;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(httpd_open(&httpd, bad[i], handle, NULL, &err) != 0, "%s", bad[i]);
		ck_assert_ptr_nonnull(err.hint);
		unit_assert_error(&err, ERROR_USAGE, "is no address and port to listen on");
		ck_assert_int_eq(httpd_is_loopback(&loopback, bad[i], &err), ERROR_USAGE);
		error_clear(&err);
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		unit_assert_ok(httpd_is_loopback(&loopback, good[i].listen, &err), &err);
		ck_assert_msg(loopback == good[i].loopback, "%s", good[i].listen);
	}
}
END_TEST

START_TEST(over_ipv6)
{
	struct seen seen = {.requests = 0};
	AUTO(error_clear) struct error err = ERROR_INIT;
	struct httpd *httpd = NULL;
	if (httpd_open(&httpd, "[::1]:0", handle, &seen, &err)) {
		/* A machine without IPv6 says so. */
		unit_assert_error(&err, ERROR_FAILED, "cannot listen on [::1]:0");
		return;
	}
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback,
		.sin6_port = htons((uint16_t)httpd_port(httpd))};
	struct client client = {.fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), .size = 35,
		.bytes = "GET /six HTTP/1.1\r\nHost: [::1]\r\n\r\n"};
	ck_assert(connect(client.fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS);
	converse(httpd, &client, 1);
	assert_has(client.got.data, "\r\n\r\nhello");
	client_close(&client);
	httpd_close(httpd);
}
END_TEST

Suite *httpd_suite(void)
{
	const TTest *const tests[] = {an_answer, head_has_no_body, basic_authentication, only_questions, malformed,
		endless_header, a_thousand_at_once, slow_visitors, silent_visitors,
		silent_visitors_and_a_late_loop, closed_with_visitors, port_is_taken, addresses,
		over_ipv6, NULL};
	Suite *suite = suite_create("httpd");
	TCase *test_case = tcase_create("httpd");
	tcase_set_timeout(test_case, 2 * CLIENT_PATIENCE);
	for (size_t i = 0; tests[i]; i++)
		tcase_add_test(test_case, tests[i]);
	suite_add_tcase(suite, test_case);
	return suite;
}
