/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order (order.h) by which an operator gives the vault the present values of secrets that are defined:
 *
 * adopt     {"format":1,"vault":HEX32,"seat":..,"token":HEX32,"box_key":HEX32,
 *	      "rotate":BOOL (each value is replaced at once), "secrets":[..],"created":TIME,"expires":TIME,"nonce"}
 *
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

#include "ceremony/protocol/order.h"

struct adopt {
	struct order order;
	struct ed25519_public box_key;
	bool rotate;
};
void adopt_done(struct adopt *adopt); /* accepts {0} */
#define ADOPT CLEANUP(adopt_done) struct adopt

/* Those that it has beside the order's. */
extern const struct member adopt_members[];
enum err_code adopt_parse(const struct dsse *statement, bool training, struct adopt *ret_adopt,
    struct err *err) MUST_CHECK;

enum err_code adopt_info(const struct digest *vault, const struct order_item *item,
    struct digest *ret_info, struct err *err) MUST_CHECK;
/* What "box_key" signs. */
enum err_code adopt_box_digest(const struct adopt *adopt, const struct order_item *item,
    const struct point *enc, struct view ciphertext, struct digest *ret_digest,
    struct err *err) MUST_CHECK;

#endif
