/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/checker/value.h"

enum err_code
value_check(const struct secret *value, const bool fields[CREDENTIAL_FIELDS], struct err *err)
{
	TRY(credential_check(secret_view(value), err));
	for (int i = 0; i < CREDENTIAL_FIELDS; i++)
		if (fields[i] && !credential_has(secret_view(value), (enum credential_field)i))
			return err_set(err, ERR_NOT_FOUND, "it has no %s",
			    credential_field_names[i]);
	return ERR_OK;
}

/* FIELD in both, or in neither, with the same bytes in the same time. */
static bool
same_field(const struct secret *a, const struct secret *b, enum credential_field field)
{
	struct view one = {0}, other = {0};
	struct err absent;
	uint8_t difference = 0;
	bool in_a = credential_get(secret_view(a), field, &one, &absent) == ERR_OK;
	bool in_b = credential_get(secret_view(b), field, &other, &absent) == ERR_OK;

	if (in_a != in_b || one.size != other.size)
		return false;
	for (size_t i = 0; i < one.size; i++)
		difference |= one.data[i] ^ other.data[i];
	return difference == 0;
}

bool
value_same_secrets(const struct secret *a, const struct secret *b)
{
	for (int i = 0; i < CREDENTIAL_FIELDS; i++)
		if (credential_field_is_secret((enum credential_field)i) &&
		    !same_field(a, b, (enum credential_field)i))
			return false;
	return true;
}

const char *
value_lost(const struct secret *a, const struct secret *b)
{
	static const enum credential_field kept[] = {FIELD_USERNAME, FIELD_URL, FIELD_NOTE};

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (credential_has(secret_view(a), kept[i]) && !same_field(a, b, kept[i]))
			return credential_field_names[kept[i]];
	return NULL;
}

/* Another one of its kind, so that the value is still well formed; others stay. */
static uint8_t
another(uint8_t byte, uint8_t random)
{
	if (byte >= '0' && byte <= '9')
		return (uint8_t)('0' + (byte - '0' + 1 + random % 9) % 10);
	if (byte >= 'a' && byte <= 'z')
		return (uint8_t)('a' + (byte - 'a' + 1 + random % 25) % 26);
	if (byte >= 'A' && byte <= 'Z')
		return (uint8_t)('A' + (byte - 'A' + 1 + random % 25) % 26);
	return byte;
}

static enum err_code
add_field(const struct secret *value, enum credential_field field, struct secret *stranger,
    struct err *err)
{
	SECRET *changed = NULL;
	struct view bytes;

	TRY(credential_get(secret_view(value), field, &bytes, err));
	if (!credential_field_is_secret(field))
		return credential_add(stranger, field, bytes, err);
	TRY(secret_new(bytes.size, &changed, err));
	TRY(secret_random(changed, bytes.size, err));
	for (size_t i = 0; i < bytes.size; i++)
		secret_data(changed)[i] = another(bytes.data[i], secret_data(changed)[i]);
	return credential_add(stranger, field, secret_view(changed), err);
}

enum err_code
value_stranger(const struct secret *value, struct secret **ret_stranger, struct err *err)
{
	SECRET *stranger = NULL;

	*ret_stranger = NULL;
	if (credential_has(secret_view(value), FIELD_PRIVATE_KEY))
		return ERR_OK;
	TRY(credential_new(&stranger, err));
	for (int i = 0; i < CREDENTIAL_FIELDS; i++)
		if (credential_has(secret_view(value), (enum credential_field)i))
			TRY(add_field(value, (enum credential_field)i, stranger, err));
	if (!value_same_secrets(value, stranger))
		*ret_stranger = TAKE(stranger);
	return ERR_OK;
}
