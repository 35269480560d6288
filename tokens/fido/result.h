/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what libfido2 hands back, which is what the token said, to the link's values
 * (tokens/fido/link.h).
 */
#ifndef TOKENS_FIDO_RESULT_H
#define TOKENS_FIDO_RESULT_H

#include "tokens/fido/link.h"

struct fido_lists { /* getInfo's */
	char **extensions;
	size_t extension_count;
	char **options; /* names, and their */
	const bool *values;
	size_t option_count;
	uint64_t min_pin, firmware;
	bool es256;
};

/* All of RET_FACTS but AAGUID and PIN_CHANGE. */
void fido_facts_from(const struct fido_lists *lists, struct fido_facts *ret_facts);

/* What makeCredential gave.  A STATEMENT of another FORMAT than "packed", or one that cannot be
 * read, is left out: then there is no attestation, which enrolment judges. */
enum err_code fido_made_from(const char *format, struct view authdata, struct view statement,
    struct token_made *ret_made, struct err *err) MUST_CHECK;

/* What getAssertion gave: AUTHDATA in CBOR, as a byte string; PRF may be empty.  ERR_TOKEN: a
 * part is missing or larger than it may be. */
enum err_code fido_answer_from(struct view authdata, struct view signature, struct view prf,
    struct fido_answer *ret_answer, struct err *err) MUST_CHECK;

#endif
