#include "work/attempt.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "work/store_private.h"

/* So much the file has at least, so that what is written in its place needs no room that a full disk lacks. */
enum { LEAST_SIZE = 8192 };

json_t *attempt_json(const struct attempt *attempt)
{
	json_t *object = json_object();
	json_put_time(object, "last", attempt->last);
	json_put_time(object, "success", attempt->success);
	json_put_time(object, "snapshot_at", attempt->snapshot_at);
	json_put_time(object, "failing_since", attempt->failing_since);
	json_put_time(object, "begun", attempt->begun);
	json_put_time(object, "skipped", attempt->skipped);
	json_put(object, "outcome", attempt->outcome);
	json_put_number(object, "exit_status", attempt->exit_status);
	json_put_value(object, "seconds", json_real(attempt->seconds));
	json_put_number(object, "bytes", (int64_t)attempt->bytes);
	json_put_flag(object, "unchanged", attempt->unchanged);
	json_put(object, "snapshot", attempt->snapshot);
	json_put(object, "part", attempt->part);
	json_put(object, "message", attempt->message);
	json_put(object, "hint", attempt->hint);
	json_put(object, "told", attempt->told);
	json_put(object, "db_version", attempt->db_version);
	json_put(object, "config", attempt->config);
	json_put_number(object, "failures", (int64_t)attempt->failures);
	json_put_number(object, "missed", (int64_t)attempt->missed);
	json_put_value(object, "warnings", json_from_list(&attempt->warnings));
	return object;
}

static uint64_t get_number(const json_t *object, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(object, key));
	return number < 0 ? 0 : (uint64_t)number;
}

static void fill(struct attempt *out, const json_t *object)
{
	*out = (struct attempt){
		.last = json_time(object, "last"),
		.success = json_time(object, "success"),
		.snapshot_at = json_time(object, "snapshot_at"),
		.failing_since = json_time(object, "failing_since"),
		.begun = json_time(object, "begun"),
		.skipped = json_time(object, "skipped"),
		.outcome = mem_copy(json_text(object, "outcome")),
		.exit_status = (int)json_integer_value(json_object_get(object, "exit_status")),
		.seconds = json_number_value(json_object_get(object, "seconds")),
		.bytes = get_number(object, "bytes"),
		.unchanged = json_flag(object, "unchanged"),
		.snapshot = mem_copy(json_text(object, "snapshot")),
		.part = mem_copy(json_text(object, "part")),
		.message = mem_copy(json_text(object, "message")),
		.hint = mem_copy(json_text(object, "hint")),
		.told = mem_copy(json_text(object, "told")),
		.db_version = mem_copy(json_text(object, "db_version")),
		.config = mem_copy(json_text(object, "config")),
		.failures = get_number(object, "failures"),
		.missed = get_number(object, "missed"),
	};
	json_to_list(&out->warnings, json_object_get(object, "warnings"));
}

int attempt_lock(const char *store)
{
	AUTO(mem_auto) char *path = path_join(store, "scheduled.json");
	return store_lock_sidecars(path);
}

int attempt_read(struct attempt *out, const char *store, struct error *err)
{
	AUTO(mem_auto) char *path = path_join(store, "scheduled.json");
	AUTO(mem_auto) char *text = NULL;
	AUTO(json_auto) json_t *object = NULL;
	size_t size = 0;
	if (!file_exists(path)) {
		*out = (struct attempt){.last = 0};
		return 0;
	}
	int rc = file_read(&text, &size, path, err);
	if (!rc)
		rc = json_parse(&object, text, size, path, err);
	if (rc)
		return error_hint(err, "remove %s, then try `anchore-admin cron run`", path);
	fill(out, object);
	return 0;
}

/* Read again: it may have ended between the two looks. */
bool attempt_killed(const struct attempt *attempt, const char *store)
{
	AUTO(attempt_clear) struct attempt now = {.last = 0};
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *lock = path_join(store, "scheduled.lock");
	return attempt->begun && !file_lock_holder(lock) && attempt_read(&now, store, &ignored) == 0 &&
		now.begun == attempt->begun;
}

static int overwrite(const char *path, const struct text *text, struct error *err)
{
	AUTO(file_close) int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, ERROR_NO_SPACE, "cannot write %s", path);
	int rc = file_write_all(fd, text->data, text->size, err);
	if (rc)
		return error_context(err, "%s", path);
	if (ftruncate(fd, (off_t)text->size) != 0 || fsync(fd) != 0)
		return error_errno(err, ERROR_FAILED, "cannot write %s", path);
	return 0;
}

int attempt_write(const char *store, const struct attempt *attempt, struct error *err)
{
	AUTO(mem_auto) char *path = path_join(store, "scheduled.json");
	AUTO(json_auto) json_t *object = attempt_json(attempt);
	AUTO(mem_auto) char *printed = json_print(object);
	AUTO(text_clear) struct text text = TEXT_INIT;
	text_addf(&text, "%s%*s", printed, strlen(printed) < LEAST_SIZE ? (int)(LEAST_SIZE - strlen(printed)) : 1,
		"\n");
	int rc = file_write(path, 0600, text.data, text.size, err);
	if (rc != ERROR_NO_SPACE || !file_exists(path))
		return rc;
	error_clear(err);
	return overwrite(path, &text, err);
}
