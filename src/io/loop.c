#include "io/loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

enum { EVENTS_AT_ONCE = 32 };

struct watch {
	loop_ready *ready; /* NULL: forgotten */
	void *context;
	unsigned age; /* counts how often this descriptor was watched or forgotten */
};

struct loop {
	int epoll, signals;
	sigset_t before; /* the mask */
	loop_signal *on_signal;
	void *context;
	struct watch *watches; /* by descriptor */
	size_t room;
	struct loop_timer *timers; /* not sorted: they are few */
	bool stopped;
};

static void watched_signals(sigset_t *set)
{
	static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
	sigemptyset(set);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaddset(set, numbers[i]);
}

static void take_signals(void *context, int fd, int events)
{
	(void)events;
	struct loop *loop = context;
	struct signalfd_siginfo info;
	while (!loop->stopped && read(fd, &info, sizeof info) == (ssize_t)sizeof info)
		loop->on_signal(loop->context, (int)info.ssi_signo);
}

int loop_open(struct loop **out, loop_signal *on_signal, void *context, struct error *err)
{
	sigset_t set;
	watched_signals(&set);
	struct loop *loop = mem_new(sizeof *loop);
	*loop = (struct loop){.on_signal = on_signal, .context = context};
	sigprocmask(SIG_BLOCK, &set, &loop->before);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	int rc = loop->epoll < 0 || loop->signals < 0
		? error_errno(err, ERROR_FAILED, "cannot make an event loop")
		: loop_watch(loop, loop->signals, LOOP_READ, take_signals, loop, err);
	if (rc) {
		loop_close(loop);
		return rc;
	}
	*out = loop;
	return 0;
}

void loop_close(struct loop *loop)
{
	if (!loop)
		return;
	file_close(&loop->epoll);
	file_close(&loop->signals);
	sigprocmask(SIG_SETMASK, &loop->before, NULL);
	mem_free(loop->watches);
	mem_free(loop);
}

static struct watch *watch_of(struct loop *loop, int fd)
{
	size_t at = (size_t)fd;
	if (at >= loop->room) {
		size_t room = at + 64;
		loop->watches = mem_resize(loop->watches, room * sizeof *loop->watches);
		for (size_t i = loop->room; i < room; i++)
			loop->watches[i] = (struct watch){.ready = NULL};
		loop->room = room;
	}
	return &loop->watches[at];
}

int loop_watch(struct loop *loop, int fd, int events, loop_ready *ready, void *context, struct error *err)
{
	struct watch *watch = watch_of(loop, fd);
	struct epoll_event event = {.data.u64 = 0};
	bool known = watch->ready != NULL;
	if (!known)
		watch->age++;
	event.events = (events & LOOP_READ ? (uint32_t)EPOLLIN : 0) | (events & LOOP_WRITE ? (uint32_t)EPOLLOUT : 0);
	event.data.u64 = (uint64_t)watch->age << 32 | (uint32_t)fd;
	if (epoll_ctl(loop->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0)
		return error_errno(err, ERROR_FAILED, "cannot watch a descriptor");
	watch->ready = ready;
	watch->context = context;
	return 0;
}

void loop_forget(struct loop *loop, int fd)
{
	if (fd < 0 || (size_t)fd >= loop->room || !loop->watches[fd].ready)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
	loop->watches[fd].ready = NULL;
	loop->watches[fd].age++;
}

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
	for (struct loop_timer **at = &loop->timers; timer->runs && *at; at = &(*at)->next) {
		if (*at != timer)
			continue;
		*at = timer->next;
		timer->runs = false;
		return;
	}
}

void loop_timer(struct loop *loop, struct loop_timer *timer, double seconds)
{
	loop_timer_stop(loop, timer);
	timer->when = clock_supervised() + seconds;
	timer->runs = true;
	timer->next = loop->timers;
	loop->timers = timer;
}

/* The timer that is due first; NULL: none runs. */
static struct loop_timer *first_timer(const struct loop *loop)
{
	struct loop_timer *first = loop->timers;
	for (struct loop_timer *timer = first; timer; timer = timer->next)
		if (timer->when < first->when)
			first = timer;
	return first;
}

/* Milliseconds until the first timer, -1 without one. Rounded up: epoll would come back too early and in a circle. */
static int wait_for(const struct loop *loop)
{
	const struct loop_timer *first = first_timer(loop);
	if (!first)
		return -1;
	double left = (first->when - clock_supervised()) / clock_speed() * 1000;
	return left <= 0 ? 0 : left > 60000 ? 60000 : (int)left + 1;
}

/* Those that are due now; one that a function starts anew for at once waits for the next round. */
static void run_timers(struct loop *loop)
{
	double now = clock_supervised();
	for (struct loop_timer *timer; !loop->stopped && (timer = first_timer(loop)) && timer->when <= now;) {
		loop_timer_stop(loop, timer);
		timer->due(timer->context);
	}
}

static void run_event(struct loop *loop, const struct epoll_event *event)
{
	int fd = (int)(uint32_t)event->data.u64;
	const struct watch *watch = &loop->watches[fd];
	/* What was forgotten in this round, or is another file by now, is not ready. */
	if (!watch->ready || watch->age != (unsigned)(event->data.u64 >> 32))
		return;
	bool broken = event->events & (EPOLLERR | EPOLLHUP);
	int events = (event->events & EPOLLIN || broken ? LOOP_READ : 0) |
		(event->events & EPOLLOUT || broken ? LOOP_WRITE : 0);
	watch->ready(watch->context, fd, events);
}

int loop_run(struct loop *loop, struct error *err)
{
	while (!loop->stopped) {
		struct epoll_event events[EVENTS_AT_ONCE];
		int count = epoll_wait(loop->epoll, events, EVENTS_AT_ONCE, wait_for(loop));
		if (count < 0 && errno != EINTR)
			return error_errno(err, ERROR_FAILED, "cannot wait for what happens");
		for (int i = 0; i < count && !loop->stopped; i++)
			run_event(loop, &events[i]);
		run_timers(loop);
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
