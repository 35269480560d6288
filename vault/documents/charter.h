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
 *  "change":TEXT,"restored":[HEX32..] (suspensions that it ends, by digest),"copy":TEXT ("none" or "directory:PATH"),"created":TIME,"nonce":HEX16}
 *
 * Sizes: HEX32 is 32 bytes in hex; name: letters, digits, dots and dashes, first a letter or digit;
 * roots 1..8; restored 0..32; form factors 0..16, empty: any (1..7, FIPS 129..135); waivers 0..32, one for a token
 * of the document; seats 1..64 with 1..4 tokens each; policies 1..32 of distinct names; durations and
 * ages 1 second to 10 years; serial 1..2^32-1, or 0 for a FIDO2 token that does not tell; credential
 * 1..512 bytes; keys only those that a token has.
 * Rules: seat, label, token id and every key are unique in the document; a serial too, but that one
 * seat may have both drivers of a device; every token of an
 * officer has sign and share keys, of a responder sign and release, of an operator sign; quorums name officer
 * seats only and stand in canonical form; a break-glass quorum and "change" need at least two
 * persons; at least one operator.
 * Charter 1 is signed by a token of every officer seat; N+1 by tokens that meet the "change"
 * quorum of N (keys of N) and of N+1 (keys of N+1) and, for each policy of N that N+1 changes or has
 * no more, that policy's quorum as it stands in N (keys of N; where officers whose tokens are not
 * suspended cannot meet it, all of its seats that still have such a token); it names N as previous, keeps name,
 * training and init.  vault id = digest of charter 1.
 */
#ifndef VAULT_DOCUMENTS_CHARTER_H
#define VAULT_DOCUMENTS_CHARTER_H

#include <stdlib.h>

#include "vault/documents/seat.h"

enum {
	CHARTER_SEATS = 64,
	CHARTER_POLICIES = 32,
	CHARTER_ROOTS = 8,
	CHARTER_FORM_FACTORS = 16,
	CHARTER_WAIVERS = 32,
	CHARTER_RESTORED = 32,
	WAIVER_REASON_MAX = 200,
	VAULT_NAME_MAX = 63
};
/* What a charter may forgive one token. */
enum waiver { WAIVE_FIRMWARE = 1, WAIVE_FORM_FACTOR = 2, WAIVE_TOUCH = 4, WAIVE_ATTESTATION = 8 };
extern const char *const waiver_names[5]; /* "firmware", ..., NULL: bit order */

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
	struct digest restored[CHARTER_RESTORED]; /* suspensions that it ends */
	size_t restored_count;
	char copy[4096];
	int64_t created;
};
DESTRUCTOR(charter_freep, struct charter, free)
#define CHARTER CLEANUP(charter_freep) struct charter

/* Parse and check all rules but signatures.  Allocates. */
enum err_code charter_parse(const struct dsse *statement, struct charter **ret_charter,
    struct err *err) MUST_CHECK;
/* The payload of a charter, ready for statement_new (no nonce yet); digest, token ids and quorum
 * structs are not read, quorum texts are, and become canonical.  ERR_INVALID: such a text is wrong. */
enum err_code charter_payload(const struct charter *charter, struct json **ret_payload,
    struct err *err) MUST_CHECK;
/* What CHARTER forgives the token TOKEN; NULL: nothing. */
const struct charter_waiver *charter_waiver(const struct charter *charter,
    const struct digest *token);
const struct policy *charter_policy(const struct charter *charter, const char *name);
/* Do two policies of parsed charters say the same, whatever their names?  The quorum is compared as text: seats in
 * another order are another quorum. */
bool policy_equal(const struct policy *a, const struct policy *b);
/* Is POLICY, of the charter before AFTER, another one there, or ended?  Where in the list it stands says nothing. */
bool charter_changes_policy(const struct charter *after, const struct policy *policy);
/* Are these the host's keys that CHARTER names? */
bool charter_names_host(const struct charter *charter, const struct ed25519_public *statement,
    const struct ed25519_public *log, const struct point *escrow);
/* A vault's name becomes part of the log's origin: 1 to VAULT_NAME_MAX letters, digits, dots and dashes, the first
 * a letter or digit. */
bool charter_name_valid(const char *name);

#endif
