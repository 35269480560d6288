/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements: DSSE envelopes with a JSON payload of one of these types.  payloadType is
 * "application/vnd.halligan.TYPE+json", in training vaults
 * "application/vnd.halligan.training.TYPE+json".  Token signatures are ECDSA P-256 over
 * SHA-256(PAE), or for a FIDO2 token an assertion whose clientDataHash is SHA-256(PAE)
 * (base/assertion.h); keyid = token id in hex.  The host's are Ed25519 over the PAE, keyid "host".
 */
#ifndef VAULT_DOCUMENTS_STATEMENT_H
#define VAULT_DOCUMENTS_STATEMENT_H

#include "base/dsse.h"
#include "base/json_members.h"

enum statement_type {
	STATEMENT_ENROLMENT,
	STATEMENT_CHARTER,
	STATEMENT_ROSTER,
	STATEMENT_SECRET,
	STATEMENT_REQUEST,
	STATEMENT_CEREMONY,
	STATEMENT_APPROVAL,
	STATEMENT_DENIAL,
	STATEMENT_CANCEL,
	STATEMENT_DONE,
	STATEMENT_RELEASE,
	STATEMENT_ROTATION,
	STATEMENT_SUSPEND,
	STATEMENT_SPARE,
	STATEMENT_TEST,
	STATEMENT_ADOPT,
	STATEMENT_ROTATE,
	STATEMENT_CLOCK,
	STATEMENT_TYPES
};
extern const char *const statement_names[STATEMENT_TYPES + 1]; /* "enrolment", ... */
#define STATEMENT_HOST_KEYID "host"

/* A payload that begins with "format" and MEMBERS of VALUE; more may follow before it is finished, which
 * says when memory ran out. */
struct json *payload_begin(const struct member *members, const void *value);
enum err_code payload_finish(struct json *payload, struct json **ret_payload,
    struct err *err) MUST_CHECK;
/* One that has no more. */
enum err_code payload_write(const struct member *members, const void *value,
    struct json **ret_payload, struct err *err) MUST_CHECK;
/* Make an unsigned statement of PAYLOAD.  A 16-byte random "nonce" member is added to PAYLOAD
 * first. */
enum err_code statement_new(enum statement_type type, bool training, struct json *payload,
    struct dsse *ret_statement, struct err *err) MUST_CHECK;
/* Says its type that it belongs to a training vault? */
bool statement_is_training(const struct dsse *statement);
/* Is it of TYPE, in training or not? */
bool statement_is(const struct dsse *statement, enum statement_type type);
/* Check the type (a training statement in a production vault and the reverse are ERR_REFUSED) and
 * parse the payload. */
enum err_code statement_payload(const struct dsse *statement, enum statement_type type,
    bool training, struct json **ret_payload, struct err *err) MUST_CHECK;
/* The same, with "format" and nonce read; a failure is the result's, like one of a member. */
struct json_in statement_in(const struct dsse *statement, enum statement_type type, bool training,
    struct json **ret_payload, struct err *err);
/* A payload that has MEMBERS and no more, and the statement's digest. */
enum err_code statement_read(const struct dsse *statement, enum statement_type type, bool training,
    const struct member *members, void *ret_value, struct digest *ret_digest,
    struct err *err) MUST_CHECK;
/* When a charter, roster or suspension was drawn up.  Its signatures are collected for DRAFT_LIFE seconds from then
 * on, and no longer; who uses it judges that. */
enum { DRAFT_DAYS = 14, DRAFT_LIFE = DRAFT_DAYS * 86400 };
enum err_code statement_created(const struct dsse *statement, int64_t *ret_created,
    struct err *err) MUST_CHECK;
/* Token id = SHA-256 of the 65 bytes of the public sign key. */
enum err_code token_id(const struct point *sign_key, struct digest *ret_id,
    struct err *err) MUST_CHECK;
/* What a token's signature is over; it stands with the key, so that a signature of one kind never
 * passes for the other. */
enum signs { SIGNS_DIGEST, SIGNS_ASSERTION };
/* The signature of the token with SIGN_KEY: ERR_REFUSED when absent, ERR_INTEGRITY when wrong.  For
 * a token of a seat there is seat_token_verify (charter.h). */
enum err_code statement_verify_token(const struct dsse *statement, enum signs signs,
    const struct point *sign_key, struct err *err) MUST_CHECK;
/* One signature alone: it verifies or is ERR_INTEGRITY. */
enum err_code signature_verify(const struct dsse *statement, const struct dsse_signature *signature,
    enum signs signs, const struct point *sign_key, struct err *err) MUST_CHECK;
enum err_code statement_verify_host(const struct dsse *statement, const struct ed25519_public *host,
    struct err *err) MUST_CHECK;
/* The lease key's, made from its seed, which came with the release. */
#define STATEMENT_LEASE_KEYID "lease"
enum err_code statement_verify_lease(const struct dsse *statement,
    const struct ed25519_public *lease, struct err *err) MUST_CHECK;
enum err_code statement_sign_lease(struct dsse *statement, const struct secret *seed,
    struct err *err) MUST_CHECK;
enum err_code statement_sign_host(struct dsse *statement, const struct secret *seed,
    struct err *err) MUST_CHECK;

#endif
