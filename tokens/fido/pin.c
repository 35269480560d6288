/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/fido/pin.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/text.h"

/* More than the holes of a thread's heap: a block whose neighbours are free is joined with them, and such room is
 * filled last. */
enum { SCOUR_BLOCKS = 2048 };

static const char *const known[] = {"123456", "12345678"}; /* PIV's factory PIN and PUK */

/* Bytes of the character that FIRST begins; 0: none begins so. */
static size_t
character_size(uint8_t first)
{
	if (first >= 0x20 && first < 0x7f)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* Characters in TEXT, 0 when it is not UTF-8.  Surrogates and overlong forms of three and four
 * bytes pass: a token compares bytes. */
static size_t
count_characters(struct view text)
{
	size_t count = 0, size;

	for (size_t at = 0; at < text.size; at += size, count++) {
		size = character_size(text.data[at]);
		if (size == 0 || size > text.size - at)
			return 0;
		for (size_t i = 1; i < size; i++) {
			if ((text.data[at + i] & 0xc0) != 0x80)
				return 0;
		}
	}
	return count;
}

enum err_code
fido_pin_check(const struct secret *pin, struct err *err)
{
	struct view typed = secret_view(pin);

	if (text_is_otp(typed))
		return err_set(err, ERR_INVALID,
		    "what came is a one-time password, not the PIN: the token was touched while "
		    "the PIN was asked for; no try was spent, type the PIN again");
	if (typed.size < FIDO_PIN_MIN || typed.size > FIDO_PIN_MAX)
		return err_set(err, ERR_INVALID,
		    "a FIDO2 PIN has %d to %d characters, this one has not; no try was spent, type "
		    "the PIN again",
		    FIDO_PIN_MIN, FIDO_PIN_MAX);
	if (count_characters(typed) == 0)
		return err_set(err, ERR_INVALID,
		    "no FIDO2 PIN has such characters; no try was spent, type the PIN again");
	return ERR_OK;
}

static bool
is_one_character(struct view text)
{
	for (size_t i = 1; i < text.size; i++) {
		if (text.data[i] != text.data[0])
			return false;
	}
	return true;
}

enum err_code
fido_pin_check_new(const struct secret *pin, unsigned least, struct err *err)
{
	struct view typed = secret_view(pin);

	TRY(fido_pin_check(pin, err));
	if (count_characters(typed) < least)
		return err_set(err, ERR_REFUSED,
		    "the token wants a PIN of at least %u characters: choose a longer one", least);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (typed.size == strlen(known[i]) &&
		    crypto_equal(typed.data, known[i], typed.size))
			return err_set(err, ERR_REFUSED,
			    "this is a factory PIN or PUK, which everybody knows: choose another");
	}
	if (is_one_character(typed))
		return err_set(err, ERR_REFUSED,
		    "a PIN of one character repeated is guessed first: choose another");
	return ERR_OK;
}

enum err_code
fido_pin_terminated(const struct secret *pin, struct secret **ret_pin, struct err *err)
{
	static const uint8_t end = 0;
	SECRET *copy = NULL;

	TRY(secret_new(secret_size(pin) + 1, &copy, err));
	TRY(secret_append(copy, secret_view(pin), err));
	TRY(secret_append(copy, view_of(&end, 1), err));
	*ret_pin = TAKE(copy);
	return ERR_OK;
}

void
fido_pin_scour(void)
{
	void *blocks[SCOUR_BLOCKS];

	for (int i = 0; i < SCOUR_BLOCKS; i++) {
		blocks[i] = malloc(DIGEST_SIZE);
		if (blocks[i] != NULL)
			explicit_bzero(blocks[i], DIGEST_SIZE);
	}
	for (int i = 0; i < SCOUR_BLOCKS; i++)
		free(blocks[i]);
}
