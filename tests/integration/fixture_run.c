#include "base/mem.h"
#include "fixture.h"

void fixture_option(struct run *run, enum option option, const char *value)
{
	AUTO(error_clear) struct error err = ERROR_INIT;
	fixture_assert_ok(settings_set(&run->settings, option, value, SOURCE_COMMAND_LINE, option_table[option].name,
		NULL, &err), &err);
}

void fixture_run(struct run *run, const char *command, const char *dbname, const char *store)
{
	AUTO(mem_auto) char *conninfo = fixture_conninfo(dbname);
	AUTO(mem_auto) char *made = store ? NULL : fixture_folder();
	AUTO(mem_auto) char *migrations = fixture_source("sql");
	run_init(run);
	run->command = command;
	fixture_option(run, OPTION_DATABASE, conninfo);
	fixture_option(run, OPTION_STORE, store ? store : made);
	fixture_option(run, OPTION_MIGRATIONS, migrations);
	fixture_option(run, OPTION_JOBS, "2");
	fixture_option(run, OPTION_PG_BINDIR, fixture_bindir());
	fixture_option(run, OPTION_YES, NULL);
	settings_set_defaults(&run->settings);
}
