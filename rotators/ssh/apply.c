/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read, plan, write: the plan is one function over bytes, whether the file was read here or over
 * ssh, and the writing side checks that nobody changed the file in between.
 *
 * What is known not to have changed anything is "rejected"; a host that cannot be reached, does not
 * let us in or goes silent is "unknown", and the vault will probe.
 */
#include "rotators/ssh/apply.h"

#include <string.h>

#include "rotators/ssh/authorized_keys.h"
#include "rotators/ssh/key_file.h"
#include "rotators/ssh/script.h"

enum { CHANGED_TRIES = 3 };

/* What to write, or the verdict without writing. */
struct plan {
	bool write;
	enum change_result verdict;
	struct buf content;
};

static void
plan_done(struct plan *plan)
{
	buf_done(&plan->content);
}

static enum err_code
make_plan(const struct ssh_account *account, struct rotation *rotation, struct view content,
    struct plan *plan, struct err *err)
{
	struct ssh_public current, next;
	struct authorized_keys_count count;

	TRY(ssh_account_public(rotation->current, &current, err));
	TRY(ssh_account_public(rotation->next, &next, err));
	buf_done(&plan->content);
	if (authorized_keys_replace(content, &current, &next, &plan->content, &count, err) !=
	    ERR_OK) {
		plan->write = false;
		plan->verdict = CHANGE_REJECTED;
		rotation_detail(rotation, "%s: %s", account->path, err->text);
		return err->code == ERR_INVALID ? ERR_OK : err->code;
	}
	plan->write = count.current > 0;
	plan->verdict = count.current > 0 || count.next > 0 ? CHANGE_DONE : CHANGE_REJECTED;
	if (count.current > 0)
		rotation_detail(rotation, "replaced the key in %zu line%s of %s", count.current,
		    count.current == 1 ? "" : "s", account->path);
	else if (count.next > 0)
		rotation_detail(rotation, "the new key stood in %s already, the old one does not",
		    account->path);
	else
		rotation_detail(rotation,
		    "neither the current nor the new key stands in %s: nothing was changed",
		    account->path);
	return ERR_OK;
}

static enum err_code
apply_local_once(const struct ssh_account *account, struct rotation *rotation,
    enum change_result *ret_result, struct err *err)
{
	CLEANUP(plan_done) struct plan plan = {0};
	KEY_FILE file = {.folder = -1};

	TRY(key_file_read(account->path, account->owner, AUTHORIZED_KEYS_MAX, &file, err));
	TRY(make_plan(account, rotation, buf_view(&file.content), &plan, err));
	if (plan.write)
		TRY(key_file_replace(&file, buf_view(&plan.content), err));
	*ret_result = plan.verdict;
	return ERR_OK;
}

static enum err_code
apply_local(const struct ssh_account *account, struct rotation *rotation,
    enum change_result *ret_result, struct err *err)
{
	enum err_code code = ERR_BUSY;

	for (int i = 0; i < CHANGED_TRIES && code == ERR_BUSY; i++)
		code = apply_local_once(account, rotation, ret_result, err);
	if (code == ERR_OK || code == ERR_TARGET_UNKNOWN)
		return code;
	rotation_detail(rotation, "%s", err->text); /* before the rename: nothing changed */
	*ret_result = CHANGE_REJECTED;
	return ERR_OK;
}

/* The file over ssh, with the first key that is let in.  RET_FILE points into RET_ANSWER. */
static enum err_code
fetch(const struct ssh_account *account, struct rotation *rotation, enum rotator_value *ret_which,
    struct ssh_answer *ret_answer, struct script_file *ret_file, enum script_result *ret_result,
    struct err *err)
{
	struct script_marker marker;
	enum rotator_value which = ROTATOR_CURRENT;
	BUF script = {0};

	TRY(script_marker(&marker, err));
	TRY(script_read(&marker, account->path, &script, err));
	TRY(ssh_account_run(account, rotation, which, buf_view(&script), ret_answer, err));
	if (ret_answer->verdict == LINK_DENIED) {
		which = ROTATOR_NEXT; /* a former apply may have got so far */
		ssh_answer_done(ret_answer);
		TRY(ssh_account_run(account, rotation, which, buf_view(&script), ret_answer, err));
	}
	if (ret_answer->verdict == LINK_DENIED)
		return err_set(err, ERR_TARGET,
		    "%s lets %s in with neither the current nor the new "
		    "key: nothing was changed by this attempt",
		    account->target.host, account->target.user);
	if (ret_answer->verdict != LINK_ACCEPTED)
		return err_set(err, ERR_TARGET_UNKNOWN, "%s", ret_answer->detail);
	*ret_which = which;
	*ret_result =
	    script_read_result(&marker, buf_view(&ret_answer->output), ret_file, rotation->detail);
	if (*ret_result == SCRIPT_SILENT)
		rotation_detail(rotation, "%s", ret_answer->detail);
	return ERR_OK;
}

static enum err_code
store(const struct ssh_account *account, struct rotation *rotation, enum rotator_value which,
    const struct script_file *file, const struct plan *plan, enum change_result *ret_result,
    struct err *err)
{
	static const enum change_result results[] = {
	    [SCRIPT_DONE] = CHANGE_DONE,
	    [SCRIPT_REJECTED] = CHANGE_REJECTED,
	    [SCRIPT_SILENT] = CHANGE_UNKNOWN,
	};
	struct script_marker marker;
	SSH_ANSWER answer = {0};
	BUF script = {0};

	TRY(script_marker(&marker, err));
	TRY(script_replace(&marker, account->path, file->sum, buf_view(&plan->content), &script,
	    err));
	TRY(ssh_account_run(account, rotation, which, buf_view(&script), &answer, err));
	*ret_result =
	    results[script_replace_result(&marker, buf_view(&answer.output), rotation->detail)];
	if (answer.verdict != LINK_ACCEPTED || *ret_result == CHANGE_UNKNOWN)
		rotation_detail(rotation, "%s", answer.detail);
	return ERR_OK;
}

static enum err_code
apply_there(const struct ssh_account *account, struct rotation *rotation,
    enum change_result *ret_result, struct err *err)
{
	CLEANUP(plan_done) struct plan plan = {0};
	SSH_ANSWER answer = {0};
	struct script_file file;
	enum script_result result = SCRIPT_SILENT;
	enum rotator_value which = ROTATOR_CURRENT;

	TRY(fetch(account, rotation, &which, &answer, &file, &result, err));
	if (result != SCRIPT_DONE) {
		*ret_result = result == SCRIPT_REJECTED ? CHANGE_REJECTED : CHANGE_UNKNOWN;
		return ERR_OK;
	}
	TRY(make_plan(account, rotation, file.content, &plan, err));
	*ret_result = plan.verdict;
	if (!plan.write)
		return ERR_OK;
	char planned[ROTATOR_DETAIL_MAX + 1];

	memcpy(planned, rotation->detail, sizeof(planned));
	TRY(store(account, rotation, which, &file, &plan, ret_result, err));
	if (*ret_result == CHANGE_DONE)
		rotation_detail(rotation, "%s", planned);
	return ERR_OK;
}

enum err_code
ssh_apply(const struct ssh_account *account, struct rotation *rotation,
    enum change_result *ret_result, struct err *err)
{
	return account->local ? apply_local(account, rotation, ret_result, err) :
	                        apply_there(account, rotation, ret_result, err);
}
