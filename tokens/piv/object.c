/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	00 CB 3F FF 5C{tag}			-> 53{content}		GET DATA
 *	00 DB 3F FF 5C{tag} 53{content}					PUT DATA
 *
 *	certificate	70 DER, 71 00 (01: compressed), FE ""
 *	CHUID		30 FASC-N, 34 GUID (16 bytes), ...
 *	CCC		F0 card identifier (21 bytes), ...
 */
#include "tokens/piv/object.h"

#include <string.h>

#include "tokens/formats/tlv.h"

enum {
	DATA = 0x53,
	CERTIFICATE = 0x70,
	COMPRESSED = 0x71,
	GUID = 0x34,
	GUID_SIZE = 16,
	CARD_IDENTIFIER = 0xf0,
	PIVMAN = 0x80,
	PIVMAN_FLAGS = 0x81,
	PIVMAN_SALT = 0x82,
	PIVMAN_TIME = 0x83,
	PROTECTED = 0x88,
	PROTECTED_KEY = 0x89,
	PROTECTED_OTHER = 0x8a,
	NAME_SIZE = 5,
	SHORT_LENGTH = 0x80, /* from here on a length takes more than a byte */
};

uint32_t
piv_object_of_slot(uint8_t slot)
{
	switch (slot) {
	case 0x9a:
		return 0x5fc105;
	case 0x9c:
		return 0x5fc10a;
	case 0x9d:
		return 0x5fc10b;
	case 0x9e:
		return 0x5fc101;
	case 0xf9:
		return PIV_OBJECT_ATTESTATION;
	default:
		return slot >= 0x82 && slot <= 0x95 ? 0x5fc10dU + slot - 0x82U : 0;
	}
}

static void
object_name(uint32_t tag, uint8_t ret_name[NAME_SIZE])
{
	ret_name[0] = 0x5c;
	ret_name[1] = 3;
	ret_name[2] = (uint8_t)(tag >> 16);
	ret_name[3] = (uint8_t)(tag >> 8);
	ret_name[4] = (uint8_t)tag;
}

/* Not there, or a tag that this card has no place for. */
static bool
is_absent(uint16_t status)
{
	return status == PIV_NOT_FOUND || status == PIV_WRONG_DATA || status == PIV_NO_REFERENCE ||
	    status == 0x6a81 || status == 0x6a86;
}

enum err_code
piv_get_object(struct piv_card *card, uint32_t tag, const char *doing, bool *ret_there,
    struct view *ret_content, struct err *err)
{
	static const uint8_t header[] = {0x00, 0xcb, 0x3f, 0xff};
	uint8_t name[NAME_SIZE];
	struct view content;
	uint16_t status;

	object_name(tag, name);
	TRY(piv_send(card, header, VIEW_OF(name), &status, err));
	if (is_absent(status)) {
		*ret_there = false;
		return ERR_OK;
	}
	if (status != PIV_OK)
		return piv_status_failure(status, doing, err);
	if (!tlv_only(secret_view(card->reply), DATA, &content))
		return piv_malformed(doing, err);
	*ret_there = content.size > 0;
	if (*ret_there)
		*ret_content = content;
	return ERR_OK;
}

/* Put together in secret memory, since CONTENT may be a key. */
enum err_code
piv_put_object(struct piv_card *card, uint32_t tag, struct view content, const char *doing,
    struct err *err)
{
	static const uint8_t header[] = {0x00, 0xdb, 0x3f, 0xff};
	uint8_t name[NAME_SIZE];
	const uint8_t data[] = {DATA, (uint8_t)content.size};
	SECRET *command = NULL;
	uint16_t status;

	if (content.size >= SHORT_LENGTH)
		return err_set(err, ERR_INTERNAL, "an object is longer than what we write");
	object_name(tag, name);
	TRY(secret_new(sizeof(name) + sizeof(data) + SHORT_LENGTH, &command, err));
	TRY(secret_append(command, VIEW_OF(name), err));
	TRY(secret_append(command, VIEW_OF(data), err));
	TRY(secret_append(command, content, err));
	TRY(piv_send(card, header, secret_view(command), &status, err));
	return status == PIV_OK ? ERR_OK : piv_status_failure(status, doing, err);
}

enum err_code
piv_get_certificate(struct piv_card *card, uint32_t tag, const char *doing, bool *ret_there,
    struct buf *ret_der, struct err *err)
{
	struct view content, certificate, compressed, inner;

	if (tag == 0) {
		*ret_there = false;
		return ERR_OK;
	}
	TRY(piv_get_object(card, tag, doing, ret_there, &content, err));
	if (!*ret_there || !tlv_find(content, CERTIFICATE, &certificate) ||
	    certificate.size > TOKEN_CERTIFICATE_MAX || !tlv_only_der(certificate, 0x30, &inner) ||
	    (tlv_find(content, COMPRESSED, &compressed) &&
	        (compressed.size != 1 || compressed.data[0] != 0)))
		return ERR_OK;
	buf_bytes(ret_der, certificate);
	return buf_check(ret_der, err);
}

/* ---- who the card is ---- */

static bool
all_zero(struct view bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		if (bytes.data[i] != 0)
			return false;
	}
	return true;
}

enum err_code
piv_card_number(struct piv_card *card, uint32_t *ret_number, struct err *err)
{
	static const char label[] = "halligan/v1 piv card";
	static const char doing[] = "reading who it is (CHUID, CCC)";
	struct view content, id = {0};
	struct digest digest;
	bool there = false;
	BUF input = {0};

	TRY(piv_get_object(card, PIV_OBJECT_CHUID, doing, &there, &content, err));
	if (!there || !tlv_find(content, GUID, &id) || id.size != GUID_SIZE || all_zero(id)) {
		id = (struct view){0};
		TRY(piv_get_object(card, PIV_OBJECT_CCC, doing, &there, &content, err));
		if (!there || !tlv_find(content, CARD_IDENTIFIER, &id) || id.size > UINT8_MAX ||
		    all_zero(id)) {
			*ret_number = 0;
			return ERR_OK;
		}
	}
	buf_lp8(&input, view_of_text(label));
	buf_lp8(&input, id);
	TRY(buf_check(&input, err));
	TRY(sha256_one(buf_view(&input), &digest, err));
	struct reader reader = reader_of(VIEW_OF(digest.bytes));

	*ret_number = reader_u32(&reader) | 0x80000000U;
	return ERR_OK;
}

/* ---- a management key behind the PIN ---- */

static enum err_code
is_taken(const char *object, struct err *err)
{
	return err_set(err, ERR_EXISTS,
	    "its object %s holds something that is no management key, and was left as it is: another "
	    "program uses that place, so this token cannot keep its management key behind its PIN",
	    object);
}

enum err_code
piv_get_pivman(struct piv_card *card, struct piv_pivman *ret_pivman, struct err *err)
{
	struct piv_pivman pivman = {0};
	struct view content, inner, value;
	bool there = false;

	TRY(piv_get_object(card, PIV_OBJECT_PIVMAN, "reading where its management key is", &there,
	    &content, err));
	if (there) {
		if (!tlv_only(content, PIVMAN, &inner))
			return is_taken("5FFF00", err);
		if (tlv_find(inner, PIVMAN_FLAGS, &value) && value.size == 1)
			pivman.flags = value.data[0];
		pivman.derived = tlv_find(inner, PIVMAN_SALT, &value);
		pivman.has_time = tlv_find(inner, PIVMAN_TIME, &value) && value.size == 4;
		if (pivman.has_time)
			memcpy(pivman.time, value.data, sizeof(pivman.time));
	}
	*ret_pivman = pivman;
	return ERR_OK;
}

enum err_code
piv_put_pivman(struct piv_card *card, const struct piv_pivman *pivman, struct err *err)
{
	BUF inner = {0};
	BUF content = {0};

	tlv_put_u8(&inner, PIVMAN_FLAGS, pivman->flags);
	if (pivman->has_time)
		tlv_put(&inner, PIVMAN_TIME, VIEW_OF(pivman->time));
	tlv_put(&content, PIVMAN, buf_view(&inner));
	TRY(buf_check(&inner, err));
	TRY(buf_check(&content, err));
	return piv_put_object(card, PIV_OBJECT_PIVMAN, buf_view(&content),
	    "writing down where its management key is", err);
}

/* RET_KEY stays as it is when BYTES has no element TAG. */
static enum err_code
take_key(struct view bytes, uint32_t tag, struct secret **ret_key, struct err *err)
{
	struct view value;

	if (!tlv_find(bytes, tag, &value) || value.size == 0)
		return ERR_OK;
	if (value.size > PIV_KEY_MAX)
		return is_taken("5FC109", err);
	return secret_from(value, ret_key, err);
}

enum err_code
piv_get_protected(struct piv_card *card, struct secret **ret_key, struct secret **ret_other,
    struct err *err)
{
	struct view content, inner;
	SECRET *key = NULL;
	SECRET *other = NULL;
	bool there = false;

	TRY(piv_get_object(card, PIV_OBJECT_PRINTED, "reading its management key", &there, &content,
	    err));
	if (!there)
		return ERR_OK;
	if (!tlv_only(content, PROTECTED, &inner))
		return is_taken("5FC109", err);
	TRY(take_key(inner, PROTECTED_KEY, &key, err));
	TRY(take_key(inner, PROTECTED_OTHER, &other, err));
	*ret_key = TAKE(key);
	*ret_other = TAKE(other);
	return ERR_OK;
}

static enum err_code
append_key(struct secret *content, uint8_t tag, const struct secret *key, struct err *err)
{
	const uint8_t header[] = {tag, (uint8_t)secret_size(key)};

	TRY(secret_append(content, VIEW_OF(header), err));
	return secret_append(content, secret_view(key), err);
}

enum err_code
piv_put_protected(struct piv_card *card, const struct secret *key, const struct secret *other,
    struct err *err)
{
	size_t size = 2 + secret_size(key) + (other == NULL ? 0 : 2 + secret_size(other));
	const uint8_t header[] = {PROTECTED, (uint8_t)size};
	SECRET *content = NULL;

	TRY(secret_new(sizeof(header) + size, &content, err));
	TRY(secret_append(content, VIEW_OF(header), err));
	TRY(append_key(content, PROTECTED_KEY, key, err));
	if (other != NULL)
		TRY(append_key(content, PROTECTED_OTHER, other, err));
	return piv_put_object(card, PIV_OBJECT_PRINTED, secret_view(content),
	    "keeping its management key", err);
}
