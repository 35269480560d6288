/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A struct and the JSON object that says the same: one table names each member once, in the order in
 * which it is written, and is read and written by.
 *
 *	static const struct member members[] = {
 *		{"seat", MEMBER_NAME, FIELD(struct request, seat)},
 *		{"reason", MEMBER_TEXT, FIELD(struct request, reason), .min = 1},
 *		{NULL}
 *	};
 */
#ifndef BASE_JSON_MEMBERS_H
#define BASE_JSON_MEMBERS_H

#include "base/json_in.h"

enum member_kind {       /* its field */
	MEMBER_HEX,      /* bytes, or a struct of nothing else */
	MEMBER_POINT,    /* a struct point: one of P-256 */
	MEMBER_TEXT,     /* char array: MIN bytes to what fits */
	MEMBER_NAME,     /* char array: a seat's or secret's name */
	MEMBER_STRING,   /* const char *: MIN to MAX bytes, which live as long as the object */
	MEMBER_NUMBER,   /* integer of 1, 4 or 8 bytes: MIN to MAX */
	MEMBER_SIGNED,   /* int: MIN to MAX */
	MEMBER_BOOL,     /* bool */
	MEMBER_CHOICE,   /* bool or enum: the index of one of CHOICES */
	MEMBER_TIME,     /* int64_t */
	MEMBER_MOMENT,   /* int64_t: a time, or "" for 0 */
	MEMBER_FIXED,    /* none: always the first of CHOICES */
	MEMBER_FIRMWARE, /* 3 bytes: "5.7.4" */
	MEMBER_BASE64,   /* struct buf: at most MAX bytes */
	MEMBER_OBJECT    /* none: an object whose MEMBERS are of the same struct */
};
struct member {
	const char *name; /* NULL ends a table */
	enum member_kind kind;
	size_t offset, size;
	int64_t min, max;
	const char *const *choices; /* ends with NULL */
	const struct member *members;
	const char *what; /* names an object in errors; what errors say of a firmware */
};
#define FIELD(type, field) offsetof(type, field), sizeof(((type *)NULL)->field)

/* Each of MEMBERS is asked for and goes to its field of RET_VALUE; failure is IN's. */
void members_in(struct json_in *in, const struct member *members, void *ret_value);
/* OBJECT, called WHAT, has MEMBERS and no other.  ERR_INVALID. */
enum err_code members_read(const struct json *object, const char *what,
    const struct member *members, void *ret_value, struct err *err) MUST_CHECK;
void members_put(struct json *object, const struct member *members, const void *value);
/* VALUE as an object, at the end of ARRAY. */
void members_add(struct json *array, const struct member *members, const void *value);
/* COUNT values of SIZE bytes each, as an array of objects. */
void members_put_rows(struct json *object, const char *name, const struct member *members,
    const void *rows, size_t size, size_t count);

#endif
