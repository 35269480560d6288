/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/secrets/order.h"

#include "ceremony/server/vault/alarm.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/log.h"
#include "vault/store/statement.h"

static enum err_code
check_signer(struct session *session, const struct dsse *statement, const struct order *order,
    struct err *err)
{
	const struct chain *chain = &session->chain;
	const struct seat *seat = chain_seat(chain, order->seat);
	const struct seat_token *token = chain_token(chain, order->seat, &order->token);

	if (!digest_equal(&order->vault, &chain->vault))
		return err_set(err, ERR_REFUSED, "vault: it is for another vault");
	if (token == NULL)
		return chain_refuse_token(chain, order->seat, &order->token, err);
	if ((seat->roles & ROLE_OPERATOR) == 0)
		return err_set(err, ERR_REFUSED, "seat: \"%s\" is no operator", order->seat);
	if (statement->count != 1)
		return err_set(err, ERR_INVALID, "it must carry one signature");
	return alarm_of_client(session, seat_token_verify(statement, token, err));
}

static enum err_code
check_time(const struct session *session, const struct order *order, struct err *err)
{
	int64_t now = session_now(session);

	if (order->created > now + CLOCK_BACK_MAX)
		return err_set(err, ERR_REFUSED,
		    "created: it comes from the future; compare the clocks of your machine and of the vault's host");
	if (now >= order->expires || order->expires > now + CLOCK_BACK_MAX + ORDER_LIFE)
		return err_set(err, ERR_EXPIRED,
		    "expires: it is not of today (or the clocks differ): run the command again");
	return ERR_OK;
}

enum err_code
order_check(struct session *session, const struct dsse *statement, const struct order *order,
    struct err *err)
{
	TRY(check_signer(session, statement, order, err));
	return check_time(session, order, err);
}

enum err_code
order_secret(struct session *session, const struct order_item *item, struct secret_row *ret_row,
    struct err *err)
{
	struct secret_row row;
	enum err_code code = store_get_secret(session->store, &item->secret, &row, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND, "secret: there is no such secret");
	if (code != ERR_OK)
		return code;
	if (row.retired)
		return err_set(err, ERR_REFUSED, "%s: it is retired", row.name);
	if (!digest_equal(&row.definition, &item->definition))
		return err_set(err, ERR_REFUSED,
		    "%s: its definition changed; run the command again", row.name);
	*ret_row = row;
	return ERR_OK;
}

enum err_code
order_keep(struct session *session, const struct dsse *statement, enum statement_type type,
    const struct order *order, struct err *err)
{
	struct digest ignored;
	bool has;

	TRY(store_has_statement(session->store, &order->digest, &has, err));
	return has ? ERR_OK : session_keep(session, statement, type, false, &ignored, err);
}
