#include "command/target.h"

int target_read(struct target *out, const struct migrations *migrations, const char *typed, struct error *err)
{
	struct target target = {.release_known = false};
	int rc = migrations_target(&target.to, &target.release, migrations, typed, err);
	if (rc)
		return rc;
	struct version same;
	target.release_known = version_compare(target.release, (struct version){{0, 0, 0}}) > 0;
	target.release_typed = target.release_known && version_parse_typed(&same, typed) &&
		version_same(same, target.release);
	*out = target;
	return 0;
}

int target_settle(struct target *target, const struct cycle *cycle, struct error *err)
{
	if (!cycle_drives(cycle) || target->release_typed)
		return 0;
	target->release_known = cycle_release(&target->release, &cycle->state, cycle->releases, target->to);
	if (target->release_known)
		return 0;
	error_set(err, ERROR_USAGE,
		"no release of the engine is known for database version %s, so that none can be pinned",
		VERSION_TEXT(target->to));
	return error_hint(err, "add it to the file `releases` of the migrations, or stop the services yourself and add "
		"`--no-services`");
}

const struct version *target_release(const struct target *target)
{
	return target->release_known ? &target->release : NULL;
}
