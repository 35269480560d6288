/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands/secret_adopt.h"

#include <string.h>

#include "ceremony/client/secrets/adopt.h"
#include "cli/given.h"
#include "cli/private_key.h"

/* The rotator whose private keys are SSH's; what others call so is taken as it is. */
static const char ssh_rotator[] = "ssh-key";

/* CREDENTIAL with KEY in the place of its private key. */
static enum err_code
put_key(const struct secret *credential, const struct secret *key, struct secret **ret_credential,
    struct err *err)
{
	SECRET *new = NULL;

	TRY(credential_new(&new, err));
	for (int i = 0; i < CREDENTIAL_FIELDS; i++) {
		enum credential_field field = (enum credential_field)i;
		struct view value = secret_view(key);

		if (!credential_has(secret_view(credential), field))
			continue;
		if (field != FIELD_PRIVATE_KEY)
			TRY(credential_get(secret_view(credential), field, &value, err));
		TRY(credential_add(new, field, value, err));
	}
	*ret_credential = TAKE(new);
	return ERR_OK;
}

/* What is sealed is a key that whoever opens it can use at once. */
static enum err_code
take_private_key(const struct cli_call *call, const char *rotator, struct secret **credential,
    struct err *err)
{
	bool has = credential_has(secret_view(*credential), FIELD_PRIVATE_KEY);
	SECRET *key = NULL, *new = NULL;
	struct view file;

	if (strcmp(rotator, ssh_rotator) != 0 || !has) {
		if (option_given(call->parsed, "passphrase-fd"))
			return err_set(err, ERR_USAGE,
			    "--passphrase-fd goes with a private key for rotator %s only",
			    ssh_rotator);
		return ERR_OK;
	}
	if (credential_has(secret_view(*credential), FIELD_CERTIFICATE))
		return err_set(err, ERR_REFUSED,
		    "rotator %s takes no certificate: a host that trusts who signed it lets the key in without a line in any "
		    "file, so that the key could never be taken away there; leave --field certificate out, and see that no "
		    "valid certificate of this key is left",
		    ssh_rotator);
	TRY(credential_get(secret_view(*credential), FIELD_PRIVATE_KEY, &file, err));
	TRY(secret_from(file, &key, err));
	TRY(private_key_take(call, &key, err));
	TRY(put_key(*credential, key, &new, err));
	secret_free(*credential);
	*credential = TAKE(new);
	return ERR_OK;
}

/* The options give the one that is meant. */
static enum err_code
take_given(void *context, const struct definition *definition, struct secret **ret_credential,
    struct err *err)
{
	struct cli_call *call = context;
	SECRET *credential = NULL;

	TRY(given_credential(call, "field", "from-fd", &credential, err));
	if (credential == NULL)
		return err_set(err, ERR_USAGE,
		    "the present value is missing: --field private-key=FILE, --field password, or "
		    "--from-fd FIELD=N");
	TRY(take_private_key(call, definition->rotator, &credential, err));
	*ret_credential = TAKE(credential);
	return ERR_OK;
}

enum err_code
cmd_secret_adopt(struct cli_call *call, struct err *err)
{
	const struct adopt_plan plan = {.name = call_argument(call, 0),
	    .value = take_given,
	    .context = call,
	    .ahead = true,
	    .rotate = !option_given(call->parsed, "no-rotate")};
	size_t left;

	TRY(call_connect(call, err));
	TRY(adopt_run(call->client, &plan, &left, err));
	if (left > 0)
		return err_set(err, ERR_TARGET_UNKNOWN,
		    "%s is sealed, but its first replacement is not done yet: halligan rotate %s",
		    plan.name, plan.name);
	return ERR_OK;
}
