/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/secrets/classes.h"

#include <stdlib.h>
#include <string.h>

#include "ceremony/server/secrets/walk.h"
#include "ceremony/server/vault/chain.h"
#include "vault/documents/class.h"

static void
member_freep(struct class_member **member)
{
	if (*member == NULL)
		return;
	version_row_done(&(*member)->version);
	header_freep(&(*member)->header);
	definition_done(&(*member)->definition);
	free(*member);
	*member = NULL;
}
#define MEMBER CLEANUP(member_freep) struct class_member

void
class_walk_done(struct class_walk *walk)
{
	member_freep(&walk->member);
}

static enum err_code
member_new(struct class_member **ret_member, struct err *err)
{
	struct class_member *member = calloc(1, sizeof(*member));

	if (member == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for a version");
	*ret_member = member;
	return ERR_OK;
}

/* Its row says what it is made of. */
static enum err_code
check_class(struct session *session, const struct class_member *member, struct err *err)
{
	const struct version_row *version = &member->version;
	struct digest shape, class;

	TRY(class_shape(member->header, member->definition.policy, &shape, err));
	TRY(store_find_class(session->store, version, &class, err));
	if (!digest_equal(&shape, &version->shape) || !digest_equal(&class, &version->class))
		return err_set(err, ERR_INTEGRITY,
		    "its row in the database says that it is sealed otherwise than it is");
	return ERR_OK;
}

/* Of the secret that MEMBER has. */
static enum err_code
read_parts(struct session *session, uint32_t number, struct class_member *member, struct err *err)
{
	TRY(store_get_version(session->store, &member->secret.id, number, &member->version, err));
	TRY(header_new(&member->header, err));
	TRY(header_decode(buf_view(&member->version.header), member->header, err));
	TRY(chain_signed_definition(session, &member->secret.definition, &member->definition, err));
	return check_class(session, member, err);
}

static enum err_code
read_member(struct session *session, enum sealed_list list, struct class_member *member,
    struct err *err)
{
	const struct sealed_row *place = &member->place;

	TRY(store_count_class(session->store, list, &place->class, 0, INT64_MAX, &member->count,
	    err));
	TRY(store_get_secret(session->store, &place->secret, &member->secret, err));
	if (read_parts(session, place->number, member, err) != ERR_OK)
		return err_add(err, "%s version %u", member->secret.name, place->number);
	if (memcmp(member->version.class.bytes, place->class.bytes, SEALED_CLASS_SIZE) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "%s version %u stands in a list without belonging there", member->secret.name,
		    place->number);
	TRY(header_check(member->header, &member->quorum, err));
	return spares_load(session, member->header, &member->spares, err);
}

enum err_code
class_walk_next(struct class_walk *walk, const struct class_member **ret_member, struct err *err)
{
	MEMBER *member = NULL;
	const struct class_member *last = walk->member;
	enum err_code code;

	TRY(member_new(&member, err));
	code = store_next_class(walk->session->store, walk->list,
	    last != NULL ? &last->place.class : NULL, &member->place, err);
	if (code == ERR_NOT_FOUND) {
		*ret_member = NULL;
		return ERR_OK;
	}
	TRY(code);
	TRY(read_member(walk->session, walk->list, member, err));
	member_freep(&walk->member);
	*ret_member = walk->member = TAKE(member);
	return ERR_OK;
}

enum err_code
classes_renew(struct session *session, const struct secret_row *secret, const char *policy,
    struct err *err)
{
	for (uint32_t number = 1; number <= secret->newest; number++) {
		VERSION_ROW version = {0};
		HEADER *header = NULL;
		struct digest shape;

		TRY(store_get_version(session->store, &secret->id, number, &version, err));
		TRY(header_new(&header, err));
		TRY(header_decode(buf_view(&version.header), header, err));
		TRY(class_shape(header, policy, &shape, err));
		if (!digest_equal(&shape, &version.shape))
			TRY(store_set_shape(session->store, &secret->id, number, &shape, err));
	}
	return ERR_OK;
}

/* ---- all of them ---- */

static enum err_code
audit_secret(struct session *session, const struct secret_row *secret, uint64_t *count,
    struct err *err)
{
	for (uint32_t number = 1; number <= secret->newest; number++) {
		MEMBER *member = NULL;

		TRY(member_new(&member, err));
		member->secret = *secret;
		if (read_parts(session, number, member, err) != ERR_OK)
			return err_add(err, "%s version %u", secret->name, number);
		(*count)++;
	}
	return ERR_OK;
}

/* In one transaction.  RET_END: there are no more secrets. */
static enum err_code
audit_some(struct session *session, struct secret_walk *walk, uint64_t *count, bool *ret_end,
    struct err *err)
{
	READING reading = NULL;

	TRY(reading_begin(session, &reading, err));
	for (size_t i = 0; i < SECRET_WALK_STEP; i++) {
		const struct secret_row *secret;

		TRY(secret_walk_next(walk, &secret, err));
		*ret_end = secret == NULL;
		if (*ret_end)
			return ERR_OK;
		TRY(audit_secret(session, secret, count, err));
	}
	return ERR_OK;
}

enum err_code
classes_audit(struct session *session, uint64_t *ret_count, struct err *err)
{
	struct secret_walk walk = {.store = session->store};
	uint64_t count = 0, secrets = 0, all;
	bool end = false;

	TRY(store_count_secrets(session->store, &all, err));
	while (!end) {
		TRY(audit_some(session, &walk, &count, &end, err));
		secrets = secrets + SECRET_WALK_STEP < all ? secrets + SECRET_WALK_STEP : all;
		session_count(session, secrets, all, "secrets looked through");
	}
	*ret_count = count;
	return ERR_OK;
}
