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
