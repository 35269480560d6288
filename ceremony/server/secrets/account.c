/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of the secrets of one account that are in force, either one is there, or none is of style "replace": so the first of
 * them that is met says what all are like.
 */
#include "ceremony/server/secrets/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceremony/server/secrets/living.h"
#include "ceremony/server/vault/chain.h"
#include "vault/documents/definition_account.h"

void
accounts_done(struct accounts *accounts)
{
	free(accounts->digests);
}

enum err_code
accounts_find(const struct definitions *definitions, struct accounts *ret_accounts, struct err *err)
{
	ACCOUNTS accounts = {definitions,
	    calloc(definitions->count + 1, sizeof(*accounts.digests))};

	if (accounts.digests == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for %zu accounts",
		    definitions->count);
	for (size_t i = 0; i < definitions->count; i++)
		TRY(definition_account(&definitions->rows[i], &accounts.digests[i], err));
	*ret_accounts = TAKE(accounts);
	return ERR_OK;
}

/* ---- keys ---- */

struct sought {
	struct session *session;
	const struct secret_row *other;
	struct digest public;
};

static enum err_code
compare_version(void *context, const struct version_row *version, struct err *err)
{
	const struct sought *sought = context;

	if (!digest_equal(&version->public, &sought->public))
		return ERR_OK;
	return err_set(err, ERR_EXISTS,
	    "it is the key that \"%s\" has sealed (version %u), and both are of the same account: each rotation of one "
	    "would take it away from the other.  Use %s, or give this one a key of its own",
	    sought->other->name, version->number, sought->other->name);
}

static enum err_code
check_other(struct session *session, const struct secret_row *other, const struct digest *public,
    struct err *err)
{
	static const struct digest none;
	struct sought sought = {session, other, *public};

	return digest_equal(public, &none) ?
	    ERR_OK :
	    living_each(session, other, compare_version, &sought, err);
}

static enum err_code
seek_version(void *context, const struct version_row *version, struct err *err)
{
	const struct sought *sought = context;

	return check_other(sought->session, sought->other, &version->public, err);
}

/* Has a version of SECRET the key of one of OTHER? */
static enum err_code
check_keys(struct session *session, const struct secret_row *secret, const struct secret_row *other,
    struct err *err)
{
	struct sought sought = {session, other, {{0}}};

	return living_each(session, secret, seek_version, &sought, err);
}

enum err_code
account_check_public(struct session *session, const struct secret_row *secret,
    const struct digest *public, struct err *err)
{
	struct account_walk walk = {.account = secret->account};
	struct secret_row other;
	enum err_code code;

	while ((code = store_next_of_account(session->store, &walk, &other, err)) == ERR_OK)
		TRY(check_other(session, &other, public, err));
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* ---- definitions ---- */

static enum err_code
refuse(const struct definition *definition, const char *other, const char *cure, struct err *err)
{
	return err_set(err, ERR_EXISTS,
	    "secret: %s: target: its account is that of \"%s\", and holds one value: each rotation of one would break "
	    "the other.  Use %s%s",
	    definition->name, other, other, cure);
}

/* OTHER comes into force with it, and has the same account. */
static enum err_code
check_beside(struct session *session, const struct definition *definition,
    const struct definition *other, struct err *err)
{
	struct secret_row row, beside;

	if (definition->announced.style == STYLE_REPLACE || other->announced.style == STYLE_REPLACE)
		return refuse(definition, other->name,
		    ", and leave this one out: they are of one statement", err);
	if (definition->revision == 1 || other->revision == 1)
		return ERR_OK; /* without a value yet */
	TRY(store_get_secret(session->store, &definition->secret, &row, err));
	TRY(store_get_secret(session->store, &other->secret, &beside, err));
	if (check_keys(session, &row, &beside, err) != ERR_OK)
		return err_add(err, "secret: %s: target", definition->name);
	return ERR_OK;
}

/* OTHER is in force, and stays. */
static enum err_code
check_style(struct session *session, const struct definition *definition,
    const struct secret_row *other, struct err *err)
{
	DEFINITION present = {0};
	char cure[2 * SEAT_NAME_MAX + 150];

	TRY(chain_signed_definition(session, &other->definition, &present, err));
	if (definition->announced.style != STYLE_REPLACE &&
	    present.announced.style != STYLE_REPLACE)
		return ERR_OK;
	(void)snprintf(cure, sizeof(cure),
	    "; or end it first (halligan secret retire %s), or give it another target (halligan secret change %s)",
	    other->name, other->name);
	return refuse(definition, other->name, cure, err);
}

static bool
is_among(const struct definitions *definitions, const struct secret_id *secret)
{
	for (size_t i = 0; i < definitions->count; i++)
		if (memcmp(&definitions->rows[i].secret, secret, sizeof(*secret)) == 0)
			return true;
	return false;
}

/* Was its account another one?  Its row then is in RET_ROW. */
static enum err_code
moves(struct session *session, const struct definition *definition, const struct digest *account,
    struct secret_row *ret_row, bool *ret_moves, struct err *err)
{
	*ret_moves = false;
	if (definition->revision == 1)
		return ERR_OK;
	TRY(store_get_secret(session->store, &definition->secret, ret_row, err));
	*ret_moves = !digest_equal(&ret_row->account, account);
	return ERR_OK;
}

static enum err_code
check_in_force(struct session *session, const struct accounts *accounts, size_t position,
    struct err *err)
{
	const struct definition *definition = &accounts->definitions->rows[position];
	struct account_walk walk = {.account = accounts->digests[position]};
	struct secret_row other, row;
	bool first = true, moved;
	enum err_code code;

	TRY(moves(session, definition, &walk.account, &row, &moved, err));
	while ((first || moved) &&
	    (code = store_next_of_account(session->store, &walk, &other, err)) == ERR_OK) {
		if (is_among(accounts->definitions, &other.id))
			continue;
		if (first)
			TRY(check_style(session, definition, &other, err));
		first = false;
		if (moved && check_keys(session, &row, &other, err) != ERR_OK)
			return err_add(err, "secret: %s: target", definition->name);
	}
	return !first || code == ERR_NOT_FOUND ? ERR_OK : code;
}

enum err_code
account_check(struct session *session, const struct accounts *accounts, size_t position,
    struct err *err)
{
	const struct definition *rows = accounts->definitions->rows;

	if (rows[position].change.retires)
		return ERR_OK;
	for (size_t i = 0; i < position; i++)
		if (!rows[i].change.retires &&
		    digest_equal(&accounts->digests[i], &accounts->digests[position]))
			TRY(check_beside(session, &rows[position], &rows[i], err));
	return check_in_force(session, accounts, position, err);
}
