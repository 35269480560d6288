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
#include "rotators/ssh/authorized_keys.h"
#include "rotators/ssh/key_file.h"
#include "rotators/ssh/script.h"

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

void
control_remember(struct control *control, enum rotator_value which, const struct ssh_answer *answer)
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
	return script_read(&probe->marker, probe->account->path, false, &probe->script, err);
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
		    "%s, and was not seen to take another key: that proves nothing of this one",
		    no);
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
	control_remember(control, which, &verdicts.key);
	if (verdicts.key.verdict == LINK_DENIED && probe.other != NULL)
		control_remember(control, which == ROTATOR_CURRENT ? ROTATOR_NEXT : ROTATOR_CURRENT,
		    &verdicts.other);
	rotation_detail(rotation, "%s", verdicts.key.detail);
	if (verdicts.key.verdict == LINK_DENIED)
		*ret_result = judge_denied(&probe, &verdicts, rotation);
	else
		*ret_result =
		    verdicts.key.verdict == LINK_ACCEPTED ? PROBE_ACCEPTED : PROBE_UNREACHABLE;
	return ERR_OK;
}
