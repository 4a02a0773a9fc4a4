#include "io/httpd.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

enum { BACKLOG = 4096 };

/* A connection, from its start on. */
struct visitor {
	struct visitor *next, *previous;
	int socket;
	double since;
	bool cut;
};

struct httpd {
	struct MHD_Daemon *daemon;
	httpd_handler *handler;
	void *context;
	int port;
	struct visitor *oldest, *newest;
	unsigned visitors;
};

/* ---- addresses ---- */

static void free_addresses(struct addrinfo **addresses)
{
	if (*addresses)
		freeaddrinfo(*addresses);
}

static int refuse_address(const char *listen, struct error *err)
{
	error_set(err, ERROR_USAGE, "\"%s\" is no address and port to listen on", listen);
	return error_hint(err, "write it like `127.0.0.1:8229` or `[::1]:8229`");
}

/* "127.0.0.1:8229" and "[::1]:8229". Names are not looked up: that could block, and give more than one address. */
static int parse_listen(struct addrinfo **out, const char *listen, struct error *err)
{
	long long number;
	const char *colon = strrchr(listen, ':');
	if (!colon || colon == listen || !text_to_number(colon + 1, 0, 65535, &number))
		return refuse_address(listen, err);
	bool bracket = listen[0] == '[' && colon[-1] == ']';
	size_t cut = bracket ? 1 : 0;
	AUTO(mem_auto) char *host = mem_copy_bytes(listen + cut, (size_t)(colon - listen) - 2 * cut);
	if (text_same(host, "localhost"))
		mem_replace(&host, mem_copy("127.0.0.1"));
	struct addrinfo want = {.ai_family = bracket ? AF_INET6 : AF_INET, .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	if (!*host || getaddrinfo(host, colon + 1, &want, out))
		return refuse_address(listen, err);
	return 0;
}

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in four;
		memcpy(&four, address, sizeof four);
		return ntohl(four.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	struct sockaddr_in6 six;
	memcpy(&six, address, sizeof six);
	return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) ||
		(IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) && six.sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
}

int httpd_is_loopback(bool *out, const char *listen, struct error *err)
{
	AUTO(free_addresses) struct addrinfo *addresses = NULL;
	int rc = parse_listen(&addresses, listen, err);
	if (!rc)
		*out = is_loopback(addresses->ai_addr);
	return rc;
}

static int refuse_listen(const char *listen, struct error *err)
{
	bool taken = errno == EADDRINUSE;
	int rc = taken ? error_set(err, ERROR_FAILED, "cannot listen on %s: port %s is taken", listen,
		strrchr(listen, ':') + 1) : error_errno(err, ERROR_FAILED, "cannot listen on %s", listen);
	error_hint(err, "name another address with `--status-listen ADDRESS:PORT`, or `--status-listen off`");
	return rc;
}

/* Our own socket rather than the library's, to say exactly why there is none. */
static int open_socket(int *out, int *port, const char *listen_on, struct error *err)
{
	AUTO(free_addresses) struct addrinfo *addresses = NULL;
	int rc = parse_listen(&addresses, listen_on, err);
	if (rc)
		return rc;
	const int on = 1;
	bool six = addresses->ai_family == AF_INET6;
	AUTO(file_close) int fd = socket(addresses->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
	    (six && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on)) ||
	    bind(fd, addresses->ai_addr, addresses->ai_addrlen) || listen(fd, BACKLOG))
		return refuse_listen(listen_on, err);
	struct sockaddr_storage bound;
	socklen_t size = sizeof bound;
	if (getsockname(fd, (struct sockaddr *)&bound, &size))
		return refuse_listen(listen_on, err);
	*port = ntohs(six ? ((struct sockaddr_in6 *)&bound)->sin6_port : ((struct sockaddr_in *)&bound)->sin_port);
	*out = fd;
	fd = -1;
	return 0;
}

/* ---- connections ---- */

static void add_visitor(struct httpd *httpd, struct MHD_Connection *connection, void **slot)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct visitor *visitor = mem_new(sizeof *visitor);
	visitor->socket = info ? (int)info->connect_fd : -1;
	visitor->since = clock_elapsed();
	visitor->previous = httpd->newest;
	*(httpd->newest ? &httpd->newest->next : &httpd->oldest) = visitor;
	httpd->newest = visitor;
	httpd->visitors++;
	*slot = visitor;
}

static void remove_visitor(struct httpd *httpd, void **slot)
{
	struct visitor *visitor = *slot;
	if (!visitor)
		return;
	*(visitor->previous ? &visitor->previous->next : &httpd->oldest) = visitor->next;
	*(visitor->next ? &visitor->next->previous : &httpd->newest) = visitor->previous;
	httpd->visitors--;
	mem_free(visitor);
	*slot = NULL;
}

static void notice(void *context, struct MHD_Connection *connection, void **slot,
	enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		add_visitor(context, connection, slot);
	else
		remove_visitor(context, slot);
}

static double patience(const struct httpd *httpd)
{
	return httpd->visitors < HTTPD_CONNECTIONS ? HTTPD_SECONDS : HTTPD_BUSY_SECONDS;
}

/* The library's own time-out, which is not used, counts from the last byte, so that a byte every now and then would
 * hold a connection for ever. A socket that was shut down is closed by the library, which sees its end. */
static void cut_late(struct httpd *httpd)
{
	double now = clock_elapsed(), most = patience(httpd);
	struct visitor *visitor = httpd->oldest;
	for (; visitor && now - visitor->since >= most; visitor = visitor->next) {
		if (!visitor->cut)
			shutdown(visitor->socket, SHUT_RDWR);
		visitor->cut = true;
	}
}

/* ---- requests ---- */

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct httpd_answer *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(answer->size, answer->body,
		MHD_RESPMEM_MUST_FREE);
	if (!response)
		return MHD_NO;
	AUTO(mem_auto) char *policy = answer->policy ? answer->policy : mem_copy("default-src 'none'");
	answer->policy = NULL;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_add_response_header(response, "Content-Security-Policy", policy);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (answer->realm) {
		AUTO(mem_auto) char *ask = mem_format("Basic realm=\"%s\"", answer->realm);
		MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, ask);
	}
	enum MHD_Result queued = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result send_refusal(struct MHD_Connection *connection, unsigned status, const char *words)
{
	struct httpd_answer answer = {.status = status, .type = "text/plain; charset=utf-8", .body = mem_copy(words),
		.size = strlen(words)};
	return send_answer(connection, &answer);
}

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool has_body(struct MHD_Connection *connection)
{
	const char *length = header_of(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
	return header_of(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) || (length && !text_same(length, "0"));
}

static void forget(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	MHD_free(text);
}

/* Called first when the header is complete; the answer then ends the request, so that there is no second time. */
static enum MHD_Result take_request(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **slot)
{
	(void)version, (void)data, (void)size, (void)slot;
	struct httpd *httpd = context;
	if (!text_same(method, MHD_HTTP_METHOD_GET) && !text_same(method, MHD_HTTP_METHOD_HEAD))
		return send_refusal(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
	if (has_body(connection))
		return send_refusal(connection, MHD_HTTP_CONTENT_TOO_LARGE, "a request has no body here\n");
	char *password = NULL;
	char *user = MHD_basic_auth_get_username_password(connection, &password);
	struct httpd_request request = {.method = method, .path = url, .user = user, .password = password,
		.accept = header_of(connection, MHD_HTTP_HEADER_ACCEPT)};
	struct httpd_answer answer = {.status = 0};
	httpd->handler(&answer, &request, httpd->context);
	forget(user);
	forget(password);
	return send_answer(connection, &answer);
}

/* ---- the server ---- */

static struct MHD_Daemon *start_daemon(struct httpd *httpd, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, take_request, httpd,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_NOTIFY_CONNECTION, notice, httpd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTPD_CONNECTIONS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTPD_MEMORY,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_END);
}

int httpd_open(struct httpd **out, const char *listen, httpd_handler *handler, void *context, struct error *err)
{
	AUTO(file_close) int fd = -1;
	int port = 0, rc = open_socket(&fd, &port, listen, err);
	if (rc)
		return rc;
	struct httpd *httpd = mem_new(sizeof *httpd);
	*httpd = (struct httpd){.handler = handler, .context = context, .port = port};
	httpd->daemon = start_daemon(httpd, fd);
	if (!httpd->daemon) {
		mem_free(httpd);
		return error_set(err, ERROR_FAILED, "the HTTP server on %s cannot be started", listen);
	}
	fd = -1; /* the library's own from now on */
	*out = httpd;
	return 0;
}

void httpd_close(struct httpd *httpd)
{
	if (!httpd)
		return;
	MHD_stop_daemon(httpd->daemon);
	mem_free(httpd);
}

int httpd_port(const struct httpd *httpd)
{
	return httpd->port;
}

int httpd_descriptor(const struct httpd *httpd)
{
	return MHD_get_daemon_info(httpd->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int httpd_wait(const struct httpd *httpd)
{
	MHD_UNSIGNED_LONG_LONG library = 0;
	const struct visitor *next = httpd->oldest;
	while (next && next->cut)
		next = next->next;
	double wait = next ? 1000 * (next->since + patience(httpd) - clock_elapsed()) : -1;
	if (next && wait < 0)
		wait = 0;
	if (MHD_get_timeout(httpd->daemon, &library) == MHD_YES && (wait < 0 || (double)library < wait))
		wait = (double)library;
	return wait < 0 ? -1 : (int)wait + (wait > 0);
}

void httpd_run(struct httpd *httpd)
{
	unsigned before;
	/* The library looks for new connections before it closes old ones: once more, where there is room again, or who
	 * waits would wait for somebody else's event. */
	do {
		before = httpd->visitors;
		cut_late(httpd);
		MHD_run(httpd->daemon);
	} while (before >= HTTPD_CONNECTIONS && httpd->visitors < HTTPD_CONNECTIONS);
}
