/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The charter: the one signed, versioned document of a vault, and its chain.
 *
 * Payload: {"format":1,"name":NAME,"training":BOOL,"version":N,"previous":HEX (N > 1 only),
 *  "init":HEX32,"host":{"statement":HEX32,"log":HEX32,"escrow":HEX65},
 *  "attestation":{"roots":[HEX32..],"min_firmware":"5.7.0","form_factors":[N..],
 *	"waivers":[{"token":HEX32,"waives":["firmware","form-factor","touch","attestation"],
 *		    "reason":TEXT}]},
 *  "seats":[{"name":..,"person":..,"roles":["officer","operator","responder"],
 *	"tokens":[{"label":..,"driver":"piv","serial":N,"firmware":"5.7.4","enrolment":HEX32,
 *		   "keys":{"sign":HEX65,"share":HEX65,"release":HEX65},
 *		   "fido2":{"credential":BASE64,"salt":HEX32,"aaguid":HEX16} (driver "fido2" only)}]}],
 *  "policies":[{"name":..,"quorum":TEXT,"class":"break-glass","max_duration":S,
 *	"request_ttl":S,"max_age":S}],
 *  "change":TEXT,"copy":TEXT ("none" or "directory:PATH"),"created":TIME,"nonce":HEX16}
 *
 * Sizes: HEX32 is 32 bytes in hex; name: letters, digits, dots and dashes, first a letter or digit;
 * roots 1..8; form factors 0..16, empty: any (1..7, FIPS 129..135); waivers 0..32, one for a token
 * of the document; seats 1..64 with 1..4 tokens each; policies 1..32 of distinct names; durations and
 * ages 1 second to 10 years; serial 1..2^32-1, or 0 for a FIDO2 token that does not tell; credential
 * 1..512 bytes; keys only those that a token has.
 * Rules: seat, label, token id and every key are unique in the document; a serial too, but that one
 * seat may have both drivers of a device; every token of an
 * officer has sign and share keys, of a responder sign and release, of an operator sign; quorums name officer
 * seats only and stand in canonical form; a break-glass quorum and "change" need at least two
 * persons; at least one operator.
 * Charter 1 is signed by a token of every officer seat; N+1 by tokens that meet the "change"
 * quorum of N (keys of N) and of N+1 (keys of N+1), names N as previous, keeps name, training
 * and init.  vault id = digest of charter 1.
 */
#ifndef VAULT_DOCUMENTS_CHARTER_H
#define VAULT_DOCUMENTS_CHARTER_H

#include "vault/documents/statement.h"
#include "vault/seal/header.h"

enum {
	CHARTER_SEATS = 64,
	SEAT_TOKENS = 4,
	CHARTER_POLICIES = 32,
	CHARTER_ROOTS = 8,
	CHARTER_FORM_FACTORS = 16,
	CHARTER_WAIVERS = 32,
	WAIVER_REASON_MAX = 200,
	LABEL_MAX = 63,
	PERSON_MAX = 100,
	VAULT_NAME_MAX = 63,
	FIDO2_CREDENTIAL_MAX = 512,
	AAGUID_SIZE = 16
};
enum { KEY_SIGN, KEY_SHARE, KEY_RELEASE, KEY_COUNT };
enum role { ROLE_OFFICER = 1, ROLE_OPERATOR = 2, ROLE_RESPONDER = 4 };

/* What a charter may forgive one token. */
enum waiver { WAIVE_FIRMWARE = 1, WAIVE_FORM_FACTOR = 2, WAIVE_TOUCH = 4, WAIVE_ATTESTATION = 8 };
extern const char *const waiver_names[5]; /* "firmware", ..., NULL: bit order */

struct seat_token {
	char label[LABEL_MAX + 1];
	char driver[8];  /* "piv", "fido2" */
	uint32_t serial; /* 0: a FIDO2 token that does not tell */
	uint8_t firmware[3];
	struct digest enrolment;
	struct digest id; /* computed: SHA-256 of the sign key */
	bool has[KEY_COUNT];
	struct point keys[KEY_COUNT];
	enum signs signs; /* computed, from the driver */
	/* FIDO2 only. */
	uint8_t credential[FIDO2_CREDENTIAL_MAX];
	size_t credential_size;
	struct digest salt; /* from which the salts of share and release key are made */
	uint8_t aaguid[AAGUID_SIZE];
};
struct seat {
	char name[SEAT_NAME_MAX + 1];
	char person[PERSON_MAX + 1];
	unsigned roles;
	size_t token_count;
	struct seat_token tokens[SEAT_TOKENS];
};
struct policy {
	char name[SEAT_NAME_MAX + 1];
	char quorum_text[QUORUM_TEXT_MAX + 1];
	struct quorum quorum;
	int64_t max_duration, request_ttl, max_age; /* seconds */
};
struct charter_waiver {
	struct digest token;
	unsigned waives; /* enum waiver */
	char reason[WAIVER_REASON_MAX + 1];
};
struct charter {
	struct digest digest; /* of the statement */
	char name[VAULT_NAME_MAX + 1];
	bool training;
	uint32_t version;
	struct digest previous; /* zero for version 1 */
	struct digest init;
	struct ed25519_public host_statement, host_log;
	struct point host_escrow;
	struct digest roots[CHARTER_ROOTS];
	size_t root_count;
	uint8_t min_firmware[3];
	uint8_t form_factors[CHARTER_FORM_FACTORS];
	size_t form_factor_count; /* 0: any */
	struct charter_waiver waivers[CHARTER_WAIVERS];
	size_t waiver_count;
	size_t seat_count;
	struct seat seats[CHARTER_SEATS];
	size_t policy_count;
	struct policy policies[CHARTER_POLICIES];
	struct quorum change;
	char change_text[QUORUM_TEXT_MAX + 1];
	char copy[4096];
	int64_t created;
};
void charter_freep(struct charter **charter);
#define CHARTER CLEANUP(charter_freep) struct charter

/* Parse and check all rules but signatures.  Allocates. */
enum err_code charter_parse(const struct dsse *statement, struct charter **ret_charter,
    struct err *err) MUST_CHECK;
/* The payload of a charter, ready for statement_new (no nonce yet); digest, token ids and quorum
 * structs are not read, quorum texts are, and become canonical.  ERR_INVALID: such a text is wrong. */
enum err_code charter_payload(const struct charter *charter, struct json **ret_payload,
    struct err *err) MUST_CHECK;
/* Are the signatures of STATEMENT, from which CHARTER was parsed, complete for charter 1 (PREVIOUS is
 * NULL) / for the step from PREVIOUS, which was verified before?  ERR_WAITING names the seats still missing;
 * every signature present must be valid and of a known token (of either charter): ERR_REFUSED and
 * ERR_INTEGRITY name the keyid or the seat.  ERR_INTEGRITY too when CHARTER does not follow
 * PREVIOUS. */
enum err_code charter_verify(const struct dsse *statement, const struct charter *charter,
    const struct charter *previous, struct err *err) MUST_CHECK;

/* Seats and tokens of one list (a charter's or a roster's). */
const struct seat *seat_by_name(const struct seat *seats, size_t count, const char *name);
const struct seat *seat_by_token(const struct seat *seats, size_t count, const struct digest *token,
    const struct seat_token **ret_token);
/* Take the seat called NAME out of a list; false when it is not there. */
bool seat_remove(struct seat *seats, size_t *count, const char *name);
/* Seat objects of the JSON above; shared with the roster.  Keys must be points of P-256; token ids
 * are computed.  Everything else about a seat is seats_check's. */
enum err_code seat_parse(const struct json *object, struct seat *ret_seat,
    struct err *err) MUST_CHECK;
struct json *seat_json(const struct seat *seat);
/* Names, labels, serials, ids and keys are unique over both lists; keys fit the roles. */
enum err_code seats_check(const struct seat *a, size_t a_count, const struct seat *b,
    size_t b_count, struct err *err) MUST_CHECK;
/* The signature of TOKEN under STATEMENT: ERR_REFUSED when absent, ERR_INTEGRITY when wrong. */
enum err_code seat_token_verify(const struct dsse *statement, const struct seat_token *token,
    struct err *err) MUST_CHECK;
/* What CHARTER forgives the token TOKEN; NULL: nothing. */
const struct charter_waiver *charter_waiver(const struct charter *charter,
    const struct digest *token);
const struct policy *charter_policy(const struct charter *charter, const char *name);
extern const char *const role_names[4]; /* "officer", "operator", "responder", NULL: bit order */
extern const char *const key_names[KEY_COUNT + 1];

#endif
