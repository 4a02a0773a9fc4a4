#include "model/conninfo.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

/* Parameters of the two drivers that libpq has under the same name; a db_connect_args entry of another name means
 * nothing to libpq. */
static const char *const shared_names[] = {"application_name", "channel_binding", "client_encoding", "connect_timeout",
	"dbname", "fallback_application_name", "gssencmode", "host", "hostaddr", "keepalives", "keepalives_count",
	"keepalives_idle", "keepalives_interval", "krbsrvname", "options", "passfile", "password", "port", "service",
	"sslcert", "sslcrl", "sslkey", "sslmode", "sslpassword", "sslrootcert", "target_session_attrs", "user"};

/* Length of "postgresql" or "postgres" at the start, 0 if there is neither. */
static size_t scheme_size(const char *text)
{
	if (text_starts(text, "postgresql"))
		return 10;
	return text_starts(text, "postgres") ? 8 : 0;
}

bool conninfo_has_driver(const char *text)
{
	size_t size = scheme_size(text);
	if (!size || text[size] != '+')
		return false;
	const char *end = strstr(text, "://");
	return end && strcspn(text, ":/@ ") == (size_t)(end - text);
}

bool conninfo_is_url(const char *text)
{
	size_t size = scheme_size(text);
	return conninfo_has_driver(text) || (size && text_starts(text + size, "://"));
}

void conninfo_add(struct text *conninfo, const char *keyword, const char *value)
{
	bool quote = !*value || strpbrk(value, " \t\r\n'\\=");
	text_addf(conninfo, "%s%s=%s", conninfo->size ? " " : "", keyword, quote ? "'" : "");
	for (; *value; value++) {
		if (*value == '\'' || *value == '\\')
			text_add(conninfo, "\\");
		text_add_bytes(conninfo, value, 1);
	}
	text_add(conninfo, quote ? "'" : "");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Owned. A decoded NUL cannot be passed on, so it fails. */
static int decode(char **out, const char *text, size_t size, const char *where, struct error *err)
{
	char *decoded = mem_new(size + 1);
	size_t used = 0;
	for (size_t i = 0; i < size; i++) {
		int high = text[i] == '%' && i + 2 < size ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
		char c = text[i];
		if (low >= 0) {
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0') {
			mem_free_secret(decoded);
			return error_set(err, ERROR_USAGE, "%s: the URL holds %%00", where);
		}
		decoded[used++] = c;
	}
	*out = decoded;
	return 0;
}

static int add_decoded(struct text *conninfo, const char *keyword, const char *text, size_t size, const char *where,
	struct error *err)
{
	if (size == 0)
		return 0;
	AUTO(mem_auto_secret) char *value = NULL;
	int rc = decode(&value, text, size, where, err);
	if (!rc)
		conninfo_add(conninfo, keyword, value);
	return rc;
}

/* user:password, which end before the @ at size. */
static int add_user(struct text *conninfo, const char *text, size_t size, const char *where, struct error *err)
{
	const char *colon = memchr(text, ':', size);
	size_t user = colon ? (size_t)(colon - text) : size;
	int rc = add_decoded(conninfo, "user", text, user, where, err);
	if (!rc && colon)
		rc = add_decoded(conninfo, "password", colon + 1, size - user - 1, where, err);
	return rc;
}

static int add_port(struct text *conninfo, const char *text, size_t size, const char *where, struct error *err)
{
	AUTO(mem_auto) char *port = mem_copy_bytes(text, size);
	long long number;
	if (!size)
		return 0;
	/* What stands there may be the rest of a password that holds a slash, so it is not shown. */
	if (!text_to_number(port, 1, 65535, &number)) {
		error_set(err, ERROR_USAGE, "%s: the port in the URL is no number from 1 to 65535", where);
		return error_hint(
			err, "write @ : / ? # %% in a user's name or password as %%40 %%3A %%2F %%3F %%23 %%25");
	}
	conninfo_add(conninfo, "port", port);
	return 0;
}

/* host:port or [::1]:port */
static int add_host(struct text *conninfo, const char *text, size_t size, const char *where, struct error *err)
{
	const char *end = text + size, *close = size && text[0] == '[' ? memchr(text, ']', size) : NULL;
	if (size && text[0] == '[' && !close)
		return error_set(err, ERROR_USAGE, "%s: the URL's [ has no ]", where);
	const char *host = close ? text + 1 : text;
	const char *colon = close ? close + 1 : memchr(text, ':', size);
	const char *host_end = close ? close : colon ? colon : end;
	if (close && colon < end && *colon != ':')
		return error_set(err, ERROR_USAGE, "%s: something stands between ] and the URL's port", where);
	int rc = add_decoded(conninfo, "host", host, (size_t)(host_end - host), where, err);
	if (!rc && colon && colon < end)
		rc = add_port(conninfo, colon + 1, (size_t)(end - colon - 1), where, err);
	return rc;
}

static bool is_true(const char *value)
{
	return strcasecmp(value, "true") == 0 || strcasecmp(value, "yes") == 0 || strcasecmp(value, "on") == 0 ||
		strcmp(value, "1") == 0;
}

static bool is_false(const char *value)
{
	return !*value || strcasecmp(value, "false") == 0 || strcasecmp(value, "no") == 0 ||
		strcasecmp(value, "off") == 0 || strcmp(value, "0") == 0 || strcasecmp(value, "none") == 0;
}

/* The parameters whose name or meaning differs from libpq's. *known: it was one. */
static int add_translated(bool *known, struct text *conninfo, const char *name, const char *value, const char *where,
	struct error *err)
{
	*known = true;
	if (strcmp(name, "ssl") == 0) {
		if (!is_true(value) && !is_false(value))
			return error_set(err, ERROR_USAGE, "%s: ssl wants true or false, not '%s'", where, value);
		if (is_true(value))
			conninfo_add(conninfo, "sslmode", "require");
	} else if (strcmp(name, "timeout") == 0) {
		long long seconds;
		AUTO(mem_auto) char *whole = mem_copy_bytes(value, strcspn(value, "."));
		if (strcasecmp(value, "none") == 0)
			return 0;
		if (!text_to_number(whole, 0, 1000000, &seconds))
			return error_set(err, ERROR_USAGE, "%s: timeout wants seconds, not '%s'", where, value);
		conninfo_add(conninfo, "connect_timeout", whole);
	} else if (strcmp(name, "unix_sock") == 0) {
		/* pg8000 names the socket itself, /run/postgresql/.s.PGSQL.5432; libpq its folder and the port. */
		const char *socket = strstr(value, "/.s.PGSQL.");
		AUTO(mem_auto) char *folder = mem_copy_bytes(value, socket ? (size_t)(socket - value) : strlen(value));
		conninfo_add(conninfo, "host", folder);
		if (socket)
			conninfo_add(conninfo, "port", socket + strlen("/.s.PGSQL."));
	} else {
		*known = false;
	}
	return 0;
}

int conninfo_add_argument(struct text *conninfo, const char *name, const char *value, const char *where,
	struct error *err)
{
	bool known;
	int rc = add_translated(&known, conninfo, name, value, where, err);
	for (size_t i = 0; !rc && !known && i < sizeof shared_names / sizeof *shared_names; i++)
		if (strcmp(shared_names[i], name) == 0)
			conninfo_add(conninfo, name, value);
	return rc;
}

/* name=value&name=value; an unknown name is libpq's to refuse. */
static int add_parameters(struct text *conninfo, const char *text, const char *where, struct error *err)
{
	AUTO(mem_auto_secret) char *copy = mem_copy(text);
	char *rest = copy, *item;
	int rc = 0;
	while (!rc && (item = strsep(&rest, "&"))) {
		if (!*item)
			continue;
		size_t name_size = strcspn(item, "=");
		if (!item[name_size] || !name_size ||
			strspn(item, "abcdefghijklmnopqrstuvwxyz_0123456789") != name_size)
			return error_set(err, ERROR_USAGE, "%s: a parameter of the URL is not name=value", where);
		AUTO(mem_auto) char *name = mem_copy_bytes(item, name_size);
		AUTO(mem_auto_secret) char *value = NULL;
		rc = decode(&value, item + name_size + 1, strlen(item + name_size + 1), where, err);
		bool known = false;
		if (!rc)
			rc = add_translated(&known, conninfo, name, value, where, err);
		if (!rc && !known)
			conninfo_add(conninfo, name, value);
	}
	return rc;
}

static void text_clear_secret(struct text *text)
{
	if (text->data)
		explicit_bzero(text->data, text->size);
	text_clear(text);
}

int conninfo_from_url(char **out, const char *url, const char *where, struct error *err)
{
	const char *at = conninfo_is_url(url) ? strstr(url, "://") : NULL;
	if (!at) {
		error_set(err, ERROR_USAGE, "%s is no URL of a PostgreSQL database", where);
		return error_hint(err, "write it as postgresql://USER:PASSWORD@HOST:PORT/NAME");
	}
	at += 3;
	AUTO(text_clear_secret) struct text conninfo = TEXT_INIT;
	const char *sign = strrchr(at, '@');
	/* The password may hold anything, a user's name neither : nor /, so that an @ in a parameter is not taken for
	 * it. */
	if (sign && strcspn(at, "/?") < (size_t)(sign - at) && strcspn(at, ":") > strcspn(at, "/?"))
		sign = NULL;
	int rc = sign ? add_user(&conninfo, at, (size_t)(sign - at), where, err) : 0;
	if (sign)
		at = sign + 1;
	size_t host = strcspn(at, "/?");
	if (!rc)
		rc = add_host(&conninfo, at, host, where, err);
	at += host;
	if (*at == '/')
		at++;
	size_t name = strcspn(at, "?");
	if (!rc)
		rc = add_decoded(&conninfo, "dbname", at, name, where, err);
	if (!rc && at[name] == '?')
		rc = add_parameters(&conninfo, at + name + 1, where, err);
	if (!rc)
		*out = text_take(&conninfo);
	return rc;
}

char *conninfo_with_ssl(const char *conninfo)
{
	if (conninfo_is_url(conninfo))
		return mem_format("%s%ssslmode=require", conninfo, strchr(conninfo, '?') ? "&" : "?");
	return mem_format("%s sslmode=require", conninfo);
}

int conninfo_expand(char **out, const char *text, conninfo_lookup *lookup, void *context, const char *where,
	struct error *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	AUTO(text_clear_secret) struct text expanded = TEXT_INIT;
	const char *start;
	for (; (start = strstr(text, "${")); text = strchr(start, '}') + 1) {
		text_add_bytes(&expanded, text, (size_t)(start - text));
		size_t size = strspn(start + 2, letters);
		if (!size || start[2 + size] != '}')
			return error_set(
				err, ERROR_USAGE, "%s: a ${ is not followed by a variable's name and }", where);
		AUTO(mem_auto) char *name = mem_copy_bytes(start + 2, size);
		const char *value = lookup(context, name);
		if (!value) {
			error_set(err, ERROR_USAGE, "%s: the variable %s is not set", where, name);
			return error_hint(err,
				"set %s as the engine's container has it, or name the database with `--database`",
				name);
		}
		text_add(&expanded, value);
	}
	text_add(&expanded, text);
	*out = text_take(&expanded);
	return 0;
}
