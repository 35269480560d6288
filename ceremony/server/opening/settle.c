/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto_key.h"
#include "base/file_lock.h"
#include "base/text.h"
#include "ceremony/server/opening/erase.h"
#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/opening/remember.h"
#include "ceremony/server/opening/shares.h"
#include "ceremony/server/opening/to_responder.h"
#include "ceremony/server/opening/to_target.h"
#include "ceremony/server/opening/to_vault.h"
#include "ceremony/server/rotation/taken.h"
#include "ceremony/server/vault/change.h"
#include "ceremony/server/vault/rehearsal.h"
#include "vault/store/debt.h"
#include "vault/store/opened.h"

enum { LOCK_SECONDS = 10 };

/* Where what is opened goes, and what is done of it together at the end; whether it leaves the vault, so that a
 * debt is owed before; what ends it.  A mode without a destination is refused when it is asked for. */
static const struct course {
	destination to;
	enum err_code (*rest)(struct delivery *delivery, size_t *ret_changed, struct err *err);
	bool owes;
	enum ceremony_event end;
} courses[MODES] = {
    [MODE_RELEASE] = {to_responder, NULL, true, EVENT_DELIVER},
    [MODE_RESEAL] = {to_vault, to_vault_end, false, EVENT_SETTLED},
    [MODE_ROTATE] = {to_target, NULL, true, EVENT_SETTLED},
};

static void
delivery_done(struct delivery *delivery)
{
	p256_key_free(delivery->key);
	secret_free(delivery->lease);
	item_freep(&delivery->item);
	resealing_free(delivery->resealing);
}
#define DELIVERY CLEANUP(delivery_done) struct delivery

static const struct course *
course_of(const struct delivery *delivery)
{
	return &courses[delivery->opening->row.mode];
}

/* --- Before the point of no return -------------------------------------------------------- */

/* What the database has of ROW is not what the officer sent: it is taken back, and the seat may hand it
 * over again. */
static enum err_code
take_back(struct delivery *delivery, const struct share_row *row, const struct err *cause,
    struct err *err)
{
	struct session *session = delivery->opening->session;
	LEAF leaf = leaf_new("shares-damaged");

	TRY(store_drop_share(session->store, &delivery->opening->row.id, row->position, row->seat,
	    err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(delivery->opening->row.id.bytes));
	leaf_int(&leaf, "item", row->position);
	leaf_text(&leaf, "seat", row->seat);
	TRY(journal_add(session, &leaf, err));
	(void)err_set(err, ERR_INTEGRITY,
	    "the stored shares of seat \"%s\" for %s are damaged (%.300s), so nothing is opened; they "
	    "are taken back, and the seat may approve again",
	    row->seat, delivery->item->secret.name, cause->text);
	return ERR_OK;
}

/* RET_DAMAGED: one was taken back; ERR says which. */
static enum err_code
check_item(struct delivery *delivery, bool *ret_damaged, struct err *err)
{
	const struct loaded_item *item = delivery->item;

	for (size_t i = 0; i < item->share_count && !*ret_damaged; i++) {
		SECRET *shares = NULL;
		struct err cause;
		enum err_code code;

		if (!item_counts(delivery->opening, &item->shares[i]))
			continue;
		code = share_open(delivery->opening, item, &item->shares[i], delivery->key, &shares,
		    &cause);
		if (code == ERR_MEMORY || code == ERR_IO)
			return err_set(err, code, "%s", cause.text);
		if (code == ERR_OK)
			continue;
		TRY(take_back(delivery, &item->shares[i], &cause, err));
		*ret_damaged = true;
	}
	return ERR_OK;
}

static enum err_code
load_next(struct delivery *delivery, size_t position, struct err *err)
{
	item_freep(&delivery->item);
	return item_load(delivery->opening, position, &delivery->item, err);
}

/* --- The decision ------------------------------------------------------------------------- */

static enum err_code
owe(struct delivery *delivery, struct err *err)
{
	struct opening *opening = delivery->opening;
	struct session *session = opening->session;
	struct item_row *row = &opening->items[delivery->item->position];
	bool leases = mode_releases(opening->row.mode), taken;
	LEAF leaf = leaf_new("opened");
	struct debt_row debt = {.secret = row->secret,
	    .old = row->version,
	    .state = DEBT_OWED,
	    .has_ceremony = leases,
	    .ceremony = opening->row.id,
	    .created = session_now(session),
	    .due = leases ? opening->row.expires : session_now(session)};

	TRY(debt_take(session, &debt, &taken, err));
	if (!taken)
		TRY(id_new(&debt.id, err));
	if (!taken)
		TRY(store_add_debt(session->store, &debt, err));
	TRY(store_add_opened(session->store, &row->secret, row->version, &opening->row.id, NULL,
	    err));
	row->has_debt = true;
	row->debt = debt.id;
	row->state = ITEM_OPENING;
	TRY(store_update_item(session->store, &opening->row.id, delivery->item->position, row,
	    err));
	TRY(void_secret(session, &row->secret, &opening->row.id,
	    "another ceremony opened the version", err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(opening->row.id.bytes));
	leaf_int(&leaf, "version", row->version);
	leaf_debt(&leaf, &debt);
	return journal_add(session, &leaf, err);
}

/* Not opened: the others go on. */
static enum err_code
skip(struct delivery *delivery, const char *note, struct err *err)
{
	LEAF leaf = leaf_new(delivery->item->damaged ? "damaged" : "skipped");

	if (delivery->item->damaged)
		TRY(store_set_part_exposed(delivery->opening->session->store,
		    &delivery->item->secret.id,
		    delivery->opening->items[delivery->item->position].version, err));
	leaf_text(&leaf, "reason", note);
	return item_record(delivery->opening, delivery->item->position,
	    delivery->item->damaged ? ITEM_DAMAGED : ITEM_SKIPPED, note, &leaf, err);
}

static enum err_code
sign_release(struct delivery *delivery, struct digest *ret_digest, struct err *err)
{
	struct opening *opening = delivery->opening;
	struct session *session = opening->session;
	const struct transcript *transcript = opening->transcript;
	JSON *payload = NULL;
	DSSE statement = {0};
	RELEASE release = {.vault = session->chain.vault,
	    .ceremony = opening->row.digest,
	    .recipient_count = transcript->request.recipients.count,
	    .released = opening->row.released,
	    .expires = opening->row.expires};

	release.items = calloc(opening->count, sizeof(*release.items));
	if (release.items == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a release");
	for (size_t i = 0; i < opening->count; i++)
		if (opening->items[i].has_debt)
			release.items[release.item_count++] =
			    (struct release_item){opening->items[i].secret,
			        opening->items[i].version,
			        transcript->ceremony.items.rows[i].header, opening->items[i].debt};
	for (size_t i = 0; i < release.recipient_count; i++)
		release.recipients[i] = transcript->request.recipients.rows[i].token;
	for (size_t i = 0; i < transcript->voice_count; i++) {
		const struct voice *voice = &transcript->voices[i];

		if (voice == transcript_approval(transcript, voice->seat) &&
		    release.approval_count < QUORUM_SEATS)
			release.approvals[release.approval_count++] = voice->digest;
	}
	TRY(ed25519_public(delivery->lease, &release.key, err));
	TRY(release_payload(&release, &payload, err));
	TRY(statement_new(STATEMENT_RELEASE, session->chain.charter->training, payload, &statement,
	    err));
	TRY(statement_sign_host(&statement, session->keys.statement, err));
	return session_keep(session, &statement, STATEMENT_RELEASE, false, ret_digest, err);
}

/* Inside the change, with the quorum met. */
static enum err_code
open_all(struct delivery *delivery, struct err *err)
{
	struct opening *opening = delivery->opening;
	struct session *session = opening->session;
	LEAF leaf = leaf_new("releasing");

	TRY(table_next(opening->row.state, EVENT_RELEASE, &opening->row.state, err));
	if (mode_releases(opening->row.mode)) {
		opening->row.released = session_now(session);
		opening->row.expires =
		    opening->row.released + opening->transcript->request.duration;
		opening->row.over = session_boot(session);
		opening->row.over.seconds += opening->transcript->request.duration;
	}
	for (size_t i = 0; i < opening->count; i++) {
		if (!delivery->stale[i] && !course_of(delivery)->owes)
			continue;
		TRY(load_next(delivery, i, err));
		if (delivery->item->stale[0] != '\0')
			TRY(skip(delivery, delivery->item->stale, err));
		else if (course_of(delivery)->owes)
			TRY(owe(delivery, err));
	}
	if (mode_releases(opening->row.mode)) {
		TRY(sign_release(delivery, &opening->row.release, err));
		leaf_statement(&leaf, &opening->row.release);
		TRY(remember_owed(delivery, err));
	}
	TRY(store_update_ceremony(session->store, &opening->row, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(opening->row.id.bytes));
	leaf_text(&leaf, "mode", mode_names[opening->row.mode]);
	leaf_int(&leaf, "count", (int64_t)opening->count);
	for (size_t i = 0; i < opening->transcript->voice_count; i++)
		if (!opening->transcript->voices[i].denies)
			leaf_statement(&leaf, &opening->transcript->voices[i].digest);
	return journal_add(session, &leaf, err);
}

/* Nobody needs its key any more. */
static enum err_code
erase_key(const struct opening *opening, struct err *err)
{
	if (opening->session->rehearses)
		return ERR_OK;
	return ceremony_key_erase(opening->session->folder, &opening->row.id, err);
}

static enum err_code
refuse(struct opening *opening, struct change *change, enum ceremony_event event,
    const char *reason, struct err *err)
{
	struct session *session = opening->session;

	TRY(ceremony_refuse(session, &opening->row, event, reason, err));
	TRY(change_commit(session, change, err));
	return erase_key(opening, err);
}

/* Every share that counts opens: else the ceremony goes on collecting. */
static enum err_code
check_all(struct delivery *delivery, bool *ret_damaged, struct err *err)
{
	*ret_damaged = false;
	for (size_t i = 0; i < delivery->opening->count && !*ret_damaged; i++) {
		TRY(load_next(delivery, i, err));
		delivery->stale[i] = delivery->item->stale[0] != '\0';
		if (!delivery->stale[i])
			TRY(check_item(delivery, ret_damaged, err));
	}
	return ERR_OK;
}

static enum err_code
decide_met(struct opening *opening, struct change *change, struct err *err)
{
	struct session *session = opening->session;
	DELIVERY delivery = {.opening = opening};
	bool damaged;
	enum err_code code;

	TRY(journal_check_clock(session, err));
	code = opening_keys(opening, &delivery.key, &delivery.lease, err);
	if (code == ERR_NOT_FOUND)
		return refuse(opening, change, EVENT_VOID,
		    "its key is gone from the vault's folder: nothing that it collected can be opened; "
		    "request again",
		    err);
	if (code != ERR_OK)
		return code;
	TRY(check_all(&delivery, &damaged, err));
	if (damaged) {
		struct err told = *err;

		TRY(change_commit(session, change, err));
		*err = told;
		session->told = true;
		return err->code;
	}
	TRY(open_all(&delivery, err));
	TRY(change_commit(session, change, err));
	return erase_ended(session, err); /* keys of those that became void */
}

/* COLLECTING to RELEASING when the quorum is met at this moment, to REFUSED when it never can be. */
static enum err_code
decide(struct session *session, const struct id *id, enum ceremony_state *ret_state,
    struct err *err)
{
	CHANGE change = {0};
	OPENING *opening = NULL;
	BUF text = {0};
	enum verdict verdict;

	TRY(change_begin(session, &change, err));
	TRY(opening_load(session, id, &opening, err));
	*ret_state = opening->row.state;
	if (opening->row.state != CEREMONY_COLLECTING)
		return ERR_OK;
	TRY(opening_verdict(opening, session_now(session), &verdict, &text, err));
	if (verdict == VERDICT_OPEN)
		return ERR_OK;
	if (verdict == VERDICT_MET)
		TRY(decide_met(opening, &change, err));
	else
		TRY(refuse(opening, &change, event_of(verdict),
		    text.size > 0 ? buf_string(&text) : "", err));
	*ret_state = opening->row.state;
	return ERR_OK;
}

/* --- Each item --------------------------------------------------------------------------- */

static bool
is_damage(enum err_code code)
{
	return code == ERR_INTEGRITY || code == ERR_CRYPTO || code == ERR_NOT_FOUND ||
	    code == ERR_WAITING || code == ERR_INVALID;
}

/* What officers opened does not give the credential: a person must look.  Nothing left the vault, so its
 * debt is void; but one that was an order's, of which the target may have a value, goes on as that. */
static enum err_code
damage(struct delivery *delivery, const char *why, struct err *err)
{
	struct opening *opening = delivery->opening;
	struct session *session = opening->session;
	const struct item_row *row = &opening->items[delivery->item->position];
	CHANGE change = {0};
	LEAF leaf = leaf_new("damaged");
	struct debt_row debt;

	session_alarm(session, delivery->item->secret.name, "nothing could be opened: %s", why);
	TRY(change_begin(session, &change, err));
	if (row->has_debt) {
		TRY(store_get_debt(session->store, &row->debt, &debt, err));
		TRY(debt_void(session, &debt, "nothing could be opened", err));
		leaf_debt(&leaf, &debt);
		if (debt.untried) /* from now on this ceremony has nothing to do with it */
			opening->items[delivery->item->position].has_debt = false;
	}
	TRY(store_set_part_exposed(session->store, &row->secret, row->version, err));
	leaf_text(&leaf, "reason", why);
	TRY(item_record(opening, delivery->item->position, ITEM_DAMAGED, why, &leaf, err));
	return delivery_commit(delivery, &change, 1, err);
}

/* What may have changed since the decision: a resealing is not exclusive until it is done. */
static enum err_code
give_up(struct delivery *delivery, struct err *err)
{
	CHANGE change = {0};

	TRY(change_begin(delivery->opening->session, &change, err));
	TRY(skip(delivery, delivery->item->stale, err));
	return delivery_commit(delivery, &change, 1, err);
}

static enum err_code
settle(struct delivery *delivery, struct err *err)
{
	SECRET *credential = NULL;
	struct err cause;
	enum err_code code;

	if (delivery->key == NULL)
		return damage(delivery, "the key of this ceremony is gone", err);
	code = item_combine(delivery->opening, delivery->item, delivery->key, &credential, &cause);
	if (is_damage(code))
		return damage(delivery, cause.text, err);
	if (code != ERR_OK) {
		*err = cause;
		return code;
	}
	return course_of(delivery)->to(delivery, credential, err);
}

static bool
is_settled(const struct item_row *row)
{
	return row->state != ITEM_WAITING && row->state != ITEM_OPENING;
}

/* Outside a change: what is read for it is read together. */
static enum err_code
load_now(struct delivery *delivery, size_t position, struct err *err)
{
	READING reading = NULL;

	if (!delivery->opening->session->rehearses)
		TRY(reading_begin(delivery->opening->session, &reading, err));
	return load_next(delivery, position, err);
}

static enum err_code
settle_next(struct delivery *delivery, size_t position, struct err *err)
{
	TRY(load_now(delivery, position, err));
	return delivery->item->stale[0] != '\0' &&
	        delivery->opening->items[position].state == ITEM_WAITING ?
	    give_up(delivery, err) :
	    settle(delivery, err);
}

/* All that are left, once.  RET_CHANGED: some were changed by others meanwhile, and are left still. */
static enum err_code
settle_each(struct delivery *delivery, size_t *ret_changed, struct err *err)
{
	const struct opening *opening = delivery->opening;

	*ret_changed = 0;
	for (size_t i = 0; i < opening->count; i++)
		if (!is_settled(&opening->items[i]))
			TRY(settle_next(delivery, i, err));
	return course_of(delivery)->rest != NULL ?
	    course_of(delivery)->rest(delivery, ret_changed, err) :
	    ERR_OK;
}

static enum err_code
settle_again(struct delivery *delivery, struct err *err)
{
	size_t changed;

	TRY(settle_each(delivery, &changed, err));
	if (changed > 0)
		TRY(settle_each(delivery, &changed, err));
	if (changed > 0)
		return err_set(err, ERR_BUSY, "others changed %zu %s meanwhile, twice", changed,
		    text_plural(changed, "secret", "secrets"));
	return ERR_OK;
}

static enum err_code
settle_all(struct delivery *delivery, struct err *err)
{
	const struct opening *opening = delivery->opening;

	for (size_t i = 0; i < opening->count; i++)
		delivery->settled += is_settled(&opening->items[i]);
	enum err_code code = settle_again(delivery, err);
	if (code != ERR_OK && opening->count > 1)
		return err_add(err, "%zu of %zu are done; the next command goes on",
		    delivery->settled, opening->count);
	return code;
}

static enum err_code
close_settled(struct delivery *delivery, struct err *err)
{
	struct opening *opening = delivery->opening;
	struct session *session = opening->session;
	CHANGE change = {0};
	int64_t counts[ITEM_STATES] = {0};

	for (size_t i = 0; i < opening->count; i++)
		counts[opening->items[i].state]++;
	bool nothing = mode_releases(opening->row.mode) && counts[ITEM_DONE] == 0;
	LEAF leaf = leaf_new(mode_releases(opening->row.mode) && !nothing ? "released" : "closed");
	TRY(change_begin(session, &change, err));
	TRY(table_next(opening->row.state, nothing ? EVENT_DAMAGE : course_of(delivery)->end,
	    &opening->row.state, err));
	for (size_t i = 0; nothing && i < opening->count; i++)
		if (opening->items[i].note[0] != '\0')
			plain_text(opening->items[i].note, opening->row.reason,
			    sizeof(opening->row.reason));
	TRY(store_update_ceremony(session->store, &opening->row, err));
	TRY(remember_note(delivery, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(opening->row.id.bytes));
	for (int state = ITEM_DONE; state < ITEM_STATES; state++)
		leaf_int(&leaf, item_state_names[state], counts[state]);
	TRY(journal_add(session, &leaf, err));
	TRY(change_commit(session, &change, err));
	return erase_key(opening, err);
}

static enum err_code
finish_locked(struct session *session, const struct id *id, struct err *err)
{
	OPENING *opening = NULL;
	DELIVERY delivery = {0};
	enum err_code code;

	TRY(opening_load(session, id, &opening, err));
	if (opening->row.state != CEREMONY_RELEASING)
		return ERR_OK; /* another session was faster */
	if (!session->rehearses)
		TRY(store_settle(session->store, err));
	delivery.opening = opening;
	code = opening_keys(opening, &delivery.key, &delivery.lease, err);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	TRY(remember_send(&delivery, err));
	TRY(settle_all(&delivery, err));
	return close_settled(&delivery, err);
}

static enum err_code
finish(struct session *session, const struct id *id, struct err *err)
{
	FILE_LOCK *lock = NULL;
	char path[4096];

	TRY(journal_check_clock(session, err));
	if (session->rehearses)
		return finish_locked(session, id, err);
	TRY(host_id_path(session->folder, "ceremony", id, ".lock", path, err));
	TRY(file_lock(path, "release", LOCK_SECONDS, &lock, err));
	TRY(finish_locked(session, id, err));
	/* Whoever waits for the lock sees under it that nothing is left to do. */
	return file_erase(path, err);
}

static enum err_code
advance(struct session *session, const void *id, struct err *err)
{
	enum ceremony_state state = CEREMONY_COLLECTING;

	TRY(decide(session, id, &state, err));
	return state == CEREMONY_RELEASING ? finish(session, id, err) : ERR_OK;
}

enum err_code
ceremony_can_advance(struct session *session, const struct id *id, bool *ret_can, struct err *err)
{
	OPENING *opening = NULL;
	enum verdict verdict = VERDICT_OPEN;
	BUF text = {0};

	TRY(opening_load(session, id, &opening, err));
	if (opening->row.state == CEREMONY_COLLECTING)
		TRY(opening_verdict(opening, session_now(session), &verdict, &text, err));
	*ret_can = opening->row.state == CEREMONY_RELEASING || verdict != VERDICT_OPEN;
	return ERR_OK;
}

/* At one state, outside a change. */
static enum err_code
look(struct session *session, const struct id *id, bool *ret_can, struct err *err)
{
	READING reading = NULL;

	if (!session->rehearses)
		TRY(reading_begin(session, &reading, err));
	return ceremony_can_advance(session, id, ret_can, err);
}

enum err_code
ceremony_advance(struct session *session, const struct id *id, struct err *err)
{
	bool can;

	TRY(look(session, id, &can, err));
	if (!can)
		return ERR_OK;
	TRY(rehearse(session, advance, id, err));
	return advance(session, id, err);
}
