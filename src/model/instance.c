#include "model/instance.h"

#include "base/mem.h"
#include "base/text.h"

static const char *const names[INSTANCE_STATES] = {
	[INSTANCE_STOPPED] = "stopped", [INSTANCE_STARTING] = "starting", [INSTANCE_UP] = "up",
	[INSTANCE_SICK] = "sick", [INSTANCE_STOPPING] = "stopping", [INSTANCE_WAITING] = "waiting",
	[INSTANCE_FAILED] = "failed",
};

const char *instance_state_name(enum instance_state state)
{
	return names[state];
}

bool instance_state_parse(enum instance_state *out, const char *name)
{
	for (size_t i = 0; i < INSTANCE_STATES; i++) {
		if (!text_same(names[i], name))
			continue;
		*out = (enum instance_state)i;
		return true;
	}
	return false;
}

bool instance_alive(const struct instance *instance)
{
	return instance->state != INSTANCE_STOPPED && instance->state != INSTANCE_WAITING &&
		instance->state != INSTANCE_FAILED;
}

struct instance *instances_add(struct instances *instances)
{
	instances->items = mem_resize(instances->items, (instances->count + 1) * sizeof *instances->items);
	struct instance *instance = &instances->items[instances->count++];
	*instance = (struct instance){.state = INSTANCE_STOPPED};
	return instance;
}

void instances_clear(struct instances *instances)
{
	for (size_t i = 0; i < instances->count; i++) {
		struct instance *instance = &instances->items[i];
		mem_free(instance->service);
		mem_free(instance->name);
		mem_free(instance->host);
		mem_free(instance->url);
		mem_free(instance->last_error);
		mem_free(instance->image);
	}
	mem_free(instances->items);
	*instances = (struct instances){NULL, 0};
}

bool instances_healthy(const struct instances *instances)
{
	for (size_t i = 0; i < instances->count; i++)
		if (instances->items[i].state != INSTANCE_UP)
			return false;
	return instances->count > 0;
}
