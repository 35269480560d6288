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

bool
token_serial_is_made(uint32_t serial)
{
	return (serial & 0x80000000U) != 0;
}

struct token {
	const struct token_ops *ops;
	void *handle;
};

/* ---- listing ---- */

bool
token_seek_may_be(const struct token_seek *seek, const struct token_traits *traits, uint32_t serial)
{
	return seek == NULL || seek->may_be(seek->context, traits, serial);
}

enum token_fit
token_seek_fit(const struct token_seek *seek, const struct token_traits *traits,
    const struct token_found *found)
{
	if (found->problem[0] != '\0')
		return TOKEN_MISFIT;
	return seek == NULL ? TOKEN_FITS : seek->fits(seek->context, traits, found);
}

/* Put MORE, which are DRIVER's, into LIST, where those of a driver stand before those of the next. */
static enum err_code
insert(struct token_list *list, const struct token_driver *driver, const struct token_list *more,
    struct err *err)
{
	size_t at = 0;

	if (more->count > TOKENS_MAX - list->count)
		return err_set(err, ERR_TOKEN,
		    "more than %d tokens are plugged in: unplug those that are not needed",
		    TOKENS_MAX);
	while (at < list->count && list->found[at].driver < driver)
		at++;
	memmove(&list->found[at + more->count], &list->found[at],
	    (list->count - at) * sizeof(list->found[0]));
	for (size_t i = 0; i < more->count; i++) {
		list->found[at + i] = more->found[i];
		list->found[at + i].driver = driver;
	}
	list->count += more->count;
	return ERR_OK;
}

/* LIST grows by what DRIVER finds, and FIT to the best among it. */
static enum err_code
list_driver(const struct token_driver *driver, const struct token_seek *seek,
    struct token_list *list, enum token_fit *fit, struct err *err)
{
	struct token_list found = {0};

	TRY(driver->ops->list(driver->driver, seek, &found, err));
	for (size_t i = 0; seek != NULL && i < found.count; i++) {
		enum token_fit this = token_seek_fit(seek, driver->ops->traits, &found.found[i]);

		*fit = this > *fit ? this : *fit;
	}
	return insert(list, driver, &found, err);
}

enum err_code
token_list_sought(const struct token_driver *drivers, size_t count, const struct token_seek *seek,
    struct token_list *ret_list, struct err *err)
{
	struct token_list all = {0};
	enum token_fit fit = TOKEN_MISFIT;

	for (size_t i = 0; i < count && fit != TOKEN_IS_MEANT; i++) {
		if (token_seek_may_be(seek, drivers[i].ops->traits, 0))
			TRY(list_driver(&drivers[i], seek, &all, &fit, err));
	}
	for (size_t i = 0; i < count && fit == TOKEN_MISFIT; i++) {
		if (!token_seek_may_be(seek, drivers[i].ops->traits, 0))
			TRY(list_driver(&drivers[i], NULL, &all, &fit, err));
	}
	*ret_list = all;
	return ERR_OK;
}

enum err_code
token_list_all(const struct token_driver *drivers, size_t count, struct token_list *ret_list,
    struct err *err)
{
	return token_list_sought(drivers, count, NULL, ret_list, err);
}

/* ---- opening ---- */

static enum err_code
check_identity(struct token *token, const struct token_found *found, enum token_detail detail,
    struct token_info *ret_info, struct err *err)
{
	TRY(token_get_info(token, detail, ret_info, err));
	if (ret_info->serial == found->serial)
		return ERR_OK;
	return err_set(err, ERR_TOKEN_ABSENT,
	    "token %u is no longer in reader %s: token %u is there now, and was not "
	    "used; plug token "
	    "%u in again",
	    found->serial, found->reader, ret_info->serial, found->serial);
}

enum err_code
token_open(const struct token_found *found, const struct token_ui *ui, enum token_detail detail,
    struct token **ret_token, struct token_info *ret_info, struct err *err)
{
	if (found->problem[0] != '\0')
		return err_set(err, ERR_TOKEN, "the token in reader %s cannot be used: %s",
		    found->reader, found->problem);
	TOKEN *token = calloc(1, sizeof(*token));
	if (token == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a token");
	token->ops = found->driver->ops;
	TRY(token->ops->open(found->driver->driver, found->reader, ui, &token->handle, err));
	TRY(check_identity(token, found, detail, ret_info, err));
	*ret_token = TAKE(token);
	return ERR_OK;
}

enum err_code
token_get_info(struct token *token, enum token_detail detail, struct token_info *ret_info,
    struct err *err)
{
	TRY(token->ops->info(token->handle, detail, ret_info, err));
	ret_info->traits = token->ops->traits;
	return ERR_OK;
}

enum err_code
token_unlock(struct token *token, struct secret *pin, bool last_try, unsigned touches,
    struct err *err)
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
    struct token_signature *ret_signature, struct err *err)
{
	return token->ops->sign(token->handle, digest, purpose, ret_signature, err);
}

static enum err_code
has_none(const struct token *token, const char *what, struct err *err)
{
	return err_set(err, ERR_INTERNAL, "the driver %s cannot %s", token->ops->traits->name,
	    what);
}

enum err_code
token_attest(struct token *token, enum token_key key, struct buf *ret_slot, struct buf *ret_device,
    struct err *err)
{
	if (token->ops->attest == NULL)
		return has_none(token, "attest a slot", err);
	return token->ops->attest(token->handle, key, ret_slot, ret_device, err);
}

enum err_code
token_generate(struct token *token, enum token_key key, const struct secret *management_key,
    bool overwrite, struct point *ret_key, struct err *err)
{
	if (token->ops->generate == NULL)
		return has_none(token, "make a key in a slot", err);
	return token->ops->generate(token->handle, key, management_key, overwrite, ret_key, err);
}

void
token_made_done(struct token_made *made)
{
	buf_done(&made->authdata);
	buf_done(&made->signature);
	buf_done(&made->certificate);
	buf_done(&made->others);
}

enum err_code
token_make(struct token *token, const struct token_wish *wish, const char *purpose,
    struct token_made *ret_made, struct err *err)
{
	if (token->ops->make == NULL)
		return has_none(token, "make a credential", err);
	return token->ops->make(token->handle, wish, purpose, ret_made, err);
}

enum err_code
token_derive(struct token *token, enum token_key key, const char *purpose, struct point *ret_key,
    struct err *err)
{
	if (token->ops->derive == NULL)
		return has_none(token, "derive a key", err);
	return token->ops->derive(token->handle, key, purpose, ret_key, err);
}

enum err_code
token_change(struct token *token, enum token_reference which, const struct secret *old,
    const struct secret *new, struct err *err)
{
	if (token->ops->change == NULL)
		return has_none(token, "change a PIN", err);
	return token->ops->change(token->handle, which, old, new, err);
}

enum err_code
token_protect(struct token *token, const struct secret *old, struct err *err)
{
	if (token->ops->protect == NULL)
		return has_none(token, "change a management key", err);
	return token->ops->protect(token->handle, old, err);
}

enum err_code
token_bind(struct token *token, const struct token_credential *credential, struct err *err)
{
	if (token->ops->bind == NULL)
		return ERR_OK;
	return token->ops->bind(token->handle, credential, err);
}

enum err_code
token_wait(const struct token_driver *drivers, size_t count, unsigned milliseconds,
    bool *ret_changed, struct err *err)
{
	bool changed = false;
	unsigned waiting = 0;

	for (size_t i = 0; i < count; i++)
		waiting += drivers[i].ops->wait != NULL;
	for (size_t i = 0; i < count; i++) {
		bool one = false;

		if (drivers[i].ops->wait == NULL)
			continue;
		TRY(drivers[i].ops->wait(drivers[i].driver, milliseconds / waiting, &one, err));
		changed = changed || one;
	}
	*ret_changed = changed;
	return ERR_OK;
}

bool
token_can_choose(const struct token_found *const *found, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (found[i]->no_choice || found[i]->driver != found[0]->driver)
			return false;
	}
	return found[0]->driver->ops->choose != NULL;
}

enum err_code
token_choose(const struct token_found *const *found, size_t count, unsigned milliseconds,
    size_t *ret_index, struct err *err)
{
	const struct token_driver *driver = found[0]->driver;

	if (!token_can_choose(found, count))
		return err_set(err, ERR_INTERNAL, "these tokens cannot be told apart by a touch");
	return driver->ops->choose(driver->driver, found, count, milliseconds, ret_index, err);
}

unsigned
token_touches(const struct token *token, unsigned signatures, unsigned agreements)
{
	if (!token->ops->traits->one_touch)
		return signatures + agreements;
	return signatures > 0 ? signatures : agreements > 0;
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
