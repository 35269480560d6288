/* SPDX-License-Identifier: Apache-2.0 */
/* The history of a vault as a story: from its verified chains and log. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_CHARTER_HISTORY_H
#define CEREMONY_CLIENT_DOCUMENTS_CHARTER_HISTORY_H

#include "ceremony/client/connection.h"

/* A line for each event, oldest first, through the client's ui, and as JSON:
 * {"events":[{"time":TIME,"kind":"charter"|"roster"|"suspend"|"test","text":TEXT,"signed":[seat..]}]}.
 * Dates are the log's (the host's clock); everything else is signed by people. */
enum err_code story_run(struct client *client, struct json **ret_object,
    struct err *err) MUST_CHECK;

#endif
