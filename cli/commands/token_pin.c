/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/token_pin.h"

#include "ceremony/client/hand/pin_change.h"
#include "ceremony/client/hand/unlock.h"

enum { MANAGEMENT_TEXT_MAX = 66 };

static enum err_code
take(const struct cli_call *call, struct client_options *options, struct hand *ret_hand,
    struct err *err)
{
	TRY(call_options(call, options, err));
	return hand_take_any(options, ret_hand, err);
}

enum err_code
cmd_token_pin(struct cli_call *call, struct err *err)
{
	struct client_options options;
	HAND hand = {0};

	TRY(take(call, &options, &hand, err));
	if (option_given(call->parsed, "unblock"))
		return upkeep_unblock(&hand, err);
	return upkeep_pin(&hand, err);
}

enum err_code
cmd_token_puk(struct cli_call *call, struct err *err)
{
	struct client_options options;
	HAND hand = {0};

	TRY(take(call, &options, &hand, err));
	return upkeep_puk(&hand, err);
}

/* RET_KEY stays NULL when the token or everybody knows it. */
static enum err_code
present_key(const struct cli_call *call, const struct hand *hand, struct secret **ret_key,
    struct err *err)
{
	SECRET *text = NULL;

	TRY(call_secret_fd(call, "management-key-fd", MANAGEMENT_TEXT_MAX, &text, err));
	if (text != NULL)
		return upkeep_decode_key(text, ret_key, err);
	if (hand->info.management_default || hand->info.management_protected)
		return ERR_OK;
	return upkeep_ask_key(hand, ret_key, err);
}

enum err_code
cmd_token_protect(struct cli_call *call, struct err *err)
{
	struct client_options options;
	HAND hand = {0};
	SECRET *key = NULL;

	TRY(take(call, &options, &hand, err));
	if (!hand.info.traits->managed)
		return err_set(err, ERR_USAGE,
		    "a FIDO2 token has no management key; --driver piv takes the "
		    "PIV side of a token that has both");
	TRY(present_key(call, &hand, &key, err));
	TRY(hand_unlock(&hand, 0, 0, err));
	return upkeep_protect(&hand, key, err);
}
