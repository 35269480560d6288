/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statement by which an operator gives the vault the present values of secrets that are defined:
 *
 * adopt     {"format":1,"vault":HEX32,"seat":..,"token":HEX32,"box_key":HEX32,
 *	      "rotate":BOOL (each value is replaced at once),
 *	      "secrets":[{"secret":HEX16,"definition":HEX32,"version":N}] (1..500),
 *	      "created":TIME,"expires":TIME,"nonce"}				signed by that token
 *
 * "definition" is the one in force, "version" the current one (0: none yet): the statement is good once for each.
 * Each value comes by itself, sealed with HPKE to the charter's escrow key, info = SHA-256(lp8 "halligan/v1 adopt" ||
 * vault || secret id || definition digest), AAD the statement's digest; and signed by the one-time Ed25519 key
 * "box_key", over
 *
 *	SHA-256(lp8 "halligan/v1 adopt box" || vault || statement digest || secret || enc || lp32 ciphertext)
 *
 * so that one touch gives many values, and nobody else can give another one for it.
 */
#ifndef CEREMONY_PROTOCOL_ADOPT_H
#define CEREMONY_PROTOCOL_ADOPT_H

#include "vault/documents/definition.h"

enum { ADOPT_SECRETS = 500, ADOPT_LIFE = 24 * 3600 /* seconds */ };

struct adopt_item {
	struct secret_id secret;
	struct digest definition;
	uint32_t version;
};
struct adopt {
	struct digest digest, vault, token;
	char seat[SEAT_NAME_MAX + 1];
	struct ed25519_public box_key;
	bool rotate;
	struct adopt_item *items; /* owned */
	size_t count;
	int64_t created, expires;
};
void adopt_done(struct adopt *adopt); /* accepts {0} */
#define ADOPT CLEANUP(adopt_done) struct adopt

enum err_code adopt_payload(const struct adopt *adopt, struct json **ret_payload,
    struct err *err) MUST_CHECK;
/* ERR_INVALID names the line; no secret stands twice. */
enum err_code adopt_parse(const struct dsse *statement, bool training, struct adopt *ret_adopt,
    struct err *err) MUST_CHECK;
/* The entry for SECRET, or NULL. */
const struct adopt_item *adopt_find(const struct adopt *adopt, const struct secret_id *secret);

enum err_code adopt_info(const struct digest *vault, const struct adopt_item *item,
    struct digest *ret_info, struct err *err) MUST_CHECK;
/* What "box_key" signs. */
enum err_code adopt_box_digest(const struct adopt *adopt, const struct adopt_item *item,
    const struct point *enc, struct view ciphertext, struct digest *ret_digest,
    struct err *err) MUST_CHECK;

#endif
