/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each of the bytes was chosen by the token, or by whoever forwards an enrolment: nothing is used
 * before all of it was read.  Keys of a map may come in any order but only once; unknown keys are
 * passed over in an attestation statement and refused elsewhere, since what they would mean for
 * the credential is not known.
 */
#include "tokens/formats/fido_data.h"

#include <string.h>

#include "base/crypto_key.h"
#include "tokens/formats/cbor.h"

enum {
	FLAGS_AT = 32,
	COORDINATE = 32,
	NAME_MAX_SIZE = 32,
	EXTENSIONS_MAX = 8,
	EC2 = 2,
	ES256 = -7,
	P256 = 1,
	TRIES_MAX = 8
};

static enum err_code
malformed(const char *what, struct err *err)
{
	return err_set(err, ERR_INTEGRITY, "%s is malformed", what);
}

static bool
is_named(struct view name, const char *expected)
{
	return view_equal(name, view_of_text(expected));
}

/* ---- the public key ---- */

struct cose {
	int64_t kind, algorithm, curve;
	struct view x, y;
	unsigned seen;
};

static void
read_cose_pair(struct reader *reader, struct cose *cose)
{
	int64_t name = cbor_int(reader);
	unsigned bit = name >= -3 && name <= 3 ? 1u << (name + 3) : 0;

	reader->failed |= bit == 0 || (cose->seen & bit) != 0;
	cose->seen |= bit;
	if (name == 1)
		cose->kind = cbor_int(reader);
	else if (name == 3)
		cose->algorithm = cbor_int(reader);
	else if (name == -1)
		cose->curve = cbor_int(reader);
	else if (name == -2)
		cose->x = cbor_bytes(reader, COORDINATE);
	else if (name == -3)
		cose->y = cbor_bytes(reader, COORDINATE);
	else
		reader->failed = true;
}

static enum err_code
read_key(struct reader *reader, struct point *ret_key, struct err *err)
{
	struct cose cose = {0};
	struct point key = {{0x04}};
	struct err why;
	size_t pairs = cbor_map(reader, 5);

	for (size_t i = 0; i < pairs && !reader->failed; i++)
		read_cose_pair(reader, &cose);
	if (reader->failed)
		return malformed("the credential's public key", err);
	if (cose.kind != EC2 || cose.algorithm != ES256 || cose.curve != P256)
		return err_set(err, ERR_REFUSED,
		    "the credential's key is of another kind than was asked for (ES256 on P-256)");
	if (cose.x.size != COORDINATE || cose.y.size != COORDINATE)
		return malformed("the credential's public key", err);
	memcpy(key.bytes + 1, cose.x.data, COORDINATE);
	memcpy(key.bytes + 1 + COORDINATE, cose.y.data, COORDINATE);
	if (point_from(VIEW_OF(key.bytes), ret_key, &why) != ERR_OK)
		return err_set(err, ERR_INTEGRITY,
		    "the credential's public key is not a point on P-256");
	return ERR_OK;
}

/* ---- extensions ---- */

static enum err_code
read_extensions(struct reader *reader, struct err *err)
{
	size_t pairs = cbor_map(reader, EXTENSIONS_MAX);
	int64_t protection = 0;
	bool hmac_secret = false;

	for (size_t i = 0; i < pairs && !reader->failed; i++) {
		struct view name = cbor_text(reader, NAME_MAX_SIZE);

		if (is_named(name, "credProtect") && protection == 0)
			protection = cbor_int(reader);
		else if (is_named(name, "hmac-secret") && !hmac_secret)
			hmac_secret = cbor_bool(reader);
		else
			reader->failed = true;
	}
	if (!reader_end(reader))
		return malformed("what the credential grants (its extensions)", err);
	if (protection != FIDO_PROTECTED)
		return err_set(err, ERR_REFUSED,
		    "the token does not protect the credential with its PIN (credProtect %d "
		    "instead of 3): use another model of token",
		    (int)protection);
	if (!hmac_secret)
		return err_set(err, ERR_REFUSED,
		    "the token did not give the credential a secret function (hmac-secret), from "
		    "which the keys are derived: use another model of token");
	return ERR_OK;
}

/* ---- both ---- */

static enum err_code
check_head(struct view authdata, struct err *err)
{
	const unsigned wanted = ASSERTION_UP | ASSERTION_UV | ASSERTION_AT | ASSERTION_ED;
	struct digest rp;

	if (authdata.size < ASSERTION_DATA_MIN || authdata.size > FIDO_REGISTRATION_MAX)
		return malformed("the registration", err);
	TRY(sha256_one(view_of_text(ASSERTION_RP_ID), &rp, err));
	if (memcmp(authdata.data, rp.bytes, sizeof(rp.bytes)) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "the registration was made for another relying party");
	unsigned flags = authdata.data[FLAGS_AT];
	if ((flags & ASSERTION_UP) == 0)
		return err_set(err, ERR_INTEGRITY, "nobody touched the token for the registration");
	if ((flags & ASSERTION_UV) == 0)
		return err_set(err, ERR_INTEGRITY,
		    "no PIN or fingerprint was given for the registration");
	if ((flags & ASSERTION_AT) == 0)
		return err_set(err, ERR_INTEGRITY, "it is no registration");
	if ((flags & ASSERTION_ED) == 0)
		return err_set(err, ERR_REFUSED,
		    "the token ignores credProtect and hmac-secret: use another model of token");
	if (flags != wanted && (flags & ~(wanted | 0x18u)) != 0) /* BE and BS say nothing to us */
		return malformed("the registration", err);
	return ERR_OK;
}

enum err_code
fido_registration_read(struct view authdata, struct fido_registration *ret_registration,
    struct err *err)
{
	struct fido_registration registration = {0};
	struct reader reader = reader_of(authdata);

	TRY(check_head(authdata, err));
	reader_bytes(&reader, ASSERTION_DATA_MIN);
	reader_copy(&reader, registration.aaguid, sizeof(registration.aaguid));
	registration.credential = reader_lp16(&reader, TOKEN_CREDENTIAL_MAX);
	if (reader.failed || registration.credential.size == 0)
		return malformed("the registration", err);
	TRY(read_key(&reader, &registration.key, err));
	TRY(read_extensions(&reader, err));
	*ret_registration = registration;
	return ERR_OK;
}

/* ---- the attestation statement ---- */

static void
read_certificates(struct reader *reader, struct fido_statement *statement)
{
	statement->count = cbor_array(reader, FIDO_CERTIFICATES_MAX);
	reader->failed |= statement->count == 0;
	for (size_t i = 0; i < statement->count && !reader->failed; i++)
		statement->certificates[i] = cbor_bytes(reader, TOKEN_CERTIFICATE_MAX);
}

enum err_code
fido_statement_read(struct view encoded, struct fido_statement *ret_statement, struct err *err)
{
	static const char what[] = "the attestation statement";
	struct fido_statement statement = {0};
	struct reader reader = reader_of(encoded);
	size_t pairs = cbor_map(&reader, EXTENSIONS_MAX);
	int64_t algorithm = 0;

	for (size_t i = 0; i < pairs && !reader.failed; i++) {
		struct view name = cbor_text(&reader, NAME_MAX_SIZE);

		if (is_named(name, "alg") && algorithm == 0)
			algorithm = cbor_int(&reader);
		else if (is_named(name, "sig") && statement.signature.size == 0)
			statement.signature = cbor_bytes(&reader, ECDSA_MAX);
		else if (is_named(name, "x5c") && statement.count == 0)
			read_certificates(&reader, &statement);
		else
			cbor_skip(&reader);
	}
	if (!reader_end(&reader) || statement.signature.size == 0)
		return malformed(what, err);
	if (algorithm != ES256)
		return err_set(err, ERR_INTEGRITY, "%s is not signed with ES256", what);
	*ret_statement = statement;
	return ERR_OK;
}

/* ---- tries ---- */

enum err_code
fido_tries_read(struct view answer, int *ret_tries, bool *ret_replug, struct err *err)
{
	struct reader reader = reader_of(answer);
	int64_t tries = -1;
	bool replug = false;

	reader.failed |= reader_u8(&reader) != 0;
	for (size_t i = cbor_map(&reader, EXTENSIONS_MAX); i > 0 && !reader.failed; i--) {
		int64_t key = cbor_int(&reader);

		if (key == 3 && tries < 0)
			tries = cbor_int(&reader);
		else if (key == 4)
			replug = cbor_bool(&reader);
		else
			cbor_skip(&reader);
	}
	if (!reader_end(&reader) || tries < 0 || tries > TRIES_MAX)
		return err_set(err, ERR_TOKEN,
		    "it does not tell how many PIN tries are left: it is broken, or lies; use "
		    "another token");
	*ret_tries = (int)tries;
	*ret_replug = replug;
	return ERR_OK;
}
