/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a ceremony opens, and for whom: its items and recipients, as request and ceremony carry them.
 *
 * items	  [{"secret":HEX16,"name":..,"version":N,"definition":HEX32,"header":HEX32}] in a request;
 *	  in a ceremony statement without "name", but each with the "quorum" of the sealed version
 *	  (canonical text).  1 to 500, no secret twice.
 * recipients [{"token":HEX32,"key":HEX65}]: tokens of the requester's seat with their release keys.
 *	  1 to 4 where a person receives (release, drill), else none; no token and no key twice.
 */
#ifndef CEREMONY_PROTOCOL_ITEMS_H
#define CEREMONY_PROTOCOL_ITEMS_H

#include "base/json_in.h"
#include "vault/documents/state_names.h"
#include "vault/seal/header.h"

enum { RECIPIENTS = 4, LINE_SIZE = 64 };

/* Does a person receive it? */
bool mode_releases(enum mode mode);

struct item {
	struct secret_id secret;
	uint32_t version;
	struct digest definition, header;
	char name[SEAT_NAME_MAX + 1];     /* in a request */
	char quorum[QUORUM_TEXT_MAX + 1]; /* in a ceremony statement */
};
struct items {
	struct item *rows;
	size_t count;
};
void items_done(struct items *items); /* accepts {0} */
/* COUNT empty ones.  ERR_MEMORY. */
enum err_code items_new(size_t count, struct items *ret_items, struct err *err) MUST_CHECK;
struct recipient {
	struct digest token;
	struct point key;
};
struct recipients {
	struct recipient rows[RECIPIENTS];
	size_t count;
};

/* As members "items" and "recipients" of PAYLOAD. */
void put_items(struct json *payload, const struct items *items, bool ceremony);
void put_recipients(struct json *payload, const struct recipients *recipients);
/* The two members of a statement called WHAT, taken from IN before it ends; read afterwards. */
struct items_in {
	const struct json *items, *recipients;
};
struct items_in in_items(struct json_in *in, enum mode mode);
/* ERR_INVALID names the line: "request: items[3]: the secret stands twice". */
enum err_code read_items(const struct items_in *from, const char *what, bool ceremony,
    struct items *ret_items, struct recipients *ret_recipients, struct err *err) MUST_CHECK;

/* Places of items in a ceremony of which one message tells: 1 to ITEMS_AT_ONCE, rising. */
enum { ITEMS_AT_ONCE = 64 };
struct positions {
	uint32_t rows[ITEMS_AT_ONCE];
	size_t count;
};
void put_positions(struct json *object, const char *name, const struct positions *positions);
/* At least MIN of them; failure is IN's. */
void in_positions(struct json_in *in, const char *name, size_t min,
    struct positions *ret_positions);

/* "request: items[3]": how errors name an element of a list. */
const char *items_line(const char *what, const char *list, size_t index, char line[LINE_SIZE]);

/* The same versions in the same order, whatever their names and quorums? */
bool items_equal(const struct items *a, const struct items *b);
bool recipients_equal(const struct recipients *a, const struct recipients *b);

/* The statements from which a definition comes since a version was sealed, and their texts with its own: what is shown with the
 * version, in one message (JSON_TEXT_MAX of base/json.h). */
enum { EARLIER_MAX = 1000, EARLIER_BYTES = 16 * 1024 * 1024 };

#endif
