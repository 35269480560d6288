/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_sync: from the vault id to the charter, roster and checkpoint of today.
 *
 * What was folded of the chain is kept (folded.h), and what the server has beyond that is asked for and verified.  The
 * vault id comes from this computer's memory of the place, or from the server where
 * none was met.  A server can say any id: only what follows from it, by its founders' signatures, the log
 * key of its charter, and all that was seen of it, is believed to be that vault, and only then a place is
 * said to be its.
 */
#include "ceremony/client/sync.h"

#include <string.h>

#include "base/process.h"
#include "base/text.h"
#include "ceremony/client/folded.h"
#include "ceremony/client/memory.h"
#include "ceremony/client/statements.h"
#include "ceremony/protocol/message.h"
#include "ceremony/protocol/statements_host.h"
#include "vault/log/tlog.h"

enum { KEEP_MILLISECONDS = 10000 };

struct loading {
	struct folded folded;
	bool grew; /* by documents that were shown */
	struct checkpoint checkpoint;
	struct digest proof[TLOG_PROOF_MAX];
	size_t proof_count;
};

static void
loading_done(struct loading *loading)
{
	folded_done(&loading->folded);
}

static enum err_code
read_proof(const struct json *list, struct loading *loading, struct err *err)
{
	size_t count = json_array_count(list);

	for (size_t i = 0; i < count; i++) {
		const char *text = json_array_text(list, i);

		if (text == NULL || !text_from_hex(text, loading->proof[i].bytes, DIGEST_SIZE))
			return err_set(err, ERR_PROTOCOL, "the server sent a malformed proof");
	}
	loading->proof_count = count;
	return ERR_OK;
}

static enum err_code
verify_checkpoint(struct view note, struct loading *loading, struct err *err)
{
	const struct charter *charter = loading->folded.chain.charter;
	char origin[ORIGIN_MAX + 1];

	TRY(checkpoint_origin(charter->name, &loading->folded.chain.vault, origin, err));
	if (checkpoint_open(note, origin, &charter->host_log, &loading->checkpoint, err) !=
	    ERR_OK) {
		err->code = ERR_INTEGRITY;
		return err_add(err, "the server's checkpoint");
	}
	return ERR_OK;
}

/* What this computer has of the vault's documents: the server need not show that again. */
static enum err_code
recall_folded(const struct memory *memory, const struct trust *known, struct folded *folded,
    struct err *err)
{
	BUF file = {0};
	struct digest digest;
	enum err_code code = memory_folded(memory, known, &file, err);

	if (code == ERR_OK)
		code = folded_read(buf_view(&file), &known->vault, folded, err);
	if (code == ERR_OK)
		code = chain_digest(&folded->chain, folded->chain.document_count, &digest, err);
	if (code == ERR_OK && folded->chain.document_count == known->documents &&
	    digest_equal(&digest, &known->chain))
		return ERR_OK;
	folded_done(folded); /* all of them, then */
	*folded = (struct folded){.chain = {.vault = known->vault}};
	return code == ERR_MEMORY ? code : ERR_OK;
}

/* An old charter, when somebody asks for it. */
static enum err_code
fetch_document(void *context, const struct digest *digest, struct dsse *ret_statement,
    struct err *err)
{
	return statements_fetch(context, "statements", digest, 1, ret_statement, err);
}

static enum err_code
add_documents(const struct json *documents, struct folded *folded, struct err *err)
{
	for (size_t i = 0; i < json_array_count(documents); i++) {
		DSSE statement = {0};

		TRY(array_statement(documents, i, "document", &statement, err));
		if (folded_add(folded, &statement, err) != ERR_OK)
			return err_add(err, "what the server shows");
	}
	return ERR_OK;
}

/* Documents from FROM on: those that FOLDED lacks, or all of them. */
static enum err_code
verify_chain(const struct json *documents, size_t from, struct loading *loading, struct err *err)
{
	struct folded *folded = &loading->folded;

	if (from != folded->chain.document_count && from != 0)
		return err_set(err, ERR_PROTOCOL,
		    "the server shows other charters, rosters and suspensions than were asked for");
	if (from == 0 && folded->chain.document_count > 0) {
		const struct digest vault = folded->chain.vault;

		folded_done(folded);
		*folded = (struct folded){.chain = {.vault = vault}};
	}
	loading->grew = json_array_count(documents) > 0;
	if (!loading->grew && from == 0)
		return err_set(err, ERR_PROTOCOL, "the server shows no charter");
	return add_documents(documents, folded, err);
}

/* Read and verify the reply to `chain`. */
static enum err_code
read_chain(struct json_in *in, const struct trust *known, struct loading *loading, struct err *err)
{
	BUF note = {0};
	struct digest vault;
	const struct json *documents, *proof;

	json_in_hex(in, "vault", vault.bytes, DIGEST_SIZE);
	size_t from = (size_t)json_in_int(in, "from", 0, CHAIN_DOCUMENTS_MAX);
	documents = json_in_array(in, "documents", 0, CHAIN_DOCUMENTS_MAX);
	json_in_base64(in, "checkpoint", &note, NOTE_MAX);
	proof = json_in_array(in, "consistency", 0, TLOG_PROOF_MAX);
	TRY(json_in_end(in));
	if (!digest_equal(&vault, &known->vault))
		return err_set(err, ERR_INTEGRITY,
		    "the server shows another vault's documents than it greeted with");
	TRY(verify_chain(documents, from, loading, err));
	TRY(verify_checkpoint(buf_view(&note), loading, err));
	return read_proof(proof, loading, err);
}

/* For what follows SIZE leaves, and DOCUMENTS with that DIGEST. */
static struct json *
chain_request(uint64_t size, size_t documents, const struct digest *digest)
{
	static const struct digest none;
	struct json *request = op_new("chain");

	json_put_int(request, "size", (int64_t)size);
	json_put_int(request, "documents", (int64_t)documents);
	json_put_hex(request, "digest", VIEW_OF((documents > 0 ? digest : &none)->bytes));
	return request;
}

static enum err_code
fetch_chain(struct client *client, const struct memory *memory, const struct trust *known,
    struct loading *loading, struct err *err)
{
	REPLY reply = {0};

	TRY(recall_folded(memory, known, &loading->folded, err));
	TRY(client_ask(client,
	    chain_request(known->size, loading->folded.chain.document_count, &known->chain),
	    "chain", &reply, err));
	return read_chain(&reply.in, known, loading, err);
}

static void
introduce(const struct client *client, const struct digest *vault)
{
	const struct ui *ui = client_options(client)->ui;
	char hex[2 * DIGEST_SIZE + 1], words[TEXT_WORDS_SIZE];

	text_hex(VIEW_OF(vault->bytes), hex);
	text_words(view_of(vault->bytes, WORD_BYTES), words);
	ui_say(ui,
	    "First contact with the vault %s at %s. From now on this computer insists on it.",
	    client_hello(client)->name, client_location(client));
	ui_say(ui, "  vault id  %s", hex);
	ui_say(ui, "  words     %s", words);
	ui_say(ui, "Compare them with a colleague's before you rely on anything it shows.");
}

/* May what was verified follow what is KNOWN?  What trust becomes then, and what is kept, where it is another. */
static enum err_code
judge(const struct loading *loading, const struct trust *known, struct trust *ret_trust,
    struct buf *ret_file, struct err *err)
{
	const struct chain *chain = &loading->folded.chain;
	const struct checkpoint *checkpoint = &loading->checkpoint;
	struct trust seen = {.vault = chain->vault,
	    .documents = (uint32_t)chain->document_count,
	    .folded = known->folded,
	    .size = checkpoint->size,
	    .root = checkpoint->root};
	struct digest chain_at = {{0}};

	TRY(chain_digest(chain, chain->document_count, &seen.chain, err));
	if (known->documents <= chain->document_count)
		TRY(chain_digest(chain, known->documents, &chain_at, err));
	TRY(trust_check(known, &seen, &chain_at, loading->proof, loading->proof_count, err));
	if (loading->grew) {
		TRY(folded_write(&loading->folded, ret_file, err));
		TRY(sha256_one(buf_view(ret_file), &seen.folded, err));
	}
	*ret_trust = seen;
	return ERR_OK;
}

static enum err_code
verify_greeting(const struct client *client, const struct charter *charter, struct err *err)
{
	const struct client_hello *hello = client_hello(client);

	if (charter->training != hello->training || strcmp(charter->name, hello->name) != 0)
		return err_set(err, ERR_INTEGRITY,
		    "the server greeted with another name or kind of vault than its charter says");
	return ERR_OK;
}

/* What was seen contradicts what is shown: what that means for this computer. */
static enum err_code
refuse(const struct memory *memory, const struct known *known, struct err *err)
{
	struct err cause;
	char path[4096];

	if (memory_file(memory, &known->trust.vault, path, &cause) != ERR_OK)
		return err->code;
	return err_part(err,
	    "What to do: nobody approves anything there; ask who put it there. If all agree that "
	    "this is the vault now, remove what this computer remembers: %.300s and %.300s",
	    path, memory->pointer);
}

/* What the server shows, verified from what is KNOWN. */
static enum err_code
look(struct client *client, const struct memory *memory, const struct known *known,
    struct loading *loading, struct trust *ret_seen, struct buf *ret_file, struct err *err)
{
	enum err_code code = fetch_chain(client, memory, &known->trust, loading, err);

	if (code == ERR_OK)
		code = verify_greeting(client, loading->folded.chain.charter, err);
	if (code == ERR_OK && judge(loading, &known->trust, ret_seen, ret_file, err) != ERR_OK)
		code = known->met && err->code == ERR_INTEGRITY ? refuse(memory, known, err) :
		                                                  err->code;
	if (code == ERR_INTEGRITY && known->met && !known->here)
		return err_add(err,
		    "what stands at %.200s claims to be the vault that was at %.200s",
		    client_location(client), known->last);
	return code;
}

static void
tell(const struct client *client, const struct known *known)
{
	if (!known->met)
		introduce(client, &known->trust.vault);
	else if (!known->here)
		ui_say(client_options(client)->ui,
		    "This vault, %s, was at %s and is now at %s. All that this computer has seen of it "
		    "still counts.",
		    client_hello(client)->name, known->last, client_location(client));
}

static const struct vault_view *
keep_view(struct client *client, struct loading *loading)
{
	struct vault_view view = {.checkpoint = loading->checkpoint};

	view.chain = loading->folded.chain;
	loading->folded.chain = (struct chain){.vault = view.chain.vault};
	view.chain.fetch = fetch_document;
	view.chain.context = client;
	return client_keep(client, &view);
}

/* Another command that saw more meanwhile is no fault; but what was shown here must follow that, too. */
static enum err_code
sync_live(struct client *client, const struct memory *memory, const struct vault_view **ret_view,
    struct err *err)
{
	int64_t deadline = process_milliseconds() + KEEP_MILLISECONDS;
	bool kept = false, told = false;

	while (!kept) {
		CLEANUP(loading_done) struct loading loading = {0};
		BUF file = {0};
		struct known known;
		struct trust seen;

		TRY(memory_recall(memory, &client_hello(client)->vault, &known, err));
		TRY(look(client, memory, &known, &loading, &seen, &file, err));
		if (!told)
			tell(client, &known);
		told = true;
		TRY(memory_keep(memory, &known, &seen, buf_view(&file), &kept, err));
		if (kept)
			*ret_view = keep_view(client, &loading);
		else if (process_milliseconds() >= deadline)
			return err_set(err, ERR_BUSY,
			    "other commands on this computer see ever more of this vault");
	}
	return ERR_OK;
}

enum err_code
client_check_new(const struct client *client, struct err *err)
{
	struct memory memory;

	TRY(memory_at(client_location(client), &memory, err));
	return memory_check_new(&memory, err);
}

/* Why there is nothing to verify. */
static enum err_code
not_live(const struct client *client, struct err *err)
{
	TRY(client_check_new(client, err));
	if (client_hello(client)->state == VAULT_ABSENT)
		return err_set(err, ERR_NOT_FOUND,
		    "there is no vault at %s; make one with halligan init",
		    client_location(client));
	return err_set(err, ERR_REFUSED,
	    "the vault at %s is still being founded: its first charter is not signed by all founders "
	    "yet",
	    client_location(client));
}

void
client_foresee_sync(struct client *client)
{
	struct memory memory;
	struct trust known;
	BUF file = {0};
	struct err ignored; /* client_sync meets it again */
	bool has;

	if (memory_at(client_location(client), &memory, &ignored) != ERR_OK ||
	    memory_foresee(&memory, &known, &ignored) != ERR_OK)
		return;
	has = memory_folded(&memory, &known, &file, &ignored) == ERR_OK;
	client_foresee(client, chain_request(known.size, has ? known.documents : 0, &known.chain));
}

enum err_code
client_sync(struct client *client, const struct vault_view **ret_view, struct err *err)
{
	struct memory memory;

	if (client_hello(client)->state != VAULT_LIVE)
		return not_live(client, err);
	TRY(memory_at(client_location(client), &memory, err));
	return sync_live(client, &memory, ret_view, err);
}
