/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of statement it is stands in the DSSE type, which is signed, and nowhere else; training
 * statements have types of their own, so that no signature made in training can be used elsewhere.
 */
#include "vault/documents/statement.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/random.h"
#include "base/text.h"

#define TYPE_START    "application/vnd.halligan."
#define TYPE_TRAINING "training."
#define TYPE_END      "+json"

enum { FORMAT = 1, NONCE_SIZE = 16 };

const char *const statement_names[STATEMENT_TYPES + 1] = {"enrolment", "charter", "roster",
    "secret", "request", "ceremony", "approval", "denial", "cancel", "done", "release", "rotation",
    "suspend", "spare", "test", "adopt", "rotate", "clock", NULL};

static void
type_text(enum statement_type type, bool training, char ret_text[DSSE_TYPE_MAX + 1])
{
	snprintf(ret_text, DSSE_TYPE_MAX + 1, TYPE_START "%s%s" TYPE_END,
	    training ? TYPE_TRAINING : "", statement_names[type]);
}

struct json *
payload_begin(const struct member *members, const void *value)
{
	struct json *payload = json_new_object();

	json_put_int(payload, "format", FORMAT);
	members_put(payload, members, value);
	return payload;
}

enum err_code
payload_finish(struct json *payload, struct json **ret_payload, struct err *err)
{
	if (payload == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a statement");
	*ret_payload = payload;
	return ERR_OK;
}

enum err_code
payload_write(const struct member *members, const void *value, struct json **ret_payload,
    struct err *err)
{
	return payload_finish(payload_begin(members, value), ret_payload, err);
}

enum err_code
statement_new(enum statement_type type, bool training, struct json *payload,
    struct dsse *ret_statement, struct err *err)
{
	BUF text = {0};
	uint8_t nonce[NONCE_SIZE];
	char name[DSSE_TYPE_MAX + 1];
	type_text(type, training, name);
	TRY(random_bytes(nonce, sizeof(nonce), err));
	json_put_hex(payload, "nonce", VIEW_OF(nonce));
	TRY(json_encode(payload, &text, err));
	return dsse_set(ret_statement, name, buf_view(&text), err);
}

bool
statement_is_training(const struct dsse *statement)
{
	static const char start[] = TYPE_START TYPE_TRAINING;
	return strncmp(statement->type, start, sizeof(start) - 1) == 0;
}

bool
statement_is(const struct dsse *statement, enum statement_type type)
{
	char text[DSSE_TYPE_MAX + 1];
	type_text(type, statement_is_training(statement), text);
	return strcmp(statement->type, text) == 0;
}

enum err_code
statement_payload(const struct dsse *statement, enum statement_type type, bool training,
    struct json **ret_payload, struct err *err)
{
	char expected[DSSE_TYPE_MAX + 1], other[DSSE_TYPE_MAX + 1];
	type_text(type, training, expected);
	type_text(type, !training, other);
	if (strcmp(statement->type, other) == 0)
		return err_set(err, ERR_REFUSED,
		    training ? "%s: a production statement cannot be used in a training vault" :
		               "%s: a training statement cannot be used in a production vault",
		    statement_names[type]);
	if (strcmp(statement->type, expected) != 0)
		return err_set(err, ERR_INVALID,
		    "%s: the statement's type is \"%s\", expected \"%s\"", statement_names[type],
		    statement->type, expected);
	if (json_parse(buf_view(&statement->payload), ret_payload, err) != ERR_OK)
		return err_add(err, "%s", statement_names[type]);
	return ERR_OK;
}

struct json_in
statement_in(const struct dsse *statement, enum statement_type type, bool training,
    struct json **ret_payload, struct err *err)
{
	enum err_code code = statement_payload(statement, type, training, ret_payload, err);
	uint8_t nonce[NONCE_SIZE];

	if (code != ERR_OK)
		return (struct json_in){.what = statement_names[type], .err = err, .code = code};
	struct json_in in = json_in(*ret_payload, statement_names[type], err);
	(void)json_in_int(&in, "format", FORMAT, FORMAT);
	json_in_hex(&in, "nonce", nonce, sizeof(nonce));
	return in;
}

enum err_code
statement_read(const struct dsse *statement, enum statement_type type, bool training,
    const struct member *members, void *ret_value, struct digest *ret_digest, struct err *err)
{
	JSON *payload = NULL;
	struct json_in in = statement_in(statement, type, training, &payload, err);

	members_in(&in, members, ret_value);
	TRY(json_in_end(&in));
	return dsse_digest(statement, ret_digest, err);
}

enum err_code
statement_created(const struct dsse *statement, int64_t *ret_created, struct err *err)
{
	JSON *payload = NULL;

	TRY(json_parse(buf_view(&statement->payload), &payload, err));
	struct json_in in = json_in(payload, "draft", err);
	int64_t created =
	    json_in_time(&in, statement_is(statement, STATEMENT_SUSPEND) ? "time" : "created");
	if (in.code == ERR_OK)
		*ret_created = created;
	return in.code;
}

enum err_code
token_id(const struct point *sign_key, struct digest *ret_id, struct err *err)
{
	return sha256_one(VIEW_OF(sign_key->bytes), ret_id, err);
}

enum err_code
signature_verify(const struct dsse *statement, const struct dsse_signature *signature,
    enum signs signs, const struct point *sign_key, struct err *err)
{
	struct view sig = view_of(signature->sig, signature->size);
	struct view authdata = view_of(signature->authdata, signature->authdata_size);
	struct digest digest;

	if (statement->verified)
		return ERR_OK;
	TRY(dsse_digest(statement, &digest, err));
	if (signs == SIGNS_ASSERTION)
		return assertion_verify(sign_key, authdata, &digest, sig, err);
	if (authdata.size > 0)
		return err_set(err, ERR_INTEGRITY,
		    "it carries authenticator data, but is not of a FIDO2 token");
	return p256_verify(sign_key, &digest, sig, err);
}

enum err_code
statement_verify_token(const struct dsse *statement, enum signs signs, const struct point *sign_key,
    struct err *err)
{
	struct digest id;
	char keyid[2 * DIGEST_SIZE + 1];

	TRY(token_id(sign_key, &id, err));
	text_hex(VIEW_OF(id.bytes), keyid);
	const struct dsse_signature *signature = dsse_find(statement, keyid);
	if (signature == NULL)
		return err_set(err, ERR_REFUSED, "token %.16s did not sign it", keyid);
	if (signature_verify(statement, signature, signs, sign_key, err) != ERR_OK)
		return err_add(err, "the signature of token %.16s", keyid);
	return ERR_OK;
}

static enum err_code
verify_ed25519(const struct dsse *statement, const char *keyid, const char *who,
    const struct ed25519_public *key, struct err *err)
{
	BUF pae = {0};
	const struct dsse_signature *signature = dsse_find(statement, keyid);
	if (signature == NULL)
		return err_set(err, ERR_REFUSED, "%s did not sign it", who);
	TRY(dsse_pae(statement, &pae, err));
	if (ed25519_verify(key, buf_view(&pae), view_of(signature->sig, signature->size), err) !=
	    ERR_OK)
		return err_add(err, "the signature of %s", who);
	return ERR_OK;
}

static enum err_code
sign_ed25519(struct dsse *statement, const char *keyid, const struct secret *seed, struct err *err)
{
	BUF pae = {0};
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	TRY(dsse_pae(statement, &pae, err));
	TRY(ed25519_sign(seed, buf_view(&pae), signature, err));
	return dsse_add(statement, keyid, VIEW_OF(signature), (struct view){0}, err);
}

enum err_code
statement_verify_host(const struct dsse *statement, const struct ed25519_public *host,
    struct err *err)
{
	return verify_ed25519(statement, STATEMENT_HOST_KEYID, "the vault's host", host, err);
}

enum err_code
statement_sign_host(struct dsse *statement, const struct secret *seed, struct err *err)
{
	return sign_ed25519(statement, STATEMENT_HOST_KEYID, seed, err);
}

enum err_code
statement_verify_lease(const struct dsse *statement, const struct ed25519_public *lease,
    struct err *err)
{
	return verify_ed25519(statement, STATEMENT_LEASE_KEYID, "the holder of the lease", lease,
	    err);
}

enum err_code
statement_sign_lease(struct dsse *statement, const struct secret *seed, struct err *err)
{
	return sign_ed25519(statement, STATEMENT_LEASE_KEYID, seed, err);
}
