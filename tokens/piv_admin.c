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
#include "tokens/piv_admin.h"

#include "tokens/block.h"
#include "tokens/tlv.h"

enum { ALGORITHM_P256 = 0x11, TEMPLATE = 0x7c, WITNESS = 0x80, CHALLENGE = 0x81, RESPONSE = 0x82 };

/* Yubico's documented factory key; the same 24 bytes for 3DES and AES-192. */
static const uint8_t factory_key[] = {
    1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8};
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
	TRY(challenge_card(
	    card, algorithm, &inner, WITNESS, block_size(algorithm), &enciphered, err));
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
	TRY(crypto_random(challenge, size, err));
	TRY(block_encrypt(algorithm, key, challenge, expected, err));
	tlv_put(&inner, WITNESS, view_of(witness, size));
	tlv_put(&inner, CHALLENGE, view_of(challenge, size));
	TRY(challenge_card(card, algorithm, &inner, RESPONSE, size, &answer, err));
	if (!crypto_equal(answer.data, expected, size))
		return err_set(err, ERR_TOKEN,
		    "it does not know its own management key: it is not the token it claims to be");
	return ERR_OK;
}

enum err_code
piv_authenticate(
    struct piv_card *card, uint8_t algorithm, const struct secret *key, struct err *err)
{
	uint8_t cipher = algorithm == 0 ? (uint8_t)BLOCK_3DES : algorithm;
	SECRET *factory = NULL;

	if (block_size(cipher) == 0)
		return err_set(err, ERR_TOKEN,
		    "its management key is of an unknown kind (%02X): set one of the kind AES-192 "
		    "(ykman piv access change-management-key)",
		    cipher);
	if (key == NULL && block_key_size(cipher) != sizeof(factory_key))
		return err_set(
		    err, ERR_REFUSED, "its management key is not the factory's: give it");
	if (key == NULL)
		TRY(secret_from(VIEW_OF(factory_key), &factory, err));
	return prove(card, cipher, key == NULL ? factory : key, err);
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
	if (status != PIV_OK)
		return piv_status_failure(status, doing, err);
	if (!tlv_only(secret_view(card->reply), 0x7f49, &public) ||
	    !tlv_only(public, 0x86, &encoded) || point_from(encoded, ret_key, &why) != ERR_OK)
		return piv_malformed(doing, err);
	return ERR_OK;
}
