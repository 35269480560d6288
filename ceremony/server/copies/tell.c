/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/copies/tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ceremony/server/copies/send.h"
#include "ceremony/server/vault/copy_sink.h"

/* "2 sealed versions and 1 statement were never acknowledged by it", or "". */
static void
say_lacking(const struct copies_lacking *count, struct buf *text)
{
	uint64_t versions = count->lacking[COPY_VERSION], others = 0;

	for (int kind = 0; kind < COPY_KINDS; kind++)
		if (kind != COPY_VERSION)
			others += count->lacking[kind];
	if (versions + others == 0)
		return;
	if (versions > 0)
		buf_format(text, "%" PRIu64 " sealed %s", versions,
		    text_plural(versions, "version", "versions"));
	if (others > 0)
		buf_format(text, "%s%" PRIu64 " %s", versions > 0 ? " and " : "", others,
		    text_plural(others, "statement", "statements"));
	buf_format(text, " %s missing in it", text_plural(versions + others, "is", "are"));
}

enum err_code
copies_tell(struct session *session, struct copies_told *ret_told, struct err *err)
{
	struct copies_told told = {.next = ""};
	struct copies_lacking count;
	struct err why = {0};
	struct id id;
	BUF lacking = {0};

	TRY(copies_count(session, &count, err));
	enum err_code known = copy_wanted(session) ? copy_id(session, &id, err) : ERR_OK;
	if (known != ERR_OK && known != ERR_NOT_FOUND)
		return known;
	enum err_code code = copy_look(session, &why);
	if (code == ERR_INTEGRITY) {
		*err = why;
		return code;
	}
	say_lacking(&count, &lacking);
	TRY(buf_check(&lacking, err));
	told.dead = code != ERR_OK;
	snprintf(told.text, sizeof(told.text), "%.700s%s%s", told.dead ? why.text : "",
	    told.dead && lacking.size > 0 ? "; " : "",
	    lacking.size > 0 ? buf_string(&lacking) : "");
	if (told.dead && known == ERR_OK)
		told.next = "halligan copy status";
	else if (told.text[0] != '\0')
		told.next = "halligan copy --repair";
	*ret_told = told;
	return ERR_OK;
}
