/* SPDX-License-Identifier: Apache-2.0 */
/* What the host handed out of a ceremony: its release statement, verified, and a sealed box. */
#ifndef CEREMONY_CLIENT_OPENING_DELIVERY_H
#define CEREMONY_CLIENT_OPENING_DELIVERY_H

#include "ceremony/client/case_fetch.h"

struct delivery {
	struct dsse statement;
	struct release release;
	struct buf checkpoint; /* the note that came with it */
	int64_t left;          /* seconds of the lease, by the host; no more than were asked for */
	struct buf box;        /* enc[65] || ciphertext; verified by opening it alone */
};
void delivery_done(struct delivery *delivery);
#define DELIVERY CLEANUP(delivery_done) struct delivery

/* STATEMENT must be signed by the host, for this ceremony, open some of its items in their order, name
 * the request's recipients, last no longer than was asked for, and rest on approvals of the dossier that
 * meet the quorum of each item.  ERR_INTEGRITY says what differs. */
enum err_code release_verify(struct client *client, const struct vault_view *view,
    struct dossier *dossier, const struct dsse *statement, struct release *ret_release,
    struct err *err) MUST_CHECK;
/* Send for what delivery_fetch will ask for. */
void delivery_foresee(struct client *client, const struct dossier *dossier, size_t position,
    const struct digest *token);
/* The box of the item POSITION for the recipient TOKEN, and the verified release. */
enum err_code delivery_fetch(struct client *client, const struct vault_view *view,
    struct dossier *dossier, size_t position, const struct digest *token,
    struct delivery *ret_delivery, struct err *err) MUST_CHECK;
/* The position of an item of the release in the ceremony. */
size_t delivery_position(const struct dossier *dossier, const struct release_item *item);
/* The first item that something was handed out of. */
size_t delivery_first(const struct dossier *dossier);

#endif
