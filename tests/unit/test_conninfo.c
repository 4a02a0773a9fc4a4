#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "model/conninfo.h"
#include "unit.h"

START_TEST(urls_become_conninfo)
{
	static const struct {
		const char *url, *conninfo;
	} cases[] = {
		{"postgresql+pg8000://anchore:pw@db:5432/anchore",
			"user=anchore password=pw host=db port=5432 dbname=anchore"},
		{"postgresql+psycopg2://u@h/d", "user=u host=h dbname=d"},
		{"postgresql://h", "host=h"},
		{"postgresql:///d", "dbname=d"},
		{"postgresql://u:@h/", "user=u host=h"},
		{"postgres+pg8000://u:p@h/d", "user=u password=p host=h dbname=d"},
		/* what a password may hold, encoded and as it is */
		{"postgresql+pg8000://u:p%40%3A%2F%25%23@h/d", "user=u password=p@:/%# host=h dbname=d"},
		{"postgresql+pg8000://u:p@:/%#?@h:1/d", "user=u password=p@:/%#? host=h port=1 dbname=d"},
		{"postgresql+pg8000://u%40x:p@h/d", "user=u@x password=p host=h dbname=d"},
		{"postgresql+pg8000://u:it%27s%20a%5Cb@h/d", "user=u password='it\\'s a\\\\b' host=h dbname=d"},
		{"postgresql+pg8000://u:100%@h/d", "user=u password=100% host=h dbname=d"},
		{"postgresql+pg8000://u:%zz%4@h/d", "user=u password=%zz%4 host=h dbname=d"},
		{"postgresql+pg8000://u:a+b@h/d", "user=u password=a+b host=h dbname=d"},
		{"postgresql+pg8000://u:p@h/a%20b", "user=u password=p host=h dbname='a b'"},
		/* hosts */
		{"postgresql://u:p@[::1]:5433/d", "user=u password=p host=::1 port=5433 dbname=d"},
		{"postgresql://[fe80::1]/d", "host=fe80::1 dbname=d"},
		{"postgresql://u:p@/d?host=/run/pg", "user=u password=p dbname=d host=/run/pg"},
		{"postgresql://%2Frun%2Fpg/d", "host=/run/pg dbname=d"},
		/* parameters */
		{"postgresql://h/d?sslmode=verify-full&application_name=a%26b",
			"host=h dbname=d sslmode=verify-full "
			"application_name=a&b"},
		{"postgresql+pg8000://h/d?ssl=true&timeout=30", "host=h dbname=d sslmode=require connect_timeout=30"},
		{"postgresql+pg8000://h/d?ssl=False", "host=h dbname=d"},
		{"postgresql+pg8000://h/d?unix_sock=/run/pg/.s.PGSQL.5433", "host=h dbname=d host=/run/pg port=5433"},
		{"postgresql://h/d?a@b=c", NULL},
		{"postgresql://h/d?application_name=a@b", "host=h dbname=d application_name=a@b"},
		{"postgresql://h/d?", "host=h dbname=d"},
	};
	AUTO(error_clear) struct error err = ERROR_INIT;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(mem_auto) char *conninfo = NULL;
		int rc = conninfo_from_url(&conninfo, cases[i].url, "--database", &err);
		ck_assert_msg((rc == 0) == (cases[i].conninfo != NULL), "%s: %s", cases[i].url, err.message);
		if (!rc)
			ck_assert_str_eq(conninfo, cases[i].conninfo);
		error_clear(&err);
	}
}
END_TEST

START_TEST(bad_urls_fail_without_the_password)
{
	static const char *const bad[] = {"", "secret", "mysql://u:secret@h/d", "postgresql:/u:secret@h/d",
		"postgresql+pg8000:u:secret@h", "postgresql://u:secret@h:port/d", "postgresql://u:secret@h:0/d",
		"postgresql://u:secret@h:65536/d", "postgresql://u:secret@h:-1/d", "postgresql://u:secret@[::1/d",
		"postgresql://u:secret@[::1]x/d", "postgresql://u:secret%00@h/d", "postgresql://u:secret@h/d?password",
		"postgresql://u:secret@h/d?=x", "postgresql://u:secret@h/d?A B=x",
		"postgresql://u:secret@h/d?ssl=secret1", "postgresql://u:secret@h/d?timeout=soon"};
	AUTO(error_clear) struct error err = ERROR_INIT;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char *conninfo = NULL;
		ck_assert_msg(conninfo_from_url(&conninfo, bad[i], "--database", &err) == ERROR_USAGE, "%s", bad[i]);
		ck_assert_ptr_null(conninfo);
		ck_assert_msg(strstr(err.message, "--database") != NULL, "%s", err.message);
		if (!strstr(bad[i], "secret1"))
			ck_assert_msg(!strstr(err.message, "secret"), "%s", err.message);
	}
}
END_TEST

START_TEST(forms_are_told_apart)
{
	ck_assert(conninfo_has_driver("postgresql+pg8000://h/d"));
	ck_assert(!conninfo_has_driver("postgresql://u:a+b://@h/d"));
	ck_assert(!conninfo_has_driver("postgresql://h/d"));
	ck_assert(!conninfo_has_driver("postgresql+pg8000"));
	ck_assert(!conninfo_has_driver("host=h password=postgresql+x://"));
	ck_assert(conninfo_is_url("postgres://h"));
	ck_assert(conninfo_is_url("postgresql+x://h"));
	ck_assert(!conninfo_is_url("host=h"));
	ck_assert(!conninfo_is_url("postgresqlx://h"));
	ck_assert(!conninfo_is_url(""));
	AUTO(mem_auto) char *a = conninfo_with_ssl("postgresql://h/d");
	AUTO(mem_auto) char *b = conninfo_with_ssl("postgresql://h/d?a=b");
	AUTO(mem_auto) char *c = conninfo_with_ssl("host=h");
	ck_assert_str_eq(a, "postgresql://h/d?sslmode=require");
	ck_assert_str_eq(b, "postgresql://h/d?a=b&sslmode=require");
	ck_assert_str_eq(c, "host=h sslmode=require");
}
END_TEST

START_TEST(arguments_are_translated)
{
	static const struct {
		const char *name, *value, *adds;
	} cases[] = {
		{"timeout", "120", " connect_timeout=120"},
		{"timeout", "1.5", " connect_timeout=1"},
		{"timeout", "None", ""},
		{"ssl", "true", " sslmode=require"},
		{"ssl", "True", " sslmode=require"},
		{"ssl", "false", ""},
		{"sslmode", "verify-ca", " sslmode=verify-ca"},
		{"sslrootcert", "/a b", " sslrootcert='/a b'"},
		{"connect_timeout", "3", " connect_timeout=3"},
		{"tcp_keepalive", "true", ""},
		{"max_prepared_statements", "7", ""},
	};
	AUTO(error_clear) struct error err = ERROR_INIT;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(text_clear) struct text text = TEXT_INIT;
		text_add(&text, "host=h");
		unit_assert_ok(conninfo_add_argument(&text, cases[i].name, cases[i].value, "w", &err), &err);
		AUTO(mem_auto) char *wanted = mem_format("host=h%s", cases[i].adds);
		ck_assert_str_eq(text.data, wanted);
	}
	AUTO(text_clear) struct text text = TEXT_INIT;
	ck_assert_int_eq(conninfo_add_argument(&text, "timeout", "long", "w", &err), ERROR_USAGE);
	unit_assert_error(&err, ERROR_USAGE, "w: timeout wants seconds, not 'long'");
	ck_assert_int_eq(conninfo_add_argument(&text, "ssl", "perhaps", "w", &err), ERROR_USAGE);
	unit_assert_error(&err, ERROR_USAGE, "w: ssl wants true or false");
}
END_TEST

static const char *lookup(void *context, const char *name)
{
	(void)context;
	return strcmp(name, "USER_1") == 0 ? "me"
		: strcmp(name, "P") == 0   ? "a$${P}"
		: strcmp(name, "E") == 0   ? ""
					   : NULL;
}

START_TEST(variables_are_replaced)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {{"", ""}, {"plain", "plain"}, {"${USER_1}", "me"}, {"a${USER_1}b${E}c", "amebc"},
		{"${P}", "a$${P}"}, {"$USER_1 $", "$USER_1 $"}, {"$${USER_1}", "$me"}};
	AUTO(error_clear) struct error err = ERROR_INIT;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(mem_auto) char *out = NULL;
		unit_assert_ok(conninfo_expand(&out, cases[i].text, lookup, NULL, "w", &err), &err);
		ck_assert_str_eq(out, cases[i].wanted);
	}
	char *out = NULL;
	ck_assert_int_eq(conninfo_expand(&out, "x${NOT_SET}", lookup, NULL, "c.yaml line 2", &err), ERROR_USAGE);
	ck_assert_str_eq(err.message, "c.yaml line 2: the variable NOT_SET is not set");
	ck_assert_int_eq(conninfo_expand(&out, "x${USER_1", lookup, NULL, "w", &err), ERROR_USAGE);
	ck_assert_int_eq(conninfo_expand(&out, "x${}", lookup, NULL, "w", &err), ERROR_USAGE);
	ck_assert_int_eq(conninfo_expand(&out, "x${A:-b}", lookup, NULL, "w", &err), ERROR_USAGE);
	ck_assert_ptr_null(out);
}
END_TEST

START_TEST(passwords_are_hidden)
{
	static const struct {
		const char *conninfo, *shown;
	} cases[] = {
		{"", ""},
		{"postgresql://u:secret@h/d", "postgresql://u:***@h/d"},
		{"postgresql+pg8000://u:s@/:ecret?@h/d?sslmode=x", "postgresql+pg8000://u:***@h/d?sslmode=x"},
		{"postgresql://u@h:1/d", "postgresql://u@h:1/d"},
		{"postgresql://h:1/d", "postgresql://h:1/d"},
		{"postgresql://h/d?user=u&password=secret&x=y", "postgresql://h/d?user=u&password=***&x=y"},
		{"host=h password=secret user=u", "host=h password=*** user=u"},
		{"host=h password='se cr\\'et' user=u", "host=h password=*** user=u"},
		{"password = secret", "password = ***"},
		{"PASSWORD=secret", "PASSWORD=***"},
		{"sslpassword=secret a=b", "sslpassword=*** a=b"},
		{"password='secret", "password=***"},
		{"password=secr\\ et a=b", "password=*** a=b"},
		{"secret", "***"},
		{"host=h secret", "host=h ***"},
		{"host='a b' dbname=d", "host='a b' dbname=d"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO(mem_auto) char *shown = conninfo_redact(cases[i].conninfo);
		ck_assert_str_eq(shown, cases[i].shown);
	}
}
END_TEST

Suite *conninfo_suite(void)
{
	const TTest *const tests[] = {urls_become_conninfo, bad_urls_fail_without_the_password,
		forms_are_told_apart, arguments_are_translated, variables_are_replaced, passwords_are_hidden, NULL};
	return unit_suite("conninfo", tests);
}
