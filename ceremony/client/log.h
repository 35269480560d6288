/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log as a client reads it: every leaf, held against the root of the signed checkpoint, so that
 * the host is believed as little as can be.
 */
#ifndef CEREMONY_CLIENT_LOG_H
#define CEREMONY_CLIENT_LOG_H

#include "ceremony/client/connection.h"

/* Leaves from FROM on, at most MAX; RET_LEAVES lives in RET_REPLY.  Nothing is verified. */
enum err_code leaves_fetch(struct client *client, uint64_t from, unsigned max,
    struct reply *ret_reply, const struct json **ret_leaves, struct err *err) MUST_CHECK;
typedef enum err_code (*leaf_visit)(void *context, const char *leaf, struct err *err);
/* Every leaf up to the checkpoint's size, in order, through VISIT (may be NULL).  ERR_INTEGRITY when
 * they do not give its root: what was visited before that must be thrown away. */
enum err_code leaves_walk(struct client *client, const struct checkpoint *checkpoint,
    leaf_visit visit, void *context, struct err *err) MUST_CHECK;
/* The vault is synced, the host checks what only it can read, and every leaf is fetched and the root
 * computed again.  RET_CHECKS: what the host says it checked, texts that live in RET_REPLY.
 * ERR_INTEGRITY. */
enum err_code log_verify(struct client *client, const struct checkpoint **ret_checkpoint,
    struct reply *ret_reply, const struct json **ret_checks, struct err *err) MUST_CHECK;

#endif
