/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the town share. */
#ifndef TESTS_UNIT_CLIENT_TOWN_PARTS_H
#define TESTS_UNIT_CLIENT_TOWN_PARTS_H

#include "tests/unit/client/town.h"

void town_make_tokens(struct town *town);
void town_make_fido(struct town *town, struct seat_token *entry, size_t token);
void town_sign_fido(struct dsse *statement, const struct p256_key *key);
extern const struct token_ops town_fido_ops;
void town_make_person(struct town *town);
void town_stop(struct town *town);    /* waits for the server's thread */
struct secret *town_credential(void); /* what is sealed: a password */

/* Of its server: the positions that REQUEST is about, and what it answers. */
struct positions town_positions(const struct town *town, const struct json *request);
void town_answer_approve(struct town *town, const struct json *request);
void town_answer_envelopes(struct town *town, const struct json *request, struct json *reply,
    struct buf *blob);
void town_answer_shares(struct town *town, const struct json *request, struct view in);
/* Of documents that are drawn up and signed; false: OP is another one. */
bool town_answer_change(struct town *town, const char *op, const struct json *request,
    struct json *reply);

#endif
