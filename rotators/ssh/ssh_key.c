/* SPDX-License-Identifier: Apache-2.0 */
/*
 * halligan-rotate-ssh-key: the credential is an SSH private key; the target is an account on a
 * host, and the lines of an authorized_keys file that let the key in.
 *
 *	probe	a real login with that key, whatever the access is; after a no, with the other one in the same session for proof
 *	add	a line with the new public key beside each one that has the old one
 *	withdraw	the lines with the old one go, once the new one stands there
 *	expel	the account's sessions that were opened with the old key are ended
 *
 * With access "local" the file is on this machine (identity: ambient); with "ssh" the key itself logs in and changes it there
 * (identity: self): the current one adds, or the new one where the current is not let in any more; the new one alone
 * withdraws.  Sessions are ended by a login with the new one, whatever the access: no rotator sees processes of this
 * machine (daemon/starter/).
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/openssh_key.h"
#include "base/whole.h"
#include "rotators/ssh/change.h"
#include "rotators/ssh/check.h"
#include "rotators/ssh/script.h"

struct ssh_key {
	struct ssh_account account;
	struct control control;
	bool locked; /* all memory of this process */
};
DESTRUCTOR(ssh_key_freep, struct ssh_key, free)

static void
ssh_key_close(void *state)
{
	free(state);
}

static enum err_code
ssh_key_open(const struct rotation *rotation, void **ret_state, struct err *err)
{
	CLEANUP(ssh_key_freep) struct ssh_key *key = calloc(1, sizeof(*key));
	struct err all, one;

	if (key == NULL)
		return err_set(err, ERR_MEMORY, "no memory for the target");
	if (ssh_account_read(rotation->target, &key->account, &all) != ERR_OK) {
		err_gather(&all, check_key(rotation->current, "current", &one), &one);
		err_gather(&all, check_key(rotation->next, "next", &one), &one);
		return err_gathered(&all, err);
	}
	key->locked = whole_lock();
	*ret_state = TAKE(key);
	return ERR_OK;
}

static void
ssh_key_describe(const void *state, struct description *ret_description)
{
	const struct ssh_key *key = state;

	ret_description->fields[FIELD_PRIVATE_KEY] = true;
	ret_description->announced = (struct announcement){.style = STYLE_OVERLAP,
	    .holds = ANNOUNCED_HOLDS_MAX,
	    .account_count = 2,
	    .account = {"host_key", "user"},
	    .identity = key->account.local ? IDENTITY_AMBIENT : IDENTITY_SELF,
	    .can = CAN_EXPEL};
}

static enum err_code
ssh_key_check(void *state, struct rotation *rotation, struct err *err)
{
	struct ssh_key *key = state;

	TRY(ssh_check(&key->control, &key->account, rotation, err));
	if (!key->locked)
		rotation_detail(rotation,
		    "a copy of the key may be written to swap during a login: let this account lock 64 MiB "
		    "or more (ulimit -l), or encrypt the swap");
	return ERR_OK;
}

static enum err_code
ssh_key_generate(void *state, struct rotation *rotation, struct secret **ret_next, struct err *err)
{
	struct ssh_key *key = state;
	const struct ssh_account *account = &key->account;
	SECRET *named = NULL, *text = NULL;
	struct key_kind kind;
	char comment[SSH_COMMENT_MAX + 1];

	control_forget_next(&key->control);
	(void)snprintf(comment, sizeof(comment), "halligan break-glass key of %s@%s",
	    account->target.user, account->target.host);
	TRY(ssh_account_kind(account, rotation->current, &kind, err));
	TRY(openssh_key_make(kind.family, kind.bits, comment, &text, err));
	rotation_detail(rotation, "a key of type %s", key_kind_text(kind));
	TRY(rotation_replace(rotation->current, FIELD_USERNAME, view_of_text(account->target.user),
	    &named, err));
	return rotation_replace(named, FIELD_PRIVATE_KEY, secret_view(text), ret_next, err);
}

static enum err_code
ssh_key_probe(void *state, struct rotation *rotation, enum rotator_value which,
    enum probe_result *ret_result, struct err *err)
{
	struct ssh_key *key = state;

	return control_probe(&key->control, &key->account, rotation, which, ret_result, err);
}

static enum err_code
ssh_key_add(void *state, struct rotation *rotation, enum change_result *ret_result, struct err *err)
{
	struct ssh_key *key = state;

	control_forget(&key->control);
	return ssh_add(&key->account, rotation, ret_result, err);
}

static enum err_code
ssh_key_withdraw(void *state, struct rotation *rotation, enum change_result *ret_result,
    struct err *err)
{
	struct ssh_key *key = state;

	control_forget(&key->control);
	return ssh_withdraw(&key->account, rotation, ret_result, err);
}

/* --- Expel -------------------------------------------------------------------------------- */

static enum err_code
find_sessions(const struct ssh_account *account, struct rotation *rotation, struct view script,
    struct buf *ret_output, struct err *err)
{
	SSH_ANSWER answer = {0};

	if (rotation->next == NULL)
		return err_set(err, ERR_INVALID, "expel needs the new value to log in with");
	TRY(ssh_account_run(account, rotation, ROTATOR_NEXT, script, &answer, err));
	if (answer.verdict != LINK_ACCEPTED)
		return err_set(err, ERR_TARGET_UNKNOWN, "%s", answer.detail);
	buf_bytes(ret_output, buf_view(&answer.output));
	return buf_check(ret_output, err);
}

static void
tell_left(struct rotation *rotation, const struct script_sessions *sessions)
{
	char others[160] = "", unclear[240] = "";

	if (sessions->other > 0)
		(void)snprintf(others, sizeof(others),
		    "; %u more say%s that another key opened %s, which only %s: look at %s by hand",
		    sessions->other, sessions->other == 1 ? "s" : "",
		    sessions->other == 1 ? "it" : "them",
		    sessions->other == 1 ? "it says" : "they say",
		    sessions->other == 1 ? "it" : "them");
	if (sessions->unclear > 0)
		(void)snprintf(unclear, sizeof(unclear),
		    "; %u of the account's sessions do not tell which key opened them: they only forward "
		    "ports, or sshd lacks \"ExposeAuthInfo yes\" in sshd_config; look at them by hand",
		    sessions->unclear);
	rotation_detail(rotation, "%u session%s ended%s%s%s", sessions->ended,
	    sessions->ended == 1 ? "" : "s",
	    sessions->unseen == 0 ?
	        "" :
	        "; more may be open: not all processes of the host could be looked at (/proc is mounted with hidepid, a tool "
	        "as xargs or sort is missing, or memory or processes ran out); look for sessions as root",
	    others, unclear);
}

static enum expel_result
judge_sessions(struct rotation *rotation, const struct script_sessions *sessions)
{
	bool left = sessions->unclear > 0 || sessions->other > 0 || sessions->unseen > 0;

	if (!left && sessions->ended == 0)
		return EXPEL_NONE;
	tell_left(rotation, sessions);
	return left ? EXPEL_CANNOT_TELL : EXPEL_ENDED;
}

static enum err_code
ssh_key_expel(void *state, struct rotation *rotation, enum expel_result *ret_result,
    struct err *err)
{
	const struct ssh_key *key = state;
	const struct ssh_account *account = &key->account;
	struct script_marker marker;
	struct script_sessions sessions;
	struct ssh_public current;
	BUF script = {0}, output = {0};

	TRY(ssh_account_public(rotation->current, &current, err));
	TRY(script_marker(&marker, err));
	TRY(script_expel(&marker, account->target.user, &current, &script, err));
	TRY(find_sessions(account, rotation, buf_view(&script), &output, err));
	*ret_result = EXPEL_CANNOT_TELL;
	if (script_expel_result(&marker, buf_view(&output), &sessions, rotation->detail) ==
	    SCRIPT_DONE)
		*ret_result = judge_sessions(rotation, &sessions);
	return ERR_OK;
}

static const char *const ssh_key_help[] = {
    "usage: halligan-rotate-ssh-key",
    "",
    "Halligan's rotator for SSH keys; started by Halligan, which speaks to it over pipes.",
    "Target: host, port, user, host_key, authorized_keys, access (\"local\" or \"ssh\"), account, key_type,",
    "jump (a host that carries the connection on).",
    "See halligan-rotate-ssh-key(8) and docs/rotators.md.",
    NULL,
};

static const struct program_ops ops = {
    .name = "ssh-key",
    .help = ssh_key_help,
    .open = ssh_key_open,
    .close = ssh_key_close,
    .describe = ssh_key_describe,
    .check = ssh_key_check,
    .generate = ssh_key_generate,
    .probe = ssh_key_probe,
    .changes = {[ROTATOR_ADD] = ssh_key_add, [ROTATOR_WITHDRAW] = ssh_key_withdraw},
    .expel = ssh_key_expel,
};

int
main(int argc, char **argv)
{
	return program_run(&ops, argc, argv);
}
