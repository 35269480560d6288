/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/ssh/link_result.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "rotators/contract/answer.h"

enum { QUOTE_SIZE = 200 };

enum err_code
link_conclude(struct link_result *result, enum link_verdict verdict, enum link_cause cause,
    const char *format, ...)
{
	char text[4 * ROTATOR_DETAIL_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	result->verdict = verdict;
	result->cause = cause;
	answer_detail(text, result->detail);
	return ERR_OK;
}

struct link_quote
link_quote(const char *who, const char *words)
{
	struct link_quote quote = {""};
	char plain[QUOTE_SIZE];

	if (words == NULL || words[0] == '\0')
		return quote;
	(void)snprintf(plain, sizeof(plain), "%s", words);
	text_make_plain(plain);
	(void)snprintf(quote.text, sizeof(quote.text), "; %s %.*s", who, QUOTE_SIZE + 40,
	    QUOTED(plain));
	return quote;
}
