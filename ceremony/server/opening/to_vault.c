/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/opening/to_vault.h"

#include "ceremony/server/opening/refuse.h"
#include "ceremony/server/secrets/seal_version.h"
#include "ceremony/server/vault/change.h"
#include "vault/store/debt.h"
#include "vault/store/opened.h"
#include "vault/store/spare.h"

/* The secret is as it was when the item was loaded: nobody rotated or released it meanwhile. */
static enum err_code
check_still(const struct delivery *delivery, const struct sealing *sealing,
    struct secret_row *ret_secret, struct err *err)
{
	const struct secret_row *before = &delivery->item->secret;
	struct store *store = delivery->opening->session->store;
	struct debt_row debt;
	enum err_code code;

	TRY(store_get_secret(store, &before->id, ret_secret, err));
	if (ret_secret->current != before->current || ret_secret->newest + 1 != sealing->number ||
	    !digest_equal(&ret_secret->definition, &before->definition))
		return err_set(err, ERR_BUSY, "another session changed %s meanwhile",
		    ret_secret->name);
	code = store_open_debt(store, &ret_secret->id, &debt, err);
	if (code == ERR_OK)
		return err_set(err, ERR_BUSY, "%s has a rotation debt since", ret_secret->name);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* The old version is opened, retired and bare; the new one is current. */
static enum err_code
replace(struct delivery *delivery, const struct sealing *sealing, struct err *err)
{
	struct session *session = delivery->opening->session;
	struct secret_row secret;
	uint32_t old = delivery->item->secret.current;
	bool exposed;

	TRY(check_still(delivery, sealing, &secret, err));
	TRY(store_add_opened(session->store, &secret.id, old, &delivery->opening->row.id, NULL,
	    err));
	TRY(store_set_version_state(session->store, &secret.id, old, VERSION_RETIRED, err));
	TRY(sealing_store(session, sealing, VERSION_CURRENT, err));
	TRY(expose_asked(session, &secret.id, old, &delivery->opening->row.id, &exposed, err));
	if (exposed || delivery->item->version.part_exposed) /* it is the same value */
		TRY(store_set_part_exposed(session->store, &secret.id, sealing->number, err));
	secret.newest = secret.current = sealing->number;
	TRY(store_update_secret(session->store, &secret, err));
	TRY(store_erase_envelopes(session->store, &secret.id, old, err));
	return void_secret(session, &secret.id, &delivery->opening->row.id,
	    "the secret was sealed again", err);
}

enum err_code
to_vault(struct delivery *delivery, struct secret *credential, struct err *err)
{
	struct opening *opening = delivery->opening;
	struct session *session = opening->session;
	const struct loaded_item *item = delivery->item;
	SEALING sealing = {0};
	CHANGE change = {0};
	LEAF leaf = leaf_new("resealed");

	TRY(sealing_make(session, item->exhibit->definition, item->secret.newest + 1, credential,
	    &sealing, err));
	TRY(change_begin(session, &change, err));
	TRY(replace(delivery, &sealing, err));
	leaf_bytes(&leaf, "secret", VIEW_OF(item->secret.id.bytes));
	leaf_int(&leaf, "version", item->secret.current);
	leaf_int(&leaf, "new", sealing.number);
	leaf_bytes(&leaf, "header", VIEW_OF(sealing.hash.bytes));
	TRY(item_record(delivery, ITEM_DONE, "", &leaf, err));
	TRY(change_commit(session, &change, err));
	session_progress(session, "%s: sealed again, as version %u (%zu of %zu)", item->secret.name,
	    sealing.number, item->position + 1, opening->count);
	return ERR_OK;
}
