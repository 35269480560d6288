/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/contract/echo.h"

#include <string.h>

enum { WHOLE_MIN = 4, LINE_MIN = 16 };

static bool
holds(struct view text, const uint8_t *part, size_t size, size_t min)
{
	return size >= min && text.size >= size && memmem(text.data, text.size, part, size) != NULL;
}

static bool
holds_line(struct view text, struct view value)
{
	size_t start = 0;

	for (size_t i = 0; i <= value.size; i++) {
		if (i < value.size && value.data[i] != '\n' && value.data[i] != '\r')
			continue;
		if (holds(text, value.data + start, i - start, LINE_MIN))
			return true;
		start = i + 1;
	}
	return false;
}

bool
echo_found(struct view text, struct view encoded)
{
	struct view value;
	struct err absent;

	if (encoded.size == 0)
		return false;
	for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
		if (!credential_field_is_secret((enum credential_field)i) ||
		    credential_get(encoded, (enum credential_field)i, &value, &absent) != ERR_OK)
			continue;
		if (holds(text, value.data, value.size, WHOLE_MIN) || holds_line(text, value))
			return true;
	}
	return false;
}
