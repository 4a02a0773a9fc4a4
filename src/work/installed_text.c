#include "work/installed_text.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static const char PLAIN[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+:@,=";

static const char WHAT[] = "A snapshot of the Anchore Engine database, if anything has changed, and what goes with it.";

/* For /bin/sh by way of a crontab. */
static char *quote_cron(const char *word)
{
	struct text out = TEXT_INIT;
	bool plain = word[strspn(word, PLAIN)] == '\0';
	text_add(&out, plain ? "" : "'");
	for (const char *at = word; *at; at++) {
		if (*at == '\'')
			text_add(&out, "'\\''");
		else if (*at == '%')
			text_add(&out, "\\%");
		else
			text_add_bytes(&out, at, 1);
	}
	text_add(&out, plain ? "" : "'");
	return text_take(&out);
}

static char *quote_unit(const char *word)
{
	struct text out = TEXT_INIT;
	bool plain = word[strspn(word, PLAIN)] == '\0';
	text_add(&out, plain ? "" : "\"");
	for (const char *at = word; *at; at++) {
		if (*at == '%' || *at == '$')
			text_add_bytes(&out, at, 1);
		else if (*at == '"' || *at == '\\')
			text_add(&out, "\\");
		text_add_bytes(&out, at, 1);
	}
	text_add(&out, plain ? "" : "\"");
	return text_take(&out);
}

static void add_head(struct text *out, const char *what, const struct installed_facts *facts)
{
	text_addf(out,
		"# %s\n"
		"# Made by `anchore-admin cron install`; `anchore-admin cron remove` takes it away, by this line:\n"
		"# Deployment: %s\n", what, facts->config);
}

char *installed_cron(const struct installed_facts *facts)
{
	struct text out = TEXT_INIT;
	AUTO(mem_auto) char *program = quote_cron(facts->program), *config = quote_cron(facts->config);
	add_head(&out, WHAT, facts);
	text_add(&out,
		"#\n"
		"# It is silent while all goes well; cron mails what it says to root, or to MAILTO.\n"
		"SHELL=/bin/sh\n"
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		"\n"
		"# minute hour day month weekday user command\n");
	text_addf(&out, "%s root %s cron run --config %s\n", facts->at, program, config);
	return text_take(&out);
}

char *installed_service(const struct installed_facts *facts)
{
	struct text out = TEXT_INIT;
	AUTO(mem_auto) char *program = quote_unit(facts->program), *config = quote_unit(facts->config);
	add_head(&out, WHAT, facts);
	text_addf(&out,
		"# A failure shows in `systemctl --failed`, and in `anchore-admin cron status`.\n"
		"[Unit]\n"
		"Description=Snapshot of the Anchore Engine database\n"
		"Documentation=man:anchore-admin(1)\n"
		"Wants=network-online.target\n"
		"After=network-online.target postgresql.service\n"
		"\n"
		"[Service]\n"
		"Type=oneshot\n"
		"ExecStart=%s cron run --config %s\n"
		"Nice=10\n"
		"IOSchedulingClass=idle\n"
		"UMask=0077\n", program, config);
	return text_take(&out);
}

char *installed_timer(const struct installed_facts *facts, const char *calendar)
{
	struct text out = TEXT_INIT;
	add_head(&out, "When a snapshot of the Anchore Engine database is due.", facts);
	text_addf(&out,
		"# When: %s\n"
		"[Unit]\n"
		"Description=Nightly snapshot of the Anchore Engine database\n"
		"\n"
		"[Timer]\n"
		"OnCalendar=%s\n"
		"# A night that the machine slept through is caught up.\n"
		"Persistent=true\n"
		"\n"
		"[Install]\n"
		"WantedBy=timers.target\n", facts->at, calendar);
	return text_take(&out);
}
