/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens/sim/ctap/token.h"

#include "base/random.h"

uint8_t
ctap_token_renew(struct ctap *ctap)
{
	struct ctap_token token = {0};
	struct err err;

	if (random_bytes(token.value, sizeof(token.value), &err) != ERR_OK)
		return CTAP1_ERR_OTHER;
	ctap->token = token;
	return CTAP2_OK;
}

/* Time takes flags, then the whole token. */
static void
age(struct ctap *ctap)
{
	struct ctap_token *token = &ctap->token;
	int64_t since = ctap->host.milliseconds(ctap->host.context) - token->began;

	if (since >= CTAP_PRESENT_MS)
		token->present = false;
	if (since >= CTAP_TOKEN_MS || (!token->used && since >= CTAP_TOKEN_FIRST_MS))
		token->protocol = 0;
}

uint8_t
ctap_token_check(struct ctap *ctap, uint32_t protocol, struct view param, const struct view *parts,
    size_t count, uint8_t permission)
{
	struct ctap_token *token = &ctap->token;

	age(ctap);
	if (token->protocol == 0 || token->protocol != protocol ||
	    !ctap_authentic(token->protocol, token->value[protocol - 1], parts, count, param) ||
	    (token->permissions & permission) == 0)
		return CTAP2_ERR_PIN_AUTH_INVALID;
	token->used = true;
	return CTAP2_OK;
}

void
ctap_token_spend(struct ctap *ctap)
{
	ctap->token.present = ctap->token.verified = false;
	ctap->token.permissions = 0;
}
