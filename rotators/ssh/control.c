/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key that is denied is dead when the other one is let in by the next answer of the same session.  But where the
 * two are of different kinds (an RSA key was replaced by an Ed25519 one, or by a longer one) the no may be for the kind
 * (PubkeyAcceptedAlgorithms, RequiredRSASize), which sshd says in no other words; so the account's file must not have
 * the key either.  It is read at each such probe rather than remembered whether the key ever was let in: after a crash
 * of the vault nobody remembers, and a debt must end.
 *
 *	denied	other			kinds	in the file	result
 *	current	next, not denied yet	same	-		let in: refused
 *	next	current, let in before	same	-		let in: refused
 *	either	as above		differ	no		let in: refused
 *	either	as above		differ	yes, unreadable	denied
 *	either	denied, unknown		any	-		denied
 *	either	is not offered		any	-		denied
 */
#include "rotators/ssh/control.h"

#include <stdio.h>
#include <string.h>

#include "base/openssh_key.h"
#include "base/process.h"
#include "rotators/ssh/authorized_keys.h"
#include "rotators/ssh/key_file.h"
#include "rotators/ssh/script.h"

enum { CHECK_LIMIT = 10000 /* milliseconds */, STRAY_RSA_BITS = 2048 };

void
control_forget(struct control *control)
{
	*control = (struct control){0};
}

void
control_forget_next(struct control *control)
{
	control->accepted[ROTATOR_NEXT] = control->denied[ROTATOR_NEXT] = false;
}

static void
remember(struct control *control, enum rotator_value which, const struct ssh_answer *answer)
{
	control->accepted[which] = answer->verdict == LINK_ACCEPTED;
	if (answer->verdict != LINK_UNKNOWN)
		control->denied[which] = answer->verdict == LINK_DENIED;
}

static const struct secret *
value_of(const struct rotation *rotation, enum rotator_value which)
{
	return which == ROTATOR_CURRENT ? rotation->current : rotation->next;
}

/* --- Keys of different kinds -------------------------------------------------------------- */

struct probe {
	const struct ssh_account *account;
	const struct secret *other; /* NULL: none that may be offered */
	bool differ;                /* the kinds of the two */
	struct ssh_public key, other_key;
	struct ssh_fingerprint host, name,
	    other_name; /* of the pinned host key, and of those two */
	struct script_marker marker;
	struct buf script; /* reads the file there; empty when it need not be read, or is here */
};

static void
probe_done(struct probe *probe)
{
	buf_done(&probe->script);
}

static bool
are_alike(const struct ssh_public *a, const struct ssh_public *b)
{
	size_t bits_a = 0, bits_b = 0;

	return strcmp(a->type, b->type) == 0 &&
	    ssh_public_rsa_bits(a, &bits_a) == ssh_public_rsa_bits(b, &bits_b) && bits_a == bits_b;
}

static enum err_code
look_at_keys(struct probe *probe, const struct secret *value, struct err *err)
{
	TRY(ssh_public_fingerprint(&probe->account->target.host_key, &probe->host, err));
	TRY(ssh_account_public(value, &probe->key, err));
	TRY(ssh_public_fingerprint(&probe->key, &probe->name, err));
	if (probe->other == NULL)
		return ERR_OK;
	TRY(ssh_account_public(probe->other, &probe->other_key, err));
	TRY(ssh_public_fingerprint(&probe->other_key, &probe->other_name, err));
	probe->differ = !are_alike(&probe->key, &probe->other_key);
	if (!probe->differ || probe->account->local)
		return ERR_OK;
	TRY(script_marker(&probe->marker, err));
	return script_read(&probe->marker, probe->account->path, &probe->script, err);
}

static enum err_code
stands_in(const struct probe *probe, struct view content, bool *ret_stands, struct err *err)
{
	struct authorized_keys_count count;

	TRY(authorized_keys_count(content, &probe->key, &probe->other_key, &count, err));
	*ret_stands = count.current > 0;
	return ERR_OK;
}

/* Has the file, here or as the script says that the other key ran, a line with the key?  An error means not known. */
static enum err_code
stands_in_file(const struct probe *probe, const struct ssh_answer *other, bool *ret_stands,
    struct err *err)
{
	const struct ssh_account *account = probe->account;
	KEY_FILE file = KEY_FILE_NONE;
	struct script_file there;
	char detail[ROTATOR_DETAIL_MAX + 1];

	if (account->local) {
		TRY(key_file_read(account->path, account->owner, AUTHORIZED_KEYS_MAX, &file, err));
		return stands_in(probe, buf_view(&file.content), ret_stands, err);
	}
	if (script_read_result(&probe->marker, buf_view(&other->output), &there, detail) !=
	    SCRIPT_DONE)
		return err_set(err, ERR_TARGET_UNKNOWN, "%s", detail);
	return stands_in(probe, there.content, ret_stands, err);
}

/* SAID: what the host says to both.  The key was denied, and the other, of another kind, let in. */
static enum probe_result
judge_kinds(const struct probe *probe, const char *said, const struct ssh_verdicts *verdicts,
    struct rotation *rotation)
{
	const char *path = probe->account->path, *type = probe->key.type;
	struct err cause;
	bool stands = false;

	if (stands_in_file(probe, &verdicts->other, &stands, &cause) != ERR_OK) {
		rotation_detail(rotation,
		    "%s: no proof that the first is dead, since the no may be for its kind, %s, and the file cannot be "
		    "read (%s): %s",
		    said, type, cause.text, path);
		return PROBE_DENIED;
	}
	if (stands) {
		rotation_detail(rotation,
		    "%s: no proof that the first is dead, since the no may be for its kind, %s: it stands in %s",
		    said, type, path);
		return PROBE_DENIED;
	}
	rotation_detail(rotation, "%s; the first does not stand in %s", said, path);
	return PROBE_REFUSED;
}

/* --- Probe -------------------------------------------------------------------------------- */

/* The host, by the key that it proved to have, and the keys that it was asked about are named: what proves a death.  No words of
 * others stand in that. */
static enum probe_result
judge_denied(const struct probe *probe, const struct ssh_verdicts *verdicts,
    struct rotation *rotation)
{
	static const char no_proof[] = "no proof that the first is dead";
	char no[ROTATOR_DETAIL_MAX + 1], said[ROTATOR_DETAIL_MAX + 1];
	const char *other = probe->other_name.text;

	(void)snprintf(no, sizeof(no), "the host with key %s says no to the key %s of %s",
	    probe->host.text, probe->name.text, probe->account->target.user);
	(void)snprintf(said, sizeof(said), "%.350s, and takes %s in the same session", no, other);
	if (verdicts->other.verdict == LINK_ACCEPTED && probe->differ)
		return judge_kinds(probe, said, verdicts, rotation);
	if (verdicts->other.verdict == LINK_ACCEPTED) {
		rotation_detail(rotation, "%s", said);
		return PROBE_REFUSED;
	}
	if (probe->other == NULL)
		rotation_detail(rotation,
		    "%s, and was not seen to take another one: no proof that this one is dead", no);
	else if (verdicts->other.verdict == LINK_DENIED)
		rotation_detail(rotation, "%s, nor does it take %s: %s", no, other, no_proof);
	else
		rotation_detail(rotation, "%s: %s, since what it says to %s is not known: %s", no,
		    no_proof, other, verdicts->other.detail);
	return PROBE_DENIED;
}

/* NULL when the other key must not be offered. */
static const struct secret *
find_other(const struct control *control, const struct rotation *rotation, enum rotator_value which)
{
	if (which == ROTATOR_CURRENT)
		return control->denied[ROTATOR_NEXT] ? NULL : rotation->next;
	return control->accepted[ROTATOR_CURRENT] ? rotation->current : NULL;
}

enum err_code
control_probe(struct control *control, const struct ssh_account *account, struct rotation *rotation,
    enum rotator_value which, enum probe_result *ret_result, struct err *err)
{
	CLEANUP(probe_done)
	struct probe probe = {.account = account, .other = find_other(control, rotation, which)};
	SSH_VERDICTS verdicts = {0};

	TRY(look_at_keys(&probe, value_of(rotation, which), err));
	TRY(ssh_account_try(account, value_of(rotation, which), probe.other,
	    buf_view(&probe.script), rotation->deadline, &verdicts, err));
	remember(control, which, &verdicts.key);
	if (verdicts.key.verdict == LINK_DENIED && probe.other != NULL)
		remember(control, which == ROTATOR_CURRENT ? ROTATOR_NEXT : ROTATOR_CURRENT,
		    &verdicts.other);
	rotation_detail(rotation, "%s", verdicts.key.detail);
	if (verdicts.key.verdict == LINK_DENIED)
		*ret_result = judge_denied(&probe, &verdicts, rotation);
	else
		*ret_result =
		    verdicts.key.verdict == LINK_ACCEPTED ? PROBE_ACCEPTED : PROBE_UNREACHABLE;
	return ERR_OK;
}

/* --- Check -------------------------------------------------------------------------------- */

static enum err_code
check_accepted(const struct ssh_account *account, const struct ssh_answer *answer, struct err *err)
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

/* A line for the key must stand in the file that is to be changed.  CONTENT, or why it cannot be had. */
static enum err_code
check_stands(const struct ssh_account *account, const struct ssh_public *key, struct view content,
    struct err *err)
{
	struct authorized_keys_count count;

	if (authorized_keys_count(content, key, key, &count, err) != ERR_OK)
		return err_add(err, "%s", account->path);
	if (count.current > 0)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "the key is let in, but does not stand in %s: another file does it (a second AuthorizedKeysFile in "
	    "sshd_config, or authorized_keys2)",
	    account->path);
}

static enum err_code
check_file_here(const struct ssh_account *account, const struct ssh_public *key, struct err *err)
{
	KEY_FILE file = KEY_FILE_NONE;

	TRY(key_file_read(account->path, account->owner, AUTHORIZED_KEYS_MAX, &file, err));
	return check_stands(account, key, buf_view(&file.content), err);
}

/* ANSWER: of the account that ran script_read(). */
static enum err_code
check_file_there(const struct ssh_account *account, const struct ssh_public *key,
    const struct script_marker *marker, const struct ssh_answer *answer, struct err *err)
{
	char detail[ROTATOR_DETAIL_MAX + 1];
	struct script_file file;

	switch (script_read_result(marker, buf_view(&answer->output), &file, detail)) {
	case SCRIPT_DONE:
		return check_stands(account, key, file.content, err);
	case SCRIPT_STOPPED:
		return err_set(err, ERR_REFUSED, "%s: %s", account->path, detail);
	case SCRIPT_SILENT:
	default:
		return ERR_OK; /* a host that stopped answering: the probe tells */
	}
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
make_stray(const struct ssh_account *account, const struct rotation *rotation,
    struct key_kind *ret_kind, struct secret **ret_stray, struct err *err)
{
	SECRET *text = NULL;

	TRY(ssh_account_kind(account, rotation->current, ret_kind, err));
	TRY(openssh_key_make(ret_kind->family,
	    ret_kind->family == FAMILY_RSA ? STRAY_RSA_BITS : ret_kind->bits,
	    "halligan: a key that nobody has", &text, err));
	return rotation_replace(NULL, FIELD_PRIVATE_KEY, secret_view(text), ret_stray, err);
}

/* The stray key, and the current one after it, by which the file is read in the same login. */
static enum err_code
check_stray(const struct ssh_account *account, const struct rotation *rotation, int64_t deadline,
    struct err *err)
{
	SSH_VERDICTS verdicts = {0};
	SECRET *stray = NULL;
	struct key_kind kind;
	struct script_marker marker;
	struct ssh_public key;
	BUF script = {0};

	TRY(ssh_account_public(rotation->current, &key, err));
	TRY(make_stray(account, rotation, &kind, &stray, err));
	TRY(script_marker(&marker, err));
	if (!account->local)
		TRY(script_read(&marker, account->path, &script, err));
	TRY(ssh_account_try(account, stray, rotation->current, buf_view(&script), deadline,
	    &verdicts, err));
	TRY(judge_stray(account, kind, &verdicts, err));
	if (account->local)
		return check_file_here(account, &key, err);
	return check_file_there(account, &key, &marker, &verdicts.other, err);
}

enum err_code
control_check(struct control *control, const struct ssh_account *account, struct rotation *rotation,
    struct err *err)
{
	SSH_VERDICTS verdicts = {0};
	int64_t limit = process_milliseconds() + CHECK_LIMIT;
	int64_t deadline = limit < rotation->deadline ? limit : rotation->deadline;

	if (rotation->current == NULL)
		return ERR_OK;
	TRY(ssh_account_try(account, rotation->current, NULL, view_of(NULL, 0), deadline, &verdicts,
	    err));
	remember(control, ROTATOR_CURRENT, &verdicts.key);
	TRY(check_accepted(account, &verdicts.key, err));
	if (verdicts.key.verdict != LINK_ACCEPTED)
		return ERR_OK;
	return check_stray(account, rotation, deadline, err);
}
