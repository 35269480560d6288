/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything is one walk over the encoding (next_field), which enforces order and so uniqueness:
 * the check, the look-up and the adding cannot disagree.  The field count stands at offset 1 and
 * is the only byte that adding changes in place.
 */
#include "base/credential.h"

#include <string.h>

#include "base/text.h"

enum { FORMAT = 1, COUNT_AT = 1, HEAD_SIZE = 2 };

const char *const credential_field_names[CREDENTIAL_FIELDS + 1] = {"username", "password",
    "private-key", "certificate", "token", "totp-seed", "codes", "url", "note", NULL};

bool
credential_field_is_secret(enum credential_field field)
{
	return field == FIELD_PASSWORD || field == FIELD_PRIVATE_KEY || field == FIELD_TOKEN ||
	    field == FIELD_TOTP_SEED || field == FIELD_CODES;
}

struct walk {
	struct reader reader;
	unsigned left; /* fields not yet read */
	int last;      /* the field read last, -1 before the first */
	size_t total;  /* bytes of all values so far */
};

static int
field_called(struct view name)
{
	for (int i = 0; i < CREDENTIAL_FIELDS; i++)
		if (view_equal(name, view_of_text(credential_field_names[i])))
			return i;
	return -1;
}

static struct walk
walk_of(struct view encoded)
{
	return (struct walk){.reader = reader_of(encoded), .last = -1};
}

/* Reads the head: what is not version 1 with at most CREDENTIAL_FIELDS fields is refused. */
static enum err_code
walk_begin(struct walk *walk, struct err *err)
{
	uint8_t format = reader_u8(&walk->reader);

	walk->left = reader_u8(&walk->reader);
	if (walk->reader.failed)
		return err_set(err, ERR_INVALID, "credential ends within its first two bytes");
	if (format > FORMAT)
		return err_set(err, ERR_VERSION,
		    "credential has format %u, made by a newer Halligan; this one knows %d", format,
		    FORMAT);
	if (format != FORMAT)
		return err_set(err, ERR_INVALID, "credential has format %u, expected %d", format,
		    FORMAT);
	if (walk->left > CREDENTIAL_FIELDS)
		return err_set(err, ERR_INVALID, "credential has %u fields, at most %d are known",
		    walk->left, CREDENTIAL_FIELDS);
	return ERR_OK;
}

static enum err_code
check_value(enum credential_field field, size_t size, size_t others, struct err *err)
{
	const char *name = credential_field_names[field];

	if (size == 0)
		return err_set(err, ERR_INVALID, "credential field %s is empty", name);
	if (size > CREDENTIAL_MAX - others)
		return err_set(err, ERR_INVALID, "credential is larger than 64 KiB at field %s",
		    name);
	return ERR_OK;
}

static enum err_code
next_field(struct walk *walk, struct view *ret_value, struct err *err)
{
	struct view name = reader_lp8(&walk->reader, UINT8_MAX);
	struct view value = reader_lp32(&walk->reader, CREDENTIAL_MAX);
	int field = field_called(name);

	if (walk->reader.failed)
		return err_set(err, ERR_INVALID,
		    "credential is cut short, or a field is larger than 64 KiB");
	if (field < 0)
		return err_set(err, ERR_INVALID, "credential has a field of unknown name");
	if (field <= walk->last)
		return err_set(err, ERR_INVALID, "credential field %s is repeated or out of order",
		    credential_field_names[field]);
	TRY(check_value((enum credential_field)field, value.size, walk->total, err));
	walk->last = field;
	walk->total += value.size;
	walk->left--;
	*ret_value = value;
	return ERR_OK;
}

/* To the last field; trailing bytes are refused. */
static enum err_code
walk_all(struct walk *walk, struct err *err)
{
	struct view value;

	TRY(walk_begin(walk, err));
	while (walk->left > 0)
		TRY(next_field(walk, &value, err));
	if (!reader_end(&walk->reader))
		return err_set(err, ERR_INVALID, "credential has bytes after its last field");
	return ERR_OK;
}

enum err_code
credential_field_named(const char *name, enum credential_field *ret_field, struct err *err)
{
	int field = field_called(view_of_text(name));
	const char *near = text_nearest(name, credential_field_names);

	if (field < 0)
		return err_set(err, ERR_USAGE, "there is no field \"%.60s\"%s%s%s", name,
		    near != NULL ? "; did you mean " : "", near != NULL ? near : "",
		    near != NULL ? "?" : "");
	*ret_field = (enum credential_field)field;
	return ERR_OK;
}

enum err_code
credential_new(struct secret **ret_credential, struct err *err)
{
	static const uint8_t head[HEAD_SIZE] = {FORMAT, 0};
	SECRET *credential = NULL;

	TRY(secret_new(CREDENTIAL_ENCODED_MAX, &credential, err));
	TRY(secret_append(credential, VIEW_OF(head), err));
	*ret_credential = TAKE(credential);
	return ERR_OK;
}

static enum err_code
append_field(struct secret *credential, enum credential_field field, struct view value,
    struct err *err)
{
	struct view name = view_of_text(credential_field_names[field]);
	uint8_t name_size = (uint8_t)name.size;
	uint8_t value_size[4] = {(uint8_t)(value.size >> 24), (uint8_t)(value.size >> 16),
	    (uint8_t)(value.size >> 8), (uint8_t)value.size};

	TRY(secret_append(credential, view_of(&name_size, 1), err));
	TRY(secret_append(credential, name, err));
	TRY(secret_append(credential, VIEW_OF(value_size), err));
	return secret_append(credential, value, err);
}

enum err_code
credential_add(struct secret *credential, enum credential_field field, struct view value,
    struct err *err)
{
	struct walk walk = walk_of(secret_view(credential));
	size_t before = secret_size(credential);

	TRY(walk_all(&walk, err));
	if ((unsigned)field >= CREDENTIAL_FIELDS)
		return err_set(err, ERR_INTERNAL, "credential field %d does not exist", (int)field);
	if ((int)field <= walk.last)
		return err_set(err, ERR_INVALID, "credential field %s is repeated or out of order",
		    credential_field_names[field]);
	TRY(check_value(field, value.size, walk.total, err));
	if (append_field(credential, field, value, err) != ERR_OK) {
		struct err shrinking; /* the first error is the one to report */

		(void)!secret_resize(credential, before, &shrinking);
		return err->code;
	}
	secret_data(credential)[COUNT_AT]++;
	return ERR_OK;
}

enum err_code
credential_check(struct view encoded, struct err *err)
{
	struct walk walk = walk_of(encoded);

	TRY(walk_all(&walk, err));
	if (walk.last < 0)
		return err_set(err, ERR_INVALID,
		    "credential is empty: it needs at least one field");
	return ERR_OK;
}

enum err_code
credential_get(struct view encoded, enum credential_field field, struct view *ret_value,
    struct err *err)
{
	struct walk walk = walk_of(encoded);
	struct view value;

	TRY(walk_begin(&walk, err));
	while (walk.left > 0) {
		TRY(next_field(&walk, &value, err));
		if (walk.last == (int)field) {
			*ret_value = value;
			return ERR_OK;
		}
	}
	return err_set(err, ERR_NOT_FOUND, "credential has no field %s",
	    (unsigned)field < CREDENTIAL_FIELDS ? credential_field_names[field] : "of that number");
}

bool
credential_has(struct view encoded, enum credential_field field)
{
	struct view value;
	struct err err;

	return credential_get(encoded, field, &value, &err) == ERR_OK;
}

uint32_t
credential_fields(struct view encoded)
{
	uint32_t fields = 0;

	for (int i = 0; i < CREDENTIAL_FIELDS; i++)
		if (credential_has(encoded, (enum credential_field)i))
			fields |= 1u << i;
	return fields;
}
