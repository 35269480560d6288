/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR as CTAP 2.1 section 8 has it: definite lengths, shortest forms, map keys in order and none
 * twice, at most four levels, no tags and no floats.  A message is decoded once into a flat list
 * of items (a container comes right before what it contains) and then read with a reader whose
 * first failure sticks.  Members that nobody asks for are ignored, as the section demands.
 */
#ifndef TOKENS_SIM_CTAP_CBOR_H
#define TOKENS_SIM_CTAP_CBOR_H

#include "base/bytes.h"

enum { CBOR_ITEMS_MAX = 512, CBOR_DEPTH_MAX = 4 };

/* The major types that CTAP uses. */
enum cbor_kind {
	CBOR_POSITIVE,
	CBOR_NEGATIVE,
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,
	CBOR_MAP,
	CBOR_BOOL = 7
};

struct cbor {
	enum cbor_kind kind;
	uint64_t number;   /* POSITIVE; NEGATIVE: -1 - the number; BOOL: 0 or 1 */
	struct view bytes; /* BYTES, TEXT */
	size_t count;      /* elements of an ARRAY, pairs of a MAP */
	struct view whole; /* the item as it was encoded, with all that it contains */
	size_t next;       /* items until the one behind it */
};

struct cbor_tree {
	struct cbor items[CBOR_ITEMS_MAX]; /* the first is the root */
	size_t count;
};

/* All of MESSAGE, which must outlive the tree; false when it is no CBOR of this kind. */
bool cbor_parse(struct view message, struct cbor_tree *ret_tree);

/* Reads one map. */
struct cbor_in {
	const struct cbor *map; /* NULL: an empty one */
	uint8_t status;         /* a CTAP error code; 0 while all is well */
};

/* MAP may be NULL (everything is absent).  Not a map: CTAP2_ERR_CBOR_UNEXPECTED_TYPE. */
struct cbor_in cbor_in(const struct cbor *map);
/* The member, NULL when absent. */
const struct cbor *cbor_in_any(const struct cbor_in *in, int64_t key);
const struct cbor *cbor_in_named(const struct cbor_in *in, const char *key);
/* The member of that kind; absent: NULL and, if REQUIRED, CTAP2_ERR_MISSING_PARAMETER. */
const struct cbor *cbor_in_kind(struct cbor_in *in, int64_t key, enum cbor_kind kind,
    bool required);
const struct cbor *cbor_in_named_kind(struct cbor_in *in, const char *key, enum cbor_kind kind,
    bool required);
/* Bytes or text; an empty view with NULL when absent or wrong. */
struct view cbor_in_bytes(struct cbor_in *in, int64_t key, bool required);
struct view cbor_in_text(struct cbor_in *in, int64_t key, bool required);
/* 0..MAX; absent: OTHERWISE; larger: CTAP1_ERR_INVALID_PARAMETER. */
uint32_t cbor_in_number(struct cbor_in *in, int64_t key, uint32_t max, uint32_t otherwise);

/* Walk an array: FOR each element, from cbor_first to cbor_after the last, COUNT times. */
const struct cbor *cbor_first(const struct cbor *container);
const struct cbor *cbor_after(const struct cbor *item);
bool cbor_is(const struct cbor *item, int64_t number);
bool cbor_is_text(const struct cbor *item, const char *text);

/* Writing; order and counts are the caller's. */
void cbor_put_int(struct buf *buf, int64_t value);
void cbor_put_bytes(struct buf *buf, struct view bytes);
void cbor_put_text(struct buf *buf, const char *text);
void cbor_put_text_view(struct buf *buf, struct view text);
void cbor_put_bool(struct buf *buf, bool value);
void cbor_put_array(struct buf *buf, size_t count);
void cbor_put_map(struct buf *buf, size_t pairs);

#endif
