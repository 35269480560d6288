/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/documents/openable.h"

#include <inttypes.h>
#include <string.h>

#include "ceremony/server/opening/spare_envelopes.h"
#include "ceremony/server/secrets/walk.h"
#include "ceremony/server/vault/chain.h"
#include "vault/store/secret.h"

static enum err_code
visit_version(struct session *session, const struct secret_row *secret, uint32_t number,
    survey_visit visit, void *context, struct err *err)
{
	VERSION_ROW row = {0};
	HEADER *header = NULL;
	DEFINITION definition = {0};
	struct reach_spares spares;
	struct quorum quorum;

	TRY(store_get_version(session->store, &secret->id, number, &row, err));
	if (row.state != VERSION_CURRENT && row.state != VERSION_PENDING)
		return ERR_OK;
	TRY(header_new(&header, err));
	TRY(header_decode(buf_view(&row.header), header, err));
	TRY(header_check(header, &quorum, err));
	TRY(chain_signed_definition(session, &header->definition, &definition, err));
	TRY(spares_load_reach(session, header, &spares, err));
	const struct surveyed version = {secret, &definition, header, &quorum, &spares};
	return visit(context, &version, err);
}

/* Versions after the current one may be on their way to the target. */
static enum err_code
visit_secret(struct session *session, const struct secret_row *secret, survey_visit visit,
    void *context, struct err *err)
{
	uint32_t first = secret->current > 0 ? secret->current : 1;

	for (uint32_t number = first; number <= secret->newest; number++)
		if (visit_version(session, secret, number, visit, context, err) != ERR_OK)
			return err_add(err, "%s version %u", secret->name, number);
	return ERR_OK;
}

enum err_code
survey(struct session *session, uint64_t max, survey_visit visit, void *context, bool *ret_complete,
    struct err *err)
{
	struct secret_walk walk = {.store = session->store};
	const struct secret_row *secret;

	TRY(secret_walk_next(&walk, &secret, err));
	for (uint64_t visited = 0; secret != NULL && (max == 0 || visited < max); visited++) {
		TRY(visit_secret(session, secret, visit, context, err));
		TRY(secret_walk_next(&walk, &secret, err));
	}
	*ret_complete = secret == NULL;
	return ERR_OK;
}

struct comparison {
	const struct charter *before, *after;
	const struct suspensions *now, *suspended;
	struct survey_lost *lost;
};

static int
margin(const struct charter *charter, const struct suspensions *suspended,
    const struct surveyed *version)
{
	struct reach reach;
	const struct policy *policy = charter_policy(charter, version->definition->policy);

	reach_of(charter, suspended, version->header, version->spares, version->quorum,
	    policy != NULL ? &policy->quorum : NULL, &reach);
	return reach.margin;
}

/* What nobody can open today no document can make worse. */
static enum err_code
compare(void *context, const struct surveyed *version, struct err *err)
{
	struct comparison *comparison = context;
	struct survey_lost *lost = comparison->lost;

	(void)err;
	if (margin(comparison->after, comparison->suspended, version) >= 0 ||
	    margin(comparison->before, comparison->now, version) < 0)
		return ERR_OK;
	if (lost->count > 0 && lost->count <= SURVEY_NAMES &&
	    strcmp(lost->names[lost->count - 1], version->secret->name) == 0)
		return ERR_OK; /* its pending version, too */
	if (lost->count < SURVEY_NAMES)
		memcpy(lost->names[lost->count], version->secret->name, SEAT_NAME_MAX + 1);
	lost->count++;
	return ERR_OK;
}

enum err_code
survey_find_lost(struct session *session, const struct suspensions *now,
    const struct charter *charter, const struct suspensions *suspended, uint64_t max,
    struct survey_lost *ret_lost, struct err *err)
{
	struct survey_lost lost = {0};
	struct comparison comparison = {session->chain.charter, charter, now, suspended, &lost};
	bool complete;

	TRY(survey(session, max, compare, &comparison, &complete, err));
	*ret_lost = lost;
	return ERR_OK;
}

void
survey_names(const struct survey_lost *lost, struct buf *ret_text)
{
	for (size_t i = 0; i < lost->count && i < SURVEY_NAMES; i++)
		buf_format(ret_text, "%s%s", i > 0 ? ", " : "", lost->names[i]);
	if (lost->count > SURVEY_NAMES)
		buf_format(ret_text, " and %" PRIu64 " more", lost->count - SURVEY_NAMES);
}
