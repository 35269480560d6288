/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be unique over all seats of a vault: a person counts once in every quorum only if no
 * name, token or key stands for two.  Keys are unique over purposes too, so that no signature or
 * ECDH result can be used where another was meant.
 */
#include "vault/documents/seats_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bool needed_keys[3][KEY_COUNT] = {
    {true, true, false},  /* officer: sign, share */
    {true, false, false}, /* operator: sign */
    {true, false, true},  /* responder: sign, release */
};

struct held { /* a token and who holds it */
	const struct seat *seat;
	const struct seat_token *token;
};

DESTRUCTOR(free_held, struct held, free)

static enum err_code
check_roles(const struct seat *seat, struct err *err)
{
	if (seat->roles == 0)
		return err_set(err, ERR_INVALID, "seat \"%s\" has no role", seat->name);
	if (seat->token_count == 0)
		return err_set(err, ERR_INVALID, "seat \"%s\" has no token", seat->name);
	for (size_t i = 0; i < seat->token_count; i++)
		for (unsigned j = 0; role_names[j] != NULL; j++)
			for (int k = 0; k < KEY_COUNT; k++)
				if ((seat->roles & (1u << j)) != 0 && needed_keys[j][k] &&
				    !seat->tokens[i].has[k])
					return err_set(err, ERR_INVALID,
					    "seat \"%s\": token serial %u has no %s key, which the role %s needs",
					    seat->name, seat->tokens[i].serial, key_names[k],
					    role_names[j]);
	return ERR_OK;
}

static enum err_code
say_twice(const struct held *a, const struct held *b, const char *what, struct err *err)
{
	if (a->seat == b->seat)
		return err_set(err, ERR_INVALID, "%s is enrolled twice for %s", what,
		    a->seat->name);
	return err_set(err, ERR_INVALID, "%s is enrolled for both %s and %s", what, a->seat->name,
	    b->seat->name);
}

static enum err_code
check_key_pair(const struct held *a, int a_key, const struct held *b, int b_key, struct err *err)
{
	if (!a->token->has[a_key] || !b->token->has[b_key] ||
	    !point_equal(&a->token->keys[a_key], &b->token->keys[b_key]))
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "the %s key of token serial %u (%s) is also the %s key of token serial %u (%s)",
	    key_names[a_key], a->token->serial, a->seat->name, key_names[b_key], b->token->serial,
	    b->seat->name);
}

static enum err_code
check_pair(const struct held *a, const struct held *b, struct err *err)
{
	char what[LABEL_MAX + 32];
	bool one_device = a->seat == b->seat && strcmp(a->token->driver, b->token->driver) != 0;
	if (a->token->serial != 0 && a->token->serial == b->token->serial && !one_device) {
		snprintf(what, sizeof(what), "token serial %u", a->token->serial);
		return say_twice(a, b, what, err);
	}
	if (strcmp(a->token->label, b->token->label) == 0) {
		snprintf(what, sizeof(what), "token label \"%s\"", a->token->label);
		return say_twice(a, b, what, err);
	}
	for (int i = 0; i < KEY_COUNT; i++)
		for (int j = 0; j < KEY_COUNT; j++)
			TRY(check_key_pair(a, i, b, j, err));
	return ERR_OK;
}

static enum err_code
check_tokens(const struct held *held, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		for (int j = 0; j < KEY_COUNT; j++)
			for (int k = j + 1; k < KEY_COUNT; k++)
				TRY(check_key_pair(&held[i], j, &held[i], k, err));
		for (size_t j = 0; j < i; j++)
			TRY(check_pair(&held[j], &held[i], err));
	}
	return ERR_OK;
}

enum err_code
seats_check(const struct seat *a, size_t a_count, const struct seat *b, size_t b_count,
    struct err *err)
{
	CLEANUP(free_held) struct held *held = NULL;
	size_t count = 0;
	held = calloc((a_count + b_count) * SEAT_TOKENS + 1, sizeof(*held));
	if (held == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for checking %zu seats",
		    a_count + b_count);
	for (size_t i = 0; i < a_count + b_count; i++) {
		const struct seat *seat = i < a_count ? &a[i] : &b[i - a_count];
		const struct seat *other = i < a_count ? seat_by_name(a, i, seat->name) :
		                                         seat_by_name(a, a_count, seat->name);
		if (other == NULL && i >= a_count)
			other = seat_by_name(b, i - a_count, seat->name);
		if (other != NULL)
			return err_set(err, ERR_INVALID, "seat \"%s\" stands twice", seat->name);
		TRY(check_roles(seat, err));
		for (size_t j = 0; j < seat->token_count; j++)
			held[count++] = (struct held){seat, &seat->tokens[j]};
	}
	return check_tokens(held, count, err);
}
