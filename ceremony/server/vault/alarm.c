/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/vault/alarm.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json_in.h"
#include "base/text_time.h"
#include "vault/log/anchor.h"
#include "vault/store/log.h"

enum { MET_MAX = 600 };

#define FIRST "What to do: copy the vault's folder away whole, as it is; then "
#define CURE  "put back " WHOLE_BACKUP

/* The newest leaf that is the vault's own, and its time. */
static bool
find_good(struct session *session, uint64_t *ret_index, char ret_time[TEXT_TIME_SIZE])
{
	BUF data = {0};
	JSON *leaf = NULL;
	struct err ignored;

	if (session->store == NULL ||
	    store_log_proven(session->store, ret_index, &data, &ignored) != ERR_OK ||
	    json_parse(buf_view(&data), &leaf, &ignored) != ERR_OK)
		return false;
	struct json_in in = json_in(leaf, "leaf", &ignored);
	text_time(json_in_time(&in, "time"), ret_time);
	return in.code == ERR_OK;
}

static void
say_since(struct session *session, struct err *err)
{
	uint64_t index;
	char time[TEXT_TIME_SIZE];

	if (find_good(session, &index, time))
		err_part(err,
		    "Since when at the earliest: the database as a whole, since leaf %" PRIu64
		    " of its log (counted from 0), of %s, the newest that the anchor proves; one row or "
		    "leaf, since the vault wrote it",
		    index, time);
	else
		err_part(err,
		    "Since when is not known: no leaf of the log could be proven by the anchor");
}

void
alarm_end(struct session *session, struct err *err)
{
	if (session->told)
		return;
	err_cut(err, MET_MAX); /* the rest needs its room */
	if (err->parts[0] == 0)
		say_since(session, err);
	err_part(err, FIRST "%s", err->cure != NULL ? err->cure : CURE);
}

enum err_code
alarm_of_client(struct session *session, enum err_code code)
{
	session->told |= code == ERR_INTEGRITY;
	return code;
}

enum err_code
alarm_of_signature(struct session *session, const struct dsse *statement, const char *seat,
    const struct digest *token, struct err *err)
{
	const struct seat_token *signs = chain_token(&session->chain, seat, token);

	if (signs == NULL)
		return chain_refuse_token(&session->chain, seat, token, err);
	if (statement->count != 1)
		return err_set(err, ERR_INVALID, "it must carry one signature");
	if (alarm_of_client(session, seat_token_verify(statement, signs, err)) != ERR_OK)
		return err_add(err, "seat \"%s\"", seat);
	return ERR_OK;
}
