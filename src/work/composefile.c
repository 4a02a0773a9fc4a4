#include "work/composefile.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "io/yaml_tree.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Names that compose looks for by itself, and the override file that belongs to each. */
static const char *const usual[][3] = {
	{"compose.yaml", "compose.override.yaml", "compose.override.yml"},
	{"compose.yml", "compose.override.yml", "compose.override.yaml"},
	{"docker-compose.yml", "docker-compose.override.yml", "docker-compose.override.yaml"},
	{"docker-compose.yaml", "docker-compose.override.yaml", "docker-compose.override.yml"},
};

static void service_clear(struct compose_service *service)
{
	mem_free(service->name);
	mem_free(service->image);
	mem_free(service->where);
	list_clear(&service->variables);
	list_clear(&service->after);
}

void composefile_clear(struct composefile *file)
{
	for (size_t i = 0; i < file->count; i++)
		service_clear(&file->services[i]);
	mem_free(file->services);
	mem_free(file->path);
	mem_free(file->directory);
	mem_free(file->project);
	mem_free_secret(file->text);
	list_clear(&file->files);
	*file = (struct composefile){.path = NULL};
}

const struct compose_service *composefile_find(const struct composefile *file, const char *name)
{
	for (size_t i = 0; i < file->count; i++)
		if (strcmp(file->services[i].name, name) == 0)
			return &file->services[i];
	return NULL;
}

/* ---- variables ---- */

/* The lines NAME=VALUE of `.env`, without quotes around the value. A missing file has none. */
static void read_dotenv(struct list *out, const char *directory)
{
	AUTO(error_clear) struct error ignored = ERROR_INIT;
	AUTO(mem_auto) char *path = path_join(directory, ".env");
	AUTO(mem_auto_secret) char *text = NULL;
	AUTO(list_clear) struct list lines = LIST_INIT;
	size_t size;
	if (!file_exists(path) || file_read(&text, &size, path, &ignored))
		return;
	list_add_lines(&lines, text);
	for (size_t i = 0; i < lines.count; i++) {
		char *line = lines.items[i] + strspn(lines.items[i], " \t"), *equals = strchr(line, '=');
		if (text_starts(line, "export "))
			line += strlen("export ");
		line[strcspn(line, "\r")] = '\0';
		if (*line == '#' || !equals)
			continue;
		char *value = equals + 1, quote = *value;
		size_t end = strlen(value);
		bool quoted = end > 1 && (quote == '"' || quote == '\'') && value[end - 1] == quote;
		list_addf(out, "%.*s=%.*s", (int)(equals - line), line, (int)(quoted ? end - 2 : end),
			quoted ? value + 1 : value);
	}
}

static const char *variable(const char *name, void *context)
{
	const struct list *dotenv = context;
	const char *value = getenv(name);
	size_t size = strlen(name);
	for (size_t i = 0; !value && i < dotenv->count; i++)
		if (strncmp(dotenv->items[i], name, size) == 0 && dotenv->items[i][size] == '=')
			value = dotenv->items[i] + size + 1;
	return value;
}

/* ---- the project's name ---- */

/* As compose makes one of a folder's name. */
static char *normal_name(const char *name)
{
	struct text made = TEXT_INIT;
	text_add(&made, "");
	for (; *name; name++) {
		char letter = (char)tolower((unsigned char)*name);
		if (isalnum((unsigned char)letter) || letter == '_' || letter == '-')
			text_add_bytes(&made, &letter, 1);
	}
	return text_take(&made);
}

static char *project_name(const struct settings *settings, const struct composefile *file, struct yaml_node top,
	struct list *dotenv)
{
	const char *setting = settings_text(settings, OPTION_COMPOSE_PROJECT);
	const char *said = setting ? setting : variable("COMPOSE_PROJECT_NAME", dotenv);
	if (said && *said)
		return mem_copy(said);
	AUTO(mem_auto) char *written = yaml_node_text(yaml_node_get(top, "name"));
	if (written && *written)
		return image_expand(NULL, written, variable, dotenv);
	AUTO(mem_auto) char *name = normal_name(path_base(file->directory));
	return mem_copy(*name ? name : "default");
}

/* ---- services ---- */

/* "1m30s", "10s", "500ms" in seconds; -1 for anything else. */
static double read_duration(const char *text)
{
	double seconds = 0;
	while (text && *text) {
		char *unit;
		double number = isdigit((unsigned char)*text) ? strtod(text, &unit) : -1;
		if (number < 0)
			return -1;
		double factor = text_starts(unit, "ms") ? 0.001 : *unit == 's' ? 1 : *unit == 'm' ? 60
			: *unit == 'h' ? 3600 : -1;
		if (factor < 0)
			return -1;
		seconds += number * factor;
		text = unit + (factor < 0.01 ? 2 : 1);
	}
	return text ? seconds : -1;
}

/* depends_on, a list or a mapping, and the names of links, "db:alias". */
static void read_after(struct list *out, struct yaml_node node)
{
	AUTO(list_clear) struct list links = LIST_INIT;
	yaml_node_keys(out, yaml_node_get(node, "depends_on"));
	yaml_node_items(out, yaml_node_get(node, "depends_on"));
	yaml_node_items(&links, yaml_node_get(node, "links"));
	for (size_t i = 0; i < links.count; i++) {
		links.items[i][strcspn(links.items[i], ":")] = '\0';
		list_add_once(out, links.items[i]);
	}
}

static void set_image(struct compose_service *service, struct yaml_node image, const char *path, bool elsewhere,
	struct list *dotenv)
{
	AUTO(mem_auto) char *written = yaml_node_text(image);
	if (!written)
		return;
	list_clear(&service->variables);
	mem_replace(&service->image, image_expand(&service->variables, written, variable, dotenv));
	mem_replace(&service->where, mem_format("%s line %d", path_base(path), image.line));
	service->elsewhere = elsewhere;
}

static void read_services(struct composefile *file, struct yaml_node services, struct list *dotenv)
{
	AUTO(list_clear) struct list names = LIST_INIT;
	yaml_node_keys(&names, services);
	file->services = mem_array(names.count, sizeof *file->services);
	for (size_t i = 0; i < names.count; i++) {
		struct yaml_node node = yaml_node_get(services, names.items[i]);
		struct compose_service *service = &file->services[file->count++];
		AUTO(mem_auto) char *grace = yaml_node_text(yaml_node_get(node, "stop_grace_period"));
		*service = (struct compose_service){.name = mem_copy(names.items[i]), .grace = read_duration(grace),
			.where = mem_format("%s line %d", path_base(file->path), node.line)};
		set_image(service, yaml_node_get(node, "image"), file->path, false, dotenv);
		read_after(&service->after, node);
	}
}

/* The override file that compose takes by itself. */
static void find_override(struct composefile *file)
{
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		for (size_t j = 1; strcmp(path_base(file->path), usual[i][0]) == 0 && j < 3; j++) {
			AUTO(mem_auto) char *path = path_join(file->directory, usual[i][j]);
			if (!file_exists(path))
				continue;
			list_add(&file->files, path);
			return;
		}
}

/* Another file of the project: it may say other images. */
static int read_other(struct composefile *file, const char *path, struct list *dotenv, struct error *err)
{
	AUTO(mem_auto) char *text = NULL;
	AUTO(yaml_tree_auto) struct yaml_tree *tree = NULL;
	size_t size;
	int rc = file_read(&text, &size, path, err);
	if (!rc)
		rc = yaml_tree_parse(&tree, text, size, path_base(path), err);
	for (size_t i = 0; !rc && i < file->count; i++) {
		struct compose_service *service = &file->services[i];
		set_image(service, yaml_node_find(yaml_tree_top(tree), KEYS("services", service->name, "image")), path,
			true, dotenv);
	}
	return rc;
}

/* ---- order ---- */

/* Puts a service behind those it starts after. done: 1 being looked at, 2 placed. A circle, which compose refuses, ends
 * where it meets itself. */
static void place(struct compose_service *to, size_t *count, const struct composefile *file, size_t i, char *done)
{
	if (done[i])
		return;
	done[i] = 1;
	const struct compose_service *service = &file->services[i];
	for (size_t j = 0; j < service->after.count; j++) {
		const struct compose_service *before = composefile_find(file, service->after.items[j]);
		if (before)
			place(to, count, file, (size_t)(before - file->services), done);
	}
	done[i] = 2;
	to[(*count)++] = *service;
}

/* The catalog first, for it is what the engine's other services ask, then as the file has them. */
static void order(struct composefile *file)
{
	struct compose_service *sorted = mem_array(file->count, sizeof *sorted);
	AUTO(mem_auto) char *done = mem_new(file->count);
	size_t count = 0;
	for (size_t i = 0; i < file->count; i++)
		if (file->services[i].engine && text_ends(file->services[i].name, "catalog"))
			place(sorted, &count, file, i, done);
	for (size_t i = 0; i < file->count; i++)
		place(sorted, &count, file, i, done);
	mem_free(file->services);
	file->services = sorted;
}

static void find_engine(struct composefile *file, const char *engine)
{
	for (size_t i = 0; i < file->count; i++) {
		AUTO(image_clear) struct image image = {NULL, NULL, NULL};
		struct compose_service *service = &file->services[i];
		/* `NAME:$TAG` without a TAG. */
		if (service->variables.count && text_ends(service->image, ":"))
			service->image[strlen(service->image) - 1] = '\0';
		service->engine = service->image && image_parse(&image, service->image) && image_is(&image, engine);
	}
}

static int read_tree(struct composefile *file, const struct settings *settings, struct error *err)
{
	AUTO(yaml_tree_auto) struct yaml_tree *tree = NULL;
	AUTO(list_clear) struct list dotenv = LIST_INIT;
	int rc = yaml_tree_parse(&tree, file->text, file->size, path_base(file->path), err);
	if (rc)
		return rc;
	struct yaml_node top = yaml_tree_top(tree), services = yaml_node_get(top, "services");
	if (!yaml_node_is_mapping(services))
		return error_set(err, ERROR_USAGE, "%s has no services", file->path);
	read_dotenv(&dotenv, file->directory);
	file->project = project_name(settings, file, top, &dotenv);
	read_services(file, services, &dotenv);
	for (size_t i = 1; !rc && i < file->files.count; i++)
		rc = read_other(file, file->files.items[i], &dotenv, err);
	find_engine(file, settings_text(settings, OPTION_ENGINE_IMAGE));
	order(file);
	return rc;
}

int composefile_read(struct composefile *out, const struct settings *settings, const struct list *files,
	struct error *err)
{
	const char *path = settings_text(settings, OPTION_COMPOSE_FILE);
	if (!path) {
		error_set(err, ERROR_USAGE, "no compose file is named");
		return error_hint(err, "set `compose_file` in anchore-admin.yaml, or add `--compose-file FILE`");
	}
	AUTO(composefile_clear) struct composefile file = {.path = mem_copy(path), .directory = path_directory(path)};
	list_add(&file.files, path);
	for (size_t i = 1; files && i < files->count; i++)
		list_add(&file.files, files->items[i]);
	if (!files)
		find_override(&file);
	int rc = file_read(&file.text, &file.size, path, err);
	if (!rc)
		rc = read_tree(&file, settings, err);
	if (rc) {
		err->code = ERROR_USAGE;
		return err->hint ? rc : error_hint(err, "correct the file; %s names it",
			settings_where(settings, OPTION_COMPOSE_FILE));
	}
	*out = file;
	file = (struct composefile){.path = NULL};
	return 0;
}
