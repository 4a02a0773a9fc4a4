/* doctor: looks at all that a deployment stands on, one thing after the other, whatever of it is missing, and judges it
 * (model/doctor.h). Reads only: it takes no lock, starts no server, writes no file. */
#ifndef WORK_DOCTOR_H
#define WORK_DOCTOR_H

#include "base/error.h"
#include "model/doctor.h"
#include "work/run.h"

/* The settings file is read by this, so that a mistake in it is a finding; directory: the working directory.
 * ERROR_INTERRUPTED alone is a failure. *out is filled as far as it came. */
int doctor_run(struct findings *out, struct run *run, const char *directory, struct error *err);

#endif
