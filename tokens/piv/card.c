/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands as header and data; answers as BER-TLV:
 *
 *	00 A4 04 00 AID			SELECT
 *	00 FD 00 00			firmware, 3 bytes
 *	00 F8 00 00			serial, 4 bytes
 *	00 A4 04 00 AID, 00 1D 00 00	(management application, before firmware 5)
 *					one length byte, then among others 02 serial
 *	00 F7 00 ref			metadata: 01 algorithm, 02 PIN and touch policy, 03 origin,
 *					04 public key, 05 factory value, 06 tries total and left
 *	00 20 00 80 [PIN, FF...]	VERIFY; without data, how many tries are left
 *	00 20 FF 80			forget that the PIN was verified
 *	00 87 11 slot 7C{82 "" 81 digest}	-> 7C{82 signature}
 *	00 87 11 slot 7C{82 "" 85 point}	-> 7C{82 x-coordinate}
 *	00 F9 slot 00			attestation certificate
 *	00 CB 3F FF 5C{5FFF01}		-> 53{70 certificate 71 00 FE ""}
 *
 * Everything that comes back may be secret, so that it stays in the card's one locked reply
 * buffer, and the command that carries the PIN is put together in locked memory too.
 */
#include "tokens/piv/card.h"

#include <string.h>

#include "base/crypto_key.h"
#include "tokens/formats/tlv.h"

enum {
	ALGORITHM_P256 = 0x11,
	TEMPLATE = 0x7c,
	RESPONSE = 0x82,
	CHALLENGE = 0x81,
	EXPONENT = 0x85,
	POINT = 0x86,
	ORIGIN_GENERATED = 1
};

static const uint8_t aid[] = {0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00};
static const uint8_t management_aid[] = {0xa0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17};

enum err_code
piv_send(struct piv_card *card, const uint8_t header[4], struct view data, uint16_t *ret_status,
    struct err *err)
{
	secret_clear(card->reply);
	return card->exchange(card->context, header, data, card->reply, ret_status, err);
}

static const char *
status_words(uint16_t status)
{
	switch (status) {
	case PIV_SECURITY_STATUS:
		return "not authorised";
	case PIV_BLOCKED:
		return "blocked";
	case PIV_WRONG_DATA:
		return "wrong data";
	case PIV_NOT_FOUND:
		return "no such object";
	case PIV_NO_REFERENCE:
		return "no such key";
	case PIV_UNKNOWN_INS:
		return "unknown command";
	case PIV_FAILURE:
		return "failed";
	case PIV_CONDITIONS:
		return "against its rules";
	case PIV_WRONG_P1P2:
		return "no such place";
	default:
		return "status";
	}
}

enum err_code
piv_status_failure(uint16_t status, const char *doing, struct err *err)
{
	return err_set(err, ERR_TOKEN,
	    "it refused %s: %s (%04X); if it does so again, another token "
	    "must be used",
	    doing, status_words(status), status);
}

enum err_code
piv_malformed(const char *doing, struct err *err)
{
	return err_set(err, ERR_TOKEN,
	    "its answer to %s is malformed: the token or its reader is "
	    "broken, or lies; nothing of it was used; try another reader or another token",
	    doing);
}

enum err_code
piv_select(struct piv_card *card, struct err *err)
{
	static const uint8_t header[] = {0x00, 0xa4, 0x04, 0x00};
	uint16_t status;

	TRY(piv_send(card, header, VIEW_OF(aid), &status, err));
	if (status == PIV_NOT_FOUND || status == PIV_UNKNOWN_INS)
		return err_set(err, ERR_NOT_FOUND,
		    "it has no PIV application: not a PIV token, or PIV is switched off "
		    "(ykman config usb --enable PIV)");
	return status == PIV_OK ? ERR_OK : piv_status_failure(status, "selecting PIV", err);
}

/* Does STATUS say that the card has no such command at all?  Anything else is no answer. */
static bool
is_unknown(uint16_t status)
{
	return status == PIV_UNKNOWN_INS || status == 0x6e00 || status == 0x6a81 ||
	    status == PIV_WRONG_P1P2;
}

/* An answer of exactly SIZE bytes, or zeros when the card does not know the command. */
static enum err_code
read_fixed(struct piv_card *card, uint8_t ins, const char *doing, uint8_t *ret_bytes, size_t size,
    struct err *err)
{
	const uint8_t header[] = {0x00, ins, 0x00, 0x00};
	uint16_t status;

	TRY(piv_send(card, header, (struct view){0}, &status, err));
	if (is_unknown(status)) {
		memset(ret_bytes, 0, size);
		return ERR_OK;
	}
	if (status != PIV_OK)
		return piv_status_failure(status, doing, err);
	if (secret_size(card->reply) != size)
		return piv_malformed(doing, err);
	memcpy(ret_bytes, secret_data(card->reply), size);
	return ERR_OK;
}

enum err_code
piv_version(struct piv_card *card, uint8_t ret_firmware[3], struct err *err)
{
	return read_fixed(card, 0xfd, "reading its version", ret_firmware, 3, err);
}

enum err_code
piv_serial(struct piv_card *card, uint32_t *ret_serial, struct err *err)
{
	uint8_t serial[4];

	TRY(read_fixed(card, 0xf8, "reading its serial number", serial, sizeof(serial), err));
	struct reader reader = reader_of(VIEW_OF(serial));

	*ret_serial = reader_u32(&reader);
	return ERR_OK;
}

/* The serial number in the answer to READ CONFIG; false when there is none. */
static bool
serial_in_config(struct piv_card *card, uint32_t *ret_serial)
{
	struct reader reader = reader_of(secret_view(card->reply));
	struct view config = reader_lp8(&reader, UINT8_MAX), serial;

	if (!reader_end(&reader) || !tlv_find(config, 0x02, &serial) || serial.size != 4)
		return false;
	reader = reader_of(serial);
	*ret_serial = reader_u32(&reader);
	return true;
}

enum err_code
piv_serial_before_5(struct piv_card *card, uint32_t *ret_serial, struct err *err)
{
	static const uint8_t select[] = {0x00, 0xa4, 0x04, 0x00};
	static const uint8_t read_config[] = {0x00, 0x1d, 0x00, 0x00};
	uint32_t serial = 0;
	uint16_t status;

	TRY(piv_send(card, select, VIEW_OF(management_aid), &status, err));
	if (status == PIV_OK) {
		TRY(piv_send(card, read_config, (struct view){0}, &status, err));
		if (status == PIV_OK && !serial_in_config(card, &serial))
			return piv_malformed("reading its serial number", err);
	}
	if (status != PIV_OK && status != PIV_NOT_FOUND && !is_unknown(status))
		return piv_status_failure(status, "reading its serial number", err);
	TRY(piv_select(card, err));
	*ret_serial = serial;
	return ERR_OK;
}

/* ---- metadata ---- */

/* *RET_KNOWN: the card has metadata.  The status is then PIV_OK, or PIV_NO_REFERENCE where there
 * is no key. */
static enum err_code
metadata(struct piv_card *card, uint8_t reference, const char *doing, bool *ret_known,
    uint16_t *ret_status, struct err *err)
{
	const uint8_t header[] = {0x00, 0xf7, 0x00, reference};
	uint16_t status;

	TRY(piv_send(card, header, (struct view){0}, &status, err));
	if (status != PIV_OK && status != PIV_NO_REFERENCE && !is_unknown(status))
		return piv_status_failure(status, doing, err);
	*ret_known = !is_unknown(status);
	*ret_status = status;
	return ERR_OK;
}

/* A metadata field of SIZE bytes. */
static bool
field(struct piv_card *card, uint8_t tag, size_t size, struct view *ret_value)
{
	return tlv_find(secret_view(card->reply), tag, ret_value) && ret_value->size == size;
}

enum err_code
piv_read_reference(struct piv_card *card, uint8_t reference, bool *ret_known,
    struct piv_reference *ret_values, struct err *err)
{
	static const char doing[] = "reading the state of PIN and PUK";
	struct view factory, tries;
	uint16_t status = 0;

	TRY(metadata(card, reference, doing, ret_known, &status, err));
	if (!*ret_known)
		return ERR_OK;
	if (status != PIV_OK)
		return piv_status_failure(status, doing, err);
	if (!field(card, 0x05, 1, &factory) || !field(card, 0x06, 2, &tries))
		return piv_malformed(doing, err);
	ret_values->total = tries.data[0];
	ret_values->tries = tries.data[1];
	ret_values->factory = factory.data[0] != 0;
	return ERR_OK;
}

enum err_code
piv_read_management(struct piv_card *card, bool *ret_known, uint8_t *ret_algorithm,
    bool *ret_factory, struct err *err)
{
	static const char doing[] = "reading the kind of its management key";
	struct view algorithm, factory;
	uint16_t status = 0;

	TRY(metadata(card, PIV_MANAGEMENT, doing, ret_known, &status, err));
	if (!*ret_known)
		return ERR_OK;
	if (status != PIV_OK)
		return piv_status_failure(status, doing, err);
	if (!field(card, 0x01, 1, &algorithm) || !field(card, 0x05, 1, &factory))
		return piv_malformed(doing, err);
	*ret_algorithm = algorithm.data[0];
	*ret_factory = factory.data[0] != 0;
	return ERR_OK;
}

static enum err_code
parse_key(struct piv_card *card, const char *doing, struct token_key_info *ret_key, struct err *err)
{
	struct view algorithm, policies, origin, public, encoded;
	struct err why;

	if (!field(card, 0x01, 1, &algorithm) || !field(card, 0x02, 2, &policies) ||
	    !field(card, 0x03, 1, &origin) || !tlv_find(secret_view(card->reply), 0x04, &public))
		return piv_malformed(doing, err);
	ret_key->present = true;
	ret_key->generated = origin.data[0] == ORIGIN_GENERATED;
	ret_key->pin = (enum pin_policy)policies.data[0];
	ret_key->touch = (enum touch_policy)policies.data[1];
	if (algorithm.data[0] != ALGORITHM_P256)
		return ERR_OK;
	if (!tlv_only(public, POINT, &encoded) ||
	    point_from(encoded, &ret_key->key, &why) != ERR_OK)
		return piv_malformed(doing, err);
	return ERR_OK;
}

enum err_code
piv_read_key(struct piv_card *card, uint8_t slot, bool *ret_known, struct token_key_info *ret_key,
    struct err *err)
{
	static const char doing[] = "reading about a key";
	struct token_key_info key = {.slot = slot};
	uint16_t status = 0;

	TRY(metadata(card, slot, doing, ret_known, &status, err));
	if (status == PIV_OK)
		TRY(parse_key(card, doing, &key, err));
	*ret_key = key;
	return ERR_OK;
}

/* ---- the PIN ---- */

/* The answer to an empty VERIFY. */
static enum err_code
query(struct piv_card *card, uint16_t *ret_status, struct err *err)
{
	static const uint8_t header[] = {0x00, 0x20, 0x00, PIV_PIN};

	return piv_send(card, header, (struct view){0}, ret_status, err);
}

enum err_code
piv_is_verified(struct piv_card *card, bool *ret_verified, struct err *err)
{
	uint16_t status;

	TRY(query(card, &status, err));
	*ret_verified = status == PIV_OK;
	return ERR_OK;
}

enum err_code
piv_tries(struct piv_card *card, int *ret_tries, struct err *err)
{
	static const uint8_t forget[] = {0x00, 0x20, 0xff, PIV_PIN};
	uint16_t status, forgotten;

	TRY(query(card, &status, err));
	if (status == PIV_OK) { /* verified before we came: that hides the number */
		TRY(piv_send(card, forget, (struct view){0}, &forgotten, err));
		TRY(query(card, &status, err));
	}
	if ((status & 0xfff0) == PIV_TRIES)
		*ret_tries = status & 0x0f;
	else
		*ret_tries = status == PIV_BLOCKED ? 0 : -1;
	return ERR_OK;
}

enum err_code
piv_verify(struct piv_card *card, const struct secret *pin, uint16_t *ret_status, struct err *err)
{
	static const uint8_t header[] = {0x00, 0x20, 0x00, PIV_PIN};
	struct view typed = secret_view(pin);
	SECRET *padded = NULL;

	if (typed.size < PIV_PIN_MIN || typed.size > PIV_PIN_MAX)
		return err_set(err, ERR_INTERNAL, "a PIN of a wrong size was not stopped");
	TRY(secret_new(PIV_PIN_MAX, &padded, err));
	TRY(secret_append(padded, typed, err));
	memset(secret_data(padded) + typed.size, 0xff, PIV_PIN_MAX - typed.size);
	TRY(secret_resize(padded, PIV_PIN_MAX, err));
	return piv_send(card, header, secret_view(padded), ret_status, err);
}

/* ---- using keys ---- */

/* GENERAL AUTHENTICATE with a P-256 key; RET_RESPONSE points into the reply. */
static enum err_code
use_key(struct piv_card *card, uint8_t slot, uint8_t tag, struct view input, const char *doing,
    uint16_t *ret_status, struct view *ret_response, struct err *err)
{
	const uint8_t header[] = {0x00, 0x87, ALGORITHM_P256, slot};
	struct view template;
	BUF inner = {0};
	BUF command = {0};

	tlv_put(&inner, RESPONSE, (struct view){0});
	tlv_put(&inner, tag, input);
	tlv_put(&command, TEMPLATE, buf_view(&inner));
	TRY(buf_check(&inner, err));
	TRY(buf_check(&command, err));
	TRY(piv_send(card, header, buf_view(&command), ret_status, err));
	if (*ret_status != PIV_OK)
		return ERR_OK;
	if (!tlv_only(secret_view(card->reply), TEMPLATE, &template) ||
	    !tlv_only(template, RESPONSE, ret_response))
		return piv_malformed(doing, err);
	return ERR_OK;
}

enum err_code
piv_agree(struct piv_card *card, uint8_t slot, const struct point *peer, uint16_t *ret_status,
    struct secret **ret_shared, struct err *err)
{
	static const char doing[] = "agreeing on a secret";
	struct view response = {0};

	TRY(use_key(card, slot, EXPONENT, VIEW_OF(peer->bytes), doing, ret_status, &response, err));
	if (*ret_status != PIV_OK)
		return ERR_OK;
	if (response.size != SCALAR_SIZE)
		return piv_malformed(doing, err);
	return secret_from(response, ret_shared, err);
}

enum err_code
piv_sign(struct piv_card *card, uint8_t slot, const struct digest *digest, uint16_t *ret_status,
    struct buf *ret_signature, struct err *err)
{
	static const char doing[] = "signing";
	struct view response = {0};

	TRY(use_key(card, slot, CHALLENGE, VIEW_OF(digest->bytes), doing, ret_status, &response,
	    err));
	if (*ret_status != PIV_OK)
		return ERR_OK;
	if (!tlv_is_signature(response))
		return piv_malformed(doing, err);
	buf_bytes(ret_signature, response);
	return buf_check(ret_signature, err);
}

/* ---- certificates ---- */

static enum err_code
put_certificate(struct view certificate, const char *doing, struct buf *ret_certificate,
    struct err *err)
{
	struct view content;

	if (certificate.size > TOKEN_CERTIFICATE_MAX || !tlv_only_der(certificate, 0x30, &content))
		return piv_malformed(doing, err);
	buf_bytes(ret_certificate, certificate);
	return buf_check(ret_certificate, err);
}

enum err_code
piv_attested(struct piv_card *card, uint8_t slot, bool *ret_made, struct buf *ret_certificate,
    struct err *err)
{
	static const char doing[] = "attesting a key";
	const uint8_t header[] = {0x00, 0xf9, slot, 0x00};
	uint16_t status;

	TRY(piv_send(card, header, (struct view){0}, &status, err));
	*ret_made = status == PIV_OK;
	if (status == PIV_WRONG_DATA || status == PIV_NO_REFERENCE || is_unknown(status))
		return ERR_OK;
	if (status != PIV_OK)
		return piv_status_failure(status, doing, err);
	return put_certificate(secret_view(card->reply), doing, ret_certificate, err);
}

enum err_code
piv_attest_key(struct piv_card *card, uint8_t slot, struct buf *ret_certificate, struct err *err)
{
	static const char doing[] = "attesting a key";
	const uint8_t header[] = {0x00, 0xf9, slot, 0x00};
	uint16_t status;

	TRY(piv_send(card, header, (struct view){0}, &status, err));
	if (status == PIV_WRONG_DATA || status == PIV_NO_REFERENCE)
		return err_set(err, ERR_NOT_FOUND,
		    "slot %02X has no key that was made on the token: run \"halligan enroll\"",
		    slot);
	if (is_unknown(status))
		return err_set(err, ERR_TOKEN,
		    "it cannot attest its keys (ATTEST is missing, %04X): use a token that can "
		    "(YubiKey 5 with firmware 5.7)",
		    status);
	if (status != PIV_OK)
		return piv_status_failure(status, doing, err);
	return put_certificate(secret_view(card->reply), doing, ret_certificate, err);
}

enum err_code
piv_attest_device(struct piv_card *card, struct buf *ret_certificate, struct err *err)
{
	static const char doing[] = "reading its attestation certificate";
	static const uint8_t header[] = {0x00, 0xcb, 0x3f, 0xff};
	static const uint8_t name[] = {0x5c, 0x03, 0x5f, 0xff, 0x01};
	struct view object, certificate, compressed;
	uint16_t status;

	TRY(piv_send(card, header, VIEW_OF(name), &status, err));
	if (status == PIV_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND, "it has no attestation certificate (slot F9)");
	if (status != PIV_OK)
		return piv_status_failure(status, doing, err);
	if (!tlv_only(secret_view(card->reply), 0x53, &object) ||
	    !tlv_find(object, 0x70, &certificate))
		return piv_malformed(doing, err);
	if (tlv_find(object, 0x71, &compressed) &&
	    (compressed.size != 1 || compressed.data[0] != 0))
		return err_set(err, ERR_TOKEN,
		    "its attestation certificate is compressed, which the factory's never is");
	return put_certificate(certificate, doing, ret_certificate, err);
}
