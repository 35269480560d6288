/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/whereabouts.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"

void
find_whereabouts(struct whereabouts *here)
{
	const struct passwd *entry = getpwuid(geteuid());

	if (gethostname(here->host, sizeof(here->host) - 1) != 0 || here->host[0] == '\0' ||
	    !text_is_plain(view_of_text(here->host)))
		snprintf(here->host, sizeof(here->host), "unknown host");
	snprintf(here->user, sizeof(here->user), "%s", entry != NULL ? entry->pw_name : "");
	if (here->user[0] == '\0' || !text_is_plain(view_of_text(here->user)))
		snprintf(here->user, sizeof(here->user), "uid %u", (unsigned)geteuid());
}
