/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/documents/charter_draft_tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/client/text/charter.h"

static enum err_code
apply_policy(const struct draft_plan *plan, struct charter *charter, struct err *err)
{
	if (plan->min_firmware != NULL &&
	    !firmware_from_text(plan->min_firmware, charter->min_firmware))
		return err_set(err, ERR_USAGE, "%s is no firmware version such as 5.7.0",
		    QUOTED(plan->min_firmware));
	if (plan->root_count > CHARTER_ROOTS)
		return err_set(err, ERR_USAGE, "a charter has at most %d roots", CHARTER_ROOTS);
	if (plan->root_count > 0)
		memset(charter->roots, 0, sizeof(charter->roots));
	for (size_t i = 0; i < plan->root_count; i++) {
		if (!text_from_hex(plan->roots[i], charter->roots[i].bytes, DIGEST_SIZE))
			return err_set(err, ERR_USAGE,
			    "a root is the SHA-256 of its certificate: 64 lower-case hex digits");
		charter->root_count = i + 1;
	}
	return ERR_OK;
}

static enum err_code
apply_form_factors(const struct draft_plan *plan, struct charter *charter, struct err *err)
{
	if (plan->form_factor_count == 0)
		return ERR_OK;
	memset(charter->form_factors, 0, sizeof(charter->form_factors));
	charter->form_factor_count = 0;
	if (plan->form_factor_count == 1 && strcmp(plan->form_factors[0], "any") == 0)
		return ERR_OK;
	if (plan->form_factor_count > CHARTER_FORM_FACTORS)
		return err_set(err, ERR_USAGE, "a charter has at most %d form factors",
		    (int)CHARTER_FORM_FACTORS);
	for (size_t i = 0; i < plan->form_factor_count; i++) {
		uint8_t number;

		if (!form_factor_from_text(plan->form_factors[i], &number))
			return err_set(err, ERR_USAGE,
			    "\"%.60s\" is no form factor; write usb-a-keychain, "
			    "usb-a-nano, usb-c-keychain, usb-c-nano, usb-c-lightning, usb-a-bio, usb-c-bio, "
			    "a number, or \"any\" alone",
			    plan->form_factors[i]);
		charter->form_factors[charter->form_factor_count++] = number;
	}
	return ERR_OK;
}

static const struct seat_token *
token_by_label(const struct charter *charter, const char *label, size_t size)
{
	for (size_t i = 0; i < charter->seat_count; i++)
		for (size_t t = 0; t < charter->seats[i].token_count; t++) {
			const struct seat_token *token = &charter->seats[i].tokens[t];

			if (strlen(token->label) == size && memcmp(token->label, label, size) == 0)
				return token;
		}
	return NULL;
}

static void
take_out(struct charter *charter, size_t index)
{
	charter->waiver_count--;
	memmove(&charter->waivers[index], &charter->waivers[index + 1],
	    (charter->waiver_count - index) * sizeof(charter->waivers[0]));
	memset(&charter->waivers[charter->waiver_count], 0, sizeof(charter->waivers[0]));
}

static bool
drop(struct charter *charter, const struct digest *token)
{
	for (size_t i = 0; i < charter->waiver_count; i++) {
		if (!digest_equal(&charter->waivers[i].token, token))
			continue;
		take_out(charter, i);
		return true;
	}
	return false;
}

static enum err_code
drop_waivers(const struct draft_plan *plan, struct charter *charter, struct err *err)
{
	for (size_t i = 0; i < plan->drop_waiver_count; i++) {
		const char *label = plan->drop_waivers[i];
		const struct seat_token *token = token_by_label(charter, label, strlen(label));

		if (token == NULL || !drop(charter, &token->id))
			return err_set(err, ERR_INVALID,
			    "there is no waiver for a token \"%.100s\" to drop", label);
	}
	return ERR_OK;
}

/* "firmware,touch" of SIZE bytes. */
static bool
parse_waives(const char *text, size_t size, unsigned *ret_waives)
{
	unsigned waives = 0;

	for (size_t at = 0; at <= size;) {
		const char *comma = memchr(text + at, ',', size - at);
		size_t length = comma != NULL ? (size_t)(comma - text) - at : size - at;
		unsigned before = waives;

		for (unsigned i = 0; waiver_names[i] != NULL; i++)
			if (strlen(waiver_names[i]) == length &&
			    memcmp(waiver_names[i], text + at, length) == 0)
				waives |= 1u << i;
		if (waives == before)
			return false;
		at += length + 1;
	}
	*ret_waives = waives;
	return true;
}

/* LABEL=WHAT,...:REASON into WAIVER; RET_LABEL_SIZE bytes of it are the label. */
static enum err_code
parse_waiver(const char *text, struct charter_waiver *ret_waiver, size_t *ret_label_size,
    struct err *err)
{
	const char *equals = strchr(text, '=');
	const char *colon = equals != NULL ? strchr(equals, ':') : NULL;
	struct charter_waiver waiver = {0};

	if (colon == NULL || equals == text || colon[1] == '\0' ||
	    strlen(colon + 1) > WAIVER_REASON_MAX || !text_is_plain(view_of_text(colon + 1)) ||
	    !parse_waives(equals + 1, (size_t)(colon - equals - 1), &waiver.waives))
		return err_set(err, ERR_USAGE,
		    "\"%.100s\" is no waiver; write LABEL=WHAT,...:REASON with "
		    "WHAT of firmware, form-factor, touch, attestation and a reason of at most %d bytes",
		    text, (int)WAIVER_REASON_MAX);
	memcpy(waiver.reason, colon + 1, strlen(colon + 1));
	*ret_waiver = waiver;
	*ret_label_size = (size_t)(equals - text);
	return ERR_OK;
}

static enum err_code
put_waiver(struct charter *charter, const struct charter_waiver *waiver, struct err *err)
{
	(void)drop(charter, &waiver->token);
	if (charter->waiver_count == CHARTER_WAIVERS)
		return err_set(err, ERR_INVALID, "a charter has at most %d waivers",
		    (int)CHARTER_WAIVERS);
	charter->waivers[charter->waiver_count++] = *waiver;
	return ERR_OK;
}

enum err_code
draft_waive(const struct draft_plan *plan, struct charter *charter, const char *label,
    const struct digest *token, struct err *err)
{
	for (size_t i = 0; i < plan->waive_count; i++) {
		struct charter_waiver waiver;
		size_t size;

		TRY(parse_waiver(plan->waives[i], &waiver, &size, err));
		if (strlen(label) != size || memcmp(label, plan->waives[i], size) != 0)
			continue;
		waiver.token = *token;
		TRY(put_waiver(charter, &waiver, err));
	}
	return ERR_OK;
}

enum err_code
draft_attestation(const struct draft_plan *plan, struct charter *charter, struct err *err)
{
	TRY(apply_policy(plan, charter, err));
	TRY(apply_form_factors(plan, charter, err));
	TRY(drop_waivers(plan, charter, err));
	for (size_t i = 0; i < charter->seat_count; i++)
		for (size_t t = 0; t < charter->seats[i].token_count; t++)
			TRY(draft_waive(plan, charter, charter->seats[i].tokens[t].label,
			    &charter->seats[i].tokens[t].id, err));
	return ERR_OK;
}

enum err_code
draft_waivers_end(const struct draft_plan *plan, struct charter *charter, struct err *err)
{
	for (size_t i = 0; i < plan->waive_count; i++) {
		struct charter_waiver waiver;
		size_t size;

		TRY(parse_waiver(plan->waives[i], &waiver, &size, err));
		if (token_by_label(charter, plan->waives[i], size) == NULL)
			return err_set(err, ERR_INVALID,
			    "--waive names \"%.*s\", and no token of the new "
			    "charter has that label",
			    (int)size, plan->waives[i]);
	}
	for (size_t i = charter->waiver_count; i > 0; i--) {
		const struct seat_token *token;

		if (seat_by_token(charter->seats, charter->seat_count,
		        &charter->waivers[i - 1].token, &token) == NULL)
			take_out(charter, i - 1);
	}
	return ERR_OK;
}
