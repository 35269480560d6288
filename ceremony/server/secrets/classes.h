/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions by their classes (vault/documents/class.h): one of each is read and verified, and stands for all.
 *
 *	CLASS_WALK walk = {.session = session, .list = SEALED_CURRENT};
 *	const struct class_member *member;
 *
 *	for (;;) {
 *		TRY(class_walk_next(&walk, &member, err));
 *		if (member == NULL)
 *			break;
 *		...
 *	}
 *
 * That one stands for all is the vault's own word, not that of who wrote the row: the class is in the row, which
 * the state tree proves, so the vault itself put it there when it sealed the version or took a spare's box; it is
 * a hash of all that matters, so two versions with another quorum, policy, envelope or spare do not have the
 * same; and the one that is read must have the class that its own parts give, or it is an alarm.  `log verify` asks
 * that of every version.
 */
#ifndef CEREMONY_SERVER_SECRETS_CLASSES_H
#define CEREMONY_SERVER_SECRETS_CLASSES_H

#include "ceremony/server/opening/spare_envelopes.h"
#include "vault/store/sealed.h"
#include "vault/store/secret.h"

/* A version that is there, with what it is made of. */
struct class_member {
	struct sealed_row place;
	uint64_t count; /* of its class in the list */
	struct secret_row secret;
	struct version_row version;
	struct header *header;
	struct quorum quorum; /* of the header */
	struct definition definition;
	struct spare_set spares;
};
struct class_walk {
	struct session *session;
	enum sealed_list list;
	struct class_member *member; /* the last one; or NULL */
};
void class_walk_done(struct class_walk *walk);
#define CLASS_WALK CLEANUP(class_walk_done) struct class_walk
/* The oldest version of the next class, until the next call; NULL: there are no more.  ERR_INTEGRITY: it is not as it
 * was sealed, or not of the class in its row. */
enum err_code class_walk_next(struct class_walk *walk, const struct class_member **ret_member,
    struct err *err) MUST_CHECK;

/* Inside a change by which SECRET, as it is in the store already, is protected by another policy: its versions are of the
 * classes that follow from that. */
enum err_code classes_renew(struct session *session, const struct secret_row *secret,
    const char *policy, struct err *err) MUST_CHECK;

/* For `log verify`, outside a transaction: every version of every secret has the class that its header, the
 * signed definition and its spares give it.  Takes several transactions, and tells the client how far it is. */
enum err_code classes_audit(struct session *session, uint64_t *ret_count,
    struct err *err) MUST_CHECK;

#endif
