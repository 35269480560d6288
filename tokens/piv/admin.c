/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutual authentication (SP 800-73-4 part 2, 3.2.4 and appendix A.1), with K the management key:
 *
 *	host						card
 *	00 87 alg 9B 7C{80 ""}			->
 *						<-	7C{80 E(K, witness)}
 *	00 87 alg 9B 7C{80 witness 81 challenge} ->
 *						<-	7C{82 E(K, challenge)}
 *
 * The card's answer is checked, since a thing that only pretends to be the token must not be
 * believed about the key it claims to have made.
 */
#include "tokens/piv/admin.h"

#include "base/crypto_key.h"
#include "base/random.h"
#include "tokens/formats/tlv.h"
#include "tokens/piv/block.h"

enum { ALGORITHM_P256 = 0x11, TEMPLATE = 0x7c, WITNESS = 0x80, CHALLENGE = 0x81, RESPONSE = 0x82 };

/* Yubico's documented factory key; the same 24 bytes for 3DES and AES-192. */
static const uint8_t factory_key[] = {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5,
    6, 7, 8};
static const char authenticating[] = "the management key's challenge";

/* Send 7C{INNER} to the management key; the answer is 7C{TAG, SIZE bytes}. */
static enum err_code
challenge_card(struct piv_card *card, uint8_t algorithm, const struct buf *inner, uint8_t tag,
    size_t size, struct view *ret_answer, struct err *err)
{
	const uint8_t header[] = {0x00, 0x87, algorithm, PIV_MANAGEMENT};
	struct view template;
	uint16_t status;
	BUF command = {0};

	tlv_put(&command, TEMPLATE, buf_view(inner));
	TRY(buf_check(inner, err));
	TRY(buf_check(&command, err));
	TRY(piv_send(card, header, buf_view(&command), &status, err));
	if (status == PIV_WRONG_P1P2)
		return err_set(err, ERR_NOT_FOUND,
		    "its management key is of another kind than %02X: give the one that it has",
		    algorithm);
	if (status == PIV_SECURITY_STATUS)
		return err_set(err, ERR_REFUSED,
		    "it refused the management key (or, if that key asks for a touch, was not "
		    "touched): give the right one; the factory's is tried when none is given");
	if (status != PIV_OK)
		return piv_status_failure(status, authenticating, err);
	if (!tlv_only(secret_view(card->reply), TEMPLATE, &template) ||
	    !tlv_only(template, tag, ret_answer) || ret_answer->size != size)
		return piv_malformed(authenticating, err);
	return ERR_OK;
}

static enum err_code
learn_witness(struct piv_card *card, uint8_t algorithm, const struct secret *key,
    uint8_t ret_witness[BLOCK_MAX], struct err *err)
{
	struct view enciphered = {0};
	BUF inner = {0};

	tlv_put(&inner, WITNESS, (struct view){0});
	TRY(challenge_card(card, algorithm, &inner, WITNESS, block_size(algorithm), &enciphered,
	    err));
	return block_decrypt(algorithm, key, enciphered.data, ret_witness, err);
}

static enum err_code
prove(struct piv_card *card, uint8_t algorithm, const struct secret *key, struct err *err)
{
	uint8_t witness[BLOCK_MAX], challenge[BLOCK_MAX], expected[BLOCK_MAX];
	size_t size = block_size(algorithm);
	struct view answer = {0};
	BUF inner = {0};

	TRY(learn_witness(card, algorithm, key, witness, err));
	TRY(random_bytes(challenge, size, err));
	TRY(block_encrypt(algorithm, key, challenge, expected, err));
	tlv_put(&inner, WITNESS, view_of(witness, size));
	tlv_put(&inner, CHALLENGE, view_of(challenge, size));
	TRY(challenge_card(card, algorithm, &inner, RESPONSE, size, &answer, err));
	if (!crypto_equal(answer.data, expected, size))
		return err_set(err, ERR_TOKEN,
		    "it does not know its own management key: it is not the token it claims to be");
	return ERR_OK;
}

/* Kinds to try with a key of SIZE bytes when the card does not tell which it has. */
static enum err_code
prove_some(struct piv_card *card, const struct secret *key, struct err *err)
{
	static const uint8_t kinds[] = {BLOCK_3DES, BLOCK_AES_192, BLOCK_AES_128, BLOCK_AES_256};
	enum err_code code = err_set(err, ERR_INVALID,
	    "no management key has %zu bytes: give 24 (3DES, AES-192), 16 or 32 (AES)",
	    secret_size(key));

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (block_key_size(kinds[i]) != secret_size(key))
			continue;
		code = prove(card, kinds[i], key, err);
		if (code != ERR_NOT_FOUND)
			return code;
		err->code = ERR_REFUSED;
	}
	return err->code;
}

enum err_code
piv_authenticate(struct piv_card *card, uint8_t algorithm, const struct secret *key,
    struct err *err)
{
	SECRET *factory = NULL;

	if (algorithm != 0 && block_size(algorithm) == 0)
		return err_set(err, ERR_TOKEN,
		    "its management key is of an unknown kind (%02X), which only the program that set it "
		    "can change: set one of the kind AES-192 (ykman piv access "
		    "change-management-key)",
		    algorithm);
	if (key == NULL && algorithm != 0 && block_key_size(algorithm) != sizeof(factory_key))
		return err_set(err, ERR_REFUSED,
		    "its management key is not the factory's: give it");
	if (key == NULL)
		TRY(secret_from(VIEW_OF(factory_key), &factory, err));
	if (algorithm == 0)
		return prove_some(card, key == NULL ? factory : key, err);
	if (prove(card, algorithm, key == NULL ? factory : key, err) == ERR_OK)
		return ERR_OK;
	if (err->code == ERR_NOT_FOUND)
		err->code = ERR_REFUSED;
	return err->code;
}

enum err_code
piv_set_management(struct piv_card *card, uint8_t algorithm, const struct secret *key,
    uint16_t *ret_status, struct err *err)
{
	static const uint8_t header[] = {0x00, 0xff, 0xff, 0xff};
	const uint8_t front[] = {algorithm, PIV_MANAGEMENT, (uint8_t)secret_size(key)};
	SECRET *command = NULL;

	if (block_key_size(algorithm) == 0 || secret_size(key) != block_key_size(algorithm))
		return err_set(err, ERR_INTERNAL, "a management key of a wrong size");
	TRY(secret_new(sizeof(front) + secret_size(key), &command, err));
	TRY(secret_append(command, VIEW_OF(front), err));
	TRY(secret_append(command, secret_view(key), err));
	return piv_send(card, header, secret_view(command), ret_status, err);
}

enum err_code
piv_generate(struct piv_card *card, uint8_t slot, struct point *ret_key, struct err *err)
{
	static const char doing[] = "making a key";
	const uint8_t header[] = {0x00, 0x47, 0x00, slot};
	struct view public, encoded;
	uint16_t status;
	struct err why;
	BUF inner = {0};
	BUF command = {0};

	tlv_put_u8(&inner, 0x80, ALGORITHM_P256);
	tlv_put_u8(&inner, 0xaa, PIN_ONCE);
	tlv_put_u8(&inner, 0xab, TOUCH_ALWAYS);
	tlv_put(&command, 0xac, buf_view(&inner));
	TRY(buf_check(&inner, err));
	TRY(buf_check(&command, err));
	TRY(piv_send(card, header, buf_view(&command), &status, err));
	if (status == PIV_WRONG_P1P2 || status == PIV_WRONG_PARAMETERS || status == PIV_NOT_FOUND ||
	    status == PIV_NO_REFERENCE)
		return err_set(err, ERR_TOKEN,
		    "it has no slot %02X (%04X): cards that are no YubiKeys may have fewer slots; "
		    "use a token that has it",
		    slot, status);
	if (status == PIV_WRONG_DATA)
		return err_set(err, ERR_TOKEN,
		    "it cannot make a P-256 key that asks for its PIN and for a touch at each use "
		    "(key policies are missing, 6A80): use a token that can (YubiKey 4.3 or newer)");
	if (status != PIV_OK)
		return piv_status_failure(status, doing, err);
	if (!tlv_only(secret_view(card->reply), 0x7f49, &public) ||
	    !tlv_only(public, 0x86, &encoded) || point_from(encoded, ret_key, &why) != ERR_OK)
		return piv_malformed(doing, err);
	return ERR_OK;
}
