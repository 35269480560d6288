/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/vault/chain.h"

#include <string.h>

#include "base/base64.h"
#include "vault/documents/chain_fold.h"
#include "vault/documents/chain_image.h"
#include "vault/store/statement.h"

static const char image_name[] = "chain"; /* among the texts */

static enum err_code
fetch(void *context, const struct digest *digest, struct dsse *ret_statement, struct err *err)
{
	return session_statement(context, digest, "charter, roster or suspension", ret_statement,
	    err);
}

/* The next document that CHAIN lacks. */
static enum err_code
feed_one(struct session *session, struct chain *chain, struct err *err)
{
	DSSE statement = {0};
	struct digest digest;

	if (store_get_document(session->store, (uint32_t)chain->document_count + 1, &digest, err) !=
	    ERR_OK)
		return err->code == ERR_NOT_FOUND ? (err->code = ERR_INTEGRITY) : err->code;
	TRY(fetch(session, &digest, &statement, err));
	statement.verified = !session->audits;
	return chain_add(chain, &statement, err);
}

/* What is kept is what the documents say: whoever audits folds them all. */
static enum err_code
check_image(struct session *session, const struct chain *chain, struct err *err)
{
	BUF kept = {0}, folded = {0}, text = {0};

	TRY(chain_image(chain, &folded, err));
	buf_base64(&text, buf_view(&folded));
	TRY(buf_check(&text, err));
	if (store_get_text(session->store, image_name, &kept, err) == ERR_OK &&
	    view_equal(buf_view(&kept), buf_view(&text)))
		return ERR_OK;
	return err_set(err, ERR_INTEGRITY,
	    "what is kept of the charters, rosters and suspensions is not what they say");
}

/* The documents that CHAIN lacks.  Each was verified before it was stored, and the row that is read, with its
 * signatures, is proven to be the one that was stored: the curve is asked again by `log verify` alone. */
static enum err_code
feed(struct session *session, struct chain *chain, struct err *err)
{
	uint32_t count;

	TRY(store_count_documents(session->store, &count, err));
	if (count == 0)
		return err_set(err, ERR_INTEGRITY,
		    "the database has no charter, but vault.id names one");
	if (count < chain->document_count)
		return err_set(err, ERR_INTEGRITY,
		    "the database has fewer charters, rosters and suspensions than were kept");
	while (chain->document_count < count) {
		if (session->audits && chain->document_count > 0 &&
		    chain->document_count == count - 1)
			TRY(check_image(session, chain, err));
		if (feed_one(session, chain, err) != ERR_OK)
			return err_add(err, "document %zu (a charter, roster or suspension)",
			    chain->document_count + 1);
	}
	return ERR_OK;
}

enum err_code
chain_keep(struct session *session, struct err *err)
{
	BUF image = {0}, text = {0};

	if (session->chain.document_count == 0)
		return ERR_OK;
	TRY(chain_image(&session->chain, &image, err));
	buf_base64(&text, buf_view(&image));
	TRY(buf_check(&text, err));
	return store_set_text(session->store, image_name, buf_string(&text), err);
}

/* What was folded when the newest document came. */
static enum err_code
resume(struct session *session, struct chain *chain, struct err *err)
{
	BUF text = {0}, image = {0};
	enum err_code code = store_get_text(session->store, image_name, &text, err);

	if (code == ERR_NOT_FOUND) /* there is one document */
		return ERR_OK;
	TRY(code);
	if (!buf_from_base64(&image, buf_view(&text)))
		return err_set(err, ERR_INTEGRITY,
		    "what is kept of the charters, rosters and suspensions is damaged");
	return chain_resume(buf_view(&image), chain, err);
}

/* The charter speaks of this host and of the vault that `init` made. */
static enum err_code
check_host(const struct session *session, const struct charter *charter, struct err *err)
{
	const struct host_keys *keys = &session->keys;

	if (!charter_names_host(charter, &keys->statement_public, &keys->log_public,
	        &keys->escrow_public))
		return err_set(err, ERR_INTEGRITY,
		    "host.key is not the one that charter %u names: this vault was moved or restored; "
		    "it releases nothing until a charter names its host",
		    charter->version);
	return ERR_OK;
}

enum err_code
chain_load(struct session *session, struct err *err)
{
	CHAIN chain = {.vault = session->chain.vault, .fetch = fetch, .context = session};
	READING reading = NULL;

	TRY(reading_begin(session, &reading, err));
	if (!session->audits)
		TRY(resume(session, &chain, err));
	TRY(feed(session, &chain, err));
	TRY(check_host(session, chain.charter, err));
	TRY(checkpoint_origin(chain.charter->name, &chain.vault, session->origin, err));
	transcript_freep(&session->kept);
	for (size_t i = 0; i < DEFINITIONS_KEPT; i++)
		definitions_done(&session->definitions[i]);
	chain_done(&session->chain);
	session->chain = TAKE(chain);
	return ERR_OK;
}

enum err_code
chain_refresh(struct session *session, struct err *err)
{
	uint32_t count;

	if (session->state != SESSION_LIVE)
		return ERR_OK;
	TRY(store_count_documents(session->store, &count, err));
	if (count == session->chain.document_count)
		return ERR_OK;
	if (count < session->chain.document_count)
		return err_set(err, ERR_INTEGRITY,
		    "the database has gone back to fewer charters, rosters or suspensions while it "
		    "was in use");
	transcript_freep(&session->kept);
	TRY(feed(session, &session->chain, err));
	return check_host(session, session->chain.charter, err);
}

enum err_code
chain_secret_which(struct session *session, const struct digest *digest,
    struct digest *ret_statement, struct err *err)
{
	enum err_code code = store_get_definition(session->store, digest, ret_statement, err);

	return code != ERR_NOT_FOUND ?
	    code :
	    err_set(err, ERR_INTEGRITY, "the secret statement is gone from the database");
}

enum err_code
chain_secret_statement(struct session *session, const struct digest *digest,
    struct dsse *ret_statement, struct err *err)
{
	struct digest statement;

	TRY(chain_secret_which(session, digest, &statement, err));
	TRY(session_statement(session, &statement, "secret", ret_statement, err));
	ret_statement->verified = !session->audits;
	return ERR_OK;
}

/* One statement may hold hundreds: it is kept for the next that is asked for. */
static enum err_code
find_definition(struct session *session, const struct digest *digest,
    const struct definition **ret_definition, struct err *err)
{
	const struct definition *found = NULL;
	DSSE statement = {0};
	DEFINITIONS_OF read = {0};

	for (size_t i = 0; i < DEFINITIONS_KEPT && found == NULL; i++)
		found = definitions_find(&session->definitions[i], digest);
	if (found == NULL) {
		struct definitions *kept = &session->definitions[session->definitions_next];

		TRY(chain_secret_statement(session, digest, &statement, err));
		TRY(definitions_parse(&statement, session->chain.charter->training, &read, err));
		TRY(chain_verify_definitions(&session->chain, &statement, &read, err));
		found = definitions_find(&read, digest);
		if (found == NULL)
			return err_set(err, ERR_INTEGRITY,
			    "the secret statement in the database does not hold its definition");
		session->definitions_next = (session->definitions_next + 1) % DEFINITIONS_KEPT;
		definitions_done(kept);
		*kept = TAKE(read);
	}
	*ret_definition = found;
	return ERR_OK;
}

enum err_code
chain_signed_definition(struct session *session, const struct digest *digest,
    struct definition *ret_definition, struct err *err)
{
	const struct definition *found;

	TRY(find_definition(session, digest, &found, err));
	return definition_copy(found, ret_definition, err);
}

enum err_code
chain_definition(struct session *session, const struct digest *digest,
    struct definition *ret_definition, struct err *err)
{
	const struct definition *found;

	TRY(find_definition(session, digest, &found, err));
	if (charter_policy(session->chain.charter, found->policy) == NULL)
		return err_set(err, ERR_REFUSED,
		    "secret %s: the charter has no policy \"%s\" any more", found->name,
		    found->policy);
	return definition_copy(found, ret_definition, err);
}

enum err_code
chain_each_earlier(struct session *session, const struct digest *later,
    const struct digest *earlier, earlier_visit visit, void *context, struct err *err)
{
	struct digest at = *later;

	while (!digest_equal(&at, earlier)) {
		const struct definition *found;
		struct digest statement;

		TRY(find_definition(session, &at, &found, err));
		if (found->revision == 1)
			return ERR_OK;
		at = found->change.previous;
		TRY(chain_secret_which(session, &at, &statement, err));
		TRY(visit(context, &statement, err));
	}
	return ERR_OK;
}
