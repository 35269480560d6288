/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/text/announced.h"

#include <stdio.h>

#include "base/text.h"

static const char *const styles[STYLES] = {
    [STYLE_REPLACE] = "the new value takes the place of the old one",
    [STYLE_OVERLAP] = "the old value goes when the new one works",
    [STYLE_ISSUE] = "the target makes the new value, and the old one goes when that works",
};
static const char *const identities[IDENTITIES] = {
    [IDENTITY_AMBIENT] = "changed by the host's own access",
    [IDENTITY_SELF] = "changed by the credential itself",
    [IDENTITY_VIA] = "changed by another secret",
};
static const char *const deaths[DEATHS] = {
    [DEATH_REFUSED] = "dead when the target refuses it",
    [DEATH_COPIES] = "dead here when the target refuses it, while copies elsewhere still open",
    [DEATH_NONE] = "never dead: the target cannot revoke it",
};

void
announced_text(const struct announcement *announced, char ret_text[ANNOUNCED_TEXT_SIZE])
{
	char grace[80] = "";

	if (announced->grace > 0)
		(void)snprintf(grace, sizeof(grace), ", at most %u min after it was taken away",
		    (announced->grace + 59) / 60);
	(void)snprintf(ret_text, ANNOUNCED_TEXT_SIZE, "%s; %s; %s%s%s", styles[announced->style],
	    identities[announced->identity], deaths[announced->death], grace,
	    (announced->can & CAN_EXPEL) != 0 ? "" : "; sessions there cannot be ended");
}

void
announced_account(const struct announcement *announced, struct buf *text)
{
	for (uint32_t i = 0; i < announced->account_count; i++) {
		buf_text(text, i == 0 ? "its " : ", ");
		text_quote(announced->account[i], text);
	}
}

void
announced_rotator(const struct definition *definition, struct buf *text)
{
	char hex[2 * DIGEST_SIZE + 1];

	text_hex(VIEW_OF(definition->rotator_hash.bytes), hex);
	if (definition->own)
		buf_format(text, "%s, a program of the vault host's own, SHA-256 %s",
		    definition->rotator, hex);
	else
		buf_format(text, "%s, which comes with Halligan", definition->rotator);
}
