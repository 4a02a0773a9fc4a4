#include "io/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"

extern char **environ;

struct child {
	pid_t pid;
	size_t most;     /* to keep of each; 0: all */
	int out, errors; /* read ends; -1 when not captured or at the end */
	bool group;      /* it leads a process group of its own */
	double limit, start;
	bool late;       /* the limit is over */
	bool ended;      /* reaped: */
	int status;
};

enum { PATIENCE = 5 /* seconds from SIGTERM to SIGKILL */ };

char *proc_find(const char *name)
{
	const char *path = getenv("PATH");
	AUTO(mem_auto) char *copy = mem_copy(path ? path : "/usr/local/bin:/usr/bin:/bin");
	char *rest = copy, *directory;
	while ((directory = strsep(&rest, ":"))) {
		char *candidate = path_join(*directory ? directory : ".", name);
		if (access(candidate, X_OK) == 0 && !file_is_directory(candidate))
			return candidate;
		mem_free(candidate);
	}
	return NULL;
}

char **proc_environment(const struct list *extra)
{
	size_t ours = 0, kept = 0;
	while (environ[ours])
		ours++;
	size_t added = extra ? extra->count : 0;
	char **merged = mem_array(ours + added + 1, sizeof *merged);
	for (size_t i = 0; i < ours; i++) {
		bool replaced = false;
		size_t name = strcspn(environ[i], "=");
		for (size_t j = 0; j < added && !replaced; j++)
			replaced = strcspn(extra->items[j], "=") == name &&
				strncmp(environ[i], extra->items[j], name) == 0;
		if (!replaced)
			merged[kept++] = environ[i];
	}
	for (size_t j = 0; j < added; j++)
		if (strchr(extra->items[j], '='))
			merged[kept++] = extra->items[j];
	return merged;
}

/* In the child, between fork and exec: returns only on failure. */
static void become(const struct proc *proc, const struct passwd *user, const char *path, char **environment,
	pid_t parent)
{
	if (user && (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
		setuid(user->pw_uid) != 0))
		return;
	if ((proc->group || proc->limit > 0) && setpgid(0, 0) != 0)
		return;
	const char *directory = proc->directory ? proc->directory : user ? "/" : NULL;
	if (directory && chdir(directory) != 0)
		return;
	/* Dies with us, even by SIGKILL: an orphaned pg_restore would go on writing. setuid() forgets it, so after. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
		return;
	signal(SIGPIPE, SIG_DFL);
	execve(path, (char *const *)(uintptr_t)proc->argv, environment);
}

static int open_output(int *fd, const struct proc *proc, struct error *err)
{
	*fd = open(proc->output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (*fd < 0)
		return error_errno(err, ERROR_FAILED, "cannot write %s", proc->output);
	return 0;
}

static int start(struct child *child, const struct proc *proc, struct error *err)
{
	AUTO(mem_auto) char *path = strchr(proc->argv[0], '/') ? mem_copy(proc->argv[0]) : proc_find(proc->argv[0]);
	if (!path)
		return error_set(err, ERROR_FAILED, "%s is not installed", proc->argv[0]);
	struct passwd *user = NULL;
	if (proc->user && !(user = getpwnam(proc->user)))
		return error_set(err, ERROR_FAILED, "there is no user %s", proc->user);
	int out[2] = {-1, -1}, errors[2] = {-1, -1};
	AUTO(file_close) int output = -1;
	AUTO(file_close) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (proc->output) {
		int rc = open_output(&output, proc, err);
		if (rc)
			return rc;
	} else if (pipe2(out, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0) {
		return error_errno(err, ERROR_FAILED, "cannot make a pipe");
	}
	AUTO(mem_auto) char **environment = proc_environment(proc->environment);
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		if (dup2(null, STDIN_FILENO) >= 0 && dup2(proc->output ? output : out[1], STDOUT_FILENO) >= 0 &&
			dup2(proc->output ? output : errors[1], STDERR_FILENO) >= 0)
			become(proc, user, path, environment, parent);
		_exit(127);
	}
	file_close(&out[1]);
	file_close(&errors[1]);
	if (pid < 0) {
		file_close(&out[0]);
		file_close(&errors[0]);
		return error_errno(err, ERROR_FAILED, "cannot start %s", path);
	}
	*child = (struct child){.pid = pid, .most = proc->most, .out = out[0], .errors = errors[0],
		.group = proc->group || proc->limit > 0, .limit = proc->limit, .start = clock_elapsed()};
	return 0;
}

/* Reads what is there; closes the pipe at its end. */
static void gulp(int *fd, struct text *text, size_t most)
{
	ssize_t got = read(*fd, text_reserve(text, 65536), 65536);
	if (got > 0)
		text->size += (size_t)got;
	else if (got == 0 || errno != EINTR)
		file_close(fd);
	/* By halves, so that it is not moved at each gulp. */
	if (most && text->size > 2 * most) {
		memmove(text->data, text->data + text->size - most, most);
		text->size = most;
	}
	text->data[text->size] = '\0';
}

static void end_child(const struct child *child, int number)
{
	/* Before it has become a group of its own, it is one process. */
	if (!child->group || kill(-child->pid, number) != 0)
		kill(child->pid, number);
}

/* A signal to us is handed on, again and again: a child that is not yet the program does not heed it. */
static void press(struct child *child)
{
	double over = child->limit > 0 ? clock_elapsed() - child->start - child->limit : -1;
	child->late |= over >= 0;
	if (interrupt_signal() || over >= 0)
		end_child(child, over >= PATIENCE ? SIGKILL : SIGTERM);
}

/* Reads both pipes to their ends; of one with a group of its own only for as long as it is there itself. */
static void collect(struct child *child, struct text *out, struct text *errors)
{
	while (child->out >= 0 || child->errors >= 0) {
		struct pollfd fds[2] = {{.fd = child->out, .events = POLLIN}, {.fd = child->errors, .events = POLLIN}};
		int ready = poll(fds, 2, child->ended ? 0 : child->group ? 50 : 200);
		if (child->ended && ready == 0)
			break;
		if (!child->ended)
			press(child);
		if (child->out >= 0 && fds[0].revents)
			gulp(&child->out, out, child->most);
		if (child->errors >= 0 && fds[1].revents)
			gulp(&child->errors, errors, child->most);
		if (child->group && !child->ended)
			child->ended = waitpid(child->pid, &child->status, WNOHANG) == child->pid;
	}
	file_close(&child->out);
	file_close(&child->errors);
}

static int wait_for(struct child *child)
{
	struct timespec step = {.tv_nsec = 20000000};
	while (child->group && !child->ended) { /* it closed its output and goes on */
		press(child);
		child->ended = waitpid(child->pid, &child->status, WNOHANG) == child->pid;
		if (!child->ended)
			nanosleep(&step, NULL);
	}
	while (!child->ended && waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
		if (interrupt_signal())
			kill(child->pid, SIGTERM);
	return child->status;
}

/* The line that says it: the first that calls itself an error, else the last one. */
static const char *telling_line(char *text)
{
	size_t size = strlen(text);
	while (size && (text[size - 1] == '\n' || text[size - 1] == ' '))
		text[--size] = '\0';
	char *error = strstr(text, ": error: ");
	if (error) {
		error[strcspn(error, "\n")] = '\0';
	}
	char *newline = strrchr(text, '\n');
	return newline ? newline + 1 : text;
}

static int explain(const struct proc *proc, int status, const char *errors, struct error *err)
{
	AUTO(mem_auto) char *copy = mem_copy(errors);
	const char *name = path_base(proc->argv[0]), *said = telling_line(copy);
	if (WIFSIGNALED(status))
		return error_set(err, ERROR_FAILED, "%s was ended by signal %d", name, WTERMSIG(status));
	return error_set(err, ERROR_FAILED, "%s failed with exit status %d%s%s", name, WEXITSTATUS(status),
		*said ? ": " : "", said);
}

int proc_run(char **out, char **errors, const struct proc *proc, struct error *err)
{
	struct child child;
	int rc = start(&child, proc, err);
	if (rc)
		return rc;
	AUTO(text_clear) struct text said = TEXT_INIT;
	AUTO(text_clear) struct text complained = TEXT_INIT;
	collect(&child, &said, &complained);
	int status = wait_for(&child);
	if (out)
		*out = text_take(&said);
	if (errors)
		*errors = mem_copy(complained.data ? complained.data : "");
	rc = interrupt_check(err);
	if (rc)
		return rc;
	if (proc->status)
		*proc->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (child.late)
		kill(-child.pid, SIGKILL); /* whoever of its group heeded nothing */
	if (child.late)
		return error_set(err, ERROR_FAILED, "%s was ended after %.0f seconds", path_base(proc->argv[0]),
			proc->limit);
	return status == 0 ? 0 : explain(proc, status, complained.data ? complained.data : "", err);
}
