#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "command/command.h"
#include "model/conninfo.h"
#include "model/version.h"
#include "work/embedded.h"
#include "work/fresh.h"
#include "work/migrations.h"
#include "work/settingsfile.h"
#include "work/sources.h"
#include "work/store.h"

/* What init makes, and what it has to take away again if it fails. */
struct plan {
	char *directory, *file, *store, *deployment;
	bool made_directory, made_store, made_server;
	struct embedded server;
	struct migrations migrations;
	struct version release, database;
};

static void plan_clear(struct plan *plan)
{
	mem_free(plan->directory);
	mem_free(plan->file);
	mem_free(plan->store);
	mem_free(plan->deployment);
	embedded_clear(&plan->server);
	migrations_clear(&plan->migrations);
}

static bool given(const struct run *run, enum option option)
{
	return run->settings.values[option].source == SOURCE_COMMAND_LINE;
}

static int check_options(const struct run *run, struct error *err)
{
	const char *engine = settings_text(&run->settings, OPTION_ENGINE);
	struct version version;
	if (given(run, OPTION_CONFIG)) {
		error_set(err, ERROR_USAGE, "'init' makes a settings file, so --config cannot name one");
		return error_hint(err, "type `anchore-admin init DIR`");
	}
	if (given(run, OPTION_EMBEDDED) && (given(run, OPTION_DATABASE) || given(run, OPTION_ENGINE_CONFIG))) {
		error_set(err, ERROR_USAGE, "--embedded makes a database server, and --%s names another",
			given(run, OPTION_DATABASE) ? "database" : "engine-config");
		return error_hint(err, "leave one of the two away");
	}
	if (given(run, OPTION_NO_DATABASE) && !given(run, OPTION_EMBEDDED)) {
		error_set(err, ERROR_USAGE, "--no-database belongs to --embedded");
		return error_hint(err, "type `anchore-admin init DIR --embedded --no-database`");
	}
	if (engine && !version_parse_typed(&version, engine)) {
		error_set(err, ERROR_USAGE, "'%s' is no engine release", engine);
		return error_hint(err, "write it as in `--engine 0.2.4`");
	}
	return 0;
}

static int make_directory(struct plan *plan, const char *path, struct error *err)
{
	plan->made_directory = !file_exists(path);
	int rc = file_make_directories(path, 0755, err);
	if (rc)
		return error_hint(err, "name a directory that you may write to");
	plan->directory = realpath(path, NULL);
	if (!plan->directory)
		return error_errno(err, ERROR_FAILED, "cannot find %s", path);
	plan->file = path_join(plan->directory, SOURCES_FILE);
	if (!file_exists(plan->file))
		return 0;
	error_set(err, ERROR_REFUSED, "there is a settings file %s already", plan->file);
	return error_hint(err, "name another directory, or go on with this one: `anchore-admin --config %s db status`",
		plan->file);
}

/* From here on the settings say what the file will say. */
static int complete_settings(struct plan *plan, struct run *run, struct error *err)
{
	struct settings *settings = &run->settings;
	int rc = settings_set(settings, OPTION_CONFIG, plan->file, SOURCE_COMMAND_LINE, "init", NULL, err);
	if (!rc && !given(run, OPTION_STORE))
		rc = settings_set(settings, OPTION_STORE, "snapshots", SOURCE_COMMAND_LINE, "init", NULL, err);
	plan->store = rc ? NULL : path_join(plan->directory, settings_text(settings, OPTION_STORE));
	const char *name = settings_text(settings, OPTION_EMBEDDED);
	if (rc || !given(run, OPTION_EMBEDDED))
		return rc;
	if (!*name)
		rc = settings_set(settings, OPTION_EMBEDDED, path_base(plan->directory), SOURCE_COMMAND_LINE,
			"--embedded", NULL, err);
	return rc ? rc : embedded_open(&plan->server, settings, err);
}

static int choose_release(struct plan *plan, struct run *run, struct error *err)
{
	if (!given(run, OPTION_EMBEDDED) || given(run, OPTION_NO_DATABASE))
		return 0;
	const char *typed = settings_text(&run->settings, OPTION_ENGINE);
	int rc = migrations_open(&plan->migrations, run, err);
	if (!rc)
		rc = fresh_choose(&plan->release, &plan->database, &plan->migrations, typed, err);
	return rc ? rc : settings_set(&run->settings, OPTION_ENGINE, VERSION_TEXT(plan->release), SOURCE_COMMAND_LINE,
		"init", NULL, err);
}

static int make_server(struct plan *plan, const struct run *run, struct error *err)
{
	if (!plan->server.name)
		return 0;
	bool database = !given(run, OPTION_NO_DATABASE);
	log_note("making the embedded server %s", plan->server.name);
	int rc = embedded_create(&plan->server, database, err);
	if (rc)
		return rc;
	plan->made_server = true;
	if (!database)
		return 0;
	AUTO(mem_auto_secret) char *conninfo = NULL;
	AUTO(db_auto) struct db *db = NULL;
	rc = embedded_connection(&conninfo, &plan->server, EMBEDDED_ROLE, EMBEDDED_DATABASE, err);
	if (!rc)
		rc = db_open(&db, conninfo, NULL, "anchore-admin init", err);
	return rc ? rc : fresh_create(db, &plan->migrations, plan->release, plan->database, err);
}

static int make_store(struct plan *plan, struct error *err)
{
	plan->made_store = !file_exists(plan->store);
	int rc = file_make_directories(plan->store, 0700, err);
	if (!rc)
		rc = store_deployment(&plan->deployment, plan->store, true, err);
	return rc;
}

/* The settings file comes last: with it the deployment is there. */
static int make_all(struct plan *plan, struct run *run, struct error *err)
{
	int rc = make_server(plan, run, err);
	if (!rc)
		rc = make_store(plan, err);
	if (!rc)
		rc = settingsfile_write(plan->file, &run->settings, err);
	if (rc || !plan->made_server)
		return rc;
	struct error ignored = ERROR_INIT;
	if (embedded_finish(&plan->server, &ignored) != 0)
		log_warn("%s", ignored.message);
	error_clear(&ignored);
	return 0;
}

static void take_away(const struct plan *plan)
{
	struct error ignored = ERROR_INIT;
	if (plan->made_server && embedded_destroy(&plan->server, &ignored) != 0)
		log_warn("%s", ignored.message);
	error_clear(&ignored);
	if (plan->made_store && file_remove(plan->store, &ignored) != 0)
		log_warn("%s", ignored.message);
	error_clear(&ignored);
	/* Only an empty one goes. */
	if (plan->made_directory && plan->directory)
		rmdir(plan->directory);
}

static void answer(const struct plan *plan, const struct run *run)
{
	AUTO(json_auto) json_t *object = json_object();
	json_put(object, "directory", plan->directory);
	json_put(object, "settings", plan->file);
	json_put(object, "store", plan->store);
	json_put(object, "deployment", plan->deployment);
	run_print(run, "made the deployment %s\n  settings  %s\n  store     %s\n", plan->directory, plan->file,
		plan->store);
	bool named = given(run, OPTION_DATABASE) || given(run, OPTION_ENGINE_CONFIG);
	if (plan->server.name) {
		named = true;
		json_put(object, "server", plan->server.name);
		json_put(object, "data", plan->server.data);
		json_put(object, "socket", plan->server.socket);
		run_print(run, "  server    %s, running, data in %s, socket in %s\n", plan->server.name,
			plan->server.data, plan->server.socket);
	}
	if (plan->server.name && !given(run, OPTION_NO_DATABASE)) {
		json_put(object, "db_version", VERSION_TEXT(plan->database));
		json_put(object, "engine", VERSION_TEXT(plan->release));
		run_print(run, "  database  " EMBEDDED_DATABASE ", empty, version %s of engine release %s\n",
			VERSION_TEXT(plan->database), VERSION_TEXT(plan->release));
	}
	run_answer(run, object);
	if (plan->server.name && given(run, OPTION_NO_DATABASE))
		run_print(run, "next: anchore-admin --config %s restore SNAPSHOT\n", plan->file);
	else if (named)
		run_print(run, "next: anchore-admin --config %s db status\n", plan->file);
	else
		run_print(run, "next: name the database in %s, then anchore-admin --config %s db status\n", plan->file,
			plan->file);
}

int command_init(struct run *run, struct error *err)
{
	AUTO(plan_clear) struct plan plan = {0};
	AUTO(mem_auto) char *path = path_absolute(run->arguments.items[0]);
	int rc = check_options(run, err);
	if (!rc)
		rc = make_directory(&plan, path, err);
	if (!rc)
		rc = complete_settings(&plan, run, err);
	if (!rc)
		rc = choose_release(&plan, run, err);
	if (!rc)
		rc = make_all(&plan, run, err);
	if (rc) {
		take_away(&plan);
		return rc;
	}
	answer(&plan, run);
	return 0;
}
