/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolments: from the server, for what a document says of its tokens; from files, on their way into one. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_ENROLMENTS_H
#define CEREMONY_CLIENT_DOCUMENTS_ENROLMENTS_H

#include "ceremony/client/connection.h"
#include "ceremony/client/documents/draft_plan.h"
#include "vault/documents/chain.h"

/* Fetch and verify the enrolment of every token of SEATS under CHARTER, those left out of which KNOWN says the very
 * same: that the seats say what it says, and that it may be accepted now, or was by a document of CHAIN (NULL: at the
 * founding). */
enum err_code enrolments_verify(struct client *client, const struct seat *seats, size_t seat_count,
    const struct seat *known, size_t known_count, const struct charter *charter,
    const struct chain *chain, struct err *err) MUST_CHECK;

/* Files of enrolments, such as *.enrolment, that shall stand in a document. */
struct admission {
	const struct client_options *options;
	const char *const *files;
	size_t file_count;
	const struct chain *chain;     /* NULL: at the founding */
	const struct charter *charter; /* may be a draft: its attestation policy counts */
	/* Of a charter that is drawn up, whose waivers stand before what they forgive is judged; NULL: a roster. */
	const struct draft_plan *plan;
	struct charter *draft;
	struct seat *seats; /* where they go: *COUNT of at most MAX */
	size_t *count, max;
	struct json *texts; /* their statements */
};
/* Read, verify and add each to its seat, which may be new, and show it.  One that stands there already, or is of the
 * other document (responders stand in the roster alone, everybody else in the charter), is left out, and the person
 * told; with nothing else among them that is the error. */
enum err_code enrolments_admit(const struct admission *admission, struct err *err) MUST_CHECK;

#endif
