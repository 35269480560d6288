/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BER-TLV (ISO/IEC 8825-1), as cards speak it: tags of one to three bytes, definite lengths of up
 * to 65535 bytes.  A card may write a length longer than needed (81 10); certificates may not,
 * so that there is a DER variant.  Views point into the input, which may be secret memory.
 */
#ifndef TOKENS_FORMATS_TLV_H
#define TOKENS_FORMATS_TLV_H

#include "base/bytes.h"

struct tlv {
	uint32_t tag; /* the tag's bytes as a number: 53, 7F49; 0 after a failure */
	struct view value;
};

/* The element at the front of READER.  A malformed one makes the reader fail. */
struct tlv tlv_next(struct reader *reader);
/* The same for DER: lengths must be the shortest possible. */
struct tlv tlv_next_der(struct reader *reader);

/* BYTES are exactly one element called TAG. */
bool tlv_only(struct view bytes, uint32_t tag, struct view *ret_value);
bool tlv_only_der(struct view bytes, uint32_t tag, struct view *ret_value);
/* The element called TAG among those of BYTES.  False when there is none, when there are two, or
 * when anything in BYTES is malformed. */
bool tlv_find(struct view bytes, uint32_t tag, struct view *ret_value);

/* A DER INTEGER's content: shortest form, not negative, at most 32 bits. */
bool tlv_u32(struct view integer, uint32_t *ret_number);

/* ECDSA-Sig-Value for P-256: SEQUENCE of two positive INTEGERs in shortest form, at most 32 bytes
 * each, and nothing else. */
bool tlv_is_signature(struct view der);

/* Append an element. */
void tlv_put(struct buf *buf, uint32_t tag, struct view value);
void tlv_put_u8(struct buf *buf, uint32_t tag, uint8_t value);

#endif
