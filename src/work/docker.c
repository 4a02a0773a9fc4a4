#include "work/docker.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/http.h"
#include "io/json.h"

/* What this file speaks; a daemon that wants a newer one gets the oldest it takes. */
enum { API_MINOR = 41 };
static const double QUICK = 30;

static char *url_of(const struct docker *docker, const char *path)
{
	return mem_format("http://docker%s%s", docker->api ? docker->api : "", path);
}

char *docker_words(const char *body)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(json_auto) json_t *json = NULL;
	if (json_parse(&json, body, strlen(body), "answer", &ignored) == 0) {
		const char *message = json_text(json, "message");
		if (!message)
			message = json_text(json, "cause");
		if (message)
			return mem_copy_bytes(message, strcspn(message, "\n"));
	}
	return mem_copy_bytes(body, strcspn(body, "\r\n"));
}

int docker_ask(struct http_answer *answer, const struct docker *docker, const char *method, const char *path,
	double seconds, bool *missing, struct error *err)
{
	AUTO(http_answer_clear) struct http_answer got = HTTP_ANSWER_INIT;
	AUTO(mem_auto) char *url = url_of(docker, path);
	struct http_request request = {.method = method, .url = url, .socket = docker->socket, .seconds = seconds};
	int rc = http_ask(&got, &request, err);
	if (rc == ERROR_UNREACHABLE)
		return error_context(err, "Docker's socket %s", docker->socket);
	if (rc)
		return rc;
	if (missing)
		*missing = got.status == 404;
	if (got.status >= 400 && !(missing && *missing)) {
		AUTO(mem_auto) char *words = docker_words(got.body);
		return error_set(err, ERROR_SERVICES, "Docker says %ld: %s", got.status, words);
	}
	if (answer) {
		*answer = got;
		got = (struct http_answer)HTTP_ANSWER_INIT;
	}
	return 0;
}

/* ---- finding the socket ---- */

static int from_environment(char **out, struct error *err)
{
	const char *host = getenv("DOCKER_HOST");
	if (!host || !*host)
		return 0;
	if (text_starts(host, "unix://") && host[strlen("unix://")] == '/') {
		*out = mem_copy(host + strlen("unix://"));
		return 0;
	}
	error_set(err, ERROR_USAGE, "DOCKER_HOST names no unix socket, and no other way to Docker is used");
	return error_hint(err, "run this where the engine's containers run, with "
		"`--docker-socket /var/run/docker.sock`");
}

/* The first that is there: Docker's, podman's, those of a user's own daemon. */
static char *usual_socket(void)
{
	static const char *const places[] = {"/var/run/docker.sock", "/run/podman/podman.sock"};
	static const char *const own[] = {"docker.sock", "podman/podman.sock"};
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	for (size_t i = 0; i < 2; i++)
		if (file_exists(places[i]))
			return mem_copy(places[i]);
	for (size_t i = 0; runtime && i < 2; i++) {
		char *path = path_join(runtime, own[i]);
		if (file_exists(path))
			return path;
		mem_free(path);
	}
	return mem_copy(places[0]);
}

static int check_socket(const char *path, struct error *err)
{
	if (access(path, R_OK | W_OK) == 0)
		return 0;
	if (errno == ENOENT || errno == ENOTDIR) {
		error_set(err, ERROR_UNREACHABLE, "there is no Docker socket %s", path);
		return error_hint(err, "start Docker with `systemctl start docker`, or name its socket with "
			"`--docker-socket PATH`");
	}
	error_errno(err, ERROR_UNREACHABLE, "the Docker socket %s cannot be used", path);
	struct passwd *user = getpwuid(geteuid());
	return error_hint(err, "use sudo, or type `sudo usermod -aG docker %s` and log in again",
		user ? user->pw_name : "$USER");
}

/* "1.41": the number behind the point, 0 for anything else. */
static int minor_of(const char *version)
{
	long long number = 0;
	return version && text_starts(version, "1.") && text_to_number(version + 2, 0, 9999, &number) ? (int)number : 0;
}

static int ask_version(struct docker *docker, struct error *err)
{
	AUTO(http_answer_clear) struct http_answer answer = HTTP_ANSWER_INIT;
	AUTO(json_auto) json_t *json = NULL;
	int rc = docker_ask(&answer, docker, "GET", "/version", QUICK, NULL, err);
	if (rc == ERROR_UNREACHABLE)
		return error_hint(err, "look why Docker does not run with `systemctl status docker`");
	if (rc)
		return rc;
	rc = json_parse(&json, answer.body, answer.size, "Docker's version", err);
	int newest = rc ? 0 : minor_of(json_text(json, "ApiVersion"));
	int oldest = rc ? 0 : minor_of(json_text(json, "MinAPIVersion"));
	if (!newest) {
		error_set(err, ERROR_UNREACHABLE, "what answers on %s is not Docker", docker->socket);
		return error_hint(err, "name Docker's socket with `--docker-socket PATH`");
	}
	int minor = newest < API_MINOR ? newest : oldest > API_MINOR ? oldest : API_MINOR;
	docker->api = mem_format("/v1.%d", minor);
	return 0;
}

int docker_open(struct docker *out, const struct settings *settings, struct error *err)
{
	AUTO(docker_close) struct docker docker = {mem_copy(settings_text(settings, OPTION_DOCKER_SOCKET)), NULL};
	int rc = docker.socket ? 0 : from_environment(&docker.socket, err);
	if (rc)
		return rc;
	if (!docker.socket)
		docker.socket = usual_socket();
	rc = check_socket(docker.socket, err);
	if (!rc)
		rc = ask_version(&docker, err);
	if (rc)
		return rc;
	*out = docker;
	docker = (struct docker){NULL, NULL};
	return 0;
}

void docker_close(struct docker *docker)
{
	mem_free(docker->socket);
	mem_free(docker->api);
	*docker = (struct docker){NULL, NULL};
}

/* ---- small questions ---- */

int docker_stop(const struct docker *docker, const char *id, double seconds, struct error *err)
{
	bool missing = false;
	AUTO(mem_auto) char *path = mem_format("/containers/%s/stop?t=%lld", id, (long long)(seconds + 0.999));
	/* The daemon answers when the container is gone. */
	return docker_ask(NULL, docker, "POST", path, seconds + 2 * QUICK, &missing, err);
}

int docker_has_image(bool *out, const struct docker *docker, const char *image, struct error *err)
{
	bool missing = false;
	AUTO(mem_auto) char *path = mem_format("/images/%s/json", image);
	int rc = docker_ask(NULL, docker, "GET", path, QUICK, &missing, err);
	if (!rc)
		*out = !missing;
	return rc;
}
