/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Back into the vault: the same value under a fresh DEK, sealed to the charter in force; the copy sink has it
 * before the old version's envelopes are erased.
 *
 * Each value is sealed, and its copy acknowledged, without a lock; it is wiped before the next one is opened, so that
 * what waits is sealed bytes alone: at most RESEAL_AT_ONCE versions, about a mebibyte, and about a second long.
 * Then one transaction makes them current, each if its secret is still what it was when the item was loaded.
 * Killed before it, all of them are as they were; after it, all are sealed again.  In between, others write.
 */
#ifndef CEREMONY_SERVER_OPENING_TO_VAULT_H
#define CEREMONY_SERVER_OPENING_TO_VAULT_H

#include "ceremony/server/opening/destination.h"

enum { RESEAL_AT_ONCE = 32 };

void resealing_free(struct resealing *resealing); /* accepts NULL */
/* CREDENTIAL, the value of the item, is sealed and waits; perhaps with what waits already it is made current. */
enum err_code to_vault(struct delivery *delivery, struct secret *credential,
    struct err *err) MUST_CHECK;
/* What waits does so no more.  RET_CHANGED (added to): so many items another session changed meanwhile, and they are
 * as they were: loaded again, they can go on or are stale. */
enum err_code to_vault_end(struct delivery *delivery, size_t *ret_changed,
    struct err *err) MUST_CHECK;

#endif
