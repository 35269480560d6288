/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation certificates made at run time, right or wrong in one way: see struct recipe.  All
 * functions assert.  Keys are made once for each struct authority (P-256, to be fast).
 */
#ifndef TESTS_UNIT_CERTIFICATES_H
#define TESTS_UNIT_CERTIFICATES_H

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "base/crypto_key.h"
#include "tokens/attest/piv.h"

/* One that signs: its name, key and certificate. */
struct authority {
	const char *name;
	EVP_PKEY *key;
	struct buf der;
	struct digest fingerprint;
};

struct recipe {
	const char *subject;
	bool authority;     /* basicConstraints: CA */
	bool negative;      /* certificate serial number below zero */
	bool expired;       /* both dates long ago */
	const char *digest; /* NULL: SHA-256 */
	/* Contents of Yubico's extensions .3 .7 .8 .9; none where the size is 0. */
	struct view firmware, serial, policies, form;
	struct view twice; /* .3 once more */
	/* Of a FIDO2 attestation: the subject's unit (NULL: the subject is its name alone), contents
	 * of the extensions AAGUID and firmware, basicConstraints without CA. */
	const char *unit;
	struct view aaguid, fido_firmware;
	bool no_authority;
};

/* RET is made with a fresh key and signed by ISSUER (NULL: by itself). */
void authority_make(const struct recipe *recipe, const struct authority *issuer,
    struct authority *ret);
void authority_done(struct authority *authority);
/* A certificate for KEY. */
void certificate_make(const struct recipe *recipe, EVP_PKEY *key, const struct authority *issuer,
    struct buf *ret_der);
void append_pem(struct buf *pem, struct view der);

/* Each of COUNT certificates (slot, device, others) cut at every length and with every byte
 * flipped is refused; before that, all come as far as the error UNTIL (NULL: they verify). */
void certificates_spoil(struct view *all, size_t count, const struct attest_policy *policy,
    const char *until);

/* The same key for our own functions. */
struct p256_key *certificate_key(EVP_PKEY *pair);

#endif
