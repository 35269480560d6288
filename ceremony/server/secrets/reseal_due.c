/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/secrets/reseal_due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_members.h"
#include "ceremony/server/secrets/stale.h"
#include "ceremony/server/secrets/walk.h"
#include "ceremony/server/vault/chain.h"
#include "vault/store/sealed.h"
#include "vault/store/secret.h"

enum { STEP = 64, SCANNED = 256 };

/* Would the same policies seal to the same tokens under A and B? */
static bool
seal_alike(const struct charter *a, const struct charter *b)
{
	const struct seat_token *found;

	if (a->policy_count != b->policy_count || a->seat_count != b->seat_count)
		return false;
	for (size_t i = 0; i < a->policy_count; i++)
		if (strcmp(a->policies[i].name, b->policies[i].name) != 0 ||
		    strcmp(a->policies[i].quorum_text, b->policies[i].quorum_text) != 0)
			return false;
	for (size_t i = 0; i < a->seat_count; i++) {
		if (a->seats[i].token_count != b->seats[i].token_count)
			return false;
		for (size_t j = 0; j < a->seats[i].token_count; j++)
			if (seat_by_token(b->seats, b->seat_count, &a->seats[i].tokens[j].id,
			        &found) == NULL)
				return false;
	}
	return true;
}

struct summing {
	struct session *session;
	size_t left; /* versions that may still be looked at */
	struct reseal_due_summary *summary;
};

static enum err_code
sum_one(struct summing *summing, const struct secret_id *id, struct err *err)
{
	struct reseal_due_summary *summary = summing->summary;
	struct secret_row secret;
	struct stale stale;

	TRY(store_get_secret(summing->session->store, id, &secret, err));
	TRY(stale_judge(summing->session, &secret, &stale, err));
	if (!stale.stale)
		return ERR_OK;
	if (summary->count++ == 0) {
		memcpy(summary->first, secret.name, sizeof(summary->first));
		memcpy(summary->why, stale.why, sizeof(summary->why));
	}
	if (stale.left == 0)
		return ERR_OK;
	summary->left_count++;
	if (summary->left == 0 || stale.left < summary->left)
		summary->left = stale.left;
	return ERR_OK;
}

static enum err_code
sum_charter(struct summing *summing, const struct digest *charter, struct err *err)
{
	struct sealed_row rows[STEP];
	struct sealed_row last;
	const struct sealed_row *after = NULL;
	size_t count;

	do {
		TRY(store_list_sealed_under(summing->session->store, charter, after, rows, STEP,
		    &count, err));
		for (size_t i = 0; i < count; i++) {
			if (summing->left == 0) {
				summing->summary->more = true;
				return ERR_OK;
			}
			summing->left--;
			TRY(sum_one(summing, &rows[i].secret, err));
			last = rows[i];
			after = &last;
		}
	} while (count == STEP);
	return ERR_OK;
}

/* Can what was sealed under the charter with this digest differ from what would be sealed today? */
static enum err_code
may_differ(const struct session *session, const struct digest *digest, bool *ret_may,
    struct err *err)
{
	*ret_may = true;
	for (size_t i = session->chain.charter_count; *ret_may && i > 0; i--) {
		const struct charter *charter;

		TRY(chain_charter(&session->chain, i - 1, &charter, err));
		if (digest_equal(&charter->digest, digest)) {
			*ret_may = !seal_alike(charter, session->chain.charter);
			return ERR_OK;
		}
	}
	return ERR_OK;
}

enum err_code
reseal_due_summarize(struct session *session, size_t limit, struct reseal_due_summary *ret_summary,
    struct err *err)
{
	struct summing summing = {.session = session, .left = limit, .summary = ret_summary};
	struct digest charter;

	*ret_summary = (struct reseal_due_summary){0};
	enum err_code code = store_next_sealed_under(session->store, NULL, &charter, err);
	while (code == ERR_OK) {
		bool may;

		TRY(may_differ(session, &charter, &may, err));
		if (may)
			TRY(sum_charter(&summing, &charter, err));
		code = store_next_sealed_under(session->store, &charter, &charter, err);
	}
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

static const struct member secret_members[] = {
    {"secret", MEMBER_HEX, FIELD(struct secret_row, id)},
    {"name", MEMBER_TEXT, FIELD(struct secret_row, name)},
    {"version", MEMBER_NUMBER, FIELD(struct secret_row, current)},
    {NULL},
};
static const struct member stale_members[] = {
    {"definition", MEMBER_HEX, FIELD(struct stale, definition)},
    {"header", MEMBER_HEX, FIELD(struct stale, header)},
    {"why", MEMBER_TEXT, FIELD(struct stale, why)},
    {"left", MEMBER_NUMBER, FIELD(struct stale, left)},
    {"can", MEMBER_BOOL, FIELD(struct stale, can)},
    {"cannot", MEMBER_TEXT, FIELD(struct stale, cannot)},
    {NULL},
};

static void
add(struct json *array, const struct secret_row *secret, const struct stale *stale)
{
	struct json *object = json_new_object();

	members_put(object, secret_members, secret);
	members_put(object, stale_members, stale);
	json_add(array, object);
}

enum err_code
serve_reseal_list(struct session *session, struct call *call, struct err *err)
{
	const char *after = json_in_text(&call->in, "after", 0, SEAT_NAME_MAX);
	bool all = json_in_bool(&call->in, "all");
	struct secret_walk walk = {.store = session->store};
	const struct secret_row *secret;
	JSON *array = json_new_array();
	size_t count = 0;

	TRY(json_in_end(&call->in));
	snprintf(walk.after, sizeof(walk.after), "%s", after);
	for (; count < SCANNED; count++) {
		struct stale stale;

		TRY(secret_walk_next(&walk, &secret, err));
		if (secret == NULL)
			break;
		if (secret->current == 0)
			continue;
		TRY(stale_judge(session, secret, &stale, err));
		if (stale.stale || all)
			add(array, secret, &stale);
	}
	json_put(call->reply, "secrets", TAKE(array));
	json_put_text(call->reply, "next", count == SCANNED ? walk.after : "");
	return ERR_OK;
}
