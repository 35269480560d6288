/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/contract/needs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_in.h"
#include "base/text.h"

enum need { ACCOUNT, READ, CHANGE, CHANGE_BESIDE, SOCKET, HOST, CAPABILITIES };
static const char *const need_names[] = {"account", "read", "change", "change-beside", "socket",
    "host", "capabilities", NULL};
const char *const needs_capability_names[] = {"CHOWN", "DAC_OVERRIDE", "FOWNER", NULL};

void
needs_done(struct needs *needs)
{
	free(needs->paths);
	*needs = (struct needs){0};
}

bool
needs_is_case(const struct json *when, const struct json *target)
{
	for (size_t i = 0; i < json_object_count(when); i++) {
		const char *name = json_object_key(when, i);
		const char *wanted = json_object_text(when, name);
		const char *has = json_object_text(target, name);

		if (wanted == NULL || has == NULL || strcmp(wanted, has) != 0)
			return false;
	}
	return true;
}

/* --- Paths -------------------------------------------------------------------------------- */

static bool
is_path(const char *path)
{
	size_t size = strlen(path);

	return size > 1 && size < NEEDS_PATH_SIZE && path[0] == '/' && path[size - 1] != '/' &&
	    strstr(path, "//") == NULL && strstr(path, "/./") == NULL &&
	    strstr(path, "/../") == NULL && strcmp(path + size - 2, "/.") != 0 &&
	    (size < 3 || strcmp(path + size - 3, "/..") != 0) && text_is_plain(view_of_text(path));
}

enum err_code
needs_add(struct needs *needs, const char *path, bool changes, struct err *err)
{
	if (!is_path(path))
		return err_set(err, ERR_INVALID,
		    "the path %s must be absolute, without \".\", \"..\" and a \"/\" at its end",
		    QUOTED(path));
	for (size_t i = 0; i < needs->count; i++)
		if (strcmp(needs->paths[i].path, path) == 0) {
			needs->paths[i].changes |= changes;
			return ERR_OK;
		}
	if (needs->count == NEEDS_PATHS)
		return err_set(err, ERR_INVALID, "it names more than %d paths", (int)NEEDS_PATHS);
	struct needs_path *paths =
	    reallocarray(needs->paths, needs->count + 1, sizeof(*needs->paths));

	if (paths == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a path");
	needs->paths = paths;
	struct needs_path *added = &paths[needs->count++];

	(void)snprintf(added->path, sizeof(added->path), "%s", path);
	added->changes = changes;
	return ERR_OK;
}

static enum err_code
add_beside(struct needs *needs, const char *path, struct err *err)
{
	char folder[NEEDS_PATH_SIZE];
	char *slash;

	if (!is_path(path))
		return needs_add(needs, path, true, err);
	(void)snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == folder)
		return err_set(err, ERR_INVALID,
		    "%s stands in the root of all: a file there can be replaced by no rotator",
		    path);
	*slash = '\0';
	return needs_add(needs, folder, true, err);
}

/* --- One need ----------------------------------------------------------------------------- */

/* NAME, or NAME.NAME, in TARGET; NULL: it has none. */
static const struct json *
find_member(const struct json *target, const char *name)
{
	const char *dot = strchr(name, '.');
	char outer[64];
	unsigned ignored;

	if (dot == NULL)
		return json_member(target, name, &ignored);
	(void)snprintf(outer, sizeof(outer), "%.*s", (int)(dot - name), name);
	const struct json *object = json_member(target, outer, &ignored);

	return object != NULL && json_kind(object) == KIND_OBJECT ?
	    json_member(object, dot + 1, &ignored) :
	    NULL;
}

static enum err_code
copy_text(const char *text, size_t max, char *ret_text, struct err *err)
{
	if (strlen(text) > max || !text_is_plain(view_of_text(text)) || text[0] == '\0')
		return err_set(err, ERR_INVALID, "it must be plain text of 1 to %zu bytes", max);
	memcpy(ret_text, text, strlen(text) + 1);
	return ERR_OK;
}

static enum err_code
take_text(struct needs *needs, enum need need, const char *text, struct err *err)
{
	switch (need) {
	case ACCOUNT:
		return needs->account[0] != '\0' ?
		    ERR_OK :
		    copy_text(text, NEEDS_ACCOUNT_MAX, needs->account, err);
	case READ:
	case CHANGE:
		return needs_add(needs, text, need == CHANGE, err);
	case CHANGE_BESIDE:
		return add_beside(needs, text, err);
	case SOCKET:
		TRY(copy_text(text, NEEDS_SOCKET_MAX, needs->socket, err));
		return needs_add(needs, text, true, err);
	case HOST:
		needs->host = true;
		return ERR_OK;
	case CAPABILITIES:
	default:
		return err_set(err, ERR_INTERNAL, "a need without a member");
	}
}

/* A text, or for paths an array of them. */
static enum err_code
take_value(struct needs *needs, enum need need, const struct json *value, struct err *err)
{
	bool many = json_kind(value) == KIND_ARRAY &&
	    (need == READ || need == CHANGE || need == CHANGE_BESIDE);

	if (!many)
		return json_text(value) != NULL ? take_text(needs, need, json_text(value), err) :
		                                  err_set(err, ERR_INVALID, "it must be a text");
	for (size_t i = 0; i < json_array_count(value); i++) {
		const char *text = json_array_text(value, i);

		if (text == NULL)
			return err_set(err, ERR_INVALID, "it must hold texts");
		TRY(take_text(needs, need, text, err));
	}
	return ERR_OK;
}

struct entry {
	enum need need;
	const char *member; /* NULL with CAPABILITIES */
	const struct json *when;
	uint32_t capabilities;
};

static enum err_code
read_entry(const struct json *object, struct entry *entry, struct err *err)
{
	struct json_in in = json_in(object, "needs", err);

	entry->when = json_in_object_optional(&in, "when");
	entry->need = (enum need)json_in_choice(&in, "need", need_names);
	entry->member = NULL;
	entry->capabilities = 0;
	if (in.code == ERR_OK && entry->need == CAPABILITIES)
		entry->capabilities = json_in_set(&in, "names", needs_capability_names, 1);
	else if (in.code == ERR_OK)
		entry->member = json_in_text(&in, "member", 1, 63);
	return json_in_end(&in);
}

static enum err_code
take_entry(struct needs *needs, const struct entry *entry, const struct json *target,
    struct err *err)
{
	const struct json *value;

	if (entry->when != NULL && !needs_is_case(entry->when, target))
		return ERR_OK;
	needs->capabilities |= entry->capabilities;
	value = entry->member != NULL ? find_member(target, entry->member) : NULL;
	if (value == NULL || take_value(needs, entry->need, value, err) == ERR_OK)
		return ERR_OK;
	return err_add(err, "target: %s", entry->member);
}

static enum err_code
read_entries(const struct json *description, struct entry entries[NEEDS_MAX], size_t *ret_count,
    struct err *err)
{
	struct json_in in = json_in(description, "description", err);
	const struct json *listed =
	    json_in_has(&in, "needs") ? json_in_array(&in, "needs", 1, NEEDS_MAX) : NULL;

	TRY(in.code); /* its other members are read elsewhere */
	*ret_count = json_array_count(listed);
	for (size_t i = 0; i < *ret_count; i++)
		TRY(read_entry(json_array_object(listed, i), &entries[i], err));
	return ERR_OK;
}

enum err_code
needs_capabilities(const struct json *description, uint32_t *ret_capabilities, struct err *err)
{
	struct entry entries[NEEDS_MAX];
	size_t count;

	TRY(read_entries(description, entries, &count, err));
	*ret_capabilities = 0;
	for (size_t i = 0; i < count; i++)
		*ret_capabilities |= entries[i].capabilities;
	return ERR_OK;
}

enum err_code
needs_of(const struct json *description, const struct json *target, struct needs *ret_needs,
    bool *ret_of_target, struct err *err)
{
	NEEDS needs = {0};
	struct entry entries[NEEDS_MAX];
	size_t count;

	*ret_of_target = false;
	TRY(read_entries(description, entries, &count, err));
	*ret_of_target = true;
	for (size_t i = 0; i < count; i++)
		TRY(take_entry(&needs, &entries[i], target, err));
	*ret_needs = needs;
	needs = (struct needs){0};
	return ERR_OK;
}
