/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is to die is the current value, and then the next one stands for it that the account takes keys at all:
 *
 *	probe current	next accepted (unless just seen), current denied, next accepted	-> refused
 *	probe next	next denied, and current just seen accepted: current accepted	-> refused
 *
 * Whatever of that is missing leaves "denied", which ends nothing.
 */
#include "rotators/ssh/control.h"

#include <string.h>

#include "base/openssh_key.h"
#include "base/process.h"

enum { FRESH = 10000, CHECK_LIMIT = 10000 /* milliseconds */ };

void
control_forget(struct control *control)
{
	*control = (struct control){0};
}

static const struct secret *
value_of(const struct rotation *rotation, enum rotator_value which)
{
	return which == ROTATOR_CURRENT ? rotation->current : rotation->next;
}

static enum err_code
try_value(struct control *control, const struct ssh_account *account,
    const struct rotation *rotation, enum rotator_value which, int64_t deadline,
    struct ssh_answer *ret_answer, struct err *err)
{
	TRY(ssh_account_try(account, value_of(rotation, which), deadline, ret_answer, err));
	control->denied[which] = ret_answer->outcome == SSH_DENIED;
	control->accepted[which] = ret_answer->outcome == SSH_ACCEPTED ? process_milliseconds() : 0;
	return ERR_OK;
}

static bool
is_fresh(const struct control *control, enum rotator_value which)
{
	return control->accepted[which] != 0 &&
	    process_milliseconds() - control->accepted[which] < FRESH;
}

/* RET_GOES_ON: the host answers, or need not be asked about the other key now. */
static enum err_code
control_before(struct control *control, const struct ssh_account *account,
    struct rotation *rotation, enum rotator_value which, bool *ret_goes_on, struct err *err)
{
	SSH_ANSWER answer = {0};

	*ret_goes_on = true;
	if (which != ROTATOR_CURRENT || rotation->next == NULL || control->denied[ROTATOR_NEXT] ||
	    is_fresh(control, ROTATOR_NEXT))
		return ERR_OK;
	TRY(try_value(control, account, rotation, ROTATOR_NEXT, rotation->deadline, &answer, err));
	*ret_goes_on = answer.cause != LINK_NO_HOST;
	rotation_detail(rotation, "%s", answer.detail);
	return ERR_OK;
}

/* The host said no to WHICH. */
static enum err_code
control_after(struct control *control, const struct ssh_account *account, struct rotation *rotation,
    enum rotator_value other, enum probe_result *ret_result, struct err *err)
{
	SSH_ANSWER answer = {0};

	*ret_result = PROBE_DENIED;
	if (value_of(rotation, other) == NULL || !is_fresh(control, other)) {
		rotation_detail(rotation,
		    "%s does not let %s in with this key, but was not seen to take another one just "
		    "before: no proof that this one is dead",
		    account->target.host, account->target.user);
		return ERR_OK;
	}
	TRY(try_value(control, account, rotation, other, rotation->deadline, &answer, err));
	if (answer.outcome == SSH_ACCEPTED) {
		*ret_result = PROBE_REFUSED;
		rotation_detail(rotation,
		    "%s does not let %s in with this key, and takes the other one",
		    account->target.host, account->target.user);
		return ERR_OK;
	}
	rotation_detail(rotation,
	    "%s does not let %s in with this key, but just after with the other one neither: no "
	    "proof that this one is dead",
	    account->target.host, account->target.user);
	return ERR_OK;
}

enum err_code
control_probe(struct control *control, const struct ssh_account *account, struct rotation *rotation,
    enum rotator_value which, enum probe_result *ret_result, struct err *err)
{
	SSH_ANSWER answer = {0};
	bool goes_on;

	*ret_result = PROBE_UNREACHABLE;
	TRY(control_before(control, account, rotation, which, &goes_on, err));
	if (!goes_on)
		return ERR_OK;
	TRY(try_value(control, account, rotation, which, rotation->deadline, &answer, err));
	rotation_detail(rotation, "%s", answer.detail);
	if (answer.outcome == SSH_ACCEPTED)
		*ret_result = PROBE_ACCEPTED;
	if (answer.outcome != SSH_DENIED)
		return ERR_OK;
	return control_after(control, account, rotation,
	    which == ROTATOR_CURRENT ? ROTATOR_NEXT : ROTATOR_CURRENT, ret_result, err);
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
		return err_set(err, ERR_REFUSED, "%s", answer->detail);
	case LINK_NO_CAUSE:
	case LINK_NO_HOST:
	case LINK_HUNG_UP:
	default:
		break;
	}
	if (answer->outcome == SSH_ACCEPTED && !answer->ran && !account->local)
		return err_set(err, ERR_REFUSED, "%s; with access ssh the file is changed by one",
		    answer->detail);
	return ERR_OK;
}

/* A key that nobody has. */
static enum err_code
check_stray(const struct ssh_account *account, int64_t deadline, struct err *err)
{
	SSH_ANSWER answer = {0};
	SECRET *stray = NULL;

	TRY(openssh_key_generate("halligan: a key that nobody has", &stray, err));
	TRY(ssh_client_try(&account->target, secret_view(stray), deadline, &answer, err));
	if (answer.outcome == SSH_ACCEPTED)
		return err_set(err, ERR_REFUSED,
		    "%s lets %s in with a key that was made just now, so that a login proves nothing",
		    account->target.host, account->target.user);
	if (answer.cause == LINK_HUNG_UP)
		return err_set(err, ERR_REFUSED,
		    "%s ends the connection at the first wrong key, so that no key can be proven dead: "
		    "set MaxAuthTries to 2 or more in its sshd_config",
		    account->target.host);
	return ERR_OK;
}

enum err_code
control_check(struct control *control, const struct ssh_account *account, struct rotation *rotation,
    struct err *err)
{
	SSH_ANSWER answer = {0};
	int64_t limit = process_milliseconds() + CHECK_LIMIT;
	int64_t deadline = limit < rotation->deadline ? limit : rotation->deadline;

	if (rotation->current == NULL)
		return ERR_OK;
	TRY(try_value(control, account, rotation, ROTATOR_CURRENT, deadline, &answer, err));
	TRY(check_accepted(account, &answer, err));
	if (answer.outcome != SSH_ACCEPTED)
		return ERR_OK;
	return check_stray(account, deadline, err);
}
