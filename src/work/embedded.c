#include "work/embedded.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/proc.h"
#include "model/conninfo.h"

/* Not under configure's --localstatedir: the server's user must be able to search every folder above. */
static const char DATA_ROOT[] = "/var/lib/anchore-admin";
static const char SOCKET_ROOT[] = "/run/anchore-admin";
static const char DEBIAN_ROOT[] = "/usr/lib/postgresql";
static const char SERVER_USER[] = "postgres";

void embedded_clear(struct embedded *embedded)
{
	mem_free(embedded->name);
	mem_free(embedded->data);
	mem_free(embedded->socket);
	mem_free(embedded->passfile);
	mem_free(embedded->settings);
	mem_free(embedded->bindir);
	*embedded = (struct embedded){0};
}

static bool has_programs(const char *folder)
{
	AUTO(mem_auto) char *program = path_join(folder, "pg_ctl");
	return access(program, X_OK) == 0;
}

/* Data of a major version need the programs of that version, which Debian keeps side by side; without data the newest
 * are right, unless a setting says others. NULL: none. */
static char *server_bindir(const char *setting, const char *version)
{
	if (version) {
		AUTO(mem_auto) char *exact = mem_format("%s/%s/bin", DEBIAN_ROOT, version);
		if (has_programs(exact))
			return mem_take(&exact);
	}
	if (setting && has_programs(setting))
		return mem_copy(setting);
	AUTO(list_clear) struct list names = LIST_INIT;
	struct error ignored = ERROR_INIT;
	file_list(&names, DEBIAN_ROOT, &ignored);
	error_clear(&ignored);
	long newest = 0;
	for (size_t i = 0; i < names.count && !version; i++) {
		AUTO(mem_auto) char *folder = mem_format("%s/%s/bin", DEBIAN_ROOT, names.items[i]);
		long major = strtol(names.items[i], NULL, 10);
		if (major > newest && has_programs(folder))
			newest = major;
	}
	if (newest)
		return mem_format("%s/%ld/bin", DEBIAN_ROOT, newest);
	AUTO(mem_auto) char *program = proc_find("pg_ctl");
	return program ? path_directory(program) : NULL;
}

/* The folder of initdb and pg_ctl; of the major version that made the data, where there is data. */
static int find_programs(struct embedded *embedded, const char *setting, struct error *err)
{
	AUTO(mem_auto) char *version_file = path_join(embedded->data, "PG_VERSION");
	AUTO(mem_auto) char *version = NULL;
	struct error ignored = ERROR_INIT;
	if (file_read(&version, NULL, version_file, &ignored) == 0)
		version[strcspn(version, "\n")] = '\0';
	error_clear(&ignored);
	embedded->bindir = server_bindir(setting, version);
	if (embedded->bindir)
		return 0;
	error_set(err, ERROR_REFUSED,
		"the programs of a PostgreSQL%s%s server (initdb, pg_ctl) are not to be found%s%s", version ? " " : "",
		version ? version : "", setting ? " in " : "", setting ? setting : "");
	return error_hint(
		err, "install them: `apt-get install postgresql%s%s`", version ? "-" : "", version ? version : "");
}

/* A name becomes a folder and stands in libpq strings. */
static int check_name(const char *name, const char *where, struct error *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	if (*name && *name != '.' && *name != '-' && name[strspn(name, letters)] == '\0' && strlen(name) <= 40)
		return 0;
	error_set(err, ERROR_USAGE, "%s: '%s' cannot be an embedded server's name", where, name);
	return error_hint(err, "use letters, digits, dot, dash and underscore, 40 at most, as in `--embedded=anchore`");
}

static int check_socket(const char *folder, struct error *err)
{
	struct sockaddr_un address;
	AUTO(mem_auto) char *path = mem_format("%s/.s.PGSQL.%d", folder, EMBEDDED_PORT);
	if (strlen(path) < sizeof address.sun_path)
		return 0;
	error_set(err, ERROR_USAGE, "the socket %s has a longer name than the %zu bytes that the system allows", path,
		sizeof address.sun_path - 1);
	return error_hint(err, "name a shorter folder with `--embedded-socket DIR`");
}

int embedded_open(struct embedded *out, const struct settings *settings, struct error *err)
{
	const char *name = settings_text(settings, OPTION_EMBEDDED), *file = settings_text(settings, OPTION_CONFIG);
	if (!name) {
		error_set(err, ERROR_USAGE, "this deployment has no embedded server");
		return error_hint(err,
			"make one with `anchore-admin init DIR --embedded`, or name its settings file with "
			"`--config FILE`");
	}
	if (!file) {
		error_set(err, ERROR_USAGE,
			"the embedded server %s has its passwords beside its settings file, and none is read", name);
		return error_hint(err, "name the settings file with `--config FILE`");
	}
	AUTO(embedded_clear) struct embedded embedded = {0};
	const char *data = settings_text(settings, OPTION_EMBEDDED_DATA);
	const char *socket_folder = settings_text(settings, OPTION_EMBEDDED_SOCKET);
	embedded.name = mem_copy(name);
	embedded.data = data ? mem_copy(data) : path_join(DATA_ROOT, name);
	embedded.socket = socket_folder ? mem_copy(socket_folder) : path_join(SOCKET_ROOT, name);
	AUTO(mem_auto) char *directory = path_directory(file);
	embedded.passfile = path_join(directory, "passfile");
	embedded.settings = mem_copy(file);
	embedded.user = geteuid() == 0 ? SERVER_USER : NULL;
	int rc = check_name(name, settings_where(settings, OPTION_EMBEDDED), err);
	if (!rc)
		rc = check_socket(embedded.socket, err);
	if (!rc)
		rc = find_programs(&embedded, settings_text(settings, OPTION_PG_BINDIR), err);
	if (rc)
		return rc;
	*out = embedded;
	embedded = (struct embedded){0};
	return 0;
}

char *embedded_conninfo(const struct embedded *embedded, const char *role, const char *dbname)
{
	struct text text = TEXT_INIT;
	AUTO(mem_auto) char *port = mem_format("%d", EMBEDDED_PORT);
	conninfo_add(&text, "host", embedded->socket);
	conninfo_add(&text, "port", port);
	conninfo_add(&text, "dbname", dbname);
	conninfo_add(&text, "user", role);
	conninfo_add(&text, "passfile", embedded->passfile);
	return text_take(&text);
}

/* Password of a line *:*:*:ROLE:PASSWORD; owned, NULL if there is none. The passwords are hex: nothing is escaped. */
static char *find_password(const char *passfile, const char *role)
{
	AUTO(mem_auto) char *start = mem_format("*:*:*:%s:", role);
	for (const char *line = passfile; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n' ? 1 : 0;
		if (text_starts(line, start))
			return mem_copy_bytes(line + strlen(start), strcspn(line + strlen(start), "\n"));
	}
	return NULL;
}

int embedded_connection(char **conninfo, const struct embedded *embedded, const char *role, const char *dbname,
	struct error *err)
{
	AUTO(mem_auto_secret) char *lines = NULL;
	int rc = file_read(&lines, NULL, embedded->passfile, err);
	AUTO(mem_auto_secret) char *password = rc ? NULL : find_password(lines, role);
	if (!rc && !password)
		rc = error_set(err, ERROR_USAGE, "%s has no password for the role %s", embedded->passfile, role);
	if (rc) {
		err->code = ERROR_USAGE;
		return error_hint(err, "run the command as the user who made the deployment");
	}
	AUTO(mem_auto) char *shown = embedded_conninfo(embedded, role, dbname);
	struct text text = TEXT_INIT;
	text_add(&text, shown);
	conninfo_add(&text, "hostaddr", "");
	conninfo_add(&text, "password", password);
	*conninfo = text_take(&text);
	return 0;
}
