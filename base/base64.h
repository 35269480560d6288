/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 4648 base64, padded.  It is coded without tables, so that no cache line depends on what is
 * coded: private keys are written and read with it.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/bytes.h"

/* The four letters of SIZE bytes, 1..3. */
void base64_letters(const uint8_t *bytes, size_t size, uint8_t ret_letters[4]);
/* How many bytes, 1..3, four letters mean; 0 when they are no base64 or have non-zero pad bits. */
size_t base64_bytes(const uint8_t letters[4], uint8_t ret_bytes[3]);

void buf_base64(struct buf *buf, struct view bytes);
/* Refuses line breaks, missing padding and non-zero pad bits. */
bool buf_from_base64(struct buf *buf, struct view text);

#endif
