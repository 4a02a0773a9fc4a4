#include "work/view.h"

#include "base/mem.h"

void view_clear(struct view *view)
{
	instances_clear(&view->instances);
	mem_free(view->host);
	mem_free(view->db_version);
	mem_free(view->code_version);
	mem_free(view->held_by);
	mem_free(view->held_for);
	mem_free(view->step);
	json_decref(view->snapshots);
	json_decref(view->progress);
	*view = (struct view){.snapshots = NULL};
}
