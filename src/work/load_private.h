/* The parts of work/load: load_archive.c runs pg_restore, load_pool.c the workers, load.c has the order of it all. */
#ifndef WORK_LOAD_PRIVATE_H
#define WORK_LOAD_PRIVATE_H

#include "model/toc.h"
#include "work/load.h"

/* What is restored in which order. With toc.count 0 the archive's list was not understood: the rows, then all of
 * post-data in pg_restore's own order. */
struct load_plan {
	struct toc toc;
	struct toc_plan order;
	bool trusted; /* the workers' sessions check no foreign keys */
};
void load_plan_clear(struct load_plan *plan);

/* The plan for load's archive; trusted is tried out on load->db. Never fails for what the archive's list looks like. */
int load_plan_make(struct load_plan *out, struct load *load, struct error *err);

/* A section of the archive, straight into the database; list NULL: all of the section. */
int load_section(struct load *load, const char *section, const struct load_plan *plan, const struct toc_list *list,
	int jobs, struct error *err);
/* The SQL that makes one entry of post-data; owned. */
int load_entry_sql(char **out, struct load *load, const struct toc_entry *entry, struct error *err);

/* Rows, and what of the plan can be built beside them. *workers: how many there were, for what comes after. */
int load_pool(struct load *load, const struct load_plan *plan, struct content *contents, int *workers,
	struct error *err);

#endif
