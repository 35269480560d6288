/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PIV card's data objects (SP 800-73-4 part 1, table 3): the certificate of a slot, who the card
 * is, and the two in which ykman keeps a management key behind the PIN.  Contracts as in
 * tokens/piv/card.h.
 */
#ifndef TOKENS_PIV_OBJECT_H
#define TOKENS_PIV_OBJECT_H

#include "tokens/piv/card.h"

enum {
	PIV_OBJECT_CHUID = 0x5fc102,
	PIV_OBJECT_CCC = 0x5fc107,
	PIV_OBJECT_PRINTED = 0x5fc109, /* read only after VERIFY */
	PIV_OBJECT_PIVMAN = 0x5fff00,
	PIV_OBJECT_ATTESTATION = 0x5fff01,
};

/* The object of a slot's certificate; 0 when the slot has none. */
uint32_t piv_object_of_slot(uint8_t slot);

/* What stands in the object; RET_CONTENT points into the reply.  *RET_THERE is false, and nothing
 * else set, when it is missing or empty, or when the card knows no such object. */
enum err_code piv_get_object(struct piv_card *card, uint32_t tag, const char *doing,
    bool *ret_there, struct view *ret_content, struct err *err) MUST_CHECK;
/* Replace it; empty CONTENT removes it.  After piv_authenticate(). */
enum err_code piv_put_object(struct piv_card *card, uint32_t tag, struct view content,
    const char *doing, struct err *err) MUST_CHECK;

/* The DER certificate (uncompressed) in TAG's object, appended to RET_DER: nothing when the object
 * holds none that can be read.  *RET_THERE: the object is not empty. */
enum err_code piv_get_certificate(struct piv_card *card, uint32_t tag, const char *doing,
    bool *ret_there, struct buf *ret_der, struct err *err) MUST_CHECK;

/*
 * A number for a card without a serial number: the first 31 bits of
 * SHA-256(lp8 "halligan/v1 piv card" || lp8 id) below a highest bit of 1, where id is the CHUID's
 * GUID, or if that is missing or zero the CCC's card identifier.  0 when the card has neither.
 * Whoever has the management key can write both, so that it names a card and proves nothing.
 */
enum err_code piv_card_number(struct piv_card *card, uint32_t *ret_number,
    struct err *err) MUST_CHECK;

/* ---- a management key behind the PIN, as ykman keeps it ---- */

enum { PIV_KEY_MAX = 32 };

/* PIVMAN: 80 { 81 flags, 82 salt of a key derived from the PIN, 83 time of the last PIN change } */
struct piv_pivman {
	uint8_t flags;
	bool derived;    /* a key derived from the PIN, as in former times */
	uint8_t time[4]; /* 83 */
	bool has_time;
};
enum { PIVMAN_PUK_BLOCKED = 1, PIVMAN_PROTECTED = 2 };

/* All zero when the object is missing.  ERR_EXISTS: something else is in it. */
enum err_code piv_get_pivman(struct piv_card *card, struct piv_pivman *ret_pivman,
    struct err *err) MUST_CHECK;
enum err_code piv_put_pivman(struct piv_card *card, const struct piv_pivman *pivman,
    struct err *err) MUST_CHECK;

/* The printed object: 88 { 89 key, 8A other }.  ykman knows 89 only; 8A is ours, there while a
 * key is being replaced: one of the two is the valid one.  NULL: not there.  Right after VERIFY.
 * ERR_EXISTS: something else is in it (a real badge's printed information). */
enum err_code piv_get_protected(struct piv_card *card, struct secret **ret_key,
    struct secret **ret_other, struct err *err) MUST_CHECK;
/* OTHER may be NULL. */
enum err_code piv_put_protected(struct piv_card *card, const struct secret *key,
    const struct secret *other, struct err *err) MUST_CHECK;

#endif
