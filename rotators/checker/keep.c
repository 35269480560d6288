/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/keep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

/* More than the largest value takes, each field in blocks of its own. */
enum { RESERVED = 2 * CREDENTIAL_MAX };
static const char reserved_name[] = "room";

static enum err_code
make_folder(const char *inside, size_t size, char *ret_folder, struct err *err)
{
	char folder[4096];
	int length = snprintf(folder, sizeof(folder), "%s/halligan-kept-XXXXXX", inside);

	if (length < 0 || (size_t)length >= size)
		return err_set(err, ERR_INVALID, "the path of the present folder is too long");
	if (mkdtemp(folder) == NULL)
		return err_errno(err, ERR_IO, errno,
		    "making %s, a folder for the values that are brought to the target", folder);
	memcpy(ret_folder, folder, (size_t)length + 1);
	return ERR_OK;
}

enum err_code
keep_begin(struct keep *keep, struct err *err)
{
	char inside[sizeof(keep->folder)];

	if (getcwd(inside, sizeof(inside)) == NULL)
		return err_errno(err, ERR_IO, errno, "the present folder has no path");
	return make_folder(inside, sizeof(keep->folder) - 32, keep->folder, err);
}

static const char *
folder_of(const struct keep *keep, size_t index)
{
	return keep->values[index].moved ? keep->other : keep->folder;
}

static const char *
suffix_of(const struct kept *kept, int field)
{
	return kept->whole ? credential_field_names[field] : "raw";
}

/* Does the value have this file?  What is not whole has one. */
static bool
has_file(const struct kept *kept, int field)
{
	return kept->whole ?
	    credential_has(secret_view(kept->value), (enum credential_field)field) :
	    field == 0;
}

static enum err_code
file_of(const struct keep *keep, size_t index, int field, char ret_path[4096], struct err *err)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%zu.%s", index + 1,
	    suffix_of(&keep->values[index], field));
	return file_path(folder_of(keep, index), name, ret_path, err);
}

/* Over what an attempt that failed may have left. */
static enum err_code
write_value(struct keep *keep, size_t index, struct err *err)
{
	struct kept *kept = &keep->values[index];

	for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
		struct view bytes = secret_view(kept->value);
		char path[4096];

		if (!has_file(kept, i))
			continue;
		if (kept->whole)
			TRY(credential_get(secret_view(kept->value), (enum credential_field)i,
			    &bytes, err));
		TRY(file_of(keep, index, i, path, err));
		TRY(file_write(path, bytes, 0600, err));
	}
	kept->written = true;
	return ERR_OK;
}

static enum err_code
check_count(const struct keep *keep, struct err *err)
{
	if (keep->count == KEPT_MAX)
		return err_set(err, ERR_INTERNAL, "more than %d values", KEPT_MAX);
	return ERR_OK;
}

enum err_code
keep_add(struct keep *keep, const struct secret *value, struct err *err)
{
	struct kept kept = {.whole = true};

	TRY(check_count(keep, err));
	TRY(secret_from(secret_view(value), &kept.value, err));
	keep->values[keep->count] = kept;
	return write_value(keep, keep->count++, err);
}

enum err_code
keep_reserve(struct keep *keep, struct err *err)
{
	static const uint8_t room[RESERVED];
	char path[4096];

	TRY(check_count(keep, err));
	TRY(file_path(keep->folder, reserved_name, path, err));
	return file_write(path, VIEW_OF(room), 0600, err);
}

void
keep_give_up(const struct keep *keep)
{
	char path[4096];
	struct err unsaid;

	if (file_path(keep->folder, reserved_name, path, &unsaid) == ERR_OK)
		(void)unlink(path);
}

enum err_code
keep_take(struct keep *keep, struct secret *value, const char *name, const struct secret **ret_held,
    struct err *err)
{
	struct kept *kept = &keep->values[keep->count];
	struct secret *copy = NULL;
	struct err unsaid;

	*kept = (struct kept){.value = value,
	    .whole = credential_check(secret_view(value), &unsaid) == ERR_OK};
	(void)snprintf(kept->name, sizeof(kept->name), "%s", name);
	if (secret_from(secret_view(value), &copy, &unsaid) == ERR_OK) { /* no larger than it is */
		secret_free(value);
		kept->value = copy;
	}
	*ret_held = kept->value;
	keep_give_up(keep);
	return write_value(keep, keep->count++, err);
}

enum err_code
keep_save(struct keep *keep, size_t index, struct err *err)
{
	static const char *const folders[] = {"/dev/shm", "/tmp"};
	struct kept *kept = &keep->values[index];
	enum err_code code = kept->written ? ERR_OK : write_value(keep, index, err);

	for (size_t i = 0; code != ERR_OK && i < ARRAY_SIZE(folders); i++) {
		struct err unsaid;

		if (keep->other[0] == '\0' &&
		    make_folder(folders[i], sizeof(keep->other), keep->other, &unsaid) != ERR_OK)
			continue;
		kept->moved = true;
		code = write_value(keep, index, &unsaid);
	}
	return code;
}

void
keep_files(const struct keep *keep, size_t index, struct buf *ret_text)
{
	const struct kept *kept = &keep->values[index];

	for (int i = 0; i < CREDENTIAL_FIELDS; i++)
		if (has_file(kept, i))
			buf_format(ret_text, "%s%s/%zu.%s", ret_text->size == 0 ? "" : ", ",
			    folder_of(keep, index), index + 1, suffix_of(kept, i));
}

static enum err_code
remove_folder(const char *folder, struct err *err)
{
	if (folder[0] != '\0' && rmdir(folder) != 0 && errno != ENOENT)
		return err_errno(err, ERR_IO, errno, "removing %s", folder);
	return ERR_OK;
}

enum err_code
keep_erase(struct keep *keep, struct err *err)
{
	keep_give_up(keep);
	for (size_t index = 0; index < keep->count; index++)
		for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
			char path[4096];

			if (!has_file(&keep->values[index], i))
				continue;
			TRY(file_of(keep, index, i, path, err));
			if (file_exists(path))
				TRY(file_erase(path, err));
		}
	TRY(remove_folder(keep->folder, err));
	return remove_folder(keep->other, err);
}

void
keep_done(struct keep *keep)
{
	for (size_t i = 0; i < keep->count; i++)
		secret_free(keep->values[i].value);
	keep->count = 0;
}
