/* SPDX-License-Identifier: Apache-2.0 */
/* One enrolment on its way, and the steps that the walks of both kinds of token have in common. */
#ifndef CEREMONY_CLIENT_ENROL_STEPS_H
#define CEREMONY_CLIENT_ENROL_STEPS_H

#include "ceremony/client/enrol/plan.h"

struct enrol_walk {
	const struct enrol_plan *plan;
	const struct client_options *options;
	const struct ui *ui;
	struct hand hand;
	const struct token_traits *traits; /* of the token to enroll; --cosign takes others, too */
	struct enrolment enrolment;
	bool need[TOKEN_KEYS];
	bool overwrite; /* the person typed the serial for it */
};
void enrol_walk_done(struct enrol_walk *walk);
#define ENROL_WALK CLEANUP(enrol_walk_done) struct enrol_walk

/* What waivers let pass is not asked for. */
bool enrol_waives(const struct enrol_walk *walk, unsigned waiver);
/* Offer to change what is the factory's ("PIV PIN", with the command that does it otherwise):
 * ERR_REFUSED when nothing is offered or the person declines. */
enum err_code enrol_offer(const struct enrol_walk *walk, const char *what, const char *command,
    struct err *err) MUST_CHECK;
/* Seal random bytes to KEY, open them with the token, compare; marks the key as tried. */
enum err_code enrol_try_key(struct enrol_walk *walk, enum token_key key,
    struct err *err) MUST_CHECK;
/* The signed enrolment, unless SIGN fails. */
enum err_code enrol_state(const struct enrol_walk *walk, struct dsse *ret_statement,
    struct err *err) MUST_CHECK;

#endif
