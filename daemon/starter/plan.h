/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a vault's wish (rotators/contract/start.h): all of it is judged here, by what root listed (rotators/contract/starter_conf.h), or,
 * where an ordinary user runs the starter, by what that user may do anyway.  Programs are found, opened and hashed by us.
 */
#ifndef DAEMON_STARTER_PLAN_H
#define DAEMON_STARTER_PLAN_H

#include "daemon/starter/confine.h"
#include "daemon/starter/kernel.h"
#include "rotators/contract/places.h"
#include "rotators/contract/start.h"
#include "rotators/contract/starter_conf.h"

/* Who runs the starter, for whom, and what it goes by. */
struct plan_rules {
	struct conf conf;              /* root's; else empty */
	struct rotator_places places;  /* where programs are */
	uid_t vault;                   /* who asks */
	const char *own_configuration; /* of an ordinary user, hidden; NULL: none */
	struct kernel kernel;          /* what it can do here */
};

struct plan {
	int executable, program; /* -1: none */
	struct confine_identity identity;
	struct space space;
	struct show show;
	bool namespaces; /* without them it is Landlock and the filter alone */
	unsigned parts;  /* of the filter */
	int landlock;    /* ABI */
	unsigned seconds;
	char name[64]; /* of the rotator's file */
};
void plan_done(struct plan *plan); /* accepts {.executable = -1, .program = -1} */
#define PLAN CLEANUP(plan_done) struct plan

/* ERR_REFUSED: it is more than is listed, or an account that there is none; and what rotator_find_defined, executable_open and
 * show_path say. */
enum err_code plan_make(const struct plan_rules *rules, const struct start_message *message,
    struct plan *ret_plan, struct err *err) MUST_CHECK;
/* What a rotator of no special needs gets. */
enum err_code plan_holds(const struct plan_rules *rules, struct start_holds *ret_holds,
    struct err *err) MUST_CHECK;

#endif
