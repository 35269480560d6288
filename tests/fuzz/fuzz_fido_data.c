/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a FIDO2 token answers: u8 which of the answers, then its parts, the last of them without a
 * length.
 */
#include <string.h>

#include "base/crypto_key.h"
#include "tests/fuzz/target.h"
#include "tokens/fido/pin.h"
#include "tokens/fido/result.h"
#include "tokens/formats/fido_data.h"

enum { NAMES_MAX = 8, NAME_SIZE = 16 };

static void
read_registration(struct view input)
{
	struct fido_registration registration;
	struct point same;
	struct err err;

	if (fido_registration_read(input, &registration, &err) != ERR_OK) {
		MUST(err.code == ERR_INTEGRITY || err.code == ERR_REFUSED);
		return;
	}
	MUST(registration.credential.size > 0 &&
	    registration.credential.size <= TOKEN_CREDENTIAL_MAX);
	MUST(point_from(VIEW_OF(registration.key.bytes), &same, &err) == ERR_OK);
}

static void
read_statement(struct view input)
{
	struct fido_statement statement;
	struct err err;

	if (fido_statement_read(input, &statement, &err) != ERR_OK)
		return;
	MUST(statement.signature.size > 0 && statement.signature.size <= ECDSA_MAX);
	MUST(statement.count <= FIDO_CERTIFICATES_MAX);
	for (size_t i = 0; i < statement.count; i++)
		MUST(statement.certificates[i].size <= TOKEN_CERTIFICATE_MAX);
}

static void
read_tries(struct view input)
{
	bool replug = false;
	int tries = -1;
	struct err err;

	if (fido_tries_read(input, &tries, &replug, &err) == ERR_OK)
		MUST(tries >= 0 && tries <= 8);
	else
		MUST(tries == -1 && !replug);
}

static void
read_made(struct reader *input)
{
	struct token_made made = {0};
	const char *format = reader_u8(input) == 0 ? "packed" : "none";
	struct view authdata = reader_lp16(input, UINT16_MAX);
	struct err err;

	MUST(fido_made_from(format, authdata, input->rest, &made, &err) == ERR_OK);
	MUST(made.certificate.size <= TOKEN_CERTIFICATE_MAX);
	MUST(strcmp(format, "packed") == 0 || made.signature.size == 0);
	buf_done(&made.authdata);
	buf_done(&made.signature);
	buf_done(&made.certificate);
	buf_done(&made.others);
}

static void
read_answer(struct reader *input)
{
	struct fido_answer answer = {0};
	struct view authdata = reader_lp16(input, UINT16_MAX);
	struct view signature = reader_lp8(input, UINT8_MAX);
	struct err err;

	if (fido_answer_from(authdata, signature, input->rest, &answer, &err) == ERR_OK) {
		MUST(answer.signature.size == signature.size);
		MUST((answer.prf != NULL) == (input->rest.size > 0));
	}
	secret_freep(&answer.prf);
}

static void
verify_assertion(struct reader *input)
{
	struct view encoded = reader_lp8(input, UINT8_MAX);
	struct view signature = reader_lp8(input, UINT8_MAX);
	struct digest hash = {{0}};
	struct point key;
	struct err err;

	reader_copy(input, hash.bytes, sizeof(hash.bytes));
	if (point_from(encoded, &key, &err) != ERR_OK)
		return;
	if (assertion_verify(&key, input->rest, &hash, signature, &err) == ERR_OK)
		MUST(assertion_check(input->rest, &err) == ERR_OK);
}

/* u8 count, then names, each NAME_SIZE bytes at most. */
static size_t
read_names(struct reader *input, char texts[NAMES_MAX][NAME_SIZE], char *ret_names[NAMES_MAX])
{
	size_t count = reader_u8(input) % (NAMES_MAX + 1);

	for (size_t i = 0; i < count; i++) {
		struct view name = reader_lp8(input, NAME_SIZE - 1);

		if (name.size > 0)
			memcpy(texts[i], name.data, name.size);
		ret_names[i] = texts[i];
	}
	return count;
}

static void
read_facts(struct reader *input)
{
	char texts[2][NAMES_MAX][NAME_SIZE] = {{{0}}};
	char *extensions[NAMES_MAX], *options[NAMES_MAX];
	bool values[NAMES_MAX];
	struct fido_facts facts = {0};
	uint8_t bits = reader_u8(input);

	for (size_t i = 0; i < NAMES_MAX; i++)
		values[i] = (bits >> i & 1) != 0;
	struct fido_lists lists = {.extensions = extensions, .options = options, .values = values};
	lists.extension_count = read_names(input, texts[0], extensions);
	lists.option_count = read_names(input, texts[1], options);
	lists.min_pin = reader_u64(input);
	lists.firmware = reader_u64(input);
	fido_facts_from(&lists, &facts);
	MUST(facts.min_pin >= FIDO_PIN_MIN && facts.min_pin <= FIDO_PIN_MAX);
	MUST(!facts.pin_set || facts.pin_possible);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader input = reader_of(view_of(data, size));

	switch (reader_u8(&input)) {
	case 0:
		read_registration(input.rest);
		break;
	case 1:
		read_statement(input.rest);
		break;
	case 2:
		read_tries(input.rest);
		break;
	case 3:
		read_made(&input);
		break;
	case 4:
		read_answer(&input);
		break;
	case 5:
		verify_assertion(&input);
		break;
	default:
		read_facts(&input);
		break;
	}
	return 0;
}
