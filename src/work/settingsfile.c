#include "work/settingsfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/conninfo.h"

static const char HEAD[] =
	"# Settings of one Anchore Engine deployment, for anchore-admin; anchore-admin.yaml(5) describes them.\n"
	"# An option on the command line wins over ANCHORE_ADMIN_<KEY> in the environment, that over this file.\n"
	"# Relative paths start from the folder of this file.\n";

/* As YAML's double-quoted style has it; plain where nothing can be misread. */
static void add_value(struct text *text, const char *value)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-";
	if (*value && strchr("/abcdefghijklmnopqrstuvwxyz0123456789", *value) && value[strspn(value, plain)] == '\0') {
		text_add(text, value);
		return;
	}
	text_add(text, "\"");
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			text_addf(text, "\\%c", *value);
		else if ((unsigned char)*value < ' ' || *value == 0x7f)
			text_addf(text, "\\x%02x", (unsigned char)*value);
		else
			text_add_bytes(text, value, 1);
	}
	text_add(text, "\"");
}

static void add_key(struct text *text, const struct settings *settings, enum option option)
{
	const struct option_entry *entry = &option_table[option];
	AUTO(mem_auto) char *key = settings_key(option);
	text_addf(text, "\n# %s\n", entry->help);
	if (settings->values[option].source == SOURCE_COMMAND_LINE) {
		text_addf(text, "%s: ", key);
		add_value(text, settings_text(settings, option));
		text_add(text, "\n");
	} else {
		text_addf(text, "#%s:%s%s\n", key, entry->fallback ? " " : "", entry->fallback ? entry->fallback : "");
	}
}

static bool has_password(const struct settings *settings)
{
	const char *database = settings_text(settings, OPTION_DATABASE);
	if (!database)
		return false;
	AUTO(mem_auto) char *shown = conninfo_redact(database);
	return strcmp(shown, database) != 0;
}

int settingsfile_write(const char *path, const struct settings *settings, struct error *err)
{
	struct text text = TEXT_INIT;
	text_add(&text, HEAD);
	for (int i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].in_file)
			add_key(&text, settings, (enum option)i);
	size_t size = text.size;
	AUTO(mem_auto_secret) char *data = text_take(&text);
	AUTO(mem_auto) char *temporary = mem_format("%s.new", path);
	int rc = file_write(temporary, has_password(settings) ? 0600 : 0644, data, size, err);
	if (!rc)
		rc = fault_point("init-settings", err);
	/* A link fails where a rename would replace. */
	if (!rc && link(temporary, path) != 0)
		rc = errno == EEXIST ? error_set(err, ERROR_REFUSED, "there is a settings file %s already", path)
				     : error_errno(err, ERROR_FAILED, "cannot write %s", path);
	unlink(temporary);
	if (rc)
		return rc;
	AUTO(mem_auto) char *directory = path_directory(path);
	return file_sync_directory(directory, err);
}
