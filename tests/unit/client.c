#include "client.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

void client_open(struct client *client, const struct httpd *httpd, const char *bytes, size_t size)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)httpd_port(httpd))};
	*client = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), .bytes = bytes, .size = size};
	ck_assert_int_ge(client->fd, 0);
	int rc = connect(client->fd, (struct sockaddr *)&address, sizeof address);
	ck_assert(rc == 0 || errno == EINPROGRESS);
}

void client_close(struct client *client)
{
	close(client->fd);
	text_clear(&client->got);
}

void client_send(struct client *client)
{
	size_t left = client->size - client->sent;
	if (client->slow)
		left = left > 1;
	ssize_t done = left ? send(client->fd, client->bytes + client->sent, left, MSG_NOSIGNAL) : 0;
	client->sent += done > 0 ? (size_t)done : 0;
	client->ended |= done < 0 && errno != EAGAIN;
}

static void client_receive(struct client *client)
{
	char block[4096];
	ssize_t got = recv(client->fd, block, sizeof block, 0);
	if (got > 0)
		text_add_bytes(&client->got, block, (size_t)got);
	client->ended |= got == 0 || (got < 0 && errno != EAGAIN);
}

static size_t left_of(const struct client *clients, size_t count)
{
	size_t left = 0;
	for (size_t i = 0; i < count; i++)
		left += !clients[i].ended && !clients[i].unwanted;
	return left;
}

/* The server has its turn when it asked for it and not otherwise, as in a loop that does other things, too. */
static void turn_server(struct httpd *httpd, double *due, bool ready)
{
	if (ready || clock_elapsed() >= *due)
		httpd_run(httpd);
	int wait = httpd_wait(httpd);
	*due = clock_elapsed() + (wait < 0 ? 2 * CLIENT_PATIENCE : wait / 1000.0);
}

static struct pollfd turn_client(struct client *client)
{
	bool more = client->sent < client->size && !client->slow;
	if (client->slow && !client->ended)
		client_send(client);
	return (struct pollfd){.fd = client->ended ? -1 : client->fd, .events = (short)(POLLIN | (more ? POLLOUT : 0))};
}

void converse(struct httpd *httpd, struct client *clients, size_t count)
{
	enum { TURN = 20 }; /* milliseconds */
	struct pollfd *polls = mem_array(count + 1, sizeof *polls);
	double end = clock_elapsed() + CLIENT_PATIENCE, due = 0;
	size_t left;
	while ((left = left_of(clients, count)) && clock_elapsed() < end) {
		polls[0] = (struct pollfd){.fd = httpd_descriptor(httpd), .events = POLLIN};
		for (size_t i = 0; i < count; i++)
			polls[i + 1] = turn_client(&clients[i]);
		poll(polls, count + 1, TURN);
		turn_server(httpd, &due, polls[0].revents != 0);
		for (size_t i = 0; i < count; i++) {
			if (polls[i + 1].revents & POLLOUT)
				client_send(&clients[i]);
			if (polls[i + 1].revents & (POLLIN | POLLHUP | POLLERR))
				client_receive(&clients[i]);
			if (clients[i].ended && polls[i + 1].fd >= 0)
				clients[i].turn = count - left;
		}
	}
	mem_free(polls);
	ck_assert_uint_eq(left_of(clients, count), 0);
}

char *ask(struct httpd *httpd, const char *request)
{
	struct client client;
	client_open(&client, httpd, request, strlen(request));
	converse(httpd, &client, 1);
	close(client.fd);
	return text_take(&client.got);
}

void request_read(int peer, char *request, size_t room)
{
	size_t size = 0;
	request[0] = '\0';
	while (size < room - 1 && !strstr(request, "\r\n\r\n")) {
		ssize_t got = read(peer, request + size, room - 1 - size);
		if (got <= 0)
			return;
		size += (size_t)got;
		request[size] = '\0';
	}
}
