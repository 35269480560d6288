/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token is its driver's functions and the driver's own handle.  The one check made here is
 * that of identity: a reader's name is only a place, so that the token found there at opening
 * must have the serial that the list showed.
 */
#include "tokens/token.h"

#include <stdlib.h>
#include <string.h>

const char *const token_key_names[TOKEN_KEYS + 1] = {"sign", "share", "release", NULL};

struct token {
	const struct token_ops *ops;
	void *handle;
};

enum err_code
token_list_all(
    const struct token_driver *drivers, size_t count, struct token_list *ret_list, struct err *err)
{
	struct token_list all = {0};

	for (size_t i = 0; i < count; i++) {
		struct token_list list = {0};

		TRY(drivers[i].ops->list(drivers[i].driver, &list, err));
		if (list.count > TOKENS_MAX - all.count)
			return err_set(err, ERR_TOKEN,
			    "more than %d tokens are plugged in: unplug those that are not needed",
			    TOKENS_MAX);
		memcpy(&all.found[all.count], list.found, list.count * sizeof(list.found[0]));
		all.count += list.count;
	}
	*ret_list = all;
	return ERR_OK;
}

static const struct token_driver *
driver_named(const struct token_driver *drivers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(drivers[i].ops->name, name) == 0)
			return &drivers[i];
	}
	return NULL;
}

static enum err_code
check_identity(struct token *token, const struct token_found *found, struct err *err)
{
	struct token_info info;

	TRY(token_get_info(token, &info, err));
	if (info.serial == found->serial)
		return ERR_OK;
	return err_set(err, ERR_TOKEN_ABSENT,
	    "token %u is no longer in reader %s: token %u is there now, and was not "
	    "used; plug token "
	    "%u in again",
	    found->serial, found->reader, info.serial, found->serial);
}

enum err_code
token_open(const struct token_driver *drivers, size_t count, const struct token_found *found,
    const struct token_ui *ui, struct token **ret_token, struct err *err)
{
	const struct token_driver *driver = driver_named(drivers, count, found->driver);

	if (driver == NULL)
		return err_set(err, ERR_INTERNAL, "there is no token driver \"%s\"", found->driver);
	if (found->problem[0] != '\0')
		return err_set(err, ERR_TOKEN, "the token in reader %s cannot be used: %s",
		    found->reader, found->problem);
	TOKEN *token = calloc(1, sizeof(*token));
	if (token == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a token");
	token->ops = driver->ops;
	TRY(driver->ops->open(driver->driver, found->reader, ui, &token->handle, err));
	TRY(check_identity(token, found, err));
	*ret_token = TAKE(token);
	return ERR_OK;
}

enum err_code
token_get_info(struct token *token, struct token_info *ret_info, struct err *err)
{
	return token->ops->info(token->handle, ret_info, err);
}

enum err_code
token_unlock(
    struct token *token, struct secret *pin, bool last_try, unsigned touches, struct err *err)
{
	return token->ops->unlock(token->handle, pin, last_try, touches, err);
}

enum err_code
token_agree(struct token *token, enum token_key key, const struct point *peer, const char *purpose,
    struct secret **ret_shared, struct err *err)
{
	return token->ops->agree(token->handle, key, peer, purpose, ret_shared, err);
}

enum err_code
token_sign(struct token *token, const struct digest *digest, const char *purpose,
    struct buf *ret_signature, struct err *err)
{
	return token->ops->sign(token->handle, digest, purpose, ret_signature, err);
}

enum err_code
token_attest(struct token *token, enum token_key key, struct buf *ret_slot, struct buf *ret_device,
    struct err *err)
{
	return token->ops->attest(token->handle, key, ret_slot, ret_device, err);
}

enum err_code
token_generate(struct token *token, enum token_key key, const struct secret *management_key,
    bool overwrite, struct point *ret_key, struct err *err)
{
	return token->ops->generate(token->handle, key, management_key, overwrite, ret_key, err);
}

void
token_close(struct token *token)
{
	if (token == NULL)
		return;
	if (token->handle != NULL)
		token->ops->close(token->handle);
	free(token);
}

void
token_closep(struct token **token)
{
	token_close(TAKE(*token));
}
