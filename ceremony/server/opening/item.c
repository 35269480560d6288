/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/item.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/log.h"
#include "vault/store/debt.h"
#include "vault/store/opened.h"

void
item_free(struct loaded_item *item)
{
	version_row_done(&item->version);
	exhibit_freep(&item->exhibit);
	for (size_t i = 0; i < item->share_count; i++)
		share_row_done(&item->shares[i]);
	free(item);
}

static void
say_stale(struct loaded_item *item, const char *why)
{
	if (item->stale[0] == '\0')
		snprintf(item->stale, sizeof(item->stale), "%.500s", why);
}

/* Another ceremony has opened it, or it has a debt that is not this item's.  One that a release or a rotation takes over is
 * none; what is only sealed again takes none over. */
static enum err_code
judge_opened(const struct opening *opening, struct loaded_item *item, struct err *err)
{
	const struct item_row *row = &opening->items[item->position];
	struct store *store = opening->session->store;
	struct debt_row debt;
	struct id opener;
	enum err_code code = store_open_debt(store, &row->secret, &debt, err);

	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	if (code == ERR_OK && (!debt.untried || opening->row.mode == MODE_RESEAL) &&
	    (!row->has_debt || memcmp(&row->debt, &debt.id, sizeof(debt.id)) != 0))
		say_stale(item, "it has a rotation debt, which renews it");
	code = store_get_opened(store, &row->secret, row->version, &opener, err);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	if (code == ERR_OK && memcmp(&opener, &opening->row.id, sizeof(opener)) != 0)
		say_stale(item, "another ceremony opened this version before");
	return ERR_OK;
}

static void
judge(const struct opening *opening, const struct item *asked, struct loaded_item *item)
{
	char text[80];

	snprintf(text, sizeof(text), "version %u is no longer the current one", asked->version);
	if (!opening->transcript->in_force)
		say_stale(item, opening->transcript->why_void);
	if (!digest_equal(&item->secret.definition, &asked->definition))
		say_stale(item, "its definition changed since");
	if (item->secret.current != asked->version)
		say_stale(item, text);
	if (item->exhibit != NULL && item->exhibit->policy == NULL)
		say_stale(item, "the charter has its policy no more");
}

struct changes {
	const struct opening *opening;
};

static enum err_code
show_earlier(void *context, const struct digest *which, struct err *err)
{
	const struct opening *opening = ((const struct changes *)context)->opening;
	DSSE statement = {0};

	TRY(session_statement(opening->session, which, "secret", &statement, err));
	statement.verified = !opening->session->audits;
	return transcript_show(opening->transcript, &statement, &opening->session->chain, err);
}

/* By which the definition came from the one under which this was sealed. */
static enum err_code
load_changes(const struct opening *opening, const struct item *asked, struct view bytes,
    struct err *err)
{
	struct changes changes = {opening};
	HEADER *header = NULL;
	struct err ignored;

	TRY(header_new(&header, err));
	if (header_decode(bytes, header, &ignored) != ERR_OK ||
	    transcript_known(opening->transcript, &header->definition) != NULL)
		return ERR_OK; /* what is damaged is told with the rest */
	return chain_each_earlier(opening->session, &asked->definition, &header->definition,
	    show_earlier, &changes, err);
}

/* What is sealed and what is signed about it; what does not fit is damage, which the others survive. */
static enum err_code
load_exhibit(const struct opening *opening, const struct item *asked, struct loaded_item *item,
    struct err *err)
{
	struct session *session = opening->session;
	DSSE definition = {0};
	struct err cause;
	enum err_code code;

	bool known = transcript_definition(opening->transcript, item->position) != NULL;

	if (!known)
		TRY(chain_secret_statement(session, &asked->definition, &definition, err));
	TRY(store_get_version(session->store, &asked->secret, asked->version, &item->version, err));
	TRY(load_changes(opening, asked, buf_view(&item->version.header), err));
	code = exhibit_new(opening->transcript, item->position, known ? NULL : &definition,
	    buf_view(&item->version.header), &session->chain, &item->exhibit, &cause);
	if (code == ERR_OK) {
		TRY(spares_load(session, item->exhibit->header, &item->spares, err));
		spares_reach(&item->spares, &item->exhibit->spares);
		return ERR_OK;
	}
	/* Of many the others go on; the only one is an alarm. */
	if (code != ERR_INTEGRITY || opening->count == 1) {
		*err = cause;
		return code;
	}
	session_alarm(session, asked->name, "%s", cause.text);
	item->damaged = true;
	say_stale(item, cause.text);
	return ERR_OK;
}

const struct voice *
share_voice(const struct opening *opening, const struct share_row *row)
{
	for (size_t i = 0; i < opening->transcript->voice_count; i++) {
		const struct voice *voice = &opening->transcript->voices[i];

		if (!voice->denies && digest_equal(&voice->digest, &row->statement) &&
		    strcmp(voice->seat, row->seat) == 0)
			return voice;
	}
	return NULL;
}

bool
item_counts(const struct opening *opening, const struct share_row *row)
{
	const struct voice *voice = share_voice(opening, row);

	return voice != NULL && voice->counts &&
	    transcript_approval(opening->transcript, row->seat) != NULL &&
	    strcmp(row->seat, opening->row.requester) != 0;
}

static enum err_code
load_shares(const struct opening *opening, struct loaded_item *item, struct err *err)
{
	TRY(store_list_shares(opening->session->store, &opening->row.id, item->position,
	    item->shares, &item->share_count, err));
	for (size_t i = 0; i < item->share_count; i++)
		if (share_voice(opening, &item->shares[i]) == NULL)
			return err_set(err, ERR_INTEGRITY,
			    "the stored shares of seat \"%s\" belong to no approval of it",
			    item->shares[i].seat);
	for (size_t i = 0; i < item->share_count && item->exhibit != NULL; i++)
		if (item_counts(opening, &item->shares[i]))
			exhibit_give(item->exhibit, item->shares[i].seat);
	return ERR_OK;
}

enum err_code
item_load(const struct opening *opening, size_t position, struct loaded_item **ret_item,
    struct err *err)
{
	ITEM *item = calloc(1, sizeof(*item));
	const struct item *asked = &opening->transcript->request.items.rows[position];

	if (item == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a version");
	item->position = position;
	TRY(store_get_secret(opening->session->store, &asked->secret, &item->secret, err));
	TRY(load_exhibit(opening, asked, item, err));
	judge(opening, asked, item);
	TRY(judge_opened(opening, item, err));
	TRY(load_shares(opening, item, err));
	*ret_item = TAKE(item);
	return ERR_OK;
}

enum err_code
opening_verdict(const struct opening *opening, int64_t now, enum verdict *ret_verdict,
    struct buf *ret_text, struct err *err)
{
	enum verdict worst = VERDICT_MET;
	size_t alive = 0;
	BUF words = {0};

	for (size_t i = 0; i < opening->count && opening->transcript->in_force; i++) {
		ITEM *item = NULL;
		BUF text = {0};
		int missing;

		TRY(item_load(opening, i, &item, err));
		if (item->stale[0] != '\0')
			continue;
		alive++;
		enum verdict verdict = exhibit_verdict(opening->transcript, item->exhibit,
		    &opening->session->chain, now, &missing, &text);
		verdict_worst(verdict, &text, &worst, &words);
	}
	if (alive == 0)
		worst = VERDICT_VOID;
	if (alive == 0)
		buf_text(&words,
		    opening->transcript->in_force ? "none of its versions can be opened any more" :
		                                    opening->transcript->why_void);
	buf_text(ret_text, words.size > 0 ? buf_string(&words) : "");
	*ret_verdict = worst;
	return buf_check(ret_text, err);
}

enum err_code
voice_store(struct session *session, const struct opening *opening, const struct dsse *statement,
    const struct voice_row *voice, struct err *err)
{
	struct voice_row row = *voice;
	LEAF leaf = leaf_new(row.denies ? "denial" : "approval");

	TRY(session_keep(session, statement, row.denies ? STATEMENT_DENIAL : STATEMENT_APPROVAL,
	    false, &row.statement, err));
	TRY(store_add_voice(session->store, &opening->row.id, &row, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(opening->row.id.bytes));
	leaf_text(&leaf, "seat", row.seat);
	leaf_bytes(&leaf, "token", VIEW_OF(row.token.bytes));
	leaf_statement(&leaf, &row.statement);
	return journal_add(session, &leaf, err);
}
