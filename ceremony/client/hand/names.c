/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/hand/names.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

void
serial_text(uint32_t serial, char ret_text[SERIAL_TEXT_SIZE])
{
	ret_text[0] = '\0';
	if (serial != 0)
		snprintf(ret_text, SERIAL_TEXT_SIZE, "%s %u",
		    token_serial_is_made(serial) ? "card number" : "serial", serial);
}

void
found_text(const struct token_found *found, char ret_text[FOUND_TEXT_SIZE])
{
	if (found->serial != 0)
		snprintf(ret_text, FOUND_TEXT_SIZE, "token %u", found->serial);
	else
		snprintf(ret_text, FOUND_TEXT_SIZE, "the %s token in %.*s",
		    found->driver->ops->traits->label, TOKEN_READER_MAX + 2, QUOTED(found->reader));
}

void
entry_text(const struct seat *seat, const struct seat_token *entry, char ret_text[HAND_NAME_SIZE])
{
	char serial[SERIAL_TEXT_SIZE];
	bool told = entry->serial != 0;

	serial_text(entry->serial, serial);
	snprintf(ret_text, HAND_NAME_SIZE, "%s's token %.*s%s%s%s", seat->name, LABEL_MAX + 2,
	    QUOTED(entry->label), told ? " (" : "", serial, told ? ")" : "");
}
