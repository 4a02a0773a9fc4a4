/* Clients of an HTTP server that runs in the test's own process: both sides share one poll loop, as the supervisor has
 * one. And what a stand-in for a server does, in a process of its own. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "io/httpd.h"

enum { CLIENT_PATIENCE = 60 }; /* seconds */

struct client {
	int fd;
	const char *bytes;  /* what it sends */
	size_t size, sent;
	bool slow;          /* a byte each time it has its turn, never the last one */
	bool unwanted;      /* nobody waits for its end */
	bool ended;
	size_t turn;        /* how many had ended before the turn in which this one did */
	struct text got;
};

/* Connects, to the server's port on 127.0.0.1; bytes are borrowed. */
void client_open(struct client *client, const struct httpd *httpd, const char *bytes, size_t size);
/* Sends what the socket takes. */
void client_send(struct client *client);
void client_close(struct client *client);
/* Turns the loop until the server has ended the connection of every client but the unwanted. */
void converse(struct httpd *httpd, struct client *clients, size_t count);
/* The whole answer to a request; owned. */
char *ask(struct httpd *httpd, const char *request);

/* Reads a request up to its empty line, or as much of it as there is room for, as a string. */
void request_read(int peer, char *request, size_t room);

#endif
