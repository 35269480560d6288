/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read, plan, write: the plan is one function over bytes, whether the file was read here or over
 * ssh, and the writing side checks that nobody changed the file in between.
 *
 * What is known not to have changed anything is "unchanged"; a host that cannot be reached or goes silent is "unknown",
 * and the vault will probe.
 */
#include "rotators/ssh/change.h"

#include <string.h>

#include "base/text.h"
#include "rotators/ssh/authorized_keys.h"
#include "rotators/ssh/key_file.h"
#include "rotators/ssh/script.h"

enum { CHANGED_TRIES = 3 };

struct change {
	const struct ssh_account *account;
	struct rotation *rotation;
	bool adds;
	struct ssh_public current, next;
	char tag[KEY_FILE_TAG + 1]; /* of this rotation's new files */
};

static enum err_code
prepare(struct change *change, struct err *err)
{
	const struct rotation *rotation = change->rotation;
	struct digest digest;

	if (rotation->next == NULL)
		return err_set(err, ERR_INVALID, "the new value is needed");
	TRY(ssh_account_public(rotation->current, &change->current, err));
	TRY(ssh_account_public(rotation->next, &change->next, err));
	if (ssh_public_equal(&change->current, &change->next))
		return err_set(err, ERR_INVALID, "the new key is the old one");
	TRY(sha256_one(view_of(change->next.blob, change->next.size), &digest, err));
	text_hex(view_of(digest.bytes, KEY_FILE_TAG / 2), change->tag);
	return ERR_OK;
}

/* --- The plan ----------------------------------------------------------------------------- */

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

static void
judge_add(const struct change *change, const struct authorized_keys_count *count, struct plan *plan)
{
	const char *path = change->account->path;
	struct rotation *rotation = change->rotation;

	plan->write = count->changed > 0;
	plan->verdict = count->current > 0 || count->next > 0 ? CHANGE_DONE : CHANGE_UNCHANGED;
	if (plan->write)
		rotation_detail(rotation, "put the new key beside the old one in %zu line%s of %s",
		    count->changed, count->changed == 1 ? "" : "s", path);
	else if (count->current > 0)
		rotation_detail(rotation, "the new key stood beside the old one in %s already",
		    path);
	else if (count->next > 0)
		rotation_detail(rotation, "the new key stood in %s already, the old one does not",
		    path);
	else
		rotation_detail(rotation,
		    "neither the current nor the new key stands in %s, and nothing was changed: if the "
		    "current one is let in, another file does it (a second AuthorizedKeysFile in sshd_config, or "
		    "authorized_keys2)",
		    path);
}

static void
judge_withdraw(const struct change *change, const struct authorized_keys_count *count,
    struct plan *plan)
{
	const char *path = change->account->path;
	struct rotation *rotation = change->rotation;

	plan->write = count->current > 0 && count->next > 0;
	plan->verdict = count->current == 0 || count->next > 0 ? CHANGE_DONE : CHANGE_UNCHANGED;
	if (plan->write)
		rotation_detail(rotation, "took the old key's %zu line%s out of %s", count->current,
		    count->current == 1 ? "" : "s", path);
	else if (count->current == 0)
		rotation_detail(rotation, "the old key does not stand in %s", path);
	else
		rotation_detail(rotation,
		    "the new key does not stand in %s, so that the old one's may be the last line that "
		    "lets anybody in: nothing was changed",
		    path);
}

static enum err_code
make_plan(const struct change *change, struct view content, struct plan *plan, struct err *err)
{
	struct authorized_keys_count count;
	enum err_code code;

	buf_done(&plan->content);
	code = change->adds ? authorized_keys_add(content, &change->current, &change->next,
	                          &plan->content, &count, err) :
	                      authorized_keys_withdraw(content, &change->current, &change->next,
	                          &plan->content, &count, err);
	if (code == ERR_INVALID) {
		plan->write = false;
		plan->verdict = CHANGE_UNCHANGED;
		rotation_detail(change->rotation, "%s: %s; nothing was changed",
		    change->account->path, err->text);
		return ERR_OK;
	}
	if (code != ERR_OK)
		return code;
	if (change->adds)
		judge_add(change, &count, plan);
	else
		judge_withdraw(change, &count, plan);
	return ERR_OK;
}

/* --- Here --------------------------------------------------------------------------------- */

static enum err_code
change_once(const struct change *change, enum change_result *ret_result, struct err *err)
{
	const struct ssh_account *account = change->account;
	CLEANUP(plan_done) struct plan plan = {0};
	KEY_FILE file = KEY_FILE_NONE;

	TRY(key_file_read(account->path, account->owner, AUTHORIZED_KEYS_MAX, &file, err));
	TRY(make_plan(change, buf_view(&file.content), &plan, err));
	if (plan.write)
		TRY(key_file_replace(&file, change->tag, buf_view(&plan.content), err));
	*ret_result = plan.verdict;
	return ERR_OK;
}

static enum err_code
change_here(const struct change *change, enum change_result *ret_result, struct err *err)
{
	enum err_code code = ERR_BUSY;

	for (int i = 0; i < CHANGED_TRIES && code == ERR_BUSY; i++)
		code = change_once(change, ret_result, err);
	if (code == ERR_OK || code == ERR_TARGET_UNKNOWN)
		return code;
	rotation_detail(change->rotation, "%s", err->text); /* before the rename */
	*ret_result = CHANGE_UNCHANGED;
	return ERR_OK;
}

/* --- There -------------------------------------------------------------------------------- */

/* RET_ANSWER denied: with every key that may be tried. */
static enum err_code
log_in(const struct change *change, struct view script, enum rotator_value *ret_which,
    struct ssh_answer *ret_answer, struct err *err)
{
	*ret_which = change->adds ? ROTATOR_CURRENT : ROTATOR_NEXT;
	TRY(ssh_account_run(change->account, change->rotation, *ret_which, script, ret_answer,
	    err));
	if (!change->adds || ret_answer->verdict != LINK_DENIED)
		return ERR_OK;
	*ret_which = ROTATOR_NEXT; /* a former add may have got so far */
	ssh_answer_done(ret_answer);
	return ssh_account_run(change->account, change->rotation, *ret_which, script, ret_answer,
	    err);
}

static void
tell_denied(const struct change *change)
{
	const struct ssh_target *target = &change->account->target;

	rotation_detail(change->rotation,
	    change->adds ?
	        "%s lets %s in with neither the current nor the new key: nothing was "
	        "changed by this attempt" :
	        "%s does not let %s in with the new key, which alone may take the old one "
	        "away: nothing was changed",
	    target->host, target->user);
}

/* The file over ssh.  RET_FILE points into RET_ANSWER; SCRIPT_STOPPED: nothing was changed, as the detail says. */
static enum err_code
fetch(const struct change *change, enum rotator_value *ret_which, struct ssh_answer *ret_answer,
    struct script_file *ret_file, enum script_result *ret_result, struct err *err)
{
	struct rotation *rotation = change->rotation;
	struct script_marker marker;
	char said[ROTATOR_DETAIL_MAX + 1];
	BUF script = {0};

	TRY(script_marker(&marker, err));
	TRY(script_read(&marker, change->account->path, false, &script, err));
	TRY(log_in(change, buf_view(&script), ret_which, ret_answer, err));
	if (ret_answer->verdict == LINK_DENIED) {
		tell_denied(change);
		*ret_result = SCRIPT_STOPPED;
		return ERR_OK;
	}
	if (ret_answer->verdict != LINK_ACCEPTED)
		return err_set(err, ERR_TARGET_UNKNOWN, "%s", ret_answer->detail);
	*ret_result = script_read_result(&marker, buf_view(&ret_answer->output), ret_file, said);
	if (*ret_result == SCRIPT_STOPPED)
		rotation_detail(rotation, "%s: %s", change->account->path, said);
	else if (*ret_result == SCRIPT_SILENT)
		rotation_detail(rotation, "%s", ret_answer->detail);
	return ERR_OK;
}

static enum err_code
store(const struct change *change, enum rotator_value which, const struct script_file *file,
    const struct plan *plan, enum change_result *ret_result, struct err *err)
{
	struct script_marker marker;
	SSH_ANSWER answer = {0};
	BUF script = {0};
	char said[ROTATOR_DETAIL_MAX + 1];
	const char *path = change->account->path;

	TRY(script_marker(&marker, err));
	TRY(script_replace(&marker, path, change->tag, file->sum, buf_view(&plan->content), &script,
	    err));
	TRY(ssh_account_run(change->account, change->rotation, which, buf_view(&script), &answer,
	    err));
	switch (script_replace_result(&marker, buf_view(&answer.output), said)) {
	case SCRIPT_DONE:
		*ret_result = CHANGE_DONE;
		return ERR_OK;
	case SCRIPT_STOPPED:
		*ret_result = CHANGE_UNCHANGED;
		rotation_detail(change->rotation, "%s: %s", path, said);
		return ERR_OK;
	case SCRIPT_SILENT:
	default:
		return err_set(err, ERR_TARGET_UNKNOWN, "%s: %s; %s", path, said, answer.detail);
	}
}

static enum err_code
change_there(const struct change *change, enum change_result *ret_result, struct err *err)
{
	CLEANUP(plan_done) struct plan plan = {0};
	SSH_ANSWER answer = {0};
	struct script_file file;
	enum script_result result = SCRIPT_SILENT;
	enum rotator_value which = ROTATOR_CURRENT;

	TRY(fetch(change, &which, &answer, &file, &result, err));
	if (result != SCRIPT_DONE) {
		*ret_result = result == SCRIPT_STOPPED ? CHANGE_UNCHANGED : CHANGE_UNKNOWN;
		return ERR_OK;
	}
	TRY(make_plan(change, file.content, &plan, err));
	*ret_result = plan.verdict;
	return plan.write ? store(change, which, &file, &plan, ret_result, err) : ERR_OK;
}

static enum err_code
make_change(struct change *change, enum change_result *ret_result, struct err *err)
{
	TRY(prepare(change, err));
	return change->account->local ? change_here(change, ret_result, err) :
	                                change_there(change, ret_result, err);
}

enum err_code
ssh_add(const struct ssh_account *account, struct rotation *rotation,
    enum change_result *ret_result, struct err *err)
{
	struct change change = {.account = account, .rotation = rotation, .adds = true};

	return make_change(&change, ret_result, err);
}

enum err_code
ssh_withdraw(const struct ssh_account *account, struct rotation *rotation,
    enum change_result *ret_result, struct err *err)
{
	struct change change = {.account = account, .rotation = rotation};

	return make_change(&change, ret_result, err);
}
