/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who can open a version: the tokens of its header, and spare tokens to which their seats handed
 * their shares on since (ceremony/protocol/spare.h).
 */
#ifndef CEREMONY_SERVER_OPENING_SPARE_ENVELOPES_H
#define CEREMONY_SERVER_OPENING_SPARE_ENVELOPES_H

#include "ceremony/server/vault/session.h"
#include "vault/documents/reach.h"
#include "vault/store/spare.h"

struct spare_set {
	size_t count;
	struct spare_row rows[HEADER_ENVELOPES];
};
/* Those of the version that HEADER is of.  ERR_INTEGRITY: one names an envelope that is not there. */
enum err_code spares_load(struct session *session, const struct header *header,
    struct spare_set *ret_set, struct err *err) MUST_CHECK;
/* The envelope of SEAT's token TOKEN: in HEADER (RET_SPARE is NULL then), or re-enveloped.
 * ERR_NOT_FOUND. */
enum err_code spares_envelope(const struct header *header, const struct spare_set *set,
    const char *seat, const struct digest *token, uint32_t *ret_index,
    const struct spare_row **ret_spare, struct err *err) MUST_CHECK;
/* Does the signed statement of ROW say what the row says, for HEADER?  Its signer may have left
 * since: every charter of the chain may name it.  ERR_INTEGRITY.  RET_ENC: its encapsulation. */
enum err_code spares_verify(struct session *session, const struct header *header,
    const struct spare_row *row, struct point *ret_enc, struct err *err) MUST_CHECK;
/* An envelope as it leaves, for ROW of the store or, when SPARE is not NULL, what was re-enveloped:
 * 65 enc, ciphertext; appended.  ERR_INTEGRITY when it is another token's. */
enum err_code spares_read_box(struct session *session, const struct header *header, uint32_t index,
    const struct spare_row *spare, struct buf *ret_bytes, struct err *err) MUST_CHECK;
/* The same as vault/documents/reach.h takes them. */
void spares_reach(const struct spare_set *set, struct reach_spares *ret_spares);
/* The same from the store.  What a row says is verified when its envelope is used. */
enum err_code spares_load_reach(struct session *session, const struct header *header,
    struct reach_spares *ret_spares, struct err *err) MUST_CHECK;
/* Array "spares" of REPLY. */
void spares_put(struct json *reply, const struct reach_spares *spares);
/* Can the seat NAME help to open HEADER: an officer with a token that is active and has an envelope? */
bool spares_seat_usable(const struct session *session, const struct header *header,
    const struct spare_set *set, const char *name);

#endif
