/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/suspension.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_time.h"

static const struct member suspends_members[] = {
    {"seat", MEMBER_NAME, FIELD(struct suspension, holder)},
    {"token", MEMBER_HEX, FIELD(struct suspension, suspended)},
    {NULL},
};
static const struct member members[] = {
    {"vault", MEMBER_HEX, FIELD(struct suspension, vault)},
    {"charter", MEMBER_HEX, FIELD(struct suspension, charter)},
    {"roster", MEMBER_HEX, FIELD(struct suspension, roster)},
    {"seat", MEMBER_NAME, FIELD(struct suspension, seat)},
    {"token", MEMBER_HEX, FIELD(struct suspension, token)},
    {"suspends", MEMBER_OBJECT, .members = suspends_members, .what = "suspends"},
    {"reason", MEMBER_TEXT, FIELD(struct suspension, reason), .min = 1},
    {"time", MEMBER_TIME, FIELD(struct suspension, time)},
    {NULL},
};

enum err_code
suspension_payload(const struct suspension *suspension, struct json **ret_payload, struct err *err)
{
	return payload_write(members, suspension, ret_payload, err);
}

enum err_code
suspension_parse(const struct dsse *statement, bool training, struct suspension *ret_suspension,
    struct err *err)
{
	struct suspension suspension = {0};

	TRY(statement_read(statement, STATEMENT_SUSPEND, training, members, &suspension,
	    &suspension.digest, err));
	*ret_suspension = suspension;
	return ERR_OK;
}

/* Officers' seats, and the owner when it is none. */
size_t
suspension_signers(const struct dsse *statement, const struct charter *charter)
{
	const struct seat *seen[DSSE_SIGNATURES_MAX];
	size_t count = 0, others = 0;

	for (size_t i = 0; i < statement->count; i++) {
		struct digest id;
		const struct seat_token *token;
		const struct seat *seat = NULL;
		bool again = false;

		if (text_from_hex(statement->signatures[i].keyid, id.bytes, DIGEST_SIZE))
			seat = seat_by_token(charter->seats, charter->seat_count, &id, &token);
		for (size_t j = 0; j < count; j++)
			again = again || seen[j] == seat;
		if (seat == NULL)
			others = 1;
		else if (!again)
			seen[count++] = seat;
	}
	return count + others;
}

void
suspensions_done(struct suspensions *list)
{
	free(list->rows);
	*list = (struct suspensions){0};
}

const struct suspension *
suspensions_find(const struct suspensions *list, const struct digest *token)
{
	for (size_t i = 0; list != NULL && i < list->count; i++)
		if (digest_equal(&list->rows[i].suspended, token))
			return &list->rows[i];
	return NULL;
}

const struct suspension *
suspensions_signer(const struct suspensions *list, const struct dsse *statement)
{
	for (size_t i = 0; i < statement->count; i++) {
		struct digest id;
		const struct suspension *found;

		if (!text_from_hex(statement->signatures[i].keyid, id.bytes, DIGEST_SIZE))
			continue;
		found = suspensions_find(list, &id);
		if (found != NULL)
			return found;
	}
	return NULL;
}

static enum err_code
add_row(struct suspensions *list, const struct suspension *suspension, struct err *err)
{
	struct suspension *rows;

	if (list->count == SUSPENSIONS_MAX)
		return err_set(err, ERR_REFUSED, "more than %d suspensions", (int)SUSPENSIONS_MAX);
	rows = reallocarray(list->rows, list->count + 1, sizeof(*rows));
	if (rows == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for suspensions");
	list->rows = rows;
	list->rows[list->count++] = *suspension;
	return ERR_OK;
}

enum err_code
suspensions_add(struct suspensions *list, const struct dsse *statement,
    const struct suspension *suspension, struct err *err)
{
	const struct suspension *before = suspensions_signer(list, statement);

	if (before != NULL)
		return err_set(err, ERR_REFUSED,
		    "a token of seat \"%s\" that signed it was suspended "
		    "before",
		    before->holder);
	if (suspensions_find(list, &suspension->suspended) != NULL)
		return err_set(err, ERR_EXISTS, "that token of seat \"%s\" is suspended already",
		    suspension->holder);
	return add_row(list, suspension, err);
}

enum err_code
suspensions_copy(const struct suspensions *list, struct suspensions *ret_copy, struct err *err)
{
	SUSPENSIONS copy = {0};

	for (size_t i = 0; i < list->count; i++)
		TRY(add_row(&copy, &list->rows[i], err));
	*ret_copy = copy;
	copy = (struct suspensions){0};
	return ERR_OK;
}

static bool
binds(const struct suspension *suspension, const struct seat_token *token)
{
	const struct seat_token *bound = &suspension->bound;

	if (bound->serial != 0 && bound->serial == token->serial)
		return true;
	for (int i = 0; i < KEY_COUNT; i++)
		for (int j = 0; j < KEY_COUNT; j++)
			if (bound->has[i] && token->has[j] &&
			    point_equal(&bound->keys[i], &token->keys[j]))
				return true;
	return false;
}

enum err_code
suspensions_extend(struct suspensions *list, const struct seat *seats, size_t count,
    struct err *err)
{
	for (size_t i = 0; i < count; i++)
		for (size_t t = 0; t < seats[i].token_count; t++) {
			const struct seat_token *token = &seats[i].tokens[t];

			for (size_t k = 0; k < list->count; k++) {
				struct suspension row = list->rows[k];

				if (suspensions_find(list, &token->id) != NULL ||
				    !binds(&row, token))
					continue;
				memcpy(row.holder, seats[i].name, sizeof(row.holder));
				row.suspended = token->id;
				TRY(add_row(list, &row, err));
			}
		}
	return ERR_OK;
}

const struct suspension *
suspensions_by_digest(const struct suspensions *list, const struct digest *digest)
{
	for (size_t i = 0; i < list->count; i++)
		if (digest_equal(&list->rows[i].digest, digest))
			return &list->rows[i];
	return NULL;
}

void
suspensions_restore(struct suspensions *list, const struct digest *digest)
{
	size_t left = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!digest_equal(&list->rows[i].digest, digest))
			list->rows[left++] = list->rows[i];
	list->count = left;
}

void
suspension_text(const struct suspension *suspension, struct buf *ret_text)
{
	char time[TEXT_TIME_SIZE];

	text_time(suspension->time, time);
	buf_format(ret_text, "suspended by %s on %s: %s", suspension->seat, time,
	    QUOTED(suspension->reason));
}
