#include "io/child.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/proc.h"

/* What the child needs, made before it: between fork and exec nothing is allocated. */
struct birth {
	const struct child_spec *spec;
	char *path;
	char **environment;
	struct passwd *user;
	int null, output, failed; /* ends of its own: /dev/null, of the pipe, of the pipe for errno */
	pid_t parent;
};

int child_adopt(struct error *err)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		return error_errno(err, ERROR_FAILED, "cannot become the parent of the services' orphans");
	return 0;
}

/* ---- in the child ---- */

static void reset_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL); /* fails for those that cannot be ours, which is fine */
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Returns only on failure. */
static void become(const struct birth *birth)
{
	const struct passwd *user = birth->user;
	if (setpgid(0, 0) != 0)
		return;
	if (user && (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
		setuid(user->pw_uid) != 0))
		return;
	/* setuid() forgets it, so after; and the parent may be gone already. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != birth->parent)
		return;
	reset_signals();
	if (dup2(birth->null, STDIN_FILENO) < 0 || dup2(birth->output, STDOUT_FILENO) < 0 ||
		dup2(birth->spec->quiet ? birth->null : birth->output, STDERR_FILENO) < 0)
		return;
	/* What we got from whoever started us is not theirs either. An old kernel cannot, and loses only that. */
	close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	execve(birth->path, (char *const *)(uintptr_t)birth->spec->argv, birth->environment);
}

/* ---- in the parent ---- */

static void birth_clear(struct birth *birth)
{
	mem_free(birth->path);
	mem_free(birth->environment);
	file_close(&birth->null);
	file_close(&birth->output);
	file_close(&birth->failed);
}

static int prepare(struct birth *birth, struct error *err)
{
	const char *program = birth->spec->argv[0], *user = birth->spec->user;
	birth->path = strchr(program, '/') ? mem_copy(program) : proc_find(program);
	if (!birth->path)
		return error_set(err, ERROR_FAILED, "cannot start %s: it is not in PATH", program);
	errno = 0;
	if (user && !(birth->user = getpwnam(user)))
		return error_set(err, ERROR_FAILED, "cannot start %s: there is no user %s", program, user);
	/* Only root becomes another; that one is oneself needs no right. */
	if (birth->user && geteuid() != 0 && birth->user->pw_uid == geteuid())
		birth->user = NULL;
	birth->environment = proc_environment(birth->spec->environment);
	birth->parent = getpid();
	return 0;
}

static int make_pipes(struct birth *birth, int *output, int *failed, struct error *err)
{
	int out[2], why[2];
	birth->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (birth->null < 0 || pipe2(out, O_CLOEXEC) != 0)
		return error_errno(err, ERROR_FAILED, "cannot make a pipe");
	*output = out[0];
	birth->output = out[1];
	if (pipe2(why, O_CLOEXEC) != 0)
		return error_errno(err, ERROR_FAILED, "cannot make a pipe");
	*failed = why[0];
	birth->failed = why[1];
	if (fcntl(*output, F_SETFL, O_NONBLOCK) < 0)
		return error_errno(err, ERROR_FAILED, "cannot make a pipe");
	return 0;
}

/* What kept the child from exec: errno; 0: nothing, the pipe closed itself. */
static int read_failure(int fd)
{
	int number = 0;
	ssize_t got;
	do {
		got = read(fd, &number, sizeof number);
	} while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof number ? number : 0;
}

int child_start(pid_t *pid, int *output, const struct child_spec *spec, struct error *err)
{
	AUTO(birth_clear) struct birth birth = {.spec = spec, .null = -1, .output = -1, .failed = -1};
	AUTO(file_close) int read_end = -1;
	AUTO(file_close) int failed = -1;
	int rc = prepare(&birth, err);
	if (!rc)
		rc = make_pipes(&birth, &read_end, &failed, err);
	if (rc)
		return rc;
	pid_t child = fork();
	if (child == 0) {
		become(&birth);
		int number = errno ? errno : EPERM;
		_exit(write(birth.failed, &number, sizeof number) == (ssize_t)sizeof number ? 127 : 126);
	}
	if (child < 0)
		return error_errno(err, ERROR_FAILED, "cannot start %s", spec->argv[0]);
	file_close(&birth.output);
	file_close(&birth.failed);
	int number = read_failure(failed);
	if (number) {
		waitpid(child, NULL, 0);
		errno = number;
		return error_errno(err, ERROR_FAILED, "cannot start %s%s%s", spec->argv[0], spec->user ? " as " : "",
			spec->user ? spec->user : "");
	}
	*pid = child;
	*output = read_end;
	read_end = -1;
	return 0;
}

int child_detach(pid_t *child, int *end, const char *log, struct error *err)
{
	AUTO(file_close) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	AUTO(file_close) int output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int ends[2];
	if (null < 0 || output < 0)
		return error_errno(err, ERROR_FAILED, "cannot write %s", log);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, ERROR_FAILED, "cannot make a pipe");
	pid_t pid = fork();
	if (pid == 0 && (setsid() < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
		dup2(output, STDERR_FILENO) < 0))
		_exit(1);
	close(pid == 0 ? ends[0] : ends[1]);
	*end = pid == 0 ? ends[1] : ends[0];
	if (pid < 0) {
		file_close(end);
		return error_errno(err, ERROR_FAILED, "cannot start a daemon");
	}
	*child = pid;
	return 0;
}

bool child_reap(pid_t *pid, int *status)
{
	pid_t ended;
	do {
		ended = waitpid(-1, status, WNOHANG);
	} while (ended < 0 && errno == EINTR);
	*pid = ended;
	return ended > 0;
}

char *child_reason(int status)
{
	if (WIFSIGNALED(status))
		return mem_format("ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	return mem_format("exit status %d", WEXITSTATUS(status));
}

bool child_signal(pid_t pid, int number)
{
	/* 0 and 1 would mean our own group, and everybody. */
	return pid > 1 && (kill(-pid, number) == 0 || errno == EPERM);
}

/* ---- other processes ---- */

static char *read_proc(size_t *size, pid_t pid, const char *what)
{
	AUTO(mem_auto) char *path = mem_format("/proc/%ld/%s", (long)pid, what);
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	char *data = NULL;
	return file_read(&data, size, path, &ignored) ? NULL : data;
}

/* The words of /proc/PID/stat behind the name, which may hold anything: state, ppid, … */
static bool stat_word(char *word, size_t room, pid_t pid, int index)
{
	AUTO(mem_auto) char *text = read_proc(NULL, pid, "stat");
	const char *at = text ? strrchr(text, ')') : NULL;
	for (int i = 0; at && *at && i < index; i++) {
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	size_t size = at ? strcspn(at, " \n") : 0;
	if (!size || size >= room)
		return false;
	memcpy(word, at, size);
	word[size] = '\0';
	return true;
}

uint64_t child_born(pid_t pid)
{
	enum { START_TIME = 20 }; /* field 22 of proc(5), the name being field 2 */
	char word[32];
	return stat_word(word, sizeof word, pid, START_TIME) ? strtoull(word, NULL, 10) : 0;
}

bool child_alive(pid_t pid)
{
	enum { STATE = 1 };
	char word[32];
	return stat_word(word, sizeof word, pid, STATE) && *word != 'Z' && *word != 'X';
}

bool child_is_ours(pid_t pid)
{
	char ours[PATH_MAX], its[PATH_MAX];
	AUTO(mem_auto) char *path = mem_format("/proc/%ld/exe", (long)pid);
	ssize_t our_size = readlink("/proc/self/exe", ours, sizeof ours), size = readlink(path, its, sizeof its);
	return size > 0 && size == our_size && memcmp(ours, its, (size_t)size) == 0 && child_alive(pid);
}

static pid_t parent_of(pid_t pid)
{
	enum { PARENT = 2 };
	char word[32];
	return stat_word(word, sizeof word, pid, PARENT) ? (pid_t)strtol(word, NULL, 10) : 0;
}

static bool descends(pid_t from)
{
	for (pid_t at = getpid(); at > 0; at = parent_of(at))
		if (at == from)
			return true;
	return false;
}

static bool has_line(pid_t pid, const char *line)
{
	size_t size = 0, wanted = strlen(line) + 1;
	AUTO(mem_auto_secret) char *environment = read_proc(&size, pid, "environ");
	for (size_t at = 0; environment && at < size; at += strlen(environment + at) + 1)
		if (size - at + 1 >= wanted && memcmp(environment + at, line, wanted) == 0)
			return true;
	return false;
}

void child_marked(struct pids *out, const char *line)
{
	AUTO(list_clear) struct list names = LIST_INIT;
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	if (file_list(&names, "/proc", &ignored))
		return;
	for (size_t i = 0; i < names.count; i++) {
		if (!isdigit((unsigned char)*names.items[i]))
			continue;
		pid_t pid = (pid_t)strtol(names.items[i], NULL, 10);
		if (!has_line(pid, line) || descends(pid))
			continue;
		out->items = mem_resize(out->items, (out->count + 1) * sizeof *out->items);
		out->items[out->count++] = pid;
	}
}

void pids_clear(struct pids *pids)
{
	mem_free(pids->items);
	*pids = (struct pids){NULL, 0};
}
