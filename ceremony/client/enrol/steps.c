/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/enrol/steps.h"

#include <stdio.h>

enum { PROBE_SIZE = 32 };

void
enrol_walk_done(struct enrol_walk *walk)
{
	hand_done(&walk->hand);
	enrolment_done(&walk->enrolment);
}

bool
enrol_waives(const struct enrol_walk *walk, unsigned waiver)
{
	return (walk->plan->policy.waives & waiver) != 0;
}

enum err_code
enrol_offer(const struct enrol_walk *walk, const char *what, const char *command, struct err *err)
{
	char name[HAND_NAME_SIZE], question[HAND_NAME_SIZE + 128];

	hand_name(&walk->hand, name);
	if (!walk->plan->offer)
		return err_set(err, ERR_REFUSED, "%s %s; change it first: %s", name, what, command);
	ui_say(walk->ui, "%s %s.", name, what);
	snprintf(question, sizeof(question), "Change it now? Type yes");
	if (ui_demand(walk->ui, question, "yes", err) != ERR_OK)
		return err_add(err, "%s %s, with which nobody is enrolled", name, what);
	return ERR_OK;
}

enum err_code
enrol_try_key(struct enrol_walk *walk, enum token_key key, struct err *err)
{
	static const char info_text[] = "halligan/v1 enrolment probe";
	const struct point *recipient = &walk->enrolment.seat.tokens[0].keys[key];
	char purpose[64], name[HAND_NAME_SIZE];
	struct hand_agree agree = {.hand = &walk->hand, .key = key, .purpose = purpose};
	struct view info = view_of_text(info_text);
	HPKE *sender = NULL;
	HPKE *receiver = NULL;
	struct point enc;
	BUF ciphertext = {0};
	SECRET *probe = NULL;
	SECRET *opened = NULL;

	snprintf(purpose, sizeof(purpose), "try the %s key", token_key_names[key]);
	TRY(secret_new(PROBE_SIZE, &probe, err));
	TRY(secret_random(probe, PROBE_SIZE, err));
	TRY(hpke_sender(hpke_suite_default, recipient, info, &sender, &enc, err));
	TRY(hpke_seal(sender, (struct view){0}, secret_view(probe), &ciphertext, err));
	TRY(hpke_recipient(hpke_suite_default, VIEW_OF(enc.bytes), recipient, hand_agree, &agree,
	    info, &receiver, err));
	hand_name(&walk->hand, name);
	if (hpke_open(receiver, (struct view){0}, buf_view(&ciphertext), &opened, err) != ERR_OK ||
	    !secret_equal(probe, opened))
		return err_set(err, ERR_TOKEN,
		    "%s does not open what was sealed to its %s key: do not use it", name,
		    token_key_names[key]);
	walk->enrolment.unsealed[key] = true;
	return ERR_OK;
}

enum err_code
enrol_state(const struct enrol_walk *walk, struct dsse *ret_statement, struct err *err)
{
	JSON *payload = NULL;

	TRY(enrolment_payload(&walk->enrolment, &payload, err));
	return statement_new(STATEMENT_ENROLMENT, walk->plan->training, payload, ret_statement,
	    err);
}
