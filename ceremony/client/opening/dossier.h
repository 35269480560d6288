/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that is known about one ceremony, verified against the charter: the request and its
 * signature by a responder's token, the host's ceremony statement, the signed definition, the
 * header, and every approval and denial.  What a person is shown before a decision comes from here.
 *
 * The host's word alone: the state, which approvals are complete, times of release and expiry.
 */
#ifndef CEREMONY_CLIENT_OPENING_DOSSIER_H
#define CEREMONY_CLIENT_OPENING_DOSSIER_H

#include "base/text.h"
#include "ceremony/client/secrets/secret.h"
#include "ceremony/protocol/statements.h"
#include "ceremony/protocol/statements_host.h"
#include "ceremony/protocol/verdict.h"
#include "vault/documents/state_names.h"

struct dossier_approval {
	struct approval approval;
	bool complete; /* the shares have arrived */
};
struct dossier {
	char id[2 * ID_SIZE + 1];
	struct request request;
	struct ceremony ceremony;
	struct definition definition;
	struct header *header;
	struct quorum *quorum; /* of the header */
	struct digest header_hash;
	const struct policy *policy;  /* in the charter of the view; NULL: not there any more */
	const struct seat *requester; /* in the documents of the view */
	const struct seat_token *requester_token;
	enum ceremony_state state;
	char reason[NOTE_TEXT_MAX + 1]; /* why it was refused, or "" */
	struct dossier_approval approvals[QUORUM_SEATS];
	size_t approval_count;
	struct objection denials[QUORUM_SEATS];
	size_t denial_count;
	int64_t released, expires; /* 0 until then */
	bool part_exposed;
	/* Spare tokens with an envelope of their own beside the header; the server's word. */
	struct reach_spares spares;
};
void dossier_freep(struct dossier **dossier);
#define DOSSIER CLEANUP(dossier_freep) struct dossier

/* ERR_INTEGRITY names the document and what is wrong with it. */
enum err_code dossier_fetch(struct client *client, const struct vault_view *view, const char *id,
    struct dossier **ret_dossier, struct err *err) MUST_CHECK;
/* May an officer still act on it?  ERR_REFUSED: it is closed, late, or void. */
enum err_code dossier_check_open(const struct dossier *dossier, const struct vault_view *view,
    int64_t now, struct err *err) MUST_CHECK;
/* The verdict of vault policy on what is in the dossier; RET_TEXT as of verdict_of. */
enum verdict dossier_verdict(const struct dossier *dossier, const struct vault_view *view,
    int64_t now, int *ret_missing, struct buf *ret_text);
/* Check a ceremony statement of the host against the request that it answers. */
enum err_code ceremony_check(const struct dsse *statement, const struct vault_view *view,
    const struct request *request, struct ceremony *ret_ceremony, struct err *err) MUST_CHECK;

#endif
