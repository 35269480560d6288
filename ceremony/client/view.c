/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/view.h"

#include <stdlib.h>

void
vault_view_done(struct vault_view *view)
{
	for (size_t i = 0; i < view->charter_count; i++)
		charter_freep(&view->charters[i]);
	free(view->charters);
	roster_freep(&view->roster);
	suspensions_done(&view->suspensions);
	*view = (struct vault_view){0};
}
