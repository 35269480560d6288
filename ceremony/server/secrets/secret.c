/* SPDX-License-Identifier: Apache-2.0 */
/* What is sealed here: names, definitions, versions.  Nothing of what is in them. */
#include "ceremony/server/secrets/secret.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/rows.h"
#include "ceremony/server/opening/spare_envelopes.h"
#include "ceremony/server/rotation/candidates.h"
#include "ceremony/server/rotation/wait.h"
#include "ceremony/server/secrets/walk.h"
#include "ceremony/server/vault/chain.h"
#include "vault/store/debt.h"
#include "vault/store/opened.h"
#include "vault/store/secret.h"

enum { LIST_MAX = 500 };

static enum err_code
released(struct session *session, const struct secret_row *row, bool *ret_released, struct err *err)
{
	struct id opener;
	enum err_code code = store_get_opened(session->store, &row->id, row->current, &opener, err);

	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	*ret_released = code == ERR_OK;
	return ERR_OK;
}

/* "retired"; "defined": it has no version yet; the state of an open debt; "released"; of a death that is watched; "sealed". */
static enum err_code
state_name(struct session *session, const struct secret_row *row, const char **ret_name,
    struct err *err)
{
	struct debt_row debt;
	bool out;
	enum err_code code;

	*ret_name = row->retired ? "retired" : "defined";
	if (row->retired || row->newest == 0)
		return ERR_OK;
	code = store_open_debt(session->store, &row->id, &debt, err);
	if (code == ERR_OK) {
		*ret_name = debt_state_names[debt.state];
		return ERR_OK;
	}
	if (code != ERR_NOT_FOUND)
		return code;
	TRY(released(session, row, &out, err));
	*ret_name = out ? "released" : "sealed";
	if (out)
		return ERR_OK;
	code = store_newest_watch(session->store, &row->id, &debt, err);
	if (code == ERR_OK)
		*ret_name = debt_state_names[debt.state];
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

static enum err_code
add_secret(struct session *session, struct json *array, const struct secret_row *row,
    struct err *err)
{
	DEFINITION definition = {0};
	struct secret_listed listed = {.name = row->name,
	    .current = row->current,
	    .policy = definition.policy,
	    .rotator = definition.rotator};

	TRY(chain_signed_definition(session, &row->definition, &definition, err));
	TRY(state_name(session, row, &listed.state, err));
	members_add(array, secret_listed_members, &listed);
	return ERR_OK;
}

enum err_code
serve_secret_list(struct session *session, struct call *call, struct err *err)
{
	const char *after = json_in_text(&call->in, "after", 0, SEAT_NAME_MAX);
	size_t max = (size_t)json_in_int(&call->in, "max", 1, LIST_MAX);
	struct secret_walk walk = {.store = session->store};
	const struct secret_row *secret;
	JSON *array = json_new_array();

	TRY(json_in_end(&call->in));
	snprintf(walk.after, sizeof(walk.after), "%s", after);
	TRY(secret_walk_next(&walk, &secret, err));
	for (; secret != NULL && max > 0; max--) {
		TRY(add_secret(session, array, secret, err));
		TRY(secret_walk_next(&walk, &secret, err));
	}
	json_put(call->reply, "secrets", TAKE(array));
	json_put_bool(call->reply, "more", secret != NULL);
	return ERR_OK;
}

static const struct member owed_members[] = {
    {"state", MEMBER_CHOICE, FIELD(struct debt_row, state), .choices = debt_state_names},
    {"due", MEMBER_TIME, FIELD(struct debt_row, due)},
    {"tries", MEMBER_NUMBER, FIELD(struct debt_row, tries)},
    {"note", MEMBER_TEXT, FIELD(struct debt_row, note)},
    {"untried", MEMBER_BOOL, FIELD(struct debt_row, untried)},
    {NULL},
};
static const struct member debt_members[] = {
    {"debt", MEMBER_OBJECT, .members = owed_members},
    {NULL},
};

static enum err_code
put_debt(struct session *session, struct json *reply, const struct secret_row *row, bool whole,
    struct err *err)
{
	struct debt_row debt;
	enum err_code code = store_open_debt(session->store, &row->id, &debt, err);

	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code != ERR_OK)
		return code;
	members_put(reply, debt_members, &debt);
	if (!whole)
		return ERR_OK;
	struct json *values = json_new_array();
	json_put(reply, "values", values);
	return candidates_tell(session, &debt, values, err);
}

/* How the death of the last old version is known, once nothing of it is owed any more. */
static enum err_code
put_rotation(struct session *session, struct json *reply, const struct secret_row *row,
    struct err *err)
{
	struct debt_row last;
	enum err_code code = store_last_debt(session->store, &row->id, &last, err);

	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code != ERR_OK || !last.has_statement)
		return code;
	return session_put_statement(session, reply, "rotation", &last.statement, err);
}

static enum err_code
put_deaths(struct session *session, struct json *reply, const struct secret_row *row,
    struct err *err)
{
	struct debt_row rows[DEBT_WATCHES_MAX];
	struct json *array = json_new_array();
	size_t count;

	json_put(reply, "deaths", array);
	TRY(store_list_watches(session->store, &row->id, rows, DEBT_WATCHES_MAX, &count, err));
	for (size_t i = 0; i < count; i++) {
		char words[NOTE_TEXT_MAX + 1];

		wait_death(&rows[i], session_now(session), words);
		const struct death_told told = {.version = rows[i].old,
		    .state = debt_state_names[rows[i].state],
		    .words = words,
		    .note = rows[i].note};
		members_add(array, death_told_members, &told);
	}
	return ERR_OK;
}

/* Tokens that can open the current version beside those it was sealed to. */
static enum err_code
put_spares(struct session *session, struct json *reply, const struct version_row *version,
    struct err *err)
{
	struct reach_spares spares = {0};
	HEADER *header = NULL;

	if (version->header.size > 0) {
		TRY(header_new(&header, err));
		TRY(header_decode(buf_view(&version->header), header, err));
		TRY(spares_load_reach(session, header, &spares, err));
	}
	spares_put(reply, &spares);
	return ERR_OK;
}

struct earlier {
	struct session *session;
	const struct json *known;   /* as below */
	struct json *reply, *array; /* array: NULL until there is one */
};

/* Is DIGEST one of the statements KNOWN, which the client has?  NULL: it has none. */
static bool
is_known(const struct json *known, const struct digest *digest)
{
	char hex[2 * DIGEST_SIZE + 1];

	text_hex(VIEW_OF(digest->bytes), hex);
	for (size_t i = 0; known != NULL && i < json_array_count(known); i++) {
		const char *text = json_array_text(known, i);

		if (text != NULL && strcmp(text, hex) == 0)
			return true;
	}
	return false;
}

static enum err_code
add_earlier(void *context, const struct digest *which, struct err *err)
{
	struct earlier *earlier = context;
	DSSE statement = {0};

	if (is_known(earlier->known, which))
		return ERR_OK;
	TRY(session_statement(earlier->session, which, "secret", &statement, err));
	if (earlier->array == NULL) {
		earlier->array = json_new_array();
		json_put(earlier->reply, "earlier", earlier->array);
	}
	add_statement(earlier->array, &statement);
	return ERR_OK;
}

/* The changes since the current version was sealed. */
static enum err_code
put_earlier(struct session *session, const struct json *known, struct json *reply,
    const struct secret_row *row, const struct version_row *version, struct err *err)
{
	struct earlier earlier = {session, known, reply, NULL};
	HEADER *header = NULL;

	if (version->header.size == 0)
		return ERR_OK;
	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&version->header), header, err));
	return chain_each_earlier(session, &row->definition, &header->definition, add_earlier,
	    &earlier, err);
}

static enum err_code
find_named(struct session *session, const char *name, struct secret_row *ret_row, struct err *err)
{
	enum err_code code = store_find_secret(session->store, name, ret_row, err);

	return code != ERR_NOT_FOUND ?
	    code :
	    err_set(err, ERR_NOT_FOUND,
	        "there is no secret \"%s\"; 'halligan secret list' shows them", name);
}

/* The statement that holds it, or its digest where the client has it. */
static enum err_code
put_definition(struct session *session, const struct json *known, struct json *reply,
    const struct secret_row *row, struct err *err)
{
	DSSE definition = {0};
	struct digest which;

	TRY(chain_secret_which(session, &row->definition, &which, err));
	if (is_known(known, &which)) {
		json_put_hex(reply, "known", VIEW_OF(which.bytes));
		return ERR_OK;
	}
	TRY(chain_secret_statement(session, &row->definition, &definition, err));
	put_statement(reply, "definition", &definition);
	return ERR_OK;
}

enum { KNOWN_MAX = 16 };

enum err_code
serve_secret_find(struct session *session, struct call *call, struct err *err)
{
	const char *name = json_in_text(&call->in, "name", 1, SEAT_NAME_MAX);
	const struct json *known = json_in_has(&call->in, "known") ?
	    json_in_array(&call->in, "known", 1, KNOWN_MAX) :
	    NULL;
	struct secret_row row;
	VERSION_ROW version = {0};
	bool out, wants = json_in_has(&call->in, "rotation") && json_in_bool(&call->in, "rotation");

	TRY(json_in_end(&call->in));
	TRY(find_named(session, name, &row, err));
	if (row.current != 0)
		TRY(store_get_version(session->store, &row.id, row.current, &version, err));
	TRY(released(session, &row, &out, err));
	TRY(put_definition(session, known, call->reply, &row, err));
	TRY(put_earlier(session, known, call->reply, &row, &version, err));
	json_put_int(call->reply, "current", row.current);
	json_put_int(call->reply, "newest", row.newest);
	json_put_bool(call->reply, "part_exposed", version.part_exposed);
	json_put_bool(call->reply, "released", out);
	TRY(put_debt(session, call->reply, &row, wants, err));
	TRY(put_deaths(session, call->reply, &row, err));
	if (wants)
		TRY(put_rotation(session, call->reply, &row, err));
	TRY(put_spares(session, call->reply, &version, err));
	buf_bytes(&call->out, buf_view(&version.header));
	return buf_check(&call->out, err);
}
