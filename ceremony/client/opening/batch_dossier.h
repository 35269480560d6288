/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that is known about one batch, verified against the charter as in ceremony/client/opening/dossier.h: request,
 * ceremony statement, voices; and of each version its definition and header.
 *
 * The host's word alone: the state, which shares have arrived, and what became of each version.
 */
#ifndef CEREMONY_CLIENT_OPENING_BATCH_DOSSIER_H
#define CEREMONY_CLIENT_OPENING_BATCH_DOSSIER_H

#include "ceremony/client/connection.h"
#include "ceremony/protocol/statements_host.h"
#include "vault/documents/state_names.h"

struct batch_item {
	struct buf header; /* encoded; its hash is that of the statements */
	char quorum[QUORUM_TEXT_MAX + 1];
	char effect[201];
	char stale[NOTE_TEXT_MAX + 1];
	bool part_exposed;
	/* For the token in hand, once batch_dossier_mine was asked. */
	bool mine, spare, given;
	uint32_t envelope;
	/* Which spare tokens can open it, and which seats have given shares. */
	const struct json *spares, *seats;
	struct json *reply; /* owns these */
	/* What became of it. */
	enum item_state state;
	char note[NOTE_TEXT_MAX + 1];
};
struct batch_dossier {
	char id[2 * ID_SIZE + 1];
	struct request request;
	struct ceremony ceremony;
	const struct seat *requester; /* in the charter of the view */
	enum ceremony_state state;
	char reason[NOTE_TEXT_MAX + 1], missing[QUORUM_TEXT_MAX + 1];
	struct batch_item *items; /* as many as ceremony.items.count */
	const struct json *voices;
	struct json *reply; /* owns them */
};
void batch_dossier_freep(struct batch_dossier **dossier);
#define BATCH_DOSSIER CLEANUP(batch_dossier_freep) struct batch_dossier

/* WITH_ITEMS: fetch and verify every version too.  ERR_INTEGRITY names what is wrong. */
enum err_code batch_dossier_fetch(struct client *client, const struct vault_view *view,
    const char *id, bool with_items, struct batch_dossier **ret_dossier,
    struct err *err) MUST_CHECK;
/* ERR_REFUSED: closed, late or void. */
enum err_code batch_dossier_check_open(const struct batch_dossier *dossier,
    const struct vault_view *view, int64_t now, struct err *err) MUST_CHECK;
/* Find the envelopes of TOKEN of SEAT; RET_LEFT: how many are still to be opened. */
enum err_code batch_dossier_mine(struct batch_dossier *dossier, const char *seat,
    const struct digest *token, size_t *ret_mine, size_t *ret_left, struct err *err) MUST_CHECK;
/* The screen before a decision. */
void batch_dossier_show(const struct batch_dossier *dossier, const struct vault_view *view,
    const struct ui *ui, int64_t now);
/* What became of the versions. */
void batch_dossier_tell(const struct batch_dossier *dossier, const struct ui *ui);

#endif
