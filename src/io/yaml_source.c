#include <string.h>

#include "base/mem.h"
#include "io/yaml_private.h"

static void document_auto(struct fy_document **document)
{
	if (*document)
		fy_document_destroy(*document);
}

/* The library would print to stderr by itself. */
static void print_nothing(struct fy_diag *diag, void *user, const char *text, size_t size)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)size;
}

void yaml_source_close(struct yaml_source *source)
{
	if (source->document)
		fy_document_destroy(source->document);
	if (source->parser)
		fy_parser_destroy(source->parser);
	if (source->diag)
		fy_diag_destroy(source->diag);
	*source = (struct yaml_source){NULL, NULL, NULL};
}

/* The first thing that the parser complained about. Its message may quote the file's text only where it names a
 * duplicate key or an unknown anchor, never a value. */
static int fail_parse(struct fy_diag *diag, const char *where, struct error *err)
{
	void *at = NULL;
	const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &at);
	if (!first)
		return error_set(err, ERROR_USAGE, "%s is not YAML", where);
	return error_set(err, ERROR_USAGE, "%s line %d: %s", where, first->line, first->msg);
}

/* A file with two documents would otherwise lose the second. */
static int check_single(const struct yaml_source *source, const char *where, struct error *err)
{
	AUTO(document_auto) struct fy_document *second = fy_parse_load_document(source->parser);
	if (second)
		return error_set(err, ERROR_USAGE, "%s holds more than one document", where);
	return fy_parser_get_stream_error(source->parser) ? fail_parse(source->diag, where, err) : 0;
}

static bool is_blank(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!strchr(" \t\r\n", text[i]))
			return false;
	return true;
}

int yaml_source_open(struct yaml_source *out, const char *text, size_t size, const char *where, bool duplicates,
	struct error *err)
{
	AUTO(yaml_source_close) struct yaml_source source = {NULL, NULL, NULL};
	if (memchr(text, '\0', size))
		return error_set(err, ERROR_USAGE, "%s is not a text file", where);
	if (is_blank(text, size))
		return 0;
	struct fy_diag_cfg diag_config;
	fy_diag_cfg_default(&diag_config);
	diag_config.fp = NULL;
	diag_config.output_fn = print_nothing;
	source.diag = fy_diag_create(&diag_config);
	fy_diag_set_collect_errors(source.diag, true);
	struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = source.diag};
	if (duplicates)
		config.flags |= FYPCF_ALLOW_DUPLICATE_KEYS;
	source.parser = fy_parser_create(&config);
	if (!source.parser || fy_parser_set_string(source.parser, text, size) != 0)
		return error_set(err, ERROR_USAGE, "%s cannot be parsed", where);
	source.document = fy_parse_load_document(source.parser);
	int rc = fy_parser_get_stream_error(source.parser) ? fail_parse(source.diag, where, err) : 0;
	if (!rc && source.document)
		rc = check_single(&source, where, err);
	if (rc)
		return rc;
	*out = source;
	source = (struct yaml_source){NULL, NULL, NULL};
	return 0;
}
