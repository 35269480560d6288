/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_members.h"

#include <stdio.h>

#include "base/crypto_key.h"
#include "base/text.h"

static void
set_number(void *field, size_t size, int64_t number)
{
	if (size == sizeof(int64_t))
		*(int64_t *)field = number;
	else if (size == sizeof(uint32_t))
		*(uint32_t *)field = (uint32_t)number;
	else
		*(uint8_t *)field = (uint8_t)number;
}

static int64_t
number_of(const void *field, size_t size)
{
	return size == sizeof(int64_t) ? *(const int64_t *)field :
	    size == sizeof(uint32_t)   ? *(const uint32_t *)field :
	                                 *(const uint8_t *)field;
}

static void
point_in(struct json_in *in, const char *name, struct point *ret_point)
{
	struct err cause;

	json_in_hex(in, name, ret_point->bytes, POINT_SIZE);
	if (in->code == ERR_OK &&
	    point_from(VIEW_OF(ret_point->bytes), ret_point, &cause) != ERR_OK)
		json_in_fail(in, name, "not a point of P-256");
}

static void
text_in(struct json_in *in, const struct member *member, char *ret_text)
{
	bool name = member->kind == MEMBER_NAME;
	size_t min = name ? 1 : (size_t)member->min;

	snprintf(ret_text, member->size, "%s",
	    json_in_text(in, member->name, min, member->size - 1));
	if (name && !text_is_name(ret_text))
		json_in_fail(in, member->name,
		    "not a name (a-z 0-9 - _ . /, first a letter or digit)");
}

static int64_t
number_in(struct json_in *in, const struct member *member)
{
	switch (member->kind) {
	case MEMBER_BOOL:
		return json_in_bool(in, member->name);
	case MEMBER_CHOICE:
		return json_in_choice(in, member->name, member->choices);
	case MEMBER_TIME:
		return json_in_time(in, member->name);
	case MEMBER_MOMENT:
		return json_in_moment(in, member->name);
	default:
		return json_in_int(in, member->name, member->min, member->max);
	}
}

static void
member_in(struct json_in *in, const struct member *member, void *value)
{
	void *field = (uint8_t *)value + member->offset;
	const struct json *object;

	switch (member->kind) {
	case MEMBER_HEX:
		json_in_hex(in, member->name, field, member->size);
		break;
	case MEMBER_POINT:
		point_in(in, member->name, field);
		break;
	case MEMBER_TEXT:
	case MEMBER_NAME:
		text_in(in, member, field);
		break;
	case MEMBER_STRING:
		*(const char **)field =
		    json_in_text(in, member->name, (size_t)member->min, (size_t)member->max);
		break;
	case MEMBER_FIXED:
		(void)json_in_choice(in, member->name, member->choices);
		break;
	case MEMBER_FIRMWARE:
		if (!firmware_from_text(json_in_text(in, member->name, 5, FIRMWARE_TEXT_SIZE - 1),
		        field))
			json_in_fail(in, member->name, member->what);
		break;
	case MEMBER_BASE64:
		json_in_base64(in, member->name, field, (size_t)member->max);
		break;
	case MEMBER_OBJECT:
		object = json_in_object(in, member->name);
		if (in->code == ERR_OK)
			in->code =
			    members_read(object, member->what, member->members, value, in->err);
		break;
	default:
		set_number(field, member->size, number_in(in, member));
	}
}

void
members_in(struct json_in *in, const struct member *members, void *ret_value)
{
	for (; members->name != NULL; members++)
		member_in(in, members, ret_value);
}

enum err_code
members_read(const struct json *object, const char *what, const struct member *members,
    void *ret_value, struct err *err)
{
	struct json_in in = json_in(object, what, err);

	members_in(&in, members, ret_value);
	return json_in_end(&in);
}

static void
put_inner(struct json *object, const struct member *member, const void *value)
{
	struct json *inner = json_new_object();

	members_put(inner, member->members, value);
	json_put(object, member->name, inner);
}

static void
put_member(struct json *object, const struct member *member, const void *value)
{
	const void *field = (const uint8_t *)value + member->offset;
	char firmware[FIRMWARE_TEXT_SIZE];

	switch (member->kind) {
	case MEMBER_HEX:
	case MEMBER_POINT:
		json_put_hex(object, member->name, view_of(field, member->size));
		break;
	case MEMBER_TEXT:
	case MEMBER_NAME:
		json_put_text(object, member->name, field);
		break;
	case MEMBER_STRING:
		json_put_text(object, member->name, *(const char *const *)field);
		break;
	case MEMBER_NUMBER:
		json_put_int(object, member->name, number_of(field, member->size));
		break;
	case MEMBER_SIGNED:
		json_put_int(object, member->name, *(const int *)field);
		break;
	case MEMBER_BOOL:
		json_put_bool(object, member->name, *(const bool *)field);
		break;
	case MEMBER_CHOICE:
		json_put_text(object, member->name,
		    member->choices[number_of(field, member->size)]);
		break;
	case MEMBER_TIME:
		json_put_time(object, member->name, *(const int64_t *)field);
		break;
	case MEMBER_MOMENT:
		json_put_moment(object, member->name, *(const int64_t *)field);
		break;
	case MEMBER_FIXED:
		json_put_text(object, member->name, member->choices[0]);
		break;
	case MEMBER_FIRMWARE:
		firmware_text(field, firmware);
		json_put_text(object, member->name, firmware);
		break;
	case MEMBER_BASE64:
		json_put_base64(object, member->name, buf_view(field));
		break;
	case MEMBER_OBJECT:
		put_inner(object, member, value);
		break;
	}
}

void
members_put(struct json *object, const struct member *members, const void *value)
{
	for (; members->name != NULL; members++)
		put_member(object, members, value);
}

void
members_add(struct json *array, const struct member *members, const void *value)
{
	struct json *object = json_new_object();

	members_put(object, members, value);
	json_add(array, object);
}

void
members_put_rows(struct json *object, const char *name, const struct member *members,
    const void *rows, size_t size, size_t count)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < count; i++)
		members_add(array, members, (const uint8_t *)rows + i * size);
	json_put(object, name, array);
}
