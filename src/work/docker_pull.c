/* Pulling an image, see work/docker.h. The daemon answers with lines of JSON, and with status 200 before it knows how
 * it ends: an error may stand on any line. */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/http.h"
#include "io/json.h"
#include "work/docker.h"

/* The longest line that is kept; status lines have some hundred bytes. */
enum { MOST_LINE = 1 << 20 };
/* So many seconds without a word from the daemon end a pull; it tells of its progress several times a second. */
static const double SILENCE = 600;

struct pull {
	struct text line;
	char *failed; /* the registry's or the daemon's words; NULL: none yet */
};

static void read_line(struct pull *pull)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(json_auto) json_t *json = NULL;
	if (pull->line.size && json_parse(&json, pull->line.data, pull->line.size, "pull", &ignored) == 0) {
		const char *said = json_text(json_object_get(json, "errorDetail"), "message");
		if (!said)
			said = json_text(json, "error");
		if (said && !pull->failed)
			pull->failed = mem_copy_bytes(said, strcspn(said, "\n"));
	}
	pull->line.size = 0;
}

static bool take(const char *bytes, size_t size, void *context)
{
	struct pull *pull = context;
	while (size) {
		const char *end = memchr(bytes, '\n', size);
		size_t part = end ? (size_t)(end - bytes) : size;
		if (pull->line.size + part > MOST_LINE)
			pull->line.size = 0;
		else
			text_add_bytes(&pull->line, bytes, part);
		if (end)
			read_line(pull);
		part += end ? 1 : 0;
		bytes += part;
		size -= part;
	}
	return true;
}

static int refuse(const char *image, const char *words, struct error *err)
{
	error_set(err, ERROR_REFUSED, "the image %s cannot be pulled: %s", image, words);
	return error_hint(err, "see that the release and the registry are right, and whether `docker pull %s` works; "
		"an image that is there already is not pulled", image);
}

static int finish(const struct docker *docker, const char *image, const struct http_answer *answer, const char *failed,
	struct error *err)
{
	bool there = false;
	if (answer->status >= 300) {
		AUTO(mem_auto) char *words = docker_words(answer->body);
		return refuse(image, words, err);
	}
	if (failed)
		return refuse(image, failed, err);
	int rc = docker_has_image(&there, docker, image, err);
	if (rc)
		return rc;
	return there ? 0 : refuse(image, "the pull ended without it", err);
}

int docker_pull(const struct docker *docker, const char *image, struct error *err)
{
	AUTO(http_answer_clear) struct http_answer answer = HTTP_ANSWER_INIT;
	struct pull pull = {TEXT_INIT, NULL};
	const char *colon = strrchr(image, ':');
	AUTO(mem_auto) char *name = mem_copy_bytes(image, colon ? (size_t)(colon - image) : strlen(image));
	AUTO(mem_auto) char *escaped = http_escape(name);
	AUTO(mem_auto) char *url = mem_format("http://docker%s/images/create?fromImage=%s&tag=%s", docker->api, escaped,
		colon ? colon + 1 : "latest");
	struct http_request request = {.method = "POST", .url = url, .socket = docker->socket, .silence = SILENCE,
		.take = take, .context = &pull};
	log_note("pulling %s", image);
	int rc = http_ask(&answer, &request, err);
	if (!rc)
		read_line(&pull);
	if (!rc)
		rc = finish(docker, image, &answer, pull.failed, err);
	else if (rc == ERROR_UNREACHABLE)
		error_context(err, "pulling %s", image);
	text_clear(&pull.line);
	mem_free(pull.failed);
	return rc;
}
