/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/documents/clock.h"

#include <stdio.h>

#include "base/text.h"
#include "base/text_time.h"
#include "ceremony/client/hand/unlock.h"
#include "ceremony/client/sync.h"
#include "ceremony/protocol/clock.h"
#include "ceremony/protocol/message.h"

struct looked {
	int64_t host, newest, behind;
};

static enum err_code
look(struct client *client, struct looked *ret_looked, struct err *err)
{
	REPLY reply = {0};

	TRY(client_ask(client, op_new("clock-look"), "clock-look", &reply, err));
	ret_looked->host = json_in_time(&reply.in, "host");
	ret_looked->newest = json_in_time(&reply.in, "newest");
	ret_looked->behind = json_in_int(&reply.in, "behind", 0, INT64_MAX);
	return json_in_end(&reply.in);
}

static void
show(const struct ui *ui, const struct looked *looked, int64_t own)
{
	char host[TEXT_TIME_SIZE], newest[TEXT_TIME_SIZE], here[TEXT_TIME_SIZE],
	    behind[TEXT_DURATION_SIZE];

	text_time(looked->host, host);
	text_time(looked->newest, newest);
	text_time(own, here);
	text_duration(looked->newest - looked->host, behind);
	ui_say(ui, "HOST     the vault host's clock says  %s", host);
	ui_say(ui, "YOURS    this computer's clock says   %s", here);
	ui_say(ui, "LOG      its newest entry says        %s, %s later", newest, behind);
	ui_say(ui,
	    "Look at a clock that has to do with neither. If the first two are right, the host's clock was "
	    "ahead once, and you say so in the log, with your name. Requests from then become void; what "
	    "is owed no longer waits for times of then.");
}

static void
say_outcome(const struct ui *ui, int64_t voided, int64_t debts)
{
	ui_say(ui,
	    "The log goes on from the host's clock: requests, approvals and releases work again.");
	if (voided > 0)
		ui_say(ui, "%lld %s void: make %s again.", (long long)voided,
		    text_plural((uint64_t)voided, "request from then is", "requests from then are"),
		    text_plural((uint64_t)voided, "it", "them"));
	if (debts > 0)
		ui_say(ui, "%lld %s no longer for times of then.", (long long)debts,
		    text_plural((uint64_t)debts, "rotation waits", "rotations wait"));
}

static enum err_code
tell(struct client *client, const struct dsse *statement, struct err *err)
{
	struct json *request = op_new("clock");
	REPLY reply = {0};

	put_statement(request, "clock", statement);
	TRY(client_ask(client, request, "clock", &reply, err));
	int64_t voided = json_in_int(&reply.in, "void", 0, INT64_MAX);
	int64_t debts = json_in_int(&reply.in, "debts", 0, INT64_MAX);
	TRY(json_in_end(&reply.in));
	say_outcome(client_options(client)->ui, voided, debts);
	return ERR_OK;
}

static enum err_code
sign(struct client *client, const struct vault_view *view, struct hand *hand,
    const struct looked *looked, struct err *err)
{
	struct clock_word word = {.vault = view->chain.vault,
	    .token = hand->entry->id,
	    .host = looked->host,
	    .newest = looked->newest,
	    .size = view->checkpoint.size,
	    .root = view->checkpoint.root,
	    .time = client_options(client)->now()};
	JSON *payload = NULL;
	DSSE statement = {0};

	snprintf(word.seat, sizeof(word.seat), "%s", hand->seat->name);
	TRY(clock_payload(&word, &payload, err));
	TRY(hand_state(hand, STATEMENT_CLOCK, view->chain.charter->training, payload,
	    "say that the clock is right", &statement, err));
	return tell(client, &statement, err);
}

enum err_code
clock_run(struct client *client, struct err *err)
{
	const struct client_options *options = client_options(client);
	const struct vault_view *view;
	struct looked looked;
	HAND hand = {0};

	TRY(client_sync(client, &view, err));
	TRY(look(client, &looked, err));
	if (looked.behind == 0)
		return err_set(err, ERR_REFUSED,
		    "the vault host's clock does not stand behind the log: there is nothing to say");
	show(options->ui, &looked, options->now());
	TRY(clock_compare("this computer's", options->now(), looked.host, err));
	const struct hand_want want = {.roles = ROLE_OFFICER,
	    .suspended = &view->chain.suspensions,
	    .lists = {{view->chain.charter->seats, view->chain.charter->seat_count}}};
	TRY(hand_take(options, &want, &hand, err));
	TRY(ui_demand(options->ui, "Is the vault host's clock right now? Type yes", "yes", err));
	TRY(hand_unlock(&hand, 1, 0, err));
	return sign(client, view, &hand, &looked, err);
}
