/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of a PIV card (SP 800-73-4 part 2, and Yubico's extensions) over anything that
 * carries a command to a card.  Each function sends what its name says and checks the answer to
 * the last byte; none knows about readers, transactions or people.
 *
 * Functions without RET_STATUS return ERR_TOKEN when the card answers anything but 9000.
 * Functions with it hand the status word up, since its meaning depends on what went before; what
 * else they return is set only when the status is PIV_OK.  Any function returns the errors of
 * the exchange, and ERR_TOKEN when the card's answer is malformed.
 */
#ifndef TOKENS_PIV_CARD_H
#define TOKENS_PIV_CARD_H

#include "tokens/token.h"

enum {
	PIV_REPLY_MAX = 4096,
	PIV_PIN_MIN = 6,
	PIV_PIN_MAX = 8,
	PIV_MANAGEMENT = 0x9b, /* references */
	PIV_PIN = 0x80,
	PIV_PUK = 0x81,
};

/* Status words. */
enum {
	PIV_OK = 0x9000,
	PIV_TRIES = 0x63c0, /* and a digit: so many are left */
	PIV_SECURITY_STATUS = 0x6982,
	PIV_BLOCKED = 0x6983,
	PIV_CONDITIONS = 0x6985, /* to a new PIN: the token's rules forbid it */
	PIV_WRONG_DATA = 0x6a80,
	PIV_NOT_FOUND = 0x6a82,
	PIV_WRONG_P1P2 = 0x6a86,
	PIV_NO_REFERENCE = 0x6a88,
	PIV_WRONG_PARAMETERS = 0x6b00,
	PIV_UNKNOWN_INS = 0x6d00,
	PIV_FAILURE = 0x6600, /* some cards: the touch did not come */
};

struct piv_card {
	/* Send CLA INS P1 P2 (HEADER) with DATA; put the answer's data into REPLY (which holds
	 * PIV_REPLY_MAX bytes) and its status word into RET_STATUS. */
	enum err_code (*exchange)(void *context, const uint8_t header[4], struct view data,
	    struct secret *reply, uint16_t *ret_status, struct err *err);
	void *context;
	struct secret *reply; /* of the last command */
};

struct piv_reference { /* PIN or PUK */
	int tries, total;
	bool factory;
};

/* ERR_NOT_FOUND: the card has no PIV application. */
enum err_code piv_select(struct piv_card *card, struct err *err) MUST_CHECK;
/* Zero where the card does not know the question. */
enum err_code piv_version(struct piv_card *card, uint8_t ret_firmware[3],
    struct err *err) MUST_CHECK;
enum err_code piv_serial(struct piv_card *card, uint32_t *ret_serial, struct err *err) MUST_CHECK;
/* Of a YubiKey before firmware 5, which tells it through another application only.  Zero when it
 * does not (before 4.1, or that application is switched off).  PIV is selected afterwards, and
 * has forgotten the PIN. */
enum err_code piv_serial_before_5(struct piv_card *card, uint32_t *ret_serial,
    struct err *err) MUST_CHECK;

/* Metadata.  *RET_KNOWN is false, and nothing else set, when the card has no such command. */
enum err_code piv_read_reference(struct piv_card *card, uint8_t reference, bool *ret_known,
    struct piv_reference *ret_values, struct err *err) MUST_CHECK;
enum err_code piv_read_management(struct piv_card *card, bool *ret_known, uint8_t *ret_algorithm,
    bool *ret_factory, struct err *err) MUST_CHECK;
/* Sets all of RET_KEY; its point stays zero when the key is not one of P-256. */
enum err_code piv_read_key(struct piv_card *card, uint8_t slot, bool *ret_known,
    struct token_key_info *ret_key, struct err *err) MUST_CHECK;

/* Tries left without metadata, -1 when the card does not tell.  Spends none. */
enum err_code piv_tries(struct piv_card *card, int *ret_tries, struct err *err) MUST_CHECK;
/* PIN has 6..8 bytes.  Spends a try when it is wrong. */
enum err_code piv_verify(struct piv_card *card, const struct secret *pin, uint16_t *ret_status,
    struct err *err) MUST_CHECK;
/* Is the PIN verified at this moment? */
enum err_code piv_is_verified(struct piv_card *card, bool *ret_verified,
    struct err *err) MUST_CHECK;

/* PEER must have been checked.  32 bytes. */
enum err_code piv_agree(struct piv_card *card, uint8_t slot, const struct point *peer,
    uint16_t *ret_status, struct secret **ret_shared, struct err *err) MUST_CHECK;
/* DER, well-formed; whether it verifies is for the caller to see. */
enum err_code piv_sign(struct piv_card *card, uint8_t slot, const struct digest *digest,
    uint16_t *ret_status, struct buf *ret_signature, struct err *err) MUST_CHECK;

/* The card's own statement about the key in SLOT (Yubico, firmware >= 4.3), appended to
 * RET_CERTIFICATE.  *RET_MADE is false, and nothing else set, when there is no key that was made on
 * the card; also when the card has no such command or slot. */
enum err_code piv_attested(struct piv_card *card, uint8_t slot, bool *ret_made,
    struct buf *ret_certificate, struct err *err) MUST_CHECK;
/* Certificates in DER.  ERR_NOT_FOUND: the slot has no key made on the card; the card has no
 * device certificate. */
enum err_code piv_attest_key(struct piv_card *card, uint8_t slot, struct buf *ret_certificate,
    struct err *err) MUST_CHECK;
enum err_code piv_attest_device(struct piv_card *card, struct buf *ret_certificate,
    struct err *err) MUST_CHECK;

/* Send a command for a neighbour of this module; the reply is in CARD->reply. */
enum err_code piv_send(struct piv_card *card, const uint8_t header[4], struct view data,
    uint16_t *ret_status, struct err *err) MUST_CHECK;
/* Status words in words: "wrong data (6A80)".  Returns ERR_TOKEN. */
enum err_code piv_status_failure(uint16_t status, const char *doing, struct err *err);
/* The answer to DOING breaks its format.  Returns ERR_TOKEN. */
enum err_code piv_malformed(const char *doing, struct err *err);

#endif
