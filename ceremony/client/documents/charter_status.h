/* SPDX-License-Identifier: Apache-2.0 */
/* How a vault stands: who can still open what, and how sure it is that their tokens work. */
#ifndef CEREMONY_CLIENT_DOCUMENTS_CHARTER_STATUS_H
#define CEREMONY_CLIENT_DOCUMENTS_CHARTER_STATUS_H

#include "ceremony/client/connection.h"

enum {
	STANDING_OLD = 365 * 24 * 3600 /* evidence that is older is an alarm */,
	STANDING_MARGIN = 1 /* a margin of so many or fewer is an alarm */
};
/* What standing_run will ask for; PLAN is not used. */
void standing_foresee(struct client *client, const void *plan);
/* Lines for people through the client's ui, ALARM lines last; the same as JSON:
 * {"secrets":[{"name","policy","seats":[..],"margin":N}],"tokens":[{"seat","label","serial","active",
 *  "evidence":"enrolment"|"approval"|"test","time":TIME}],"alarms":[TEXT..]} */
enum err_code standing_run(struct client *client, struct json **ret_object,
    struct err *err) MUST_CHECK;

#endif
