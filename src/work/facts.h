/* Gathers what a change of the database's version has to know (model/facts.h). Reads only. The snapshot and its proof
 * are work/evidence's. */
#ifndef WORK_FACTS_H
#define WORK_FACTS_H

#include "base/error.h"
#include "io/db.h"
#include "model/facts.h"
#include "work/migrations.h"
#include "work/run.h"

/* ERROR_REFUSED for a database that no plan can be made for: not the engine's, no or several version rows, a version
 * that is none or that the migrations do not know. facts->evidence is left empty. */
int facts_gather(struct facts *out, struct run *run, struct db *db, const struct migrations *migrations,
	struct error *err);

#endif
