/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A secret whose current version and pending one would both be lost is one secret: classes of current versions come
 * first, and are counted; of pending versions each row is looked at, since each has a debt, and they are few.
 */
#include "ceremony/server/documents/openable.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vault/store/debt.h"

enum { STEP = 32 };

int
openable_margin(const struct charter *charter, const struct suspensions *suspended,
    const struct class_member *member)
{
	struct reach_spares spares;
	struct reach reach;
	const struct policy *policy = charter_policy(charter, member->definition.policy);

	spares_reach(&member->spares, &spares);
	reach_of(charter, suspended, member->header, &spares, &member->quorum,
	    policy != NULL ? &policy->quorum : NULL, &reach);
	return reach.margin;
}

struct comparison {
	struct session *session;
	const struct charter *before, *after;
	const struct suspensions *now, *suspended;
	struct buf classes; /* of current versions that would be lost */
	struct survey_lost lost;
};

static void
comparison_done(struct comparison *comparison)
{
	buf_done(&comparison->classes);
}

/* What nobody can open today no document can make worse. */
static bool
would_be_lost(const struct comparison *comparison, const struct class_member *member)
{
	return openable_margin(comparison->after, comparison->suspended, member) < 0 &&
	    openable_margin(comparison->before, comparison->now, member) >= 0;
}

static bool
was_counted(const struct comparison *comparison, const struct digest *class)
{
	const struct buf *classes = &comparison->classes;

	for (size_t at = 0; at < classes->size; at += SEALED_CLASS_SIZE)
		if (memcmp(classes->data + at, class->bytes, SEALED_CLASS_SIZE) == 0)
			return true;
	return false;
}

static void
add_name(struct survey_lost *lost, const char *name)
{
	if (lost->name_count < SURVEY_NAMES)
		memcpy(lost->names[lost->name_count++], name, SEAT_NAME_MAX + 1);
}

/* All of its class. */
static enum err_code
count_current(struct comparison *comparison, const struct class_member *member, struct err *err)
{
	struct survey_lost *lost = &comparison->lost;
	struct store *store = comparison->session->store;
	struct sealed_row rows[SURVEY_NAMES];
	size_t count;

	buf_bytes(&comparison->classes, VIEW_OF(member->place.class.bytes));
	lost->count += member->count;
	TRY(store_list_class(store, SEALED_CURRENT, &member->place.class, 0, NULL, rows,
	    SURVEY_NAMES - lost->name_count, &count, err));
	for (size_t i = 0; i < count; i++) {
		struct secret_row secret;

		TRY(store_get_secret(store, &rows[i].secret, &secret, err));
		add_name(lost, secret.name);
	}
	return buf_check(&comparison->classes, err);
}

static enum err_code
count_one(struct comparison *comparison, const struct secret_id *id, struct err *err)
{
	struct store *store = comparison->session->store;
	VERSION_ROW current = {0};
	struct secret_row secret;

	TRY(store_get_secret(store, id, &secret, err));
	if (secret.current > 0) {
		TRY(store_get_version(store, id, secret.current, &current, err));
		if (was_counted(comparison, &current.class))
			return ERR_OK;
	}
	add_name(&comparison->lost, secret.name);
	comparison->lost.count++;
	return ERR_OK;
}

static enum err_code
count_pending(struct comparison *comparison, const struct class_member *member, struct err *err)
{
	struct sealed_row rows[STEP], last;
	const struct sealed_row *after = NULL;
	size_t count = STEP;

	while (count == STEP) {
		TRY(store_list_class(comparison->session->store, SEALED_PENDING,
		    &member->place.class, 0, after, rows, STEP, &count, err));
		for (size_t i = 0; i < count; i++)
			TRY(count_one(comparison, &rows[i].secret, err));
		if (count > 0)
			last = rows[count - 1];
		after = &last;
	}
	return ERR_OK;
}

static enum err_code
compare(struct comparison *comparison, enum sealed_list list, struct err *err)
{
	CLASS_WALK walk = {.session = comparison->session, .list = list};
	const struct class_member *member;

	TRY(class_walk_next(&walk, &member, err));
	while (member != NULL) {
		if (would_be_lost(comparison, member))
			TRY(list == SEALED_CURRENT ? count_current(comparison, member, err) :
			                             count_pending(comparison, member, err));
		TRY(class_walk_next(&walk, &member, err));
	}
	return ERR_OK;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

enum err_code
survey_find_lost(struct session *session, const struct suspensions *now,
    const struct charter *charter, const struct suspensions *suspended,
    struct survey_lost *ret_lost, struct err *err)
{
	CLEANUP(comparison_done)
	struct comparison comparison = {.session = session,
	    .before = session->chain.charter,
	    .after = charter,
	    .now = now,
	    .suspended = suspended};
	struct survey_lost *lost = &comparison.lost;

	TRY(compare(&comparison, SEALED_CURRENT, err));
	TRY(compare(&comparison, SEALED_PENDING, err));
	qsort(lost->names, lost->name_count, sizeof(lost->names[0]), compare_names);
	*ret_lost = *lost;
	return ERR_OK;
}

/* Can somebody open VERSION under NOW, and nobody under LATER? */
static enum err_code
would_shut(struct session *session, const struct version_row *version, const struct policy *now,
    const struct policy *later, bool *ret_shuts, struct err *err)
{
	const struct chain *chain = &session->chain;
	HEADER *header = NULL;
	struct quorum quorum;
	struct reach_spares spares;
	struct reach before, after;

	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&version->header), header, err));
	TRY(header_check(header, &quorum, err));
	TRY(spares_load_reach(session, header, &spares, err));
	reach_of(chain->charter, &chain->suspensions, header, &spares, &quorum,
	    now != NULL ? &now->quorum : NULL, &before);
	reach_of(chain->charter, &chain->suspensions, header, &spares, &quorum, &later->quorum,
	    &after);
	*ret_shuts = before.margin >= 0 && after.margin < 0;
	return ERR_OK;
}

enum err_code
survey_find_shut(struct session *session, const struct secret_row *secret, const struct policy *now,
    const struct policy *later, uint32_t *ret_version, struct err *err)
{
	struct debt_row debt = {.pending = 0};
	uint32_t found = 0;
	enum err_code code = store_open_debt(session->store, &secret->id, &debt, err);

	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	const uint32_t versions[] = {secret->current, code == ERR_OK ? debt.pending : 0};
	for (size_t i = 0; i < ARRAY_SIZE(versions) && found == 0; i++) {
		VERSION_ROW version = {0};
		bool shuts;

		if (versions[i] == 0)
			continue;
		TRY(store_get_version(session->store, &secret->id, versions[i], &version, err));
		TRY(would_shut(session, &version, now, later, &shuts, err));
		found = shuts ? versions[i] : 0;
	}
	*ret_version = found;
	return ERR_OK;
}

void
survey_names(const struct survey_lost *lost, struct buf *ret_text)
{
	for (size_t i = 0; i < lost->name_count; i++)
		buf_format(ret_text, "%s%s", i > 0 ? ", " : "", lost->names[i]);
	if (lost->count > lost->name_count)
		buf_format(ret_text, " and %" PRIu64 " more", lost->count - lost->name_count);
}
