/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/ssh/account.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_in.h"
#include "base/key_text.h"

enum { PORT_DEFAULT = 22, RSA_BITS_MIN = 2048 };

/* A number, or digits: the command line knows only text. */
static void
read_port(struct json_in *in, const struct json *object, struct ssh_target *target)
{
	char *end = NULL;
	unsigned long port;

	if (json_object_text(object, "port") == NULL) {
		target->port = (unsigned)json_in_int_optional(in, "port", 1, 65535, PORT_DEFAULT);
		return;
	}
	const char *text = json_in_text(in, "port", 1, 5);

	errno = 0;
	port = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || port < 1 || port > 65535)
		json_in_fail(in, "port", "must be 1 to 65535");
	target->port = (unsigned)port;
}

/* After "TYPE BASE64" a comment may come, but no second key: which of them would be meant? */
static bool
has_second_key(const char *text)
{
	char word[SSH_TYPE_MAX + 1];
	int size = 0;

	for (int i = 0; sscanf(text, "%63s%n", word, &size) == 1; i++, text += size)
		if (i > 0 && ssh_type_known(word))
			return true;
	return false;
}

static void
read_host_key(struct json_in *in, struct ssh_target *target)
{
	const char *text = json_in_text(in, "host_key", 1, 2 * SSH_BLOB_MAX);
	struct err cause;
	size_t bits;

	if (ssh_public_parse(view_of_text(text), &target->host_key, &cause) != ERR_OK)
		json_in_fail(in, "host_key", cause.text);
	else if (has_second_key(text))
		json_in_fail(in, "host_key",
		    "holds two keys: give one, of the type that the host is to show");
	else if (!ssh_type_known(target->host_key.type))
		json_in_fail(in, "host_key", "this type of host key is not supported");
	else if (ssh_public_rsa_bits(&target->host_key, &bits) && bits < RSA_BITS_MIN)
		json_in_fail(in, "host_key",
		    "an RSA key of less than 2048 bits can be forged: give the host an Ed25519 key");
}

/* Where to log in: the members that a target and a jump host share. */
static void
read_target(struct json_in *in, const struct json *object, struct ssh_target *target)
{
	const char *host = json_in_text(in, "host", 1, SSH_HOST_MAX);
	const char *user = json_in_text(in, "user", 1, SSH_USER_MAX);

	read_port(in, object, target);
	read_host_key(in, target);
	if (!ssh_host_valid(host))
		json_in_fail(in, "host", "must be a name or an address");
	if (!ssh_user_valid(user))
		json_in_fail(in, "user", "must be the name of an account");
	(void)snprintf(target->host, sizeof(target->host), "%s", host);
	(void)snprintf(target->user, sizeof(target->user), "%s", user);
}

static enum err_code
read_jump(const struct json *object, struct ssh_jump *jump, struct err *err)
{
	struct json_in in = json_in_all(object, "target: jump", err);
	const char *path = json_in_text(&in, "key_file", 1, SSH_PATH_SIZE - 1);

	read_target(&in, object, &jump->host);
	if (path[0] != '/')
		json_in_fail(&in, "key_file", "must be an absolute path");
	TRY(json_in_end(&in));
	(void)snprintf(jump->key_file, sizeof(jump->key_file), "%s", path);
	return ERR_OK;
}

static void
read_key_type(struct json_in *in, struct ssh_account *account)
{
	if (json_in_has(in, "key_type"))
		account->wanted =
		    key_kind_named((size_t)json_in_choice(in, "key_type", key_kind_names));
}

static enum err_code
find_user(struct ssh_account *account, struct err *err)
{
	const struct passwd *user;

	if (!account->local || !ssh_user_valid(account->target.user))
		return ERR_OK; /* the latter was told of */
	errno = 0;
	user = getpwnam(account->target.user);
	if (user == NULL)
		return err_set(err, ERR_REFUSED, "there is no account %s on this machine",
		    account->target.user);
	account->owner = user->pw_uid;
	return ERR_OK;
}

/* Its members but those of the jump. */
static enum err_code
read_members(const struct json *target, struct ssh_account *account, const struct json **ret_jump,
    struct err *err)
{
	static const char *const accesses[] = {"ssh", "local", NULL};
	struct json_in in = json_in_all(target, "target", err);
	const char *path = json_in_text(&in, "authorized_keys", 1, SSH_PATH_SIZE - 1);

	*ret_jump = json_in_object_optional(&in, "jump");
	read_target(&in, target, &account->target);
	read_key_type(&in, account);
	account->local = json_in_choice(&in, "access", accesses) == 1;
	if (account->local && *ret_jump != NULL)
		json_in_fail(&in, "jump", "goes with access ssh only: a local account is here");
	if (json_in_text_optional(&in, "account", 1, SSH_USER_MAX) != NULL && !account->local)
		json_in_fail(&in, "account",
		    "goes with access local only: it says as whom the file is changed here");
	if (account->local && path[0] != '/')
		json_in_fail(&in, "authorized_keys", "must be an absolute path with access local");
	(void)snprintf(account->path, sizeof(account->path), "%s", path);
	return json_in_end(&in);
}

enum err_code
ssh_account_read(const struct json *target, struct ssh_account *ret_account, struct err *err)
{
	struct ssh_account parsed = {0}, *account = &parsed;
	const struct json *jump = NULL;
	struct err all = {0}, one;

	err_gather(&all, read_members(target, account, &jump, &one), &one);
	if (jump != NULL)
		err_gather(&all, read_jump(jump, &account->jump, &one), &one);
	err_gather(&all, find_user(account, &one), &one);
	TRY(err_gathered(&all, err));
	*ret_account = parsed;
	ret_account->target.jump = jump != NULL ? &ret_account->jump : NULL;
	return ERR_OK;
}

enum err_code
ssh_account_private(const struct secret *credential, struct view *ret_text, struct err *err)
{
	return credential_get(secret_view(credential), FIELD_PRIVATE_KEY, ret_text, err);
}

enum err_code
ssh_account_public(const struct secret *credential, struct ssh_public *ret_public, struct err *err)
{
	struct view text;

	TRY(ssh_account_private(credential, &text, err));
	TRY(openssh_key_public(text, ret_public, err));
	return key_type_check(ret_public->type, err);
}

enum err_code
ssh_account_kind(const struct ssh_account *account, const struct secret *current,
    struct key_kind *ret_kind, struct err *err)
{
	struct ssh_public public_key;

	if (current != NULL)
		TRY(ssh_account_public(current, &public_key, err));
	*ret_kind = key_kind_choose(account->wanted, current != NULL ? &public_key : NULL);
	return ERR_OK;
}

/* The text of what may be handed to libssh. */
static enum err_code
checked_text(const struct secret *credential, struct view *ret_text, struct err *err)
{
	struct ssh_public checked;

	TRY(ssh_account_public(credential, &checked, err));
	return ssh_account_private(credential, ret_text, err);
}

enum err_code
ssh_account_run(const struct ssh_account *account, const struct rotation *rotation,
    enum rotator_value which, struct view script, struct ssh_answer *ret_answer, struct err *err)
{
	struct view text;

	TRY(checked_text(which == ROTATOR_CURRENT ? rotation->current : rotation->next, &text,
	    err));
	return ssh_client_run(&account->target, text, SSH_SHELL, script, rotation->deadline,
	    ret_answer, err);
}

enum err_code
ssh_account_try(const struct ssh_account *account, const struct secret *credential,
    const struct secret *other, struct view script, int64_t deadline,
    struct ssh_verdicts *ret_verdicts, struct err *err)
{
	struct ssh_trial trial = {.script = script};

	TRY(checked_text(credential, &trial.private_key, err));
	if (other != NULL)
		TRY(checked_text(other, &trial.other, err));
	return ssh_client_try(&account->target, &trial, deadline, ret_verdicts, err);
}
