#include "answers.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const double PATIENCE = 5, DAY = 86400;

static struct answers {
	const struct service *service;
	int listener;
	struct client {
		int descriptor;
		size_t size;
		double until;
		char request[2048];
	} clients[ANSWERS_MOST - 1];
	size_t count;
} answers;

/* "127.0.0.1:8082", "[::1]:8082", ":8082" on every address */
static struct addrinfo *resolve(const char *listen)
{
	char host[256];
	const char *colon = strrchr(listen, ':');
	if (!colon || (size_t)(colon - listen) >= sizeof host)
		die("%s is not ADDRESS:PORT", listen);
	snprintf(host, sizeof host, "%.*s", (int)(colon - listen), listen);
	size_t size = strlen(host);
	char *address = host;
	if (*host == '[' && host[size - 1] == ']') {
		host[size - 1] = '\0';
		address++;
	}
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(*address ? address : NULL, colon + 1, &hints, &found);
	if (rc)
		die("cannot listen on %s: %s", listen, gai_strerror(rc));
	return found;
}

static int port_of(int descriptor)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	if (getsockname(descriptor, (struct sockaddr *)&address, &size) < 0)
		die("cannot tell the port: %s", strerror(errno));
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

int answers_open(const struct service *service)
{
	answers.service = service;
	struct addrinfo *address = resolve(service->listen);
	int yes = 1;
	answers.listener = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (answers.listener < 0 ||
		setsockopt(answers.listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
		bind(answers.listener, address->ai_addr, address->ai_addrlen) < 0 || listen(answers.listener, 64) < 0)
		die("cannot listen on %s: %s", service->listen, strerror(errno));
	freeaddrinfo(address);
	return port_of(answers.listener);
}

/* Whoever comes while there is no room waits in the kernel's queue. */
size_t answers_descriptors(struct pollfd *polls)
{
	bool room = answers.count < ANSWERS_MOST - 1;
	polls[0] = (struct pollfd){.fd = room ? answers.listener : -1, .events = POLLIN};
	for (size_t i = 0; i < answers.count; i++)
		polls[i + 1] = (struct pollfd){.fd = answers.clients[i].descriptor, .events = POLLIN};
	return answers.count + 1;
}

double answers_next(void)
{
	double next = now() + DAY;
	for (size_t i = 0; i < answers.count; i++)
		if (answers.clients[i].until < next)
			next = answers.clients[i].until;
	return next;
}

static void greet(void)
{
	int descriptor = accept4(answers.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (descriptor < 0)
		return;
	struct client *client = &answers.clients[answers.count++];
	client->descriptor = descriptor;
	client->size = 0;
	client->until = now() + (answers.service->no_answer ? DAY : PATIENCE);
}

static void answer(const struct client *client, int status, const char *reason, const char *body)
{
	char text[2048];
	bool head = strncmp(client->request, "HEAD ", 5) == 0;
	int size = snprintf(text, sizeof text, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n\r\n%s", status, reason, strlen(body), head ? "" : body);
	/* A client that does not take it gets less. */
	(void)!send(client->descriptor, text, (size_t)size, MSG_NOSIGNAL);
}

/* The beginning of the request decides: "GET /health HTTP/1.1" */
static bool asks(const struct client *client, const char *path)
{
	const char *at = strchr(client->request, ' ') + 1;
	size_t size = strcspn(at, " ?\r\n");
	return strlen(path) == size && strncmp(at, path, size) == 0;
}

static void serve(const struct client *client, bool healthy, const char *status)
{
	if (strncmp(client->request, "GET /", 5) != 0 && strncmp(client->request, "HEAD /", 6) != 0)
		answer(client, 400, "Bad Request", "");
	else if (asks(client, "/health"))
		answer(client, healthy ? 200 : 503, healthy ? "OK" : "Service Unavailable", "");
	else if (asks(client, "/status") || asks(client, "/v1/status"))
		answer(client, 200, "OK", status);
	else if (asks(client, "/") || asks(client, "/v1"))
		answer(client, 200, "OK", "");
	else
		answer(client, 404, "Not Found", "");
}

/* Returns whether the client may stay. */
static bool listen_to(struct client *client, bool healthy, const char *status)
{
	size_t room = sizeof client->request - 1 - client->size;
	ssize_t got = recv(client->descriptor, client->request + client->size, room, 0);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (answers.service->no_answer)
		return got > 0;
	client->size += (size_t)got;
	client->request[client->size] = '\0';
	if (strstr(client->request, "\r\n\r\n"))
		serve(client, healthy, status);
	else if (got > 0 && client->size < sizeof client->request - 1)
		return true;
	else if (got > 0)
		answer(client, 431, "Request Header Fields Too Large", "");
	return false;
}

void answers_run(const struct pollfd *polls, size_t count, bool healthy, const char *status)
{
	/* From the last: the last takes the place of one that goes, and was looked at already. */
	for (size_t i = count - 1; i > 0; i--) {
		struct client *client = &answers.clients[i - 1];
		bool stays = now() < client->until;
		if (stays && polls[i].revents)
			stays = listen_to(client, healthy, status);
		if (stays)
			continue;
		close(client->descriptor);
		*client = answers.clients[--answers.count];
	}
	if (polls[0].revents)
		greet();
}
