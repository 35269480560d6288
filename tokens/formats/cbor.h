/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading CBOR (RFC 8949) as CTAP 2.1 section 8 wants it: lengths are definite and in their
 * shortest form.  On top of a reader (base/bytes.h): a value of another kind than asked for, or a
 * larger one, makes the reader fail, and it stays failed.
 */
#ifndef TOKENS_FORMATS_CBOR_H
#define TOKENS_FORMATS_CBOR_H

#include "base/bytes.h"

enum { CBOR_DEPTH = 4 }; /* of nesting that cbor_skip follows, as CTAP allows */

int64_t cbor_int(struct reader *reader); /* negative ones too */
bool cbor_bool(struct reader *reader);
/* At most MAX bytes, as a view into the input; texts are not checked to be UTF-8. */
struct view cbor_bytes(struct reader *reader, size_t max);
struct view cbor_text(struct reader *reader, size_t max);
/* How many elements, or pairs, follow: at most MAX. */
size_t cbor_array(struct reader *reader, size_t max);
size_t cbor_map(struct reader *reader, size_t max);
/* One value of any kind. */
void cbor_skip(struct reader *reader);

#endif
