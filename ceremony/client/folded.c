/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/folded.h"

#include <string.h>

#include "vault/documents/chain_fold.h"
#include "vault/documents/chain_image.h"

void
folded_done(struct folded *folded)
{
	chain_done(&folded->chain);
	buf_done(&folded->charter);
	buf_done(&folded->roster);
}

/* What is in force stands in the same file; the chain checks that it is what was folded. */
static enum err_code
fetch(void *context, const struct digest *digest, struct dsse *ret_statement, struct err *err)
{
	struct folded *folded = context;
	const struct buf *texts[] = {&folded->charter, &folded->roster};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		DSSE statement = {0};
		struct digest found;

		if (texts[i]->size == 0)
			continue;
		TRY(dsse_parse(buf_view(texts[i]), &statement, err));
		TRY(dsse_digest(&statement, &found, err));
		if (!digest_equal(&found, digest))
			continue;
		*ret_statement = TAKE(statement);
		return ERR_OK;
	}
	return err_set(err, ERR_INTEGRITY, "a document in force is not there");
}

enum err_code
folded_read(struct view file, const struct digest *vault, struct folded *ret_folded,
    struct err *err)
{
	FOLDED folded = {.chain = {.vault = *vault, .fetch = fetch}};
	struct reader reader = reader_of(file);
	struct view image = reader_lp32(&reader, FOLDED_FILE_MAX);

	folded.chain.context = &folded;
	buf_bytes(&folded.charter, reader_lp32(&reader, DSSE_TEXT_MAX));
	buf_bytes(&folded.roster, reader_lp32(&reader, DSSE_TEXT_MAX));
	if (!reader_end(&reader))
		return err_set(err, ERR_INTEGRITY, "the file is cut off");
	TRY(buf_check(&folded.charter, err));
	TRY(buf_check(&folded.roster, err));
	TRY(chain_resume(image, &folded.chain, err));
	folded.chain.fetch = NULL;
	folded.chain.context = NULL;
	*ret_folded = TAKE(folded);
	return ERR_OK;
}

enum err_code
folded_add(struct folded *folded, const struct dsse *statement, struct err *err)
{
	struct buf *text = statement_is(statement, STATEMENT_CHARTER) ? &folded->charter :
	    statement_is(statement, STATEMENT_ROSTER)                 ? &folded->roster :
	                                                                NULL;

	TRY(chain_add(&folded->chain, statement, err));
	if (text == NULL)
		return ERR_OK;
	buf_done(text);
	return dsse_encode(statement, text, err);
}

enum err_code
folded_write(const struct folded *folded, struct buf *ret_file, struct err *err)
{
	BUF image = {0};

	TRY(chain_image(&folded->chain, &image, err));
	buf_lp32(ret_file, buf_view(&image));
	buf_lp32(ret_file, buf_view(&folded->charter));
	buf_lp32(ret_file, buf_view(&folded->roster));
	return buf_check(ret_file, err);
}
