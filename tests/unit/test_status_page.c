/* The supervisor's page: what it shows, and that nothing that came from elsewhere is taken for HTML. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "work/status.h"
#include "unit.h"

/* Wherever a string may come from. */
#define EVIL "<script>alert('\"&\xff\x01')</script>"

static char *page_of(struct view *view, char **policy)
{
	struct status status = {.view = view};
	struct httpd_answer answer = {.status = 0};
	struct httpd_request request = {.method = "GET", .path = "/"};
	status_answer(&answer, &request, &status);
	ck_assert_uint_eq(answer.status, 200);
	ck_assert_str_eq(answer.type, "text/html; charset=utf-8");
	ck_assert_uint_eq(strlen(answer.body), answer.size);
	if (policy)
		*policy = answer.policy;
	else
		mem_free(answer.policy);
	return answer.body;
}

static size_t count_of(const char *text, const char *words)
{
	size_t count = 0;
	for (const char *at = strstr(text, words); at; at = strstr(at + 1, words))
		count++;
	return count;
}

static void assert_has(const char *text, const char *words)
{
	ck_assert_msg(strstr(text, words) != NULL, "\"%s\" is not in \"%s\"", words, text);
}

static json_t *parse(const char *text)
{
	struct error err = ERROR_INIT;
	json_t *value = NULL;
	unit_assert_ok(json_parse(&value, text, strlen(text), "test", &err), &err);
	return value;
}

static void add(struct view *view, const char *service, enum instance_state state, const char *error)
{
	struct instance *instance = instances_add(&view->instances);
	instance->service = mem_copy(service);
	instance->name = mem_copy(service);
	instance->state = state;
	instance->since = 1500000000;
	instance->last_error = mem_copy(error);
}

START_TEST(what_it_shows)
{
	setenv("ANCHORE_ADMIN_NOW", "1500003600", 1);
	struct view view = {.host = mem_copy("here"), .db_version = mem_copy("0.0.7"),
		.code_version = mem_copy("0.2.4"), .started = 1500000000};
	add(&view, "catalog", INSTANCE_UP, NULL);
	AUTO(mem_auto) char *good = page_of(&view, NULL);
	assert_has(good, "<title>the only service is up");
	assert_has(good, "<h1 class=\"good\">");
	assert_has(good, "<dd>0.0.7</dd>");
	assert_has(good, "<dd>0.2.4</dd>");
	assert_has(good, "<strong>catalog</strong></td><td class=\"state good\">up</td>");
	assert_has(good, "title=\"2017-07-14T02:40:00Z\">1 h 00 min</time>");
	ck_assert_uint_eq(count_of(good, "<progress"), 0);
	ck_assert_uint_eq(count_of(good, "Snapshots"), 0);
	add(&view, "analyzer", INSTANCE_FAILED, "exit status 3");
	view.snapshots = parse("{\"snapshots\": [{\"id\": \"0123456789abcdef\", \"db_version\": \"0.0.6\","
		" \"size\": 1500000,"
		" \"created\": \"2017-07-14T02:40:00Z\", \"health\": \"whole\", \"own\": true, \"pinned\": true}]}");
	AUTO(mem_auto) char *bad = page_of(&view, NULL);
	assert_has(bad, "<h1 class=\"bad\">1 of 2 services is not up</h1>");
	assert_has(bad, "<td class=\"state bad\">failed</td>");
	assert_has(bad, ">exit status 3</td>");
	assert_has(bad, "<code>01234567</code></td><td data-name=\"version\">0.0.6</td>");
	assert_has(bad, ">whole, pinned</td>");
	view_clear(&view);
}
END_TEST

START_TEST(a_run_with_its_progress)
{
	struct view view = {.held_by = mem_copy("0a1b"), .held_for = mem_copy("upgrade"),
		.step = mem_copy("upgrade: 0.0.6--0.0.7.sql, statement 3 of 12")};
	add(&view, "catalog", INSTANCE_STOPPED, NULL);
	AUTO(mem_auto) char *silent = page_of(&view, NULL);
	assert_has(silent, "<h1 class=\"run\">upgrade is in progress</h1>");
	assert_has(silent, "<h2>upgrade: 0.0.6--0.0.7.sql, statement 3 of 12</h2>");
	assert_has(silent, "<code>0a1b</code>");
	assert_has(silent, "<progress></progress>");
	view.progress = parse("{\"what\": \"copying\", \"done\": 1, \"total\": 4, \"rows\": 12345,"
		" \"seconds_left\": 12}");
	AUTO(mem_auto) char *going = page_of(&view, NULL);
	assert_has(going, "<progress max=\"100\" value=\"25.0\">");
	json_put(view.progress, "what", "statements");
	AUTO(mem_auto) char *counted = page_of(&view, NULL);
	assert_has(counted, "25 % of the statements · 12,345 rows");
	assert_has(going, "25 % · copying · 12,345 rows · about 12 s left");
	json_decref(view.progress);
	view.progress = parse("{\"done\": \"x\", \"total\": -1, \"rows\": [], \"seconds_left\": null}");
	AUTO(mem_auto) char *strange = page_of(&view, NULL);
	assert_has(strange, "<progress></progress>");
	view.interrupted = true;
	AUTO(mem_auto) char *lost = page_of(&view, NULL);
	assert_has(lost, "<h1 class=\"bad\">upgrade was interrupted</h1>");
	assert_has(lost, "statement 3 of 12 (interrupted)</h2>");
	assert_has(lost, "<code>anchore-admin downgrade --to VERSION</code>");
	ck_assert_uint_eq(count_of(lost, "<progress"), 0);
	view_clear(&view);
}
END_TEST

START_TEST(everything_is_escaped)
{
	struct view view = {.host = mem_copy(EVIL), .db_version = mem_copy(EVIL), .code_version = mem_copy(EVIL),
		.held_by = mem_copy(EVIL), .held_for = mem_copy(EVIL), .step = mem_copy(EVIL)};
	view.progress = parse("{\"what\": \"<script>\"}");
	view.snapshots = parse("[{\"id\": \"<script>\", \"db_version\": \"<script>\", \"created\": \"<script>\","
		" \"health\": \"<script>\", \"size\": \"<script>\"}, null, 7]");
	add(&view, EVIL, INSTANCE_WAITING, EVIL);
	mem_replace(&view.instances.items[0].name, mem_copy("other" EVIL));
	AUTO(mem_auto) char *page = page_of(&view, NULL);
	ck_assert_uint_eq(count_of(page, "<script"), 1); /* its own */
	ck_assert_uint_eq(count_of(page, "alert('"), 0);
	ck_assert_uint_eq(count_of(page, "\x01"), 0);
	ck_assert_uint_eq(count_of(page, "\xff"), 0);
	ck_assert_uint_ge(count_of(page, "&lt;script&gt;alert(&#39;&#34;&amp;\xef\xbf\xbd &#39;)&lt;/script&gt;"), 8);
	view_clear(&view);
}
END_TEST

/* Its own style and script alone are allowed, by a number that is another one each time; nothing comes from outside. */
START_TEST(policy)
{
	struct view view = {.snapshots = NULL};
	AUTO(mem_auto) char *first = NULL;
	AUTO(mem_auto) char *second = NULL;
	AUTO(mem_auto) char *page = page_of(&view, &first);
	AUTO(mem_auto) char *other = page_of(&view, &second);
	ck_assert_str_ne(first, second);
	ck_assert(text_starts(first, "default-src 'none'; "));
	const char *nonce = strstr(first, "script-src 'nonce-") + strlen("script-src 'nonce-");
	AUTO(mem_auto) char *number = mem_copy_bytes(nonce, strcspn(nonce, "'"));
	AUTO(mem_auto) char *script = mem_format("<script nonce=\"%s\">", number);
	AUTO(mem_auto) char *style = mem_format("<style nonce=\"%s\">", number);
	assert_has(page, script);
	assert_has(page, style);
	ck_assert_uint_eq(count_of(page, "http:") + count_of(page, "https:") + count_of(page, " src="), 0);
	ck_assert_uint_eq(count_of(page, " style="), 0);
}
END_TEST

Suite *status_page_suite(void)
{
	return unit_suite("status_page", (const TTest *const[]){what_it_shows, a_run_with_its_progress,
		everything_is_escaped, policy, NULL});
}
