/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/rotation/candidates.h"

#include "base/credential.h"
#include "base/openssh_key.h"
#include "ceremony/protocol/rows.h"
#include "ceremony/server/rotation/payment.h"

/* Only a probe says what the target takes: until the next one this is all that is known. */
static const char *
words_of(const struct debt_row *debt, uint32_t version)
{
	if (version == debt->old)
		return "the one to be replaced: the target took it until then";
	if (version != debt->pending)
		return "made to replace it, and given up when the target said no to it; it may have kept it "
		       "all the same";
	switch (debt->state) {
	case DEBT_PREPARED:
		return "made to replace it: the target has not taken it yet";
	case DEBT_EXPELLED:
	case DEBT_VERIFIED:
		return "made to replace it: the target took it";
	default:
		return "made to replace it: the target was told it, and may have taken it";
	}
}

/* "TYPE BASE64", as it stands in authorized_keys; appended where the credential has a private key of a known form. */
static enum err_code
public_half(const struct secret *credential, struct buf *text, struct err *err)
{
	struct openssh_look look;
	struct err none;
	struct view key;

	if (credential_get(secret_view(credential), FIELD_PRIVATE_KEY, &key, &none) == ERR_OK &&
	    openssh_key_look(key, &look, &none) == ERR_OK)
		ssh_public_write(&look.public_key, text);
	return buf_check(text, err);
}

enum err_code
candidates_tell(struct session *session, const struct debt_row *debt, struct json *array,
    struct err *err)
{
	ESCROW escrow = {0};
	struct err lost = {0};

	TRY(payment_escrow(session, debt, &escrow, &lost, err));
	for (size_t i = 0; lost.code == ERR_OK && i < escrow.count; i++) {
		const struct escrow_value *value = &escrow.values[i];
		BUF text = {0};

		TRY(public_half(value->credential, &text, err));
		const struct value_told told = {value->version, words_of(debt, value->version),
		    text.size > 0 ? buf_string(&text) : ""};
		members_add(array, value_told_members, &told);
	}
	return ERR_OK;
}
