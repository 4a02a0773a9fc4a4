/* Judging of files, the store, and the snapshots in it. */
#include <string.h>

#include "base/mem.h"
#include "model/doctor.h"

enum { SHORT_ID = 12, SHOWN = 3, MODE_OTHERS_WRITE = 02, MODE_OTHERS_READ = 04, MODE_OTHERS = 077 };

static const char PLAIN[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+:@,=%";

char *doctor_word(const char *path)
{
	struct text out = TEXT_INIT;
	if (path[strspn(path, PLAIN)] == '\0')
		return mem_copy(path);
	text_add(&out, "'");
	for (const char *at = path; *at; at++)
		text_add_bytes(&out, *at == '\'' ? "'\\''" : at, *at == '\'' ? 4 : 1);
	text_add(&out, "'");
	return text_take(&out);
}

void doctor_not_writable(struct findings *out, const char *check, const struct doctor_file *file)
{
	AUTO(mem_auto) char *path = doctor_word(file->path);
	if (file->read_only)
		findings_add(out, check, FINDING_PROBLEM, mem_format("the file system of %s is read-only", file->path),
			mem_format("see why with `dmesg`, for a failing disk is the usual cause, then `mount -o "
				"remount,rw \"$(findmnt -no TARGET -T %s)\"`", path));
	else
		findings_add(out, check, FINDING_PROBLEM, mem_format("this user may not write to %s", file->path),
			mem_format("run it as the folder's owner, see `ls -ld %s`", path));
}

void doctor_settings_file(struct findings *out, const struct doctor_file *file, bool secret)
{
	const char *path = file->path;
	AUTO(mem_auto) char *word = doctor_word(path);
	unsigned mode = (unsigned)file->mode;
	if (!file->usable) /* who could not read it has been told why */
		return;
	if (file->mode & MODE_OTHERS_WRITE)
		findings_add(out, "settings", FINDING_PROBLEM,
			mem_format("%s can be written by others (mode %04o), who could make this program do anything",
			path,
				mode), mem_format("`chmod go-w %s`", word));
	else if (file->foreign)
		findings_add(out, "settings", FINDING_PROBLEM,
			mem_format("%s belongs to another user, who could make this program do anything", path),
			mem_format("`chown root %s`", word));
	else if (secret && file->mode & MODE_OTHERS_READ)
		findings_add(out, "settings", FINDING_PROBLEM,
			mem_format("%s holds a password and can be read by others (mode %04o)", path, mode),
			mem_format("`chmod 600 %s`", word));
	else
		findings_add(out, "settings", FINDING_OK, mem_format("%s is understood (mode %04o)", path, mode), NULL);
}

/* ---- the store ---- */

/* The first few, joined; owned. */
static char *some(const struct list *list)
{
	struct text text = TEXT_INIT;
	for (size_t i = 0; i < list->count && i < SHOWN; i++)
		text_addf(&text, "%s%s", i ? "; " : "", list->items[i]);
	if (list->count > SHOWN)
		text_addf(&text, "; and %zu more", list->count - SHOWN);
	return text_take(&text);
}

static bool judge_folder(struct findings *out, const struct doctor_file *file)
{
	const char *path = file->path;
	AUTO(mem_auto) char *word = doctor_word(path);
	if (!file->found)
		findings_add(out, "store", FINDING_NOTE, mem_format("there is no folder %s yet", path),
			mem_copy("the first `anchore-admin backup` makes it"));
	else if (!file->folder)
		findings_add(out, "store", FINDING_PROBLEM, mem_format("%s is no folder", path),
			mem_copy("name one with `store` in the settings"));
	else if (!file->usable)
		doctor_not_writable(out, "store", file);
	else if (file->foreign)
		findings_add(out, "store", FINDING_PROBLEM,
			mem_format("%s belongs to another user, who can read and replace what is in it", path),
			mem_format("`sudo chown -R \"$(id -un)\" %s`, or run it as the folder's owner", word));
	else if (file->mode & MODE_OTHERS)
		findings_add(out, "store", FINDING_PROBLEM,
			mem_format("others may look into %s (mode %04o), and snapshots hold all that the database does",
				path, (unsigned)file->mode), mem_format("`chmod 700 %s`", word));
	return file->found && file->folder;
}

void doctor_store(struct findings *out, const struct doctor_store *store)
{
	size_t before = out->count;
	if (!judge_folder(out, &store->file))
		return;
	AUTO(mem_auto) char *corrupt = some(&store->corrupt), *foreign = some(&store->foreign);
	AUTO(mem_auto) char *leftovers = some(&store->leftovers);
	if (store->lost) {
		AUTO(mem_auto) char *word = doctor_word(store->file.path);
		findings_add(out, "store", FINDING_PROBLEM,
			mem_copy("store.json is gone, which says that the snapshots are this deployment's"),
			mem_format("if they are, `echo '{\"deployment\": \"%s\"}' >%s/store.json`, before a backup "
				"makes another", store->lost, word));
	}
	if (store->corrupt.count)
		findings_add(out, "store", FINDING_PROBLEM, mem_format("damaged files: %s", corrupt),
			mem_copy("see them with `anchore-admin snapshot list`, move them away, and look at the disk"));
	if (store->foreign.count)
		findings_add(out, "store", FINDING_NOTE, mem_format("files that are no snapshots: %s", foreign),
			mem_copy("move them to another folder"));
	if (store->holder)
		findings_add(out, "store", FINDING_NOTE, mem_format("process %ld works on the deployment at present",
			store->holder), NULL);
	else if (store->leftovers.count)
		findings_add(out, "store", FINDING_NOTE, mem_format("a run that was killed left %s", leftovers),
			mem_copy("the next `anchore-admin backup` removes it"));
	if (out->count == before)
		findings_add(out, "store", FINDING_OK, mem_format("%s is this user's alone, and whole as far as the "
			"manifests say", store->file.path), NULL);
}

/* ---- snapshots ---- */

static void judge_newest(struct findings *out, const struct doctor_snapshots *snapshots)
{
	double seconds = (double)(snapshots->now - snapshots->created);
	AUTO(mem_auto) char *age = text_duration(seconds < 0 ? 0 : seconds);
	const char *fresh = !snapshots->fresh_known ? "" : snapshots->fresh ? ", and nothing was written since" :
		"; whether anything was written since takes reading the rows";
	bool old = seconds > (double)(snapshots->max_age ? snapshots->max_age : DOCTOR_SNAPSHOT_OLD);
	char *sentence = mem_format("the newest, %.*s, is %s old%s", SHORT_ID, snapshots->id, age, fresh);
	/* However old it is, it is all that there is to be had. */
	if (old && !snapshots->fresh)
		findings_add(out, "snapshots", FINDING_PROBLEM, sentence,
			mem_copy("take one with `anchore-admin backup`"));
	else
		findings_add(out, "snapshots", FINDING_OK, sentence, NULL);
}

static void judge_proof(struct findings *out, const struct doctor_snapshots *snapshots)
{
	AUTO(mem_auto) char *age = text_duration((double)(snapshots->now - snapshots->proven));
	const char *remedy = "prove the newest with `anchore-admin snapshot verify --restore`";
	enum finding_level level = snapshots->wants_proven ? FINDING_PROBLEM : FINDING_NOTE;
	if (!snapshots->proven)
		findings_add(out, "snapshots", level, mem_copy("none was ever restored, so none is proven"),
			mem_copy(remedy));
	else if (snapshots->now - snapshots->proven > DOCTOR_PROOF_OLD)
		findings_add(out, "snapshots", FINDING_NOTE, mem_format("the last one that was proven, %.*s, was that "
			"%s ago", SHORT_ID, snapshots->proven_id, age), mem_copy(remedy));
	else
		findings_add(out, "snapshots", FINDING_OK, mem_format("%.*s was proven %s ago", SHORT_ID,
			snapshots->proven_id, age), NULL);
}

void doctor_snapshots(struct findings *out, const struct doctor_snapshots *snapshots)
{
	AUTO(mem_auto) char *damaged = some(&snapshots->damaged), *unproven = some(&snapshots->unproven);
	if (snapshots->damaged.count)
		findings_add(out, "snapshots", FINDING_PROBLEM, mem_format("found damaged when they were read: %s",
			damaged), mem_copy("take a new one with `anchore-admin backup`, then move these away"));
	if (snapshots->unproven.count)
		findings_add(out, "snapshots", FINDING_PROBLEM, mem_format("could not be restored: %s", unproven),
			mem_copy("see why with `anchore-admin snapshot verify --restore SNAPSHOT`"));
	if (!snapshots->found) {
		findings_add(out, "snapshots", FINDING_PROBLEM,
			mem_copy("there is none of this deployment, so that nothing would bring the database back"),
			mem_copy("take one with `anchore-admin backup`"));
		return;
	}
	judge_newest(out, snapshots);
	judge_proof(out, snapshots);
}
