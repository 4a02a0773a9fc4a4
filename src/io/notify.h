/* sd_notify(3): how a service manager that started us is told how we are. */
#ifndef IO_NOTIFY_H
#define IO_NOTIFY_H

/* "READY=1\nSTATUS=3 services run": to the socket that NOTIFY_SOCKET names, also an abstract one ("@…"). Nothing
 * without that variable, and nothing that fails matters. */
void notify_send(const char *text);

#endif
