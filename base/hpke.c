/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 9180 in its own order and with its own names: labels (section 4), DHKEM (4.1), the key
 * schedule in base mode (5.1), sealing and opening (5.2), DeriveKeyPair (7.1.3).
 *
 * A context belongs to one side: a sender never opens and a recipient never seals, since both
 * would use the same nonces.  The sequence number moves only after success.
 */
#include "base/hpke.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto_key.h"

const struct hpke_suite hpke_suite_default = {HPKE_KEM_P256, HPKE_KDF_SHA256, AEAD_AES_256_GCM};

enum { MODE_BASE = 0, SUITE_ID_MAX = 10, LABEL_PARTS = 4, CONTEXT_SIZE = 1 + 2 * DIGEST_SIZE };

/* The values of one context, in one secret.  Each has room for HKDF's whole blocks. */
struct schedule {
	uint8_t prk[DIGEST_SIZE];    /* eae_prk, then "secret"; wiped when the rest is derived */
	uint8_t shared[DIGEST_SIZE]; /* the KEM's shared secret; likewise */
	uint8_t key[DIGEST_SIZE];    /* the first Nk bytes */
	uint8_t base_nonce[DIGEST_SIZE]; /* the first 12 */
};

struct hpke {
	struct hpke_suite suite;
	bool sender;
	uint64_t sequence;
	struct secret *memory; /* holds SCHEDULE */
	struct schedule *schedule;
};

/* What stands before each label: "KEM" || kem_id, or "HPKE" || kem_id || kdf_id || aead_id. */
struct suite_id {
	uint8_t bytes[SUITE_ID_MAX];
	size_t size;
};

static void
put_id(struct suite_id *suite_id, uint16_t id)
{
	suite_id->bytes[suite_id->size++] = (uint8_t)(id >> 8);
	suite_id->bytes[suite_id->size++] = (uint8_t)id;
}

static struct suite_id
kem_suite_id(uint16_t kem)
{
	struct suite_id suite_id = {.bytes = "KEM", .size = 3};

	put_id(&suite_id, kem);
	return suite_id;
}

static struct suite_id
hpke_suite_id(struct hpke_suite suite)
{
	struct suite_id suite_id = {.bytes = "HPKE", .size = 4};

	put_id(&suite_id, suite.kem);
	put_id(&suite_id, suite.kdf);
	put_id(&suite_id, suite.aead);
	return suite_id;
}

static enum err_code
labeled_extract(const struct suite_id *suite_id, struct view salt, const char *label,
    struct view ikm, uint8_t ret_prk[DIGEST_SIZE], struct err *err)
{
	const struct view parts[LABEL_PARTS] = {
	    view_of_text("HPKE-v1"),
	    view_of(suite_id->bytes, suite_id->size),
	    view_of_text(label),
	    ikm,
	};

	return hkdf_extract_to(salt, parts, LABEL_PARTS, ret_prk, err);
}

/* RET_OKM has room for whole blocks of 32 bytes. */
static enum err_code
labeled_expand(const struct suite_id *suite_id, const uint8_t prk[DIGEST_SIZE], const char *label,
    struct view info, size_t size, uint8_t *ret_okm, struct err *err)
{
	const uint8_t length[2] = {(uint8_t)(size >> 8), (uint8_t)size};
	const struct view parts[LABEL_PARTS + 1] = {
	    VIEW_OF(length),
	    view_of_text("HPKE-v1"),
	    view_of(suite_id->bytes, suite_id->size),
	    view_of_text(label),
	    info,
	};

	return hkdf_expand_to(view_of(prk, DIGEST_SIZE), parts, LABEL_PARTS + 1, size, ret_okm,
	    err);
}

/* ExtractAndExpand of DHKEM, base mode: DH is the ECDH result. */
static enum err_code
extract_and_expand(struct schedule *schedule, const struct secret *dh, const struct point *enc,
    const struct point *recipient, struct err *err)
{
	struct suite_id suite_id = kem_suite_id(HPKE_KEM_P256);
	uint8_t kem_context[2 * POINT_SIZE];

	if (secret_size(dh) != SCALAR_SIZE)
		return err_set(err, ERR_CRYPTO, "an ECDH result has %zu bytes instead of 32",
		    secret_size(dh));
	memcpy(kem_context, enc->bytes, POINT_SIZE);
	memcpy(kem_context + POINT_SIZE, recipient->bytes, POINT_SIZE);
	TRY(labeled_extract(&suite_id, (struct view){0}, "eae_prk", secret_view(dh), schedule->prk,
	    err));
	return labeled_expand(&suite_id, schedule->prk, "shared_secret", VIEW_OF(kem_context),
	    DIGEST_SIZE, schedule->shared, err);
}

static enum err_code
check_suite(struct hpke_suite suite, struct err *err)
{
	if (suite.kem != HPKE_KEM_P256)
		return err_set(err, ERR_INVALID, "HPKE KEM 0x%04x is not known", suite.kem);
	if (suite.kdf != HPKE_KDF_SHA256)
		return err_set(err, ERR_INVALID, "HPKE KDF 0x%04x is not known", suite.kdf);
	if (aead_key_size((enum aead)suite.aead) == 0)
		return err_set(err, ERR_INVALID, "HPKE AEAD 0x%04x is not known", suite.aead);
	return ERR_OK;
}

/* mode || psk_id_hash || info_hash: public, since there is no PSK here. */
static enum err_code
schedule_context(const struct suite_id *suite_id, struct view info,
    uint8_t ret_context[CONTEXT_SIZE], struct err *err)
{
	ret_context[0] = MODE_BASE;
	TRY(labeled_extract(suite_id, (struct view){0}, "psk_id_hash", (struct view){0},
	    ret_context + 1, err));
	return labeled_extract(suite_id, (struct view){0}, "info_hash", info,
	    ret_context + 1 + DIGEST_SIZE, err);
}

/* KeySchedule in base mode, from SCHEDULE's shared secret. */
static enum err_code
derive_schedule(struct hpke_suite suite, struct schedule *schedule, struct view info,
    struct err *err)
{
	struct suite_id suite_id = hpke_suite_id(suite);
	uint8_t bytes[CONTEXT_SIZE];
	struct view context = VIEW_OF(bytes);

	TRY(schedule_context(&suite_id, info, bytes, err));
	TRY(labeled_extract(&suite_id, VIEW_OF(schedule->shared), "secret", (struct view){0},
	    schedule->prk, err));
	TRY(labeled_expand(&suite_id, schedule->prk, "key", context,
	    aead_key_size((enum aead)suite.aead), schedule->key, err));
	TRY(labeled_expand(&suite_id, schedule->prk, "base_nonce", context, AEAD_NONCE_SIZE,
	    schedule->base_nonce, err));
	explicit_bzero(schedule->prk, sizeof(schedule->prk));
	explicit_bzero(schedule->shared, sizeof(schedule->shared));
	return ERR_OK;
}

/* A context from the KEM's ECDH result. */
static enum err_code
make_context(struct hpke_suite suite, bool sender, const struct secret *dh, const struct point *enc,
    const struct point *recipient, struct view info, struct hpke **ret_hpke, struct err *err)
{
	HPKE *hpke = calloc(1, sizeof(*hpke));

	if (hpke == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for an HPKE context");
	hpke->suite = suite;
	hpke->sender = sender;
	TRY(secret_new(sizeof(*hpke->schedule), &hpke->memory, err));
	hpke->schedule = (struct schedule *)(void *)secret_data(hpke->memory);
	TRY(extract_and_expand(hpke->schedule, dh, enc, recipient, err));
	TRY(derive_schedule(suite, hpke->schedule, info, err));
	*ret_hpke = TAKE(hpke);
	return ERR_OK;
}

void
hpke_free(struct hpke *hpke)
{
	if (hpke == NULL)
		return;
	secret_free(hpke->memory);
	free(hpke);
}

enum err_code
hpke_agree_local(void *context, const struct point *peer, struct secret **ret_shared,
    struct err *err)
{
	const struct p256_key *key = context;

	return p256_agree(key, peer, ret_shared, err);
}

enum err_code
hpke_sender_with(struct hpke_suite suite, const struct point *recipient, struct view info,
    const struct p256_key *ephemeral, struct hpke **ret_hpke, struct point *ret_enc,
    struct err *err)
{
	SECRET *dh = NULL;
	struct point enc;

	TRY(check_suite(suite, err));
	p256_key_public(ephemeral, &enc);
	TRY(p256_agree(ephemeral, recipient, &dh, err));
	TRY(make_context(suite, true, dh, &enc, recipient, info, ret_hpke, err));
	*ret_enc = enc;
	return ERR_OK;
}

enum err_code
hpke_sender(struct hpke_suite suite, const struct point *recipient, struct view info,
    struct hpke **ret_hpke, struct point *ret_enc, struct err *err)
{
	P256_KEY *ephemeral = NULL;

	TRY(p256_key_new(&ephemeral, err));
	return hpke_sender_with(suite, recipient, info, ephemeral, ret_hpke, ret_enc, err);
}

enum err_code
hpke_recipient(struct hpke_suite suite, struct view enc, const struct point *recipient,
    hpke_agree agree, void *context, struct view info, struct hpke **ret_hpke, struct err *err)
{
	SECRET *dh = NULL;
	struct point peer;

	TRY(check_suite(suite, err));
	TRY(point_from(enc, &peer, err));
	TRY(agree(context, &peer, &dh, err));
	return make_context(suite, false, dh, &peer, recipient, info, ret_hpke, err);
}

static struct view
key_of(const struct hpke *hpke)
{
	return view_of(hpke->schedule->key, aead_key_size((enum aead)hpke->suite.aead));
}

/* The nonce for the present sequence number; fails when this side may not use it. */
static enum err_code
next_nonce(const struct hpke *hpke, bool sealing, uint8_t ret_nonce[AEAD_NONCE_SIZE],
    struct err *err)
{
	if (hpke->sender != sealing)
		return err_set(err, ERR_INTERNAL, "this HPKE context is the other side's");
	if (hpke->sequence == UINT64_MAX)
		return err_set(err, ERR_INTERNAL, "this HPKE context has no nonce left");
	memcpy(ret_nonce, hpke->schedule->base_nonce, AEAD_NONCE_SIZE);
	for (unsigned i = 0; i < sizeof(hpke->sequence); i++)
		ret_nonce[AEAD_NONCE_SIZE - 1 - i] ^= (uint8_t)(hpke->sequence >> (8 * i));
	return ERR_OK;
}

enum err_code
hpke_seal(struct hpke *hpke, struct view aad, struct view plaintext, struct buf *ret_ciphertext,
    struct err *err)
{
	uint8_t nonce[AEAD_NONCE_SIZE];

	TRY(next_nonce(hpke, true, nonce, err));
	TRY(aead_seal_with((enum aead)hpke->suite.aead, key_of(hpke), nonce, aad, plaintext,
	    ret_ciphertext, err));
	hpke->sequence++;
	return ERR_OK;
}

enum err_code
hpke_open(struct hpke *hpke, struct view aad, struct view ciphertext, struct secret **ret_plaintext,
    struct err *err)
{
	uint8_t nonce[AEAD_NONCE_SIZE];

	TRY(next_nonce(hpke, false, nonce, err));
	TRY(aead_open_with((enum aead)hpke->suite.aead, key_of(hpke), nonce, aad, ciphertext,
	    ret_plaintext, err));
	hpke->sequence++;
	return ERR_OK;
}

enum err_code
hpke_derive_key(const struct secret *ikm, struct p256_key **ret_key, struct err *err)
{
	struct suite_id suite_id = kem_suite_id(HPKE_KEM_P256);
	SECRET *candidate = NULL;
	SECRET *prk = NULL;

	if (secret_size(ikm) < SCALAR_SIZE)
		return err_set(err, ERR_INVALID, "a key is derived from 32 bytes or more, not %zu",
		    secret_size(ikm));
	TRY(secret_new(DIGEST_SIZE, &prk, err));
	TRY(secret_new(SCALAR_SIZE, &candidate, err));
	TRY(secret_resize(candidate, SCALAR_SIZE, err));
	TRY(labeled_extract(&suite_id, (struct view){0}, "dkp_prk", secret_view(ikm),
	    secret_data(prk), err));
	for (unsigned counter = 0; counter <= UINT8_MAX; counter++) {
		uint8_t number = (uint8_t)counter;
		enum err_code code;

		TRY(labeled_expand(&suite_id, secret_data(prk), "candidate", view_of(&number, 1),
		    SCALAR_SIZE, secret_data(candidate), err));
		code = p256_key_from(candidate, ret_key, err);
		if (code != ERR_INVALID) /* that one is out of range: the next candidate */
			return code;
	}
	return err_set(err, ERR_CRYPTO, "no key can be derived from these bytes");
}
