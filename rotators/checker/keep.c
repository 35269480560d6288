/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/keep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
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
folder_of(const struct keep *keep, size_t place)
{
	return place == 0 ? keep->folder : keep->others[place - 1];
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
file_of(const struct keep *keep, size_t index, size_t place, int field, char ret_path[4096],
    struct err *err)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%zu.%s", index + 1,
	    suffix_of(&keep->values[index], field));
	return file_path(folder_of(keep, place), name, ret_path, err);
}

/* What that file is to hold. */
static enum err_code
content_of(const struct kept *kept, int field, struct view *ret_bytes, struct err *err)
{
	*ret_bytes = secret_view(kept->value);
	if (!kept->whole)
		return ERR_OK;
	return credential_get(*ret_bytes, (enum credential_field)field, ret_bytes, err);
}

/* A file may be gone, or be another: the rotator ran in the present folder. */
static bool
stands_in(const char *path, struct view bytes)
{
	SECRET *there = NULL;
	struct err unsaid;

	return file_read_secret(path, CREDENTIAL_ENCODED_MAX, &there, &unsaid) == ERR_OK &&
	    secret_size(there) == bytes.size &&
	    crypto_equal(secret_view(there).data, bytes.data, bytes.size);
}

static enum err_code
write_field(const struct keep *keep, size_t index, size_t place, int field, bool *ret_wrote,
    struct err *err)
{
	struct view bytes;
	char path[4096];

	TRY(content_of(&keep->values[index], field, &bytes, err));
	TRY(file_of(keep, index, place, field, path, err));
	*ret_wrote = !stands_in(path, bytes);
	return *ret_wrote ? file_write(path, bytes, 0600, err) : ERR_OK;
}

static enum err_code
erase_field(const struct keep *keep, size_t index, size_t place, int field, struct err *err)
{
	char path[4096];

	TRY(file_of(keep, index, place, field, path, err));
	return file_exists(path) ? file_erase(path, err) : ERR_OK;
}

/* All its files are there then, or none but those that were there before. */
static enum err_code
write_value(const struct keep *keep, size_t index, size_t place, struct err *err)
{
	bool wrote[CREDENTIAL_FIELDS] = {false};
	enum err_code code = ERR_OK;
	struct err unsaid;

	for (int i = 0; i < CREDENTIAL_FIELDS && code == ERR_OK; i++)
		if (has_file(&keep->values[index], i))
			code = write_field(keep, index, place, i, &wrote[i], err);
	for (int i = 0; i < CREDENTIAL_FIELDS && code != ERR_OK; i++)
		if (wrote[i])
			(void)!erase_field(keep, index, place, i, &unsaid);
	return code;
}

static bool
stands(const struct keep *keep, size_t index)
{
	const struct kept *kept = &keep->values[index];

	for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
		struct view bytes;
		char path[4096];
		struct err unsaid;

		if (has_file(kept, i) &&
		    (content_of(kept, i, &bytes, &unsaid) != ERR_OK ||
		        file_of(keep, index, kept->place, i, path, &unsaid) != ERR_OK ||
		        !stands_in(path, bytes)))
			return false;
	}
	return true;
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
	return write_value(keep, keep->count++, 0, err);
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
	return write_value(keep, keep->count++, 0, err);
}

static enum err_code
open_place(struct keep *keep, size_t place, struct err *err)
{
	static const char *const inside[KEEP_PLACES - 1] = {"/dev/shm", "/tmp"};

	if (folder_of(keep, place)[0] != '\0')
		return ERR_OK;
	return make_folder(inside[place - 1], sizeof(keep->others[0]), keep->others[place - 1],
	    err);
}

/* The first of two errors is the one that is told. */
static void
note_error(enum err_code code, const struct err *why, enum err_code *first, struct err *err)
{
	if (code == ERR_OK || *first != ERR_OK)
		return;
	*first = code;
	*err = *why;
}

/* What a place has of a value. */
static enum err_code
erase_value(const struct keep *keep, size_t index, size_t place, struct err *err)
{
	enum err_code first = ERR_OK;
	struct err why;

	for (int i = 0; i < CREDENTIAL_FIELDS; i++)
		if (has_file(&keep->values[index], i))
			note_error(erase_field(keep, index, place, i, &why), &why, &first, err);
	return first;
}

/* The folder of a place, if nothing is in it. */
static enum err_code
close_place(struct keep *keep, size_t place, struct err *err)
{
	const char *folder = folder_of(keep, place);

	if (folder[0] != '\0' && rmdir(folder) != 0 && errno != ENOENT)
		return err_errno(err, ERR_IO, errno, "removing %s", folder);
	if (place > 0)
		keep->others[place - 1][0] = '\0';
	return ERR_OK;
}

/* It is whole in its place: nothing of it stays in another. */
static void
leave_others(struct keep *keep, size_t index)
{
	struct err unsaid;

	for (size_t place = 0; place < KEEP_PLACES; place++) {
		if (place == keep->values[index].place || folder_of(keep, place)[0] == '\0')
			continue;
		(void)!erase_value(keep, index, place, &unsaid);
		if (place > 0)
			(void)!close_place(keep, place, &unsaid);
	}
}

enum err_code
keep_save(struct keep *keep, size_t index, struct err *err)
{
	enum err_code first = ERR_OK;
	struct err why;

	if (stands(keep, index))
		return ERR_OK;
	for (size_t place = 0; place < KEEP_PLACES; place++) {
		enum err_code code = open_place(keep, place, &why);

		if (code == ERR_OK)
			code = write_value(keep, index, place, &why);
		if (code == ERR_OK) {
			keep->values[index].place = place;
			leave_others(keep, index);
			return ERR_OK;
		}
		note_error(code, &why, &first, err);
		if (place > 0)
			(void)!close_place(keep, place, &why);
	}
	return first;
}

void
keep_files(const struct keep *keep, size_t index, struct buf *ret_text)
{
	const struct kept *kept = &keep->values[index];

	for (int i = 0; i < CREDENTIAL_FIELDS; i++)
		if (has_file(kept, i))
			buf_format(ret_text, "%s%s/%zu.%s", ret_text->size == 0 ? "" : ", ",
			    folder_of(keep, kept->place), index + 1, suffix_of(kept, i));
}

enum err_code
keep_erase(struct keep *keep, struct err *err)
{
	enum err_code first = ERR_OK;
	struct err why;

	keep_give_up(keep);
	for (size_t place = 0; place < KEEP_PLACES; place++) {
		if (folder_of(keep, place)[0] == '\0')
			continue;
		for (size_t index = 0; index < keep->count; index++)
			note_error(erase_value(keep, index, place, &why), &why, &first, err);
		note_error(close_place(keep, place, &why), &why, &first, err);
	}
	return first;
}

void
keep_done(struct keep *keep)
{
	for (size_t i = 0; i < keep->count; i++)
		secret_free(keep->values[i].value);
	keep->count = 0;
}
