/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/definition_verify.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "vault/documents/definition_changes.h"
#include "vault/documents/signers.h"

static enum err_code
check_policy(const struct definition *definition, const struct charter *charter, struct err *err)
{
	const char *names[CHARTER_POLICIES + 1];
	if (charter_policy(charter, definition->policy) != NULL)
		return ERR_OK;
	for (size_t i = 0; i < charter->policy_count; i++)
		names[i] = charter->policies[i].name;
	names[charter->policy_count] = NULL;
	const char *near = text_nearest(definition->policy, names);
	if (near == NULL)
		return err_set(err, ERR_INVALID, "secret: policy: the charter has no \"%s\"",
		    definition->policy);
	return err_set(err, ERR_INVALID,
	    "secret: policy: the charter has no \"%s\"; did you mean \"%s\"?", definition->policy,
	    near);
}

/* --- Who signed --------------------------------------------------------------------------- */

enum { WHOSE_SIZE = QUORUM_TEXT_MAX + 5 * SEAT_NAME_MAX };

/* The quorums of a statement: each is looked at once, however many of its definitions ask it. */
struct asking {
	const struct dsse *statement;
	const struct definitions *definitions;
	const struct charter *charter;
	struct buf looked;  /* const char *: their texts */
	struct buf missing; /* all that is, told at once */
};

static void
asking_done(struct asking *asking)
{
	buf_done(&asking->looked);
	buf_done(&asking->missing);
}

/* Was the very text TEXT, or where OR_SAME another that reads the same, looked at before?  From now on it was. */
static bool
was_looked_at(struct asking *asking, const char *text, bool or_same)
{
	for (size_t at = 0; at < asking->looked.size; at += sizeof(text)) {
		const char *known;

		memcpy(&known, asking->looked.data + at, sizeof(known));
		if (known == text || (or_same && strcmp(known, text) == 0))
			return true;
	}
	buf_bytes(&asking->looked, view_of(&text, sizeof(text)));
	return false;
}

static bool
asks(const struct definition_change *change, const char *quorum)
{
	for (size_t i = 0; i < change->quorum_count; i++)
		if (strcmp(change->quorums[i], quorum) == 0)
			return true;
	return false;
}

/* "secret: prod/db and 4 more": the first that asks POLICY, or the quorum HEADER of a version, and how many others do. */
static void
name_asking(const struct asking *asking, const char *policy, const char *header,
    char ret_text[WHOSE_SIZE])
{
	const char *first = NULL;
	size_t more = 0;

	for (size_t i = 0; i < asking->definitions->count; i++) {
		const struct definition *row = &asking->definitions->rows[i];

		if (row->revision == 1 ||
		    (policy != NULL ? strcmp(row->change.policy, policy) != 0 :
		                      !asks(&row->change, header)))
			continue;
		if (first != NULL)
			more++;
		else
			first = row->name;
	}
	if (more > 0)
		(void)snprintf(ret_text, WHOSE_SIZE, "secret: %s and %zu more", first, more);
	else
		(void)snprintf(ret_text, WHOSE_SIZE, "secret: %s", first);
}

static enum err_code
check_header(const struct asking *asking, const char *text, struct err *err)
{
	char who[WHOSE_SIZE], whose[2 * WHOSE_SIZE];
	struct quorum quorum;

	name_asking(asking, NULL, text, who);
	(void)snprintf(whose, sizeof(whose), "%s: the quorum that a version is sealed to (%s)", who,
	    text);
	TRY(quorum_parse(text, &quorum, err));
	/* Some of them may have left since: then all who are left. */
	return signers_check_left(asking->statement, &quorum, asking->charter, NULL, whose, err);
}

/* A version that is sealed to the very quorum of a policy that is asked needs nothing more. */
static enum err_code
check_headers(struct asking *asking, const struct definition_change *change, struct err *err)
{
	for (size_t i = 0; i < change->quorum_count; i++)
		if (!was_looked_at(asking, change->quorums[i], true))
			TRY(signers_note(check_header(asking, change->quorums[i], err),
			    &asking->missing, err));
	return ERR_OK;
}

/* Of the policy that protects it now. */
static enum err_code
check_present(struct asking *asking, const char *name, struct err *err)
{
	const struct charter *charter = asking->charter;
	const struct policy *policy = charter_policy(charter, name);
	const char *text = policy != NULL ? policy->quorum_text : charter->change_text;
	char who[WHOSE_SIZE], whose[2 * WHOSE_SIZE];

	if (was_looked_at(asking, text, false))
		return ERR_OK;
	name_asking(asking, name, NULL, who);
	if (policy != NULL)
		(void)snprintf(whose, sizeof(whose), "%s: the quorum of policy %s (%s)", who,
		    policy->name, text);
	else
		(void)snprintf(whose, sizeof(whose),
		    "%s: the charter has its policy no more, and its own quorum (%s)", who, text);
	return signers_check_quorum(asking->statement,
	    policy != NULL ? &policy->quorum : &charter->change, charter->seats,
	    charter->seat_count, whose, err);
}

static enum err_code
check_signed(const struct dsse *statement, const struct definitions *definitions,
    const struct charter *charter, struct err *err)
{
	CLEANUP(asking_done)
	struct asking asking = {statement, definitions, charter, .looked = {0}};
	bool first = false;

	for (size_t i = 0; i < definitions->count; i++) {
		first |= definitions->rows[i].revision == 1;
		if (definitions->rows[i].revision > 1)
			TRY(signers_note(check_present(&asking, definitions->rows[i].change.policy,
			                     err),
			    &asking.missing, err));
	}
	for (size_t i = 0; i < definitions->count; i++)
		TRY(check_headers(&asking, &definitions->rows[i].change, err));
	if (first)
		TRY(signers_note(signers_check_two(statement, charter->seats, charter->seat_count,
		                     "secret", err),
		    &asking.missing, err));
	TRY(buf_check(&asking.looked, err));
	return signers_end(&asking.missing, err);
}

enum err_code
definitions_verify(const struct dsse *statement, const struct definitions *definitions,
    const struct charter *charter, const struct digest *vault, struct err *err)
{
	TRY(signers_check_digest(statement, &definitions->digest, "secret", err));
	if (!digest_equal(&definitions->vault, vault))
		return err_set(err, ERR_INTEGRITY, "secret: vault: belongs to another vault");
	for (size_t i = 0; i < definitions->count; i++)
		if (check_policy(&definitions->rows[i], charter, err) != ERR_OK)
			return err_add(err, "definitions[%zu]", i);
	if (signers_verify(statement, charter->seats, charter->seat_count, NULL, 0, err) != ERR_OK)
		return err_add(err, "secret");
	return check_signed(statement, definitions, charter, err);
}

/* --- What a change follows ----------------------------------------------------------------- */

static enum err_code
differs(const struct definition *later, const char *member, const char *what, struct err *err)
{
	return err_set(err, ERR_REFUSED, "secret: %s: %s: %s; draw the change up again",
	    later->name, member, what);
}

static enum err_code
count_difference(void *context, const char *what, const char *before, const char *after,
    struct err *err)
{
	size_t *count = context;

	(void)what, (void)before, (void)after, (void)err;
	++*count;
	return ERR_OK;
}

enum err_code
definition_follows(const struct definition *later, const struct definition *earlier,
    struct err *err)
{
	const struct definition_change *change = &later->change;
	size_t differences = 0;

	if (memcmp(&later->secret, &earlier->secret, sizeof(later->secret)) != 0 ||
	    strcmp(later->name, earlier->name) != 0)
		return differs(later, "name", "that of another secret", err);
	if (earlier->change.retires)
		return err_set(err, ERR_REFUSED,
		    "secret: %s: it is retired, and nothing of it changes any more", later->name);
	if (!digest_equal(&change->previous, &earlier->digest) ||
	    later->revision - 1 != earlier->revision)
		return differs(later, "previous", "not the definition that is in force", err);
	if (strcmp(change->policy, earlier->policy) != 0)
		return differs(later, "policy", "not the one that protects it", err);
	TRY(definition_compare(earlier, later, count_difference, &differences, err));
	if (change->retires && differences > 0)
		return differs(later, "retires", "it changes something, too", err);
	if (!change->retires && differences == 0)
		return err_set(err, ERR_EXISTS,
		    "secret: %s: nothing would change: its definition says so already",
		    later->name);
	return ERR_OK;
}

enum err_code
definition_trace(const struct definition *later, const struct definitions *sets, size_t count,
    const struct digest *digest, const char *quorum, const struct definition **ret_earlier,
    struct err *err)
{
	const struct definition *at = later;

	while (!digest_equal(&at->digest, digest)) {
		const struct definition *before = NULL;

		for (size_t i = 0; i < count && at->revision > 1 && before == NULL; i++)
			before = definitions_find(&sets[i], &at->change.previous);
		if (before == NULL)
			return err_set(err, ERR_INTEGRITY,
			    "the header names another definition than the rest: somebody changed what is shown");
		if (definition_follows(at, before, err) != ERR_OK)
			return err->code = ERR_INTEGRITY;
		if (!asks(&at->change, quorum))
			return err_set(err, ERR_INTEGRITY,
			    "its definition was changed without the quorum that it is sealed to (%.300s)",
			    quorum);
		at = before;
	}
	*ret_earlier = at;
	return ERR_OK;
}

static enum err_code
note_move(void *context, const char *what, const char *before, const char *after, struct err *err)
{
	bool *moves = context;

	(void)before, (void)after, (void)err;
	*moves |= strncmp(what, "target", strlen("target")) == 0 ||
	    strcmp(what, "rotator: name") == 0 || strcmp(what, "announced: death") == 0;
	return ERR_OK;
}

bool
definition_moves(const struct definition *earlier, const struct definition *later)
{
	bool moves = false;
	struct err ignored;

	return definition_compare(earlier, later, note_move, &moves, &ignored) != ERR_OK || moves;
}
