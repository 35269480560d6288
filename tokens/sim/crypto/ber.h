/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BER-TLV as cards speak it (ISO 7816-4, 5.2.2): tags of one byte, lengths of one to three.
 * Written apart from the driver's own (tokens/formats/tlv.h), so that the two check each other.
 */
#ifndef TOKENS_SIM_CRYPTO_BER_H
#define TOKENS_SIM_CRYPTO_BER_H

#include "base/bytes.h"

struct ber {
	uint8_t tag;
	struct view value;
};

/* Append one element; VALUE has at most 65,535 bytes. */
void ber_put(struct buf *buf, uint8_t tag, struct view value);
/* Append a header for SIZE bytes that follow. */
void ber_put_header(struct buf *buf, uint8_t tag, size_t size);
/* The same with a length of two bytes or three (81 xx, 82 xx xx), which BER allows and DER does
 * not. */
void ber_put_long(struct buf *buf, uint8_t tag, struct view value);
/* The next element; a bad length makes READER fail and gives tag 0. */
struct ber ber_next(struct reader *reader);
/* The value of the first element TAG in BYTES; false when there is none or BYTES is no TLV. */
bool ber_find(struct view bytes, uint8_t tag, struct view *ret_value);

#endif
