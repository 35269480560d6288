/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who must have signed a charter.  The first: every officer.  A later one: the "change" quorum of
 * the charter before, with the keys of that one, so that nobody can take the vault over; its
 * own, with its own keys, so that those who are to hold it are shown to hold their tokens; and the
 * quorum of each policy that it changes or ends, as it stands in the charter before, so that whoever
 * may change the charter does not by that decide about what others answer for.
 *
 * A policy whose quorum cannot be met by officers who have a token that counts would stay for ever, and its
 * seats with it.  So then everybody of it signs who still can, be it nobody.  Whoever abuses that must first
 * suspend tokens, which is seen at once, and could as well put tokens of their own in those seats.
 */
#include "vault/documents/charter_verify.h"

#include <stdio.h>
#include <string.h>

#include "vault/documents/signers.h"

static enum err_code
check_step(const struct charter *charter, const struct charter *previous, struct err *err)
{
	if (previous == NULL && charter->version != 1)
		return err_set(err, ERR_INVALID,
		    "charter %u cannot be verified without the one before it", charter->version);
	if (previous == NULL)
		return ERR_OK;
	if (charter->version == 1 || charter->version - 1 != previous->version)
		return err_set(err, ERR_INTEGRITY, "charter: version: %u does not follow %u",
		    charter->version, previous->version);
	if (!digest_equal(&charter->previous, &previous->digest))
		return err_set(err, ERR_INTEGRITY, "charter: previous: names another charter %u",
		    previous->version);
	if (strcmp(charter->name, previous->name) != 0)
		return err_set(err, ERR_INTEGRITY, "charter: name: may never change");
	if (charter->training != previous->training)
		return err_set(err, ERR_INTEGRITY, "charter: training: may never change");
	if (!digest_equal(&charter->init, &previous->init))
		return err_set(err, ERR_INTEGRITY, "charter: init: may never change");
	return ERR_OK;
}

static enum err_code
check_founders(const struct dsse *statement, const struct charter *charter, struct err *err)
{
	BUF missing = {0};
	bool signed_by[CHARTER_SEATS];
	signers_mark(statement, charter->seats, charter->seat_count, signed_by);
	for (size_t i = 0; i < charter->seat_count; i++)
		if ((charter->seats[i].roles & ROLE_OFFICER) != 0 && !signed_by[i])
			buf_format(&missing, "%s%s", missing.size > 0 ? ", " : "",
			    charter->seats[i].name);
	TRY(buf_check(&missing, err));
	if (missing.size > 0)
		return err_set(err, ERR_WAITING, "charter: not signed yet by %s",
		    buf_string(&missing));
	return ERR_OK;
}

enum err_code
charter_check_change(const struct dsse *statement, const struct charter *of, struct err *err)
{
	char whose[QUORUM_TEXT_MAX + 80];

	(void)snprintf(whose, sizeof(whose), "charter: the quorum of charter %u (%s)", of->version,
	    of->change_text);
	return signers_check_quorum(statement, &of->change, of->seats, of->seat_count, whose, err);
}

/* The quorum of POLICY, which the charter after OF changes. */
static enum err_code
check_policy(const struct dsse *statement, const struct charter *of,
    const struct suspensions *suspended, const struct policy *policy, struct err *err)
{
	char whose[SEAT_NAME_MAX + 400];

	(void)snprintf(whose, sizeof(whose),
	    "charter: it changes the policy %s, whose present quorum (%.300s)", policy->name,
	    policy->quorum_text);
	return signers_check_left(statement, &policy->quorum, of, suspended, whose, err);
}

/* All that is missing is told at once. */
static enum err_code
check_quorums(const struct dsse *statement, const struct charter *charter,
    const struct charter *previous, const struct suspensions *suspended, struct err *err)
{
	BUF missing = {0};

	TRY(signers_note(charter_check_change(statement, previous, err), &missing, err));
	TRY(signers_note(charter_check_change(statement, charter, err), &missing, err));
	for (size_t i = 0; i < previous->policy_count; i++) {
		const struct policy *policy = &previous->policies[i];

		if (charter_changes_policy(charter, policy))
			TRY(signers_note(check_policy(statement, previous, suspended, policy, err),
			    &missing, err));
	}
	return signers_end(&missing, err);
}

enum err_code
charter_verify(const struct dsse *statement, const struct charter *charter,
    const struct charter *previous, const struct suspensions *suspended, struct err *err)
{
	TRY(signers_check_digest(statement, &charter->digest, "charter", err));
	TRY(check_step(charter, previous, err));
	if (signers_verify(statement, charter->seats, charter->seat_count,
	        previous != NULL ? previous->seats : NULL,
	        previous != NULL ? previous->seat_count : 0, err) != ERR_OK)
		return err_add(err, "charter");
	if (previous == NULL)
		return check_founders(statement, charter, err);
	return check_quorums(statement, charter, previous, suspended, err);
}
