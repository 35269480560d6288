/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/refuse.h"

#include <stdlib.h>
#include <string.h>

#include "ceremony/server/opening/ceremony.h"
#include "ceremony/server/vault/log.h"
#include "vault/store/secret.h"

enum ceremony_event
event_of(enum verdict verdict)
{
	return verdict == VERDICT_EXPIRED ? EVENT_EXPIRE :
	    verdict == VERDICT_VOID       ? EVENT_VOID :
	                                    EVENT_REFUSE;
}

/* Officers who were given envelopes may have opened them. */
static enum err_code
is_approved(struct session *session, const struct id *id, bool *ret_is, struct err *err)
{
	struct voice_row voices[CEREMONY_VOICES];
	size_t count;

	TRY(store_list_voices(session->store, id, voices, CEREMONY_VOICES, &count, err));
	*ret_is = false;
	for (size_t i = 0; i < count; i++)
		*ret_is |= !voices[i].denies;
	return ERR_OK;
}

static enum err_code
mark_exposed(struct session *session, const struct id *id, size_t *ret_exposed, struct err *err)
{
	struct item_row items[CEREMONY_ITEMS];
	size_t item_count;
	bool approved;

	TRY(is_approved(session, id, &approved, err));
	TRY(store_list_items(session->store, id, items, CEREMONY_ITEMS, &item_count, err));
	for (size_t i = 0; approved && i < item_count; i++)
		TRY(store_set_part_exposed(session->store, &items[i].secret, items[i].version,
		    err));
	*ret_exposed = approved ? item_count : 0;
	return ERR_OK;
}

enum err_code
ceremony_refuse(struct session *session, struct ceremony_row *row, enum ceremony_event event,
    const char *reason, struct err *err)
{
	LEAF leaf = leaf_new("refused");
	size_t exposed;

	if (event == EVENT_EXPIRE)
		leaf.at =
		    row->deadline; /* so that who only looks, by a clock that is ahead, moves the log no further */
	TRY(table_next(row->state, event, &row->state, err));
	plain_text(reason, row->reason, sizeof(row->reason));
	TRY(store_update_ceremony(session->store, row, err));
	TRY(store_erase_shares(session->store, &row->id, -1, err));
	TRY(mark_exposed(session, &row->id, &exposed, err));
	leaf_bytes(&leaf, "ceremony", VIEW_OF(row->id.bytes));
	leaf_text(&leaf, "reason", row->reason);
	leaf_int(&leaf, "exposed", (int64_t)exposed);
	return journal_add(session, &leaf, err);
}

/* Does the ceremony of ROW fall under what CONTEXT says? */
typedef enum err_code (*falls_under)(struct session *session, const struct ceremony_row *row,
    const void *context, bool *ret_falls, struct err *err);

static enum err_code
void_those(struct session *session, falls_under test, const void *context, const char *reason,
    struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;

	TRY(store_list_ceremonies(session->store, 1u << CEREMONY_COLLECTING, &rows, &count, err));
	for (size_t i = 0; i < count; i++) {
		bool falls = true;

		if (test != NULL)
			TRY(test(session, &rows[i], context, &falls, err));
		if (falls)
			TRY(ceremony_refuse(session, &rows[i], EVENT_VOID, reason, err));
	}
	return ERR_OK;
}

enum err_code
void_all(struct session *session, const char *reason, struct err *err)
{
	return void_those(session, NULL, NULL, reason, err);
}

struct about_secret {
	const struct secret_id *secret;
	const struct id *except;
};

static enum err_code
is_about_secret(struct session *session, const struct ceremony_row *row, const void *context,
    bool *ret_falls, struct err *err)
{
	const struct about_secret *about = context;
	struct item_row items[2];
	size_t count;

	*ret_falls = false;
	if (about->except != NULL && memcmp(about->except, &row->id, sizeof(row->id)) == 0)
		return ERR_OK;
	TRY(store_list_items(session->store, &row->id, items, ARRAY_SIZE(items), &count, err));
	*ret_falls =
	    count == 1 && memcmp(&items[0].secret, about->secret, sizeof(items[0].secret)) == 0;
	return ERR_OK;
}

enum err_code
void_secret(struct session *session, const struct secret_id *secret, const struct id *except,
    const char *reason, struct err *err)
{
	const struct about_secret about = {secret, except};

	return void_those(session, is_about_secret, &about, reason, err);
}

static enum err_code
names_secret(struct session *session, const struct ceremony_row *row, const void *context,
    bool *ret_falls, struct err *err)
{
	return store_has_item(session->store, &row->id, context, ret_falls, err);
}

enum err_code
void_naming(struct session *session, const struct secret_id *secret, const char *reason,
    struct err *err)
{
	return void_those(session, names_secret, secret, reason, err);
}

enum err_code
is_being_approved(struct session *session, unsigned states, const struct secret_id *secret,
    const struct id *except, bool *ret_is, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;

	*ret_is = false;
	TRY(store_list_ceremonies(session->store, states, &rows, &count, err));
	for (size_t i = 0; i < count && !*ret_is; i++) {
		if (except != NULL && memcmp(&rows[i].id, except, sizeof(*except)) == 0)
			continue;
		TRY(store_has_item(session->store, &rows[i].id, secret, ret_is, err));
		if (*ret_is)
			TRY(is_approved(session, &rows[i].id, ret_is, err));
	}
	return ERR_OK;
}

enum err_code
expose_asked(struct session *session, const struct secret_id *secret, uint32_t version,
    const struct id *except, bool *ret_exposed, struct err *err)
{
	TRY(is_being_approved(session, 1u << CEREMONY_COLLECTING, secret, except, ret_exposed,
	    err));
	return *ret_exposed ? store_set_part_exposed(session->store, secret, version, err) : ERR_OK;
}

static enum err_code
is_of_seat(struct session *session, const struct ceremony_row *row, const void *context,
    bool *ret_falls, struct err *err)
{
	(void)session;
	(void)err;
	*ret_falls = strcmp(row->requester, context) == 0;
	return ERR_OK;
}

enum err_code
void_seat(struct session *session, const char *seat, const char *reason, struct err *err)
{
	return void_those(session, is_of_seat, seat, reason, err);
}

struct about_time {
	int64_t time;
	uint64_t *count;
};

static enum err_code
is_later(struct session *session, const struct ceremony_row *row, const void *context,
    bool *ret_falls, struct err *err)
{
	const struct about_time *about = context;

	(void)session;
	(void)err;
	*ret_falls = row->created > about->time;
	*about->count += *ret_falls;
	return ERR_OK;
}

enum err_code
void_future(struct session *session, int64_t time, const char *reason, uint64_t *ret_count,
    struct err *err)
{
	const struct about_time about = {time, ret_count};

	*ret_count = 0;
	return void_those(session, is_later, &about, reason, err);
}

static enum err_code
names_token(struct session *session, const struct ceremony_row *row, const void *context,
    bool *ret_falls, struct err *err)
{
	DSSE statement = {0};
	REQUEST request = {0};
	const struct digest *token = context;

	TRY(session_statement(session, &row->request, "request", &statement, err));
	TRY(request_parse(&statement, session->chain.charter->training, &request, err));
	*ret_falls = digest_equal(&request.token, token);
	for (size_t i = 0; i < request.recipients.count; i++)
		*ret_falls |= digest_equal(&request.recipients.rows[i].token, token);
	return ERR_OK;
}

enum err_code
void_token(struct session *session, const struct digest *token, const char *reason, struct err *err)
{
	return void_those(session, names_token, token, reason, err);
}

enum err_code
none_releasing(struct session *session, struct err *err)
{
	CEREMONY_ROWS *rows = NULL;
	size_t count;

	TRY(store_list_ceremonies(session->store, 1u << CEREMONY_RELEASING, &rows, &count, err));
	if (count > 0)
		return err_set(err, ERR_BUSY,
		    "a ceremony is releasing just now and must finish first; try again, and look at "
		    "'halligan status'");
	return ERR_OK;
}
