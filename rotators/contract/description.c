/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/contract/description.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "rotators/contract/executable.h"

enum { OF_TARGET_ANNOUNCES = 1, OF_TARGET_FIELDS = 2, OF_TARGET_COMMAND = 4 };
enum { PATH_SIZE = 4096 };
static const char *const of_target_names[] = {"announces", "fields", "command", NULL};

void
description_fields(struct json_in *in, bool ret_fields[CREDENTIAL_FIELDS])
{
	uint32_t fields = json_in_set(in, "fields", credential_field_names, 1);

	for (unsigned field = 0; field < CREDENTIAL_FIELDS; field++)
		ret_fields[field] = (fields & 1u << field) != 0;
}

void
description_put_fields(struct json *object, const bool fields[CREDENTIAL_FIELDS])
{
	struct json *names = json_new_array();

	for (int i = 0; i < CREDENTIAL_FIELDS; i++)
		if (fields[i])
			json_add_text(names, credential_field_names[i]);
	json_put(object, "fields", names);
}

/* All of them are read, so that a file with a fault fails for every target. */
static enum err_code
choose_case(const struct json *cases, const struct json *target, struct description *description,
    bool *ret_found, struct err *err)
{
	*ret_found = false;
	for (size_t i = 0; i < json_array_count(cases); i++) {
		struct json_in in = json_in(json_array_object(cases, i), "announces", err);
		const struct json *when = json_in_object_optional(&in, "when");
		struct announcement announced;

		announcement_in(&in, &announced);
		TRY(json_in_end(&in));
		if (*ret_found || (when != NULL && !needs_is_case(when, target)))
			continue;
		*ret_found = true;
		description->announced = announced;
	}
	return ERR_OK;
}

/* The "when" of case I, or NULL. */
static const struct json *
when_of(const struct json *cases, size_t i)
{
	unsigned ignored;

	return json_member(json_array_object(cases, i), "when", &ignored);
}

/* Each text that a "when" of CASES has for the member NAME, once. */
static void
name_values(const struct json *cases, const char *name, struct buf *names)
{
	JSON *named = json_new_object();
	const char *between = "";

	for (size_t i = 0; i < json_array_count(cases); i++) {
		const struct json *when = when_of(cases, i);
		const char *value = when == NULL ? NULL : json_object_text(when, name);

		if (value == NULL || json_object_text(named, value) != NULL)
			continue;
		json_put_text(named, value, "");
		buf_text(names, between);
		text_quote(value, names);
		between = " or ";
	}
}

/* Each member of a "when" in CASES, once, with what it may say. */
static void
name_deciding(const struct json *cases, struct buf *names)
{
	JSON *named = json_new_object();

	for (size_t i = 0; i < json_array_count(cases); i++) {
		const struct json *when = when_of(cases, i);

		for (size_t j = 0; when != NULL && j < json_object_count(when); j++) {
			const char *name = json_object_key(when, j);

			if (json_object_text(named, name) != NULL)
				continue;
			json_put_text(named, name, "");
			buf_text(names, names->size == 0 ? "" : ", ");
			text_quote(name, names);
			buf_text(names, " may be ");
			name_values(cases, name, names);
		}
	}
}

static enum err_code
fits_nothing(const struct json *cases, const char *name, struct err *err)
{
	BUF deciding = {0};

	name_deciding(cases, &deciding);
	return err_set(err, ERR_REFUSED,
	    "target: rotator %s has nothing for a target like this: its member %s; the rotator's manual has more",
	    name, buf_string(&deciding));
}

/* What the target itself says, where the file lets it. */
static enum err_code
take_from_target(const struct json *target, uint32_t members, struct description *description,
    bool *found, struct err *err)
{
	struct json_in in = json_in(target, "target", err);

	if ((members & OF_TARGET_ANNOUNCES) != 0 && json_in_has(&in, "announces")) {
		const struct json *announces = json_in_object(&in, "announces");

		if (in.code == ERR_OK)
			in.code = announcement_take(announces, "target: announces",
			    &description->announced, err);
		*found = true;
	}
	if ((members & OF_TARGET_FIELDS) != 0 && json_in_has(&in, "fields"))
		description_fields(&in, description->fields);
	return in.code; /* the other members are the rotator's */
}

enum err_code
description_parse(struct view text, const char *name, const struct json *target,
    struct description *ret_description, bool *ret_of_target, struct err *err)
{
	struct description description = {0};
	JSON *file = NULL;
	NEEDS needs = {0};
	bool found;

	*ret_of_target = false;
	TRY(json_parse(text, &file, err));
	struct json_in in = json_in(file, "description", err);
	const char *rotator = json_in_text(&in, "rotator", 1, ROTATOR_NAME_MAX);
	int64_t contract = json_in_int(&in, "contract", 1, INT32_MAX);

	if (in.code == ERR_OK && contract != ROTATOR_CONTRACT)
		return err_set(err, ERR_VERSION,
		    "rotator %s speaks contract %lld, this Halligan speaks %d", name,
		    (long long)contract, ROTATOR_CONTRACT);
	description_fields(&in, description.fields);
	const struct json *cases = json_in_array(&in, "announces", 1, DESCRIPTION_CASES);
	uint32_t of_target =
	    json_in_has(&in, "target") ? json_in_set(&in, "target", of_target_names, 1) : 0;

	(void)(json_in_has(&in, "needs") && json_in_array(&in, "needs", 1, NEEDS_MAX) != NULL);
	if (in.code == ERR_OK && strcmp(rotator, name) != 0)
		json_in_fail(&in, "rotator", "is another than the program's name");
	TRY(json_in_end(&in));
	TRY(needs_of(file, target, &needs, ret_of_target, err));
	*ret_of_target = false;
	TRY(choose_case(cases, target, &description, &found, err));
	*ret_of_target = true;
	TRY(take_from_target(target, of_target, &description, &found, err));
	if (!found)
		return fits_nothing(cases, name, err);
	description.runs = (of_target & OF_TARGET_COMMAND) != 0;
	(void)snprintf(description.rotator, sizeof(description.rotator), "%s", name);
	*ret_description = description;
	return ERR_OK;
}

static enum err_code
read_beside(const char *program, char ret_path[PATH_SIZE], struct buf *ret_text, struct err *err)
{
	if ((size_t)snprintf(ret_path, PATH_SIZE, "%s.json", program) >= PATH_SIZE)
		return err_set(err, ERR_INVALID, "the path %s is too long", program);
	return executable_beside(ret_path, DESCRIPTION_MAX, ret_text, err);
}

static enum err_code
needs_in(const struct json *file, const struct json *target, const char *path,
    struct needs *ret_needs, bool *ret_runs, struct err *err)
{
	struct json_in in = json_in(file, path, err);
	bool of_target;

	if (json_in_has(&in, "target"))
		*ret_runs =
		    (json_in_set(&in, "target", of_target_names, 1) & OF_TARGET_COMMAND) != 0;
	TRY(in.code); /* the other members are read when a definition is judged */
	enum err_code code = needs_of(file, target, ret_needs, &of_target, err);

	return code == ERR_OK || of_target ? code : err_add(err, "%s", path);
}

/* FILE NULL: there is none beside it. */
static enum err_code
parse_beside(const char *program, char ret_path[PATH_SIZE], struct json **ret_file, struct err *err)
{
	BUF text = {0};
	enum err_code code = read_beside(program, ret_path, &text, err);

	*ret_file = NULL;
	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(code);
	return json_parse(buf_view(&text), ret_file, err) == ERR_OK ? ERR_OK :
	                                                              err_add(err, "%s", ret_path);
}

enum err_code
description_capabilities(const char *program, uint32_t *ret_capabilities, struct err *err)
{
	JSON *file = NULL;
	char path[PATH_SIZE];

	TRY(parse_beside(program, path, &file, err));
	*ret_capabilities = 0;
	return file == NULL ? ERR_OK : needs_capabilities(file, ret_capabilities, err);
}

enum err_code
description_needs(const char *program, const struct json *target, struct needs *ret_needs,
    bool *ret_runs, struct err *err)
{
	JSON *file = NULL;
	char path[PATH_SIZE];

	TRY(parse_beside(program, path, &file, err));
	*ret_runs = false;
	*ret_needs = (struct needs){0};
	return file == NULL ? ERR_OK : needs_in(file, target, path, ret_needs, ret_runs, err);
}

enum err_code
description_read(const char *program, const char *name, const struct json *target,
    struct description *ret_description, bool *ret_of_target, struct err *err)
{
	BUF text = {0};
	char path[PATH_SIZE];

	*ret_of_target = false;
	if (read_beside(program, path, &text, err) != ERR_OK)
		return err_add(err, "the description of rotator %s", name);
	enum err_code code =
	    description_parse(buf_view(&text), name, target, ret_description, ret_of_target, err);

	return code == ERR_OK || *ret_of_target ? code : err_add(err, "%s", path);
}
