/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What needs no other answer is always asked; a later question only where it makes sense:
 *
 *	each value
 *	the file, when it is here
 *	a login with the current key, when that is one
 *	  let in: a stray key, which nobody has, and the current one after it in the same session
 *	  let in: the current key's line in the file, which was read here, or is there by a login
 *	  known and not enough, or not offered: a stray key alone
 *	a stray key alone, when the current value is no key
 */
#include "rotators/ssh/check.h"

#include "base/openssh_key.h"
#include "base/process.h"
#include "rotators/ssh/authorized_keys.h"
#include "rotators/ssh/key_file.h"
#include "rotators/ssh/script.h"

enum { CHECK_LIMIT = 10000 /* milliseconds */, STRAY_RSA_BITS = 2048 };

struct check {
	struct control *control;
	const struct ssh_account *account;
	const struct rotation *rotation;
	int64_t deadline;
	bool usable; /* the current value, whose public half is KEY */
	struct ssh_public key;
	struct err all; /* what is wrong */
};

/* --- Values ------------------------------------------------------------------------------- */

/* Of the next value alone: the account of the current one may have been renamed since it was made, and no login is by its
 * username. */
static enum err_code
check_username(const struct ssh_account *account, const struct secret *credential, struct err *err)
{
	struct view user;
	struct err absent;

	if (credential != NULL &&
	    credential_get(secret_view(credential), FIELD_USERNAME, &user, &absent) == ERR_OK &&
	    !view_equal(user, view_of_text(account->target.user)))
		return err_set(err, ERR_REFUSED,
		    "the next value's username is not the target's user, %s", account->target.user);
	return ERR_OK;
}

enum err_code
check_key(const struct secret *credential, const char *which, struct err *err)
{
	struct ssh_public public_key;

	if (credential != NULL && ssh_account_public(credential, &public_key, err) != ERR_OK)
		return err_add(err, "the %s value", which);
	return ERR_OK;
}

/* A certificate lets a key in that stands in no file, and no host says when it stops to. */
static enum err_code
check_certificate(const struct secret *credential, const char *which, struct err *err)
{
	if (credential_has(secret_view(credential), FIELD_CERTIFICATE))
		return err_set(err, ERR_REFUSED,
		    "the %s value has a certificate: a host that trusts who signed it lets the key in without a line in any "
		    "file, and taking the line away would not end that: give the key without it, and see that no valid "
		    "certificate of it is left",
		    which);
	return ERR_OK;
}

static void
check_value(struct check *check, const struct secret *credential, const char *which)
{
	struct err one;

	err_gather(&check->all, check_key(credential, which, &one), &one);
	if (credential == NULL)
		return;
	err_gather(&check->all, check_certificate(credential, which, &one), &one);
}

/* --- The account -------------------------------------------------------------------------- */

/* What the host says to the current key. */
static enum err_code
judge_login(const struct ssh_account *account, const struct ssh_answer *answer, struct err *err)
{
	switch (answer->cause) {
	case LINK_WANTS_MORE:
	case LINK_WANTS_OTHER:
	case LINK_WANTS_NONE:
	case LINK_NOT_LET_IN:
	case LINK_NOT_OFFERED:
	case LINK_JUMP_SHUT:
		return err_set(err, ERR_REFUSED, "%s", answer->detail);
	case LINK_NO_CAUSE:
	case LINK_NO_HOST:
	case LINK_HUNG_UP:
	default:
		break;
	}
	if (answer->verdict == LINK_ACCEPTED && !answer->ran && !account->local)
		return err_set(err, ERR_REFUSED,
		    "%s; with access ssh the file is changed by one (SFTP alone cannot replace a file in one "
		    "step: give the key a shell, or use access local)",
		    answer->detail);
	return ERR_OK;
}

static enum err_code
judge_stray(const struct ssh_account *account, struct key_kind kind,
    const struct ssh_verdicts *verdicts, struct err *err)
{
	if (verdicts->key.verdict == LINK_ACCEPTED)
		return err_set(err, ERR_REFUSED,
		    "%s lets %s in with a key that was made just now, so that a login proves nothing",
		    account->target.host, account->target.user);
	if (verdicts->key.cause == LINK_NOT_OFFERED)
		return err_set(err, ERR_REFUSED,
		    "%s takes no keys of the type that would be made, %s: name another one in the target's "
		    "key_type",
		    account->target.host, key_kind_text(kind));
	if (verdicts->key.cause == LINK_HUNG_UP || verdicts->other.cause == LINK_HUNG_UP)
		return err_set(err, ERR_REFUSED,
		    "%s ends the connection at the first wrong key, so that no key can be proven dead: "
		    "set MaxAuthTries to 2 or more in its sshd_config",
		    account->target.host);
	if (verdicts->other.verdict == LINK_DENIED)
		return err_set(err, ERR_REFUSED,
		    "%s takes no key after a wrong one in the same session, so that no key can be "
		    "proven dead",
		    account->target.host);
	return ERR_OK;
}

/* A key that nobody has, of the kind that will be made.  An RSA key is as good a stray when it is short. */
static enum err_code
make_stray(const struct check *check, struct key_kind *ret_kind, struct secret **ret_stray,
    struct err *err)
{
	SECRET *text = NULL;

	*ret_kind = key_kind_choose(check->account->wanted, check->usable ? &check->key : NULL);
	TRY(openssh_key_make(ret_kind->family,
	    ret_kind->family == FAMILY_RSA ? STRAY_RSA_BITS : ret_kind->bits,
	    "halligan: a key that nobody has", &text, err));
	return rotation_replace(NULL, FIELD_PRIVATE_KEY, secret_view(text), ret_stray, err);
}

/* OTHER: a key that the host takes, to be offered after the stray one and to run SCRIPT; NULL: there is none. */
static enum err_code
try_stray(const struct check *check, const struct secret *other, struct view script,
    struct ssh_verdicts *verdicts, struct err *err)
{
	SECRET *stray = NULL;
	struct key_kind kind;

	TRY(make_stray(check, &kind, &stray, err));
	TRY(ssh_account_try(check->account, stray, other, script, check->deadline, verdicts, err));
	TRY(judge_stray(check->account, kind, verdicts, err));
	return other == NULL ? judge_login(check->account, &verdicts->key, err) : ERR_OK;
}

/* --- The file ----------------------------------------------------------------------------- */

/* A line for the key must stand in the file that is to be changed. */
static enum err_code
check_stands(const struct check *check, struct view content, struct err *err)
{
	struct authorized_keys_count count;
	const char *path = check->account->path;

	if (authorized_keys_count(content, &check->key, &check->key, &count, err) != ERR_OK)
		return err_add(err, "%s", path);
	if (count.current > 0)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "the key is let in, but does not stand in %s: another file does it (a second AuthorizedKeysFile in "
	    "sshd_config, or authorized_keys2)",
	    path);
}

/* The account runs commands of ours, but it did not run the script.  A host that stopped answering is no failure yet: the
 * probe tells. */
static enum err_code
judge_silence(const struct check *check, const struct ssh_answer *answer, struct err *err)
{
	if (!answer->heard)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "%s runs a command of ours as %s, but not a script that comes on its stdin, or cuts off what that says: a "
	    "command that is forced on this key (command= in authorized_keys, ForceCommand in sshd_config) or a start-up "
	    "file does it; with access ssh the file is changed by such a script: have the two let stdin and stdout "
	    "through, or use access local",
	    check->account->target.host, check->account->target.user);
}

/* ANSWER: of the account that ran script_read(). */
static enum err_code
check_file_there(const struct check *check, const struct script_marker *marker,
    const struct ssh_answer *answer, struct err *err)
{
	char detail[ROTATOR_DETAIL_MAX + 1];
	struct view output = buf_view(&answer->output);
	struct script_file file;
	struct err all = {0}, one;

	switch (script_read_result(marker, output, &file, detail)) {
	case SCRIPT_DONE:
		return check_stands(check, file.content, err);
	case SCRIPT_STOPPED:
		do
			err_gather(&all,
			    err_set(&one, ERR_REFUSED, "%s: %s", check->account->path, detail),
			    &one);
		while (script_next_stop(marker, &output, detail));
		return err_gathered(&all, err);
	case SCRIPT_SILENT:
	default:
		return judge_silence(check, answer, err);
	}
}

/* A host that takes no key after a wrong one can still be asked for the file, by another login. */
static enum err_code
ask_there(const struct check *check, const struct script_marker *marker, struct view script,
    const struct ssh_verdicts *verdicts, struct err *err)
{
	struct rotation within = *check->rotation;
	SSH_ANSWER answer = {0};

	if (verdicts->other.verdict == LINK_ACCEPTED)
		return check_file_there(check, marker, &verdicts->other, err);
	within.deadline = check->deadline;
	TRY(ssh_account_run(check->account, &within, ROTATOR_CURRENT, script, &answer, err));
	return check_file_there(check, marker, &answer, err);
}

static enum err_code
check_file_here(const struct ssh_account *account, struct key_file *ret_file, struct err *err)
{
	TRY(key_file_read(account->path, account->owner, AUTHORIZED_KEYS_MAX, ret_file, err));
	return key_file_check_place(ret_file, err);
}

/* --- All of it ---------------------------------------------------------------------------- */

/* The current key was let in; RAN: and a command of ours ran.  FILE: the one that is here; NULL: it is not, or cannot be read. */
static enum err_code
check_let_in(struct check *check, bool ran, const struct key_file *file, struct err *err)
{
	SSH_VERDICTS verdicts = {0};
	struct script_marker marker;
	struct err one;
	BUF script = {0};

	TRY(script_marker(&marker, err));
	if (!check->account->local)
		TRY(script_read(&marker, check->account->path, true, &script, err));
	err_gather(&check->all,
	    try_stray(check, check->rotation->current, buf_view(&script), &verdicts, &one), &one);
	if (file != NULL)
		return check_stands(check, buf_view(&file->content), err);
	if (!check->account->local && ran)
		return ask_there(check, &marker, buf_view(&script), &verdicts, err);
	return ERR_OK;
}

static enum err_code
check_account(struct check *check, const struct key_file *file, struct err *err)
{
	SSH_VERDICTS login = {0}, alone = {0};
	const struct view nothing = view_of(NULL, 0);
	enum link_cause cause;
	struct err one;

	if (!check->usable)
		return try_stray(check, NULL, nothing, &alone, err);
	TRY(ssh_account_try(check->account, check->rotation->current, NULL, nothing,
	    check->deadline, &login, err));
	control_remember(check->control, ROTATOR_CURRENT, &login.key);
	err_gather(&check->all, judge_login(check->account, &login.key, &one), &one);
	if (login.key.verdict == LINK_ACCEPTED)
		return check_let_in(check, login.key.ran, file, err);
	cause = login.key.cause;
	if (cause == LINK_WANTS_MORE || cause == LINK_NOT_LET_IN || cause == LINK_NOT_OFFERED)
		return try_stray(check, NULL, nothing, &alone, err);
	return ERR_OK;
}

enum err_code
ssh_check(struct control *control, const struct ssh_account *account, struct rotation *rotation,
    struct err *err)
{
	KEY_FILE file = KEY_FILE_NONE;
	int64_t limit = process_milliseconds() + CHECK_LIMIT;
	struct check check = {.control = control,
	    .account = account,
	    .rotation = rotation,
	    .deadline = limit < rotation->deadline ? limit : rotation->deadline};
	struct err one;

	check_value(&check, rotation->current, "current");
	check_value(&check, rotation->next, "next");
	err_gather(&check.all, check_username(account, rotation->next, &one), &one);
	check.usable = rotation->current != NULL &&
	    ssh_account_public(rotation->current, &check.key, &one) == ERR_OK;
	if (account->local)
		err_gather(&check.all, check_file_here(account, &file, &one), &one);
	if (rotation->current != NULL)
		err_gather(&check.all, check_account(&check, file.file >= 0 ? &file : NULL, &one),
		    &one);
	return err_gathered(&check.all, err);
}
