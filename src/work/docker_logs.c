/* What containers write, see work/docker.h. */
#include <string.h>

#include "base/mem.h"
#include "io/http.h"
#include "work/docker.h"

/* A line without an end is shown in pieces of this size. */
enum { MOST_LINE = 1 << 16 };

static void take_text(struct docker_frames *frames, int stream, const char *bytes, size_t size)
{
	struct text *half = &frames->half[stream];
	while (size) {
		const char *end = memchr(bytes, '\n', size);
		size_t part = end ? (size_t)(end - bytes) : size;
		text_add_bytes(half, bytes, part);
		if (end || half->size >= MOST_LINE) {
			size_t shown = half->size;
			if (frames->terminal && shown && half->data[shown - 1] == '\r')
				shown--;
			frames->line(half->data ? half->data : "", shown, frames->context);
			half->size = 0;
		}
		bytes += part + (end ? 1 : 0);
		size -= part + (end ? 1 : 0);
	}
}

/* Eight bytes: the stream, three zeros, the size of what follows, most significant byte first. */
static bool read_head(struct docker_frames *frames)
{
	const unsigned char *head = frames->head;
	frames->head_size = 0;
	frames->stream = head[0];
	frames->left = (size_t)head[4] << 24 | (size_t)head[5] << 16 | (size_t)head[6] << 8 | head[7];
	frames->broken = head[0] > 2 || head[1] || head[2] || head[3];
	return !frames->broken;
}

bool docker_frames_take(struct docker_frames *frames, const char *bytes, size_t size)
{
	if (frames->terminal) {
		take_text(frames, 1, bytes, size);
		return true;
	}
	while (size && !frames->broken) {
		size_t part;
		if (frames->left) {
			part = size < frames->left ? size : frames->left;
			take_text(frames, frames->stream, bytes, part);
			frames->left -= part;
		} else {
			part = sizeof frames->head - frames->head_size;
			part = size < part ? size : part;
			memcpy(frames->head + frames->head_size, bytes, part);
			frames->head_size += part;
			if (frames->head_size == sizeof frames->head && !read_head(frames))
				return false;
		}
		bytes += part;
		size -= part;
	}
	return !frames->broken;
}

void docker_frames_end(struct docker_frames *frames)
{
	for (int stream = 0; stream < 3; stream++) {
		struct text *half = &frames->half[stream];
		if (half->size)
			frames->line(half->data, half->size, frames->context);
		text_clear(half);
	}
}

static bool take(const char *bytes, size_t size, void *context)
{
	return docker_frames_take(context, bytes, size);
}

int docker_logs(const struct docker *docker, const struct container *container, long long lines, bool follow,
	docker_line *line, void *context, struct error *err)
{
	struct docker_frames frames = {.line = line, .context = context, .terminal = container->terminal};
	AUTO(http_answer_clear) struct http_answer answer = HTTP_ANSWER_INIT;
	AUTO(mem_auto) char *tail = lines < 0 ? mem_copy("all") : mem_format("%lld", lines);
	AUTO(mem_auto) char *url = mem_format("http://docker%s/containers/%s/logs?stdout=1&stderr=1&tail=%s&follow=%d",
		docker->api, container->id, tail, follow);
	struct http_request request = {.method = "GET", .url = url, .socket = docker->socket, .take = take,
		.context = &frames, .seconds = follow ? 0 : 600};
	int rc = http_ask(&answer, &request, err);
	docker_frames_end(&frames);
	if (rc == ERROR_UNREACHABLE)
		return error_context(err, "Docker's socket %s", docker->socket);
	if (rc || answer.status == 404)
		return rc;
	if (answer.status >= 300) {
		AUTO(mem_auto) char *words = docker_words(answer.body);
		return error_set(err, ERROR_SERVICES, "Docker does not give the output of %s: %s", container->name,
			words);
	}
	if (frames.broken)
		return error_set(err, ERROR_SERVICES, "Docker gives the output of %s in a form that is not its own",
			container->name);
	return 0;
}
