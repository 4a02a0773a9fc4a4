#include "work/status.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/digest.h"
#include "work/engineconfig.h"
#include "work/status_private.h"

static const char USER[] = "admin";
static const char REALM[] = "anchore-admin";
static const char JSON_TYPE[] = "application/json";
static const char PAGE_TYPE[] = "text/html; charset=utf-8";
static const char METRICS_TYPE[] = "text/plain; version=0.0.4; charset=utf-8";
static const char SET_PASSWORD[] = "no password is set: name a file that holds one with the setting "
	"status_password_file, or the engine's own config.yaml with engine_config";

/* ---- the password ---- */

static void warn_of_readers(const char *path)
{
	struct stat about;
	if (stat(path, &about) == 0 && (about.st_mode & S_IRWXO))
		log_warn("%s can be read by every user of this machine; type `chmod o= %s`", path, path);
}

/* The first line of a file that holds nothing else. */
static int read_password_file(char **password, const char *path, struct error *err)
{
	AUTO(mem_auto_secret) char *data = NULL;
	size_t size;
	int rc = file_read(&data, &size, path, err);
	if (rc)
		return error_context(err, "reading the setting status_password_file");
	size_t end = strcspn(data, "\r\n");
	size_t rest = end + strspn(data + end, "\r\n");
	if (end == 0 || rest != size) {
		error_set(err, ERROR_USAGE, "%s, the status_password_file, is not one line with a password", path);
		return error_hint(err, "write the password of user %s there, and nothing else", USER);
	}
	warn_of_readers(path);
	*password = mem_copy_bytes(data, end);
	return 0;
}

/* Nobody named that file for this purpose, so it keeps nobody from starting. */
static void read_engine_config(char **password, const char *path)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	if (engineconfig_admin_password(password, path, &err))
		log_warn("the password of user %s in the engine's configuration: %s", USER, err.message);
}

int status_open(struct status *out, const struct view *view, const struct run *run, struct error *err)
{
	char *password = NULL;
	const char *file = settings_text(&run->settings, OPTION_STATUS_PASSWORD_FILE);
	const char *config = settings_text(&run->settings, OPTION_ENGINE_CONFIG);
	int rc = file ? read_password_file(&password, file, err) : 0;
	if (rc)
		return rc;
	if (!file && config)
		read_engine_config(&password, config);
	*out = (struct status){.view = view, .password = password};
	return 0;
}

void status_clear(struct status *status)
{
	mem_free_secret(status->password);
	mem_free(status->url);
	*status = (struct status){.view = NULL};
}

int status_serve(struct httpd **out, struct status *status, const struct run *run, struct error *err)
{
	const char *listen = settings_text(&run->settings, OPTION_STATUS_LISTEN);
	if (!listen || !*listen || text_same(listen, "off"))
		return 0;
	bool loopback;
	int rc = httpd_is_loopback(&loopback, listen, err);
	if (rc)
		return error_context(err, "%s", settings_where(&run->settings, OPTION_STATUS_LISTEN));
	if (!loopback && !status->password) {
		error_set(err, ERROR_USAGE, "others can reach %s, and no password is set for that", listen);
		return error_hint(err, "name a file that has one with `--status-password-file`, or set status_listen "
			"to an address of this machine alone, such as `127.0.0.1:8229`");
	}
	status->guarded = !loopback;
	rc = httpd_open(out, listen, status_answer, status, err);
	if (!rc)
		mem_replace(&status->url, mem_format("http://%.*s:%d/", (int)(strrchr(listen, ':') - listen),
			listen, httpd_port(*out)));
	return rc;
}

/* ---- answers ---- */

static void answer_text(struct httpd_answer *out, const char *type, struct text *text)
{
	*out = (struct httpd_answer){.status = 200, .type = type, .size = text->size};
	out->body = text_take(text);
}

static void answer_json(struct httpd_answer *out, unsigned status, json_t *value)
{
	AUTO(json_auto) json_t *owned = value;
	out->status = status;
	out->type = JSON_TYPE;
	out->body = json_print(owned);
	out->size = strlen(out->body);
}

static void answer_ok(struct httpd_answer *out, const struct view *view)
{
	(void)view;
	*out = (struct httpd_answer){.status = 200, .type = "text/plain; charset=utf-8"};
}

static void answer_root(struct httpd_answer *out, const struct view *view)
{
	(void)view;
	answer_json(out, 200, json_string("v1"));
}

static void answer_status(struct httpd_answer *out, const struct view *view)
{
	answer_json(out, 200, status_engine_status(view));
}

static void answer_system(struct httpd_answer *out, const struct view *view)
{
	answer_json(out, 200, status_engine_system(view));
}

static void answer_services(struct httpd_answer *out, const struct view *view)
{
	answer_json(out, 200, status_engine_services(view));
}

static void answer_metrics(struct httpd_answer *out, const struct view *view)
{
	struct text text = TEXT_INIT;
	status_metrics(&text, view);
	answer_text(out, METRICS_TYPE, &text);
}

/* The page may run its own style and script, named by a number that nobody knows before, and ask for itself again. */
static void answer_page(struct httpd_answer *out, const struct view *view)
{
	struct text text = TEXT_INIT;
	char nonce[33];
	digest_random_hex(nonce, 16);
	status_page(&text, view, nonce);
	answer_text(out, PAGE_TYPE, &text);
	out->policy = mem_format("default-src 'none'; style-src 'nonce-%s'; script-src 'nonce-%s'; connect-src 'self'; "
		"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", nonce, nonce);
}

enum guard { FREE, FREE_HERE, GUARDED };

static const struct {
	const char *path;
	enum guard guard;
	void (*answer)(struct httpd_answer *out, const struct view *view);
} routes[] = {
	{"/health", FREE, answer_ok},
	{"/v1", FREE, answer_root},
	{"/v1/status", GUARDED, answer_status},
	{"/status", GUARDED, answer_status},
	{"/v1/system", GUARDED, answer_system},
	{"/system", GUARDED, answer_system},
	{"/v1/system/services", GUARDED, answer_services},
	{"/system/services", GUARDED, answer_services},
	{"/metrics", FREE_HERE, answer_metrics},
	{"/", FREE_HERE, answer_page},
};

/* With or without a slash at its end. */
static bool same_path(const char *route, const char *path)
{
	size_t size = strlen(route);
	return strncmp(route, path, size) == 0 && (!path[size] || (size > 1 && text_same(path + size, "/")));
}

/* Both are compared, whatever the first says: so the time tells nothing. */
static bool is_admin(const struct status *status, const struct httpd_request *request)
{
	if (!status->password || !request->user || !request->password)
		return false;
	bool user = digest_same_secret(USER, request->user);
	bool password = digest_same_secret(status->password, request->password);
	return user && password;
}

static void refuse_stranger(struct httpd_answer *out, const struct status *status, const struct httpd_request *request)
{
	const char *words = !status->password ? SET_PASSWORD : request->user || request->password
		? "user name or password is wrong" : "the password of user admin is needed";
	answer_json(out, 401, status_engine_error(401, words));
	out->realm = REALM;
}

void status_answer(struct httpd_answer *out, const struct httpd_request *request, void *context)
{
	const struct status *status = context;
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		if (!same_path(routes[i].path, request->path))
			continue;
		bool needs = routes[i].guard == GUARDED || (routes[i].guard == FREE_HERE && status->guarded);
		if (needs && !is_admin(status, request))
			refuse_stranger(out, status, request);
		else
			routes[i].answer(out, status->view);
		return;
	}
	answer_json(out, 404, status_engine_error(404, "there is nothing of this name"));
}
