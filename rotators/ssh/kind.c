/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/ssh/kind.h"

static const struct key_kind kinds[] = {{FAMILY_ED25519, 256}, {FAMILY_ECDSA, 256},
    {FAMILY_ECDSA, 384}, {FAMILY_ECDSA, 521}, {FAMILY_RSA, 2048}, {FAMILY_RSA, 3072},
    {FAMILY_RSA, 4096}};
const char *const key_kind_names[] = {"ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048",
    "rsa-3072", "rsa-4096", NULL};

struct key_kind
key_kind_named(size_t index)
{
	return index < ARRAY_SIZE(kinds) ? kinds[index] : kinds[0];
}

/* The least of its family that is not shorter; else the last of it. */
static struct key_kind
round_up(enum key_family family, unsigned bits)
{
	struct key_kind found = kinds[0];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].family != family)
			continue;
		found = kinds[i];
		if (found.bits >= bits)
			break;
	}
	return found;
}

struct key_kind
key_kind_choose(struct key_kind wanted, const struct ssh_public *current)
{
	enum key_family family;
	unsigned bits;

	if (wanted.bits != 0)
		return wanted;
	if (current == NULL || !ssh_public_family(current, &family, &bits))
		return kinds[0];
	return round_up(family, bits);
}

const char *
key_kind_text(struct key_kind kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (key_kind_equal(kinds[i], kind))
			return key_kind_names[i];
	return "another kind";
}

bool
key_kind_equal(struct key_kind a, struct key_kind b)
{
	return a.family == b.family && a.bits == b.bits;
}
