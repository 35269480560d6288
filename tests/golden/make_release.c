/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Releases the golden version to a made-up responder, as a ceremony of 2 of its officers would:
 *
 *	usage: make-release FOLDER
 *
 * release-1.request, .ceremony, .approval, .release, .done: statements, the host's and the lease key's
 * signed, those of people not; .host: the public half of the host's statement key; .answer and
 * .release-key: what was sealed to the responder, and the private scalar that opens it; .reply and
 * .reply-key: the golden envelope on its way to the officer who approved, and the scalar of that approval.
 * Run by hand, once; its output is committed.  Nothing in it is secret.
 */
#include <stdio.h>
#include <string.h>

#include "base/credential.h"
#include "base/file.h"
#include "ceremony/protocol/statements_host.h"
#include "vault/seal/reply.h"

enum { THEN = 1798761600 };

struct golden {
	const char *folder;
	struct buf header_bytes, envelope, credential;
	struct header *header;
	struct digest hash, alice;
	struct secret *host, *lease;
	struct p256_key *release, *reply;
	struct request request;
	struct ceremony ceremony;
	struct approval approval;
};

static enum err_code
read_one(const struct golden *golden, const char *name, struct buf *ret_bytes, struct err *err)
{
	char path[4096];

	TRY(file_path(golden->folder, name, path, err));
	return file_read(path, HEADER_MAX, ret_bytes, err);
}

static enum err_code
write_one(const struct golden *golden, const char *name, struct view bytes, struct err *err)
{
	char path[4096];

	TRY(file_path(golden->folder, name, path, err));
	return file_write_new(path, bytes, 0644, err);
}

static enum err_code
write_key(const struct golden *golden, const char *name, const struct p256_key *key,
    struct err *err)
{
	SECRET *scalar = NULL;

	TRY(p256_key_scalar(key, &scalar, err));
	return write_one(golden, name, secret_view(scalar), err);
}

static enum err_code
load(struct golden *golden, struct err *err)
{
	struct ed25519_public host;

	TRY(read_one(golden, "version-1.header", &golden->header_bytes, err));
	TRY(read_one(golden, "version-1.envelope", &golden->envelope, err));
	TRY(read_one(golden, "version-1.credential", &golden->credential, err));
	TRY(header_new(&golden->header, err));
	TRY(header_decode(buf_view(&golden->header_bytes), golden->header, err));
	TRY(header_hash(buf_view(&golden->header_bytes), &golden->hash, err));
	TRY(sha256_one(view_of_text("token alice"), &golden->alice, err));
	TRY(secret_new(ED25519_SIZE, &golden->host, err));
	TRY(secret_random(golden->host, ED25519_SIZE, err));
	TRY(secret_new(ED25519_SIZE, &golden->lease, err));
	TRY(secret_random(golden->lease, ED25519_SIZE, err));
	TRY(p256_key_new(&golden->release, err));
	TRY(p256_key_new(&golden->reply, err));
	TRY(write_key(golden, "release-1.release-key", golden->release, err));
	TRY(write_key(golden, "release-1.reply-key", golden->reply, err));
	TRY(ed25519_public(golden->host, &host, err));
	return write_one(golden, "release-1.host", VIEW_OF(host.bytes), err);
}

/* The statement of PAYLOAD, signed with SEED by the host, or the lease key, or by nobody. */
static enum err_code
state(struct golden *golden, enum statement_type type, struct json *payload, const char *name,
    struct digest *ret_digest, struct err *err)
{
	DSSE statement = {0};
	BUF text = {0};

	TRY(statement_new(type, false, payload, &statement, err));
	if (type == STATEMENT_CEREMONY || type == STATEMENT_RELEASE)
		TRY(statement_sign_host(&statement, golden->host, err));
	if (type == STATEMENT_DONE)
		TRY(statement_sign_lease(&statement, golden->lease, err));
	TRY(dsse_digest(&statement, ret_digest, err));
	TRY(dsse_encode(&statement, &text, err));
	return write_one(golden, name, buf_view(&text), err);
}

static enum err_code
ask(struct golden *golden, struct err *err)
{
	const struct header *header = golden->header;
	JSON *request = NULL, *ceremony = NULL;
	P256_KEY *key = NULL;
	struct item item = {.secret = header->secret,
	    .version = header->version,
	    .definition = header->definition,
	    .header = golden->hash,
	    .name = "prod/golden"};

	snprintf(item.quorum, sizeof(item.quorum), "%s", header->quorum);
	golden->request = (struct request){.vault = header->vault,
	    .mode = MODE_RELEASE,
	    .items = {&item, 1},
	    .recipients = {.rows = {{.token = golden->alice}}, .count = 1},
	    .seat = "alice",
	    .token = golden->alice,
	    .reason = "the golden night",
	    .incident = "INC-4711",
	    .duration = 1800,
	    .host = "laptop",
	    .user = "alice",
	    .created = THEN,
	    .expires = THEN + 3600};
	p256_key_public(golden->release, &golden->request.recipients.rows[0].key);
	TRY(request_payload(&golden->request, &request, err));
	TRY(state(golden, STATEMENT_REQUEST, request, "release-1.request", &golden->request.digest,
	    err));
	TRY(p256_key_new(&key, err));
	golden->ceremony = (struct ceremony){.vault = header->vault,
	    .request = golden->request.digest,
	    .charter = header->charter,
	    .id = {{1}},
	    .mode = MODE_RELEASE,
	    .items = {&item, 1},
	    .recipients = golden->request.recipients,
	    .created = THEN,
	    .deadline = THEN + 3600,
	    .size = 1};
	p256_key_public(key, &golden->ceremony.key);
	TRY(ceremony_payload(&golden->ceremony, &ceremony, err));
	return state(golden, STATEMENT_CEREMONY, ceremony, "release-1.ceremony",
	    &golden->ceremony.digest, err);
}

/* The officer of the golden envelope approves, and gets it. */
static enum err_code
approve(struct golden *golden, struct err *err)
{
	const struct header_envelope *envelope = &golden->header->envelopes[0];
	JSON *payload = NULL;
	BUF box = {0};

	golden->approval = (struct approval){.vault = golden->header->vault,
	    .ceremony = golden->ceremony.digest,
	    .token = envelope->token,
	    .enc = golden->ceremony.key, /* any point: no shares are given */
	    .time = THEN + 60,
	    .size = 1};
	snprintf(golden->approval.seat, sizeof(golden->approval.seat), "%s", envelope->seat);
	p256_key_public(golden->reply, &golden->approval.reply);
	TRY(approval_payload(&golden->approval, &payload, err));
	TRY(state(golden, STATEMENT_APPROVAL, payload, "release-1.approval",
	    &golden->approval.digest, err));
	const struct reply_ids ids = {.vault = golden->header->vault,
	    .statement = golden->approval.digest,
	    .header = golden->hash,
	    .seat = envelope->seat,
	    .token = envelope->token};
	TRY(reply_seal(&ids, &golden->approval.reply, buf_view(&golden->envelope), &box, err));
	return write_one(golden, "release-1.reply", buf_view(&box), err);
}

static enum err_code
answer(struct golden *golden, struct err *err)
{
	const struct recipient *recipient = &golden->request.recipients.rows[0];
	struct digest info;
	struct point enc;
	HPKE *hpke = NULL;
	SECRET *plaintext = NULL;
	BUF box = {0};
	const struct box_ids ids = {.label = seal_label_answer,
	    .vault = golden->header->vault,
	    .secret = golden->header->secret,
	    .version = golden->header->version,
	    .header_hash = golden->hash,
	    .ceremony = golden->ceremony.digest,
	    .seat = golden->request.seat,
	    .token = recipient->token};

	TRY(secret_new(ED25519_SIZE + golden->credential.size, &plaintext, err));
	TRY(secret_append(plaintext, secret_view(golden->lease), err));
	TRY(secret_append(plaintext, buf_view(&golden->credential), err));
	TRY(seal_box_info(&ids, &info, err));
	TRY(hpke_sender(hpke_suite_default, &recipient->key, VIEW_OF(info.bytes), &hpke, &enc,
	    err));
	buf_bytes(&box, VIEW_OF(enc.bytes));
	TRY(hpke_seal(hpke, VIEW_OF(golden->ceremony.digest.bytes), secret_view(plaintext), &box,
	    err));
	return write_one(golden, "release-1.answer", buf_view(&box), err);
}

static enum err_code
release(struct golden *golden, struct err *err)
{
	JSON *payload = NULL, *end = NULL;
	struct digest ignored;
	struct release_item item = {golden->header->secret, golden->header->version, golden->hash,
	    {{2}}};
	struct release release = {.vault = golden->header->vault,
	    .ceremony = golden->ceremony.digest,
	    .items = &item,
	    .item_count = 1,
	    .recipients = {golden->alice},
	    .recipient_count = 1,
	    .approvals = {golden->approval.digest},
	    .approval_count = 1,
	    .released = THEN + 120,
	    .expires = THEN + 1920};
	struct done done = {.vault = golden->header->vault, .time = THEN + 600};

	TRY(ed25519_public(golden->lease, &release.key, err));
	TRY(release_payload(&release, &payload, err));
	TRY(state(golden, STATEMENT_RELEASE, payload, "release-1.release", &done.release, err));
	TRY(done_payload(&done, &end, err));
	return state(golden, STATEMENT_DONE, end, "release-1.done", &ignored, err);
}

static enum err_code
make(struct golden *golden, struct err *err)
{
	TRY(crypto_start(err));
	TRY(load(golden, err));
	TRY(ask(golden, err));
	TRY(approve(golden, err));
	TRY(answer(golden, err));
	return release(golden, err);
}

int
main(int argc, char **argv)
{
	struct err err;
	struct golden golden = {0};

	if (argc != 2) {
		fprintf(stderr, "usage: make-release FOLDER\n");
		return 2;
	}
	golden.folder = argv[1];
	enum err_code code = make(&golden, &err);
	if (code != ERR_OK)
		fprintf(stderr, "make-release: %s\n", err.text);
	return code != ERR_OK;
}
