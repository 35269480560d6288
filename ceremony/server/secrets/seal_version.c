/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/secrets/seal_version.h"

#include "base/credential.h"
#include "base/openssh_key.h"
#include "ceremony/server/vault/chain.h"
#include "ceremony/server/vault/copy_sink.h"
#include "vault/documents/class.h"
#include "vault/store/copy.h"
#include "vault/store/secret.h"

void
sealing_done(struct sealing *sealing)
{
	sealed_version_done(&sealing->sealed);
	header_freep(&sealing->header);
}

/* A suspended token gets nothing, unless the seat has no other: a header wants an envelope for every seat
 * of its quorum, and a new charter may restore the token. */
bool
sealing_wants(const struct session *session, const struct seat *seat,
    const struct seat_token *token)
{
	if (!token->has[KEY_SHARE])
		return false;
	if (suspensions_find(&session->chain.suspensions, &token->id) == NULL)
		return true;
	for (size_t i = 0; i < seat->token_count; i++)
		if (seat->tokens[i].has[KEY_SHARE] &&
		    suspensions_find(&session->chain.suspensions, &seat->tokens[i].id) == NULL)
			return false;
	return true;
}

/* The active tokens with a share key of the seats in QUORUM. */
static enum err_code
find_recipients(const struct session *session, const struct quorum *quorum,
    struct seal_recipient recipients[HEADER_ENVELOPES], size_t *ret_count, struct err *err)
{
	const struct charter *charter = session->chain.charter;
	size_t count = 0;

	for (size_t i = 0; i < quorum->seat_count; i++) {
		const struct seat *seat =
		    seat_by_name(charter->seats, charter->seat_count, quorum->seats[i]);

		for (size_t j = 0; seat != NULL && j < seat->token_count; j++) {
			if (!sealing_wants(session, seat, &seat->tokens[j]))
				continue;
			if (count == HEADER_ENVELOPES)
				return err_set(err, ERR_REFUSED,
				    "the quorum has more than %d tokens", (int)HEADER_ENVELOPES);
			recipients[count++] = (struct seal_recipient){seat->name,
			    seat->tokens[j].id, seat->tokens[j].keys[KEY_SHARE]};
		}
	}
	*ret_count = count;
	return ERR_OK;
}

enum err_code
sealing_public(const struct secret *credential, struct digest *ret_public, struct err *err)
{
	struct openssh_look look;
	struct view text;
	enum err_code code = credential_get(secret_view(credential), FIELD_PRIVATE_KEY, &text, err);

	*ret_public = (struct digest){{0}};
	if (code == ERR_OK)
		code = openssh_key_look(text, &look, err);
	if (code == ERR_NOT_FOUND || code == ERR_INVALID)
		return ERR_OK; /* it has none, or in another form */
	return code != ERR_OK ?
	    code :
	    sha256_one(view_of(look.public_key.blob, look.public_key.size), ret_public, err);
}

static enum err_code
seal(struct session *session, const struct definition *definition, const struct secret *credential,
    struct sealing *sealing, struct err *err)
{
	struct seal_recipient recipients[HEADER_ENVELOPES];
	HEADER *ids = NULL;
	size_t count = 0;
	const struct policy *policy = charter_policy(session->chain.charter, definition->policy);

	if (policy == NULL)
		return err_set(err, ERR_REFUSED, "the charter has no policy \"%s\"",
		    definition->policy);
	TRY(find_recipients(session, &policy->quorum, recipients, &count, err));
	TRY(header_new(&ids, err));
	ids->training = session->chain.charter->training;
	ids->vault = session->chain.vault;
	ids->secret = definition->secret;
	ids->definition = definition->digest;
	ids->version = sealing->number;
	ids->charter = session->chain.charter->digest;
	TRY(seal_version(ids, &policy->quorum, recipients, count, secret_view(credential),
	    &sealing->sealed, NULL, err));
	TRY(header_new(&sealing->header, err));
	TRY(header_decode(buf_view(&sealing->sealed.header), sealing->header, err));
	TRY(class_shape(sealing->header, definition->policy, &sealing->shape, err));
	return header_hash(buf_view(&sealing->sealed.header), &sealing->hash, err);
}

enum err_code
sealing_make(struct session *session, const struct definition *definition, uint32_t number,
    const struct secret *credential, struct sealing *ret_sealing, struct err *err)
{
	SEALING sealing = {.secret = definition->secret,
	    .number = number,
	    .fields = credential_fields(secret_view(credential))};

	TRY(sealing_public(credential, &sealing.public, err));
	TRY(chain_refresh(session, err));
	if (seal(session, definition, credential, &sealing, err) != ERR_OK)
		return err_add(err, "sealing version %u of %s", number, definition->name);
	if (!session->rehearses)
		TRY(copy_version(session, &definition->secret, number, &sealing.hash,
		    &sealing.sealed, &sealing.copied, err));
	*ret_sealing = TAKE(sealing);
	return ERR_OK;
}

enum err_code
sealing_store(struct session *session, const struct sealing *sealing, enum version_state state,
    bool seen, struct err *err)
{
	struct version_row row = {.secret = sealing->secret,
	    .number = sealing->number,
	    .state = state,
	    .header_hash = sealing->hash,
	    .shape = sealing->shape,
	    .public = sealing->public,
	    .header = sealing->sealed.header,
	    .ciphertext = sealing->sealed.ciphertext,
	    .created = session_now(session),
	    .seen = seen,
	    .fields = sealing->fields};

	if (!digest_equal(&sealing->header->charter, &session->chain.charter->digest))
		return err_set(err, ERR_REFUSED,
		    "the charter changed while a value was sealed under it; try again");
	TRY(store_add_version(session->store, &row, sealing->header, sealing->sealed.envelopes,
	    sealing->sealed.envelope_count, err));
	const struct copy_row copy = copy_of_version(&sealing->secret, sealing->number);

	return store_set_copied(session->store, &copy, &sealing->copied, err);
}
