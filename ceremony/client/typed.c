/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/typed.h"

#include <string.h>

#include "base/text.h"

enum err_code
typed_check(const char *what, const char *text, int max, struct err *err)
{
	if (text[0] != '\0' && strlen(text) <= (size_t)max && text_is_plain(view_of_text(text)))
		return ERR_OK;
	return err_set(err, ERR_USAGE,
	    "%s must be 1 to %d bytes of plain text, without control or direction characters", what,
	    max);
}

enum err_code
typed_check_once(const char *const *names, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(names[i], names[j]) == 0)
				return err_set(err, ERR_USAGE,
				    "%s stands twice, as secret %zu and %zu", names[i], j + 1,
				    i + 1);
	return ERR_OK;
}
