/* Of work/status*.c alone: the answers, each from a view. */
#ifndef WORK_STATUS_PRIVATE_H
#define WORK_STATUS_PRIVATE_H

#include <stdbool.h>

#include "base/text.h"
#include "work/view.h"

/* What holds the services, in words, owned: the step where it is known, else "held for upgrade"; NULL: nothing does. */
char *status_hold(const struct view *view);
/* Is up, and may be: no run holds the services. */
bool status_is_up(const struct view *view, const struct instance *instance);
/* The deployment in a sentence, owned: the hold, "all 5 services are up", "2 of 5 services are not up". */
char *status_sentence(const struct view *view);
/* The snapshots as an array, borrowed; NULL not known. */
const json_t *status_snapshots(const struct view *view);
/* How far the step is, from 0 to 1; negative where that is not known. */
double status_progress(const struct view *view);
/* Bytes that are not UTF-8 replaced; owned. */
char *status_utf8(const char *string);

/* ---- in the engine's shapes (status_engine.c), each a new reference ---- */
json_t *status_engine_services(const struct view *view);
json_t *status_engine_system(const struct view *view);
json_t *status_engine_status(const struct view *view);
/* As the engine words a refusal. */
json_t *status_engine_error(unsigned status, const char *message);

/* Prometheus text (status_metrics.c), and the page (status_page.c). nonce: of the page's own style and script. */
void status_metrics(struct text *out, const struct view *view);
void status_page(struct text *out, const struct view *view, const char *nonce);
/* Its style and its script (status_style.c). */
extern const char status_style[], status_script[];

#endif
