#include <string.h>

#include "base/mem.h"
#include "model/conninfo.h"

static const char STARS[] = "***";

static bool is_secret(const char *name, size_t size)
{
	static const char *const names[] = {"password", "sslpassword", "oauth_client_secret"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == size && strncasecmp(names[i], name, size) == 0)
			return true;
	return false;
}

/* ?name=value&name=value */
static void redact_parameters(struct text *out, const char *at)
{
	while (*at) {
		size_t name = strcspn(at + 1, "=&"), item = strcspn(at + 1, "&");
		if (is_secret(at + 1, name)) {
			text_add_bytes(out, at, name + 1);
			text_addf(out, "=%s", STARS);
		} else {
			text_add_bytes(out, at, item + 1);
		}
		at += item + 1;
	}
}

/* All between the first colon after :// and the last @. A password may hold anything, so also ? and /. */
static void redact_url(struct text *out, const char *url)
{
	const char *start = strstr(url, "://") + 3;
	const char *sign = strrchr(start, '@');
	size_t user = strcspn(start, ":@");
	if (sign && start[user] == ':' && start + user < sign) {
		text_add_bytes(out, url, (size_t)(start + user - url));
		text_addf(out, ":%s", STARS);
		url = sign;
	}
	size_t head = strcspn(url, "?");
	text_add_bytes(out, url, head);
	redact_parameters(out, url + head);
}

/* Length of a libpq value: 'quoted with \' and \\' or up to a space. */
static size_t value_size(const char *at)
{
	size_t i = 0;
	if (*at != '\'') {
		while (at[i] && !strchr(" \t\r\n", at[i]))
			i += at[i] == '\\' && at[i + 1] ? 2 : 1;
		return i;
	}
	for (i = 1; at[i] && at[i] != '\''; i++)
		if (at[i] == '\\' && at[i + 1])
			i++;
	return at[i] ? i + 1 : i;
}

static void redact_keywords(struct text *out, const char *at)
{
	while (*at) {
		size_t space = strspn(at, " \t\r\n");
		text_add_bytes(out, at, space);
		at += space;
		size_t name = strcspn(at, "= \t\r\n");
		size_t gap = name + strspn(at + name, " \t\r\n");
		if (at[gap] != '=') {
			/* Not a keyword: what it is nobody knows, so it is not shown. */
			text_add(out, *at ? STARS : "");
			return;
		}
		gap++;
		gap += strspn(at + gap, " \t\r\n");
		text_add_bytes(out, at, gap);
		size_t value = value_size(at + gap);
		if (is_secret(at, name))
			text_add(out, STARS);
		else
			text_add_bytes(out, at + gap, value);
		at += gap + value;
	}
}

char *conninfo_redact(const char *conninfo)
{
	struct text out = TEXT_INIT;
	if (strstr(conninfo, "://") && strcspn(conninfo, " =") > (size_t)(strstr(conninfo, "://") - conninfo))
		redact_url(&out, conninfo);
	else
		redact_keywords(&out, conninfo);
	return text_take(&out);
}
