/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/secrets/reseal_due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_members.h"
#include "base/text.h"
#include "ceremony/server/secrets/walk.h"
#include "ceremony/server/vault/chain.h"
#include "vault/store/secret.h"

enum { SCANNED = 256, NAMED = 500, DAY = 86400 };

/* COUNT more; SECRET is one of them. */
static enum err_code
count_stale(struct reseal_due_summary *summary, uint64_t count, const struct secret_id *id,
    struct err *err)
{
	struct secret_row secret;
	struct stale stale;

	if (summary->count == 0) {
		TRY(store_get_secret(summary->session->store, id, &secret, err));
		TRY(stale_judge(summary->session, &secret, &stale, err));
		memcpy(summary->first, secret.name, sizeof(summary->first));
		memcpy(summary->why, stale.why, sizeof(summary->why));
	}
	summary->count += count;
	return ERR_OK;
}

static void
count_left(struct reseal_due_summary *summary, uint64_t count, int64_t left)
{
	summary->left_count += count;
	if (summary->left == 0 || left < summary->left)
		summary->left = left;
}

/* Those that officers opened shares of, and that are not too old, made from SINCE on. */
static enum err_code
count_exposed(struct reseal_due_summary *summary, const struct sealed_class *class, int64_t since,
    struct err *err)
{
	struct store *store = summary->session->store;
	struct sealed_row first;
	uint64_t count;
	size_t found;

	TRY(store_count_class(store, SEALED_EXPOSED, class, since, INT64_MAX, &count, err));
	if (count == 0)
		return ERR_OK;
	TRY(store_list_class(store, SEALED_EXPOSED, class, since, NULL, &first, 1, &found, err));
	return found == 0 ? ERR_OK : count_stale(summary, count, &first.secret, err);
}

/* Those made from SINCE on that are too old at UNTIL - MAX_AGE, exposed or not: these have been counted. */
static enum err_code
count_soon(struct reseal_due_summary *summary, const struct sealed_class *class, int64_t since,
    int64_t until, int64_t max_age, struct err *err)
{
	struct store *store = summary->session->store;
	struct sealed_row first;
	struct secret_row secret;
	uint64_t count, exposed;
	size_t found;

	TRY(store_count_class(store, SEALED_CURRENT, class, since, until, &count, err));
	if (count == 0)
		return ERR_OK;
	TRY(store_count_class(store, SEALED_EXPOSED, class, since, until, &exposed, err));
	TRY(store_list_class(store, SEALED_CURRENT, class, since, NULL, &first, 1, &found, err));
	if (count <= exposed || found == 0)
		return ERR_OK;
	if (summary->soon_count == 0 || first.created + max_age < summary->soon_at) {
		TRY(store_get_secret(store, &first.secret, &secret, err));
		memcpy(summary->soon, secret.name, sizeof(summary->soon));
		summary->soon_at = first.created + max_age;
	}
	summary->soon_count += count - exposed;
	return ERR_OK;
}

/* Of a class that nothing else is to be said against. */
static enum err_code
count_old(struct reseal_due_summary *summary, const struct class_member *member, int64_t max_age,
    struct err *err)
{
	const struct sealed_class *class = &member->place.class;
	int64_t oldest = session_now(summary->session) - max_age; /* created when, not too old */
	uint64_t old;

	TRY(store_count_class(summary->session->store, SEALED_CURRENT, class, 0, oldest, &old,
	    err));
	if (old > 0)
		TRY(count_stale(summary, old, &member->secret.id, err));
	TRY(count_exposed(summary, class, oldest, err));
	return count_soon(summary, class, oldest, oldest + STALE_SOON_DAYS * DAY, max_age, err);
}

enum err_code
reseal_due_add(struct reseal_due_summary *summary, const struct class_member *member,
    struct err *err)
{
	bool stale;
	int64_t left, max_age;

	TRY(stale_judge_class(summary->session, member, &stale, &left, &max_age, err));
	if (left != 0)
		count_left(summary, member->count, left);
	if (stale)
		return count_stale(summary, member->count, &member->secret.id, err);
	return count_old(summary, member, max_age, err);
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
    {"ordered", MEMBER_BOOL, FIELD(struct stale, ordered)},
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

/* Nothing where there is no such secret, or nothing is sealed yet. */
static enum err_code
add_named(struct session *session, struct json *array, const char *name, struct err *err)
{
	struct secret_row secret;
	struct stale stale;
	enum err_code code = store_find_secret(session->store, name, &secret, err);

	if (code == ERR_NOT_FOUND || (code == ERR_OK && secret.current == 0))
		return ERR_OK;
	TRY(code);
	TRY(stale_judge(session, &secret, &stale, err));
	add(array, &secret, &stale);
	return ERR_OK;
}

enum err_code
serve_reseal_find(struct session *session, struct call *call, struct err *err)
{
	const struct json *names = json_in_array(&call->in, "names", 1, NAMED);
	struct json *array = json_new_array();

	json_put(call->reply, "secrets", array);
	TRY(json_in_end(&call->in));
	for (size_t i = 0; i < json_array_count(names); i++) {
		const char *name = json_array_text(names, i);

		if (name == NULL || !text_is_name(name))
			return err_set(err, ERR_INVALID, "names[%zu] is no secret's name", i);
		TRY(add_named(session, array, name, err));
	}
	return ERR_OK;
}
