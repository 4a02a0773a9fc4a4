#include "work/pin.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/yaml_tree.h"

static bool release_of(struct version *out, const struct compose_service *service)
{
	AUTO(image_clear) struct image image = {NULL, NULL, NULL};
	return service->engine && image_parse(&image, service->image) && image_release(out, &image);
}

static int refuse_mixed(const struct composefile *file, const struct compose_service *one,
	const struct compose_service *other, struct error *err)
{
	error_set(err, ERROR_REFUSED, "the engine's services are of different releases: %s is %s (%s), %s is %s (%s)",
		one->name, one->image, one->where, other->name, other->image, other->where);
	return error_hint(err, "give them all the tag of the release that the database is at, then type "
		"`docker-compose -f %s up -d`", file->path);
}

int pin_release(char **release, char **where, const struct composefile *file, struct error *err)
{
	const struct compose_service *first = NULL;
	struct version found = {{0, 0, 0}}, other;
	for (size_t i = 0; i < file->count; i++) {
		const struct compose_service *service = &file->services[i];
		if (!service->engine)
			continue;
		if (!release_of(&other, service)) {
			*release = *where = NULL;
			return 0;
		}
		if (first && !version_same(found, other))
			return refuse_mixed(file, first, service, err);
		found = other;
		first = first ? first : service;
	}
	*release = first ? mem_copy(VERSION_TEXT(found)) : NULL;
	*where = first ? mem_copy(first->where) : NULL;
	return 0;
}

void pin_releases(struct list *releases, const struct composefile *file)
{
	struct version release;
	for (size_t i = 0; i < file->count; i++)
		if (release_of(&release, &file->services[i]))
			list_add_once(releases, VERSION_TEXT(release));
}

void pin_images(struct list *images, const struct composefile *file, struct version release)
{
	for (size_t i = 0; i < file->count; i++) {
		AUTO(image_clear) struct image image = {NULL, NULL, NULL};
		const struct compose_service *service = &file->services[i];
		if (!service->engine || !image_parse(&image, service->image))
			continue;
		AUTO(mem_auto) char *wanted = image_of_release(&image, release);
		list_add_once(images, wanted);
	}
}

/* Why the service's image cannot be given another tag, if so. */
static int check_service(const struct compose_service *service, const struct image *image, bool force,
	struct error *err)
{
	struct version old;
	if (service->variables.count) {
		AUTO(mem_auto) char *names = list_join(&service->variables, ", ");
		error_set(err, ERROR_REFUSED, "%s: the image of %s comes from the variable %s", service->where,
			service->name, names);
		return error_hint(err, "write the tag into the compose file, as in `image: %s:%s`", image->name,
			image->tag ? image->tag : "v0.2.4");
	}
	if (service->elsewhere) {
		error_set(err, ERROR_REFUSED, "%s: the image of %s stands in another file than the compose file",
			service->where, service->name);
		return error_hint(err, "move the line `image:` from there into the compose file");
	}
	if (image_release(&old, image) || force)
		return 0;
	const char *why = image->digest ? "is pinned by a digest" : !image->tag ? "has no tag" : "names no release";
	AUTO(mem_auto) char *text = image_text(image);
	error_set(err, ERROR_REFUSED, "%s: the image of %s, %s, %s", service->where, service->name, text, why);
	return error_hint(err, "add `--pin` to have a tag of the release written in its place");
}

static int edit_service(struct text *made, const struct composefile *file, const struct compose_service *service,
	struct version release, bool force, struct error *err)
{
	AUTO(image_clear) struct image image = {NULL, NULL, NULL};
	if (!image_parse(&image, service->image))
		return 0;
	AUTO(mem_auto) char *wanted = image_of_release(&image, release);
	if (strcmp(wanted, service->image) == 0)
		return 0;
	int rc = check_service(service, &image, force, err);
	if (rc)
		return rc;
	char *text = NULL;
	size_t size = 0;
	rc = yaml_replace(&text, &size, made->data, made->size,
		(const char *const[]){"services", service->name, "image", NULL}, wanted, path_base(file->path), err);
	if (rc)
		return rc;
	text_clear(made);
	text_add_bytes(made, text, size);
	mem_free(text);
	return 0;
}

int pin_edit(char **text, size_t *size, const struct composefile *file, struct version release, bool force,
	struct error *err)
{
	AUTO(text_clear) struct text made = TEXT_INIT;
	text_add_bytes(&made, file->text, file->size);
	size_t engine = 0;
	int rc = 0;
	for (size_t i = 0; !rc && i < file->count; i++)
		if (file->services[i].engine && ++engine)
			rc = edit_service(&made, file, &file->services[i], release, force, err);
	if (rc)
		return rc;
	if (!engine) {
		error_set(err, ERROR_REFUSED, "%s has no service of the engine", file->path);
		return error_hint(err, "name the last part of its image with `--engine-image NAME`");
	}
	*size = made.size;
	*text = text_take(&made);
	return 0;
}

int pin_engine_setting(struct settings *settings, struct error *err)
{
	AUTO(error_clear) struct error why = ERROR_INIT;
	AUTO(composefile_clear) struct composefile file = {.path = NULL};
	AUTO(mem_auto) char *release = NULL, *where = NULL;
	const char *runtime = settings_text(settings, OPTION_RUNTIME);
	if (!settings_text(settings, OPTION_COMPOSE_FILE) || (runtime && strcmp(runtime, "compose") != 0))
		return 0;
	if (composefile_read(&file, settings, NULL, &why) || pin_release(&release, &where, &file, &why) || !release)
		return 0;
	return settings_set(settings, OPTION_ENGINE, release, SOURCE_FILE, where, NULL, err);
}
