/* SPDX-License-Identifier: Apache-2.0 */
/* A line of `status`: one thing that waits. */
#ifndef CEREMONY_SERVER_STATUS_ITEM_H
#define CEREMONY_SERVER_STATUS_ITEM_H

#include "ceremony/server/vault/session.h"

void status_add(struct json *items, const char *kind, const char *subject, const char *text,
    const char *waits, const char *next);
/* Nothing is left out in silence: of COUNT only SHOWN were. */
void status_add_rest(struct json *items, const char *kind, const char *what, uint64_t count,
    uint64_t shown, const char *next);

#endif
