/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/sim/ctap/protocol.h"

#include <string.h>

#include "base/crypto_key.h"
#include "base/random.h"
#include "tokens/sim/crypto/ber.h"
#include "tokens/sim/crypto/crypto.h"
#include "tokens/sim/ctap/status.h"

enum { COSE_KTY = 1, COSE_ALG = 3, COSE_CRV = -1, COSE_X = -2, COSE_Y = -3 };
enum { COSE_KTY_EC2 = 2, COSE_CRV_P256 = 1, COSE_ECDH_ES_HKDF_256 = -25 };

enum err_code
ctap_cbc(const uint8_t key[32], const uint8_t iv[CTAP_BLOCK], bool encrypt, struct view in,
    uint8_t *ret_out, struct err *err)
{
	uint8_t last[CTAP_BLOCK], block[CTAP_BLOCK], done[CTAP_BLOCK];

	if (in.size % CTAP_BLOCK != 0)
		return err_set(err, ERR_INVALID, "%zu bytes are no whole number of blocks",
		    in.size);
	memcpy(last, iv, sizeof(last));
	for (size_t at = 0; at < in.size; at += CTAP_BLOCK) {
		memcpy(block, in.data + at, sizeof(block));
		for (size_t i = 0; encrypt && i < CTAP_BLOCK; i++)
			block[i] ^= last[i];
		TRY(sim_block(SIM_AES256, key, encrypt, block, done, err));
		for (size_t i = 0; !encrypt && i < CTAP_BLOCK; i++)
			done[i] ^= last[i];
		memcpy(last, encrypt ? done : block, sizeof(last));
		memcpy(ret_out + at, done, sizeof(done));
	}
	return ERR_OK;
}

void
ctap_put_cose(struct buf *buf, const struct point *point, int64_t algorithm)
{
	cbor_put_map(buf, 5);
	cbor_put_int(buf, COSE_KTY);
	cbor_put_int(buf, COSE_KTY_EC2);
	cbor_put_int(buf, COSE_ALG);
	cbor_put_int(buf, algorithm);
	cbor_put_int(buf, COSE_CRV);
	cbor_put_int(buf, COSE_CRV_P256);
	cbor_put_int(buf, COSE_X);
	cbor_put_bytes(buf, view_of(point->bytes + 1, 32));
	cbor_put_int(buf, COSE_Y);
	cbor_put_bytes(buf, view_of(point->bytes + 33, 32));
}

uint8_t
ctap_read_cose(const struct cbor *map, struct point *ret_point)
{
	struct cbor_in in = cbor_in(map);
	const struct cbor *kty = cbor_in_kind(&in, COSE_KTY, CBOR_POSITIVE, true);
	const struct cbor *alg = cbor_in_kind(&in, COSE_ALG, CBOR_NEGATIVE, true);
	const struct cbor *crv = cbor_in_kind(&in, COSE_CRV, CBOR_POSITIVE, true);
	struct view x = cbor_in_bytes(&in, COSE_X, true), y = cbor_in_bytes(&in, COSE_Y, true);
	BUF encoded = {0};
	struct err err;

	if (in.status != CTAP2_OK)
		return in.status;
	buf_u8(&encoded, 0x04);
	buf_bytes(&encoded, x);
	buf_bytes(&encoded, y);
	if (!cbor_is(kty, COSE_KTY_EC2) || !cbor_is(alg, COSE_ECDH_ES_HKDF_256) ||
	    !cbor_is(crv, COSE_CRV_P256) || x.size != 32 || y.size != 32 ||
	    point_from(buf_view(&encoded), ret_point, &err) != ERR_OK)
		return CTAP1_ERR_INVALID_PARAMETER;
	return CTAP2_OK;
}

enum err_code
ctap_public(struct view private_key, struct point *ret_point, struct err *err)
{
	BUF encoded = {0};
	struct view point;

	TRY(sim_key_public(private_key, &encoded, err));
	if (!ber_find(buf_view(&encoded), 0x86, &point))
		return err_set(err, ERR_INTERNAL, "a key that is on no curve");
	return point_from(point, ret_point, err);
}

/* One block of HKDF (RFC 5869) with a salt of 32 zeros. */
static enum err_code
derive(struct view secret, const char *info, uint8_t ret_key[32], struct err *err)
{
	static const uint8_t salt[32], counter = 1;
	struct digest prk, okm;

	TRY(hmac_sha256(VIEW_OF(salt), &secret, 1, &prk, err));
	const struct view parts[] = {view_of_text(info), view_of(&counter, 1)};
	TRY(hmac_sha256(VIEW_OF(prk.bytes), parts, ARRAY_SIZE(parts), &okm, err));
	memcpy(ret_key, okm.bytes, sizeof(okm.bytes));
	return ERR_OK;
}

enum err_code
ctap_agree(uint8_t protocol, struct view private_key, const struct point *peer,
    struct ctap_shared *ret_shared, struct err *err)
{
	struct ctap_shared shared = {.protocol = protocol};
	struct digest digest;
	BUF z = {0};

	TRY(sim_key_agree(private_key, VIEW_OF(peer->bytes), &z, err));
	if (protocol == 1) {
		TRY(sha256_one(buf_view(&z), &digest, err));
		memcpy(shared.mac_key, digest.bytes, sizeof(shared.mac_key));
		memcpy(shared.aes_key, digest.bytes, sizeof(shared.aes_key));
	} else {
		TRY(derive(buf_view(&z), "CTAP2 HMAC key", shared.mac_key, err));
		TRY(derive(buf_view(&z), "CTAP2 AES key", shared.aes_key, err));
	}
	*ret_shared = shared;
	return ERR_OK;
}

enum err_code
ctap_encrypt(const struct ctap_shared *shared, struct view plain, struct buf *ret_cipher,
    struct err *err)
{
	uint8_t iv[CTAP_BLOCK] = {0};

	if (shared->protocol == 2) {
		TRY(random_bytes(iv, sizeof(iv), err));
		buf_bytes(ret_cipher, VIEW_OF(iv));
	}
	uint8_t *out = buf_space(ret_cipher, plain.size);
	TRY(buf_check(ret_cipher, err));
	return ctap_cbc(shared->aes_key, iv, true, plain, out, err);
}

enum err_code
ctap_decrypt(const struct ctap_shared *shared, struct view cipher, struct buf *ret_plain,
    struct err *err)
{
	struct reader reader = reader_of(cipher);
	uint8_t iv[CTAP_BLOCK] = {0};

	if (shared->protocol == 2)
		reader_copy(&reader, iv, sizeof(iv));
	if (reader.failed || reader.rest.size == 0)
		return err_set(err, ERR_INVALID, "%zu bytes are no ciphertext", cipher.size);
	uint8_t *out = buf_space(ret_plain, reader.rest.size);
	TRY(buf_check(ret_plain, err));
	return ctap_cbc(shared->aes_key, iv, false, reader.rest, out, err);
}

bool
ctap_authentic(uint8_t protocol, const uint8_t key[32], const struct view *parts, size_t count,
    struct view mac)
{
	struct digest expected;
	struct err err;
	size_t size = protocol == 1 ? 16 : 32;

	return mac.size == size &&
	    hmac_sha256(view_of(key, 32), parts, count, &expected, &err) == ERR_OK &&
	    crypto_equal(expected.bytes, mac.data, size);
}
