/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/view.h"

void
vault_view_done(struct vault_view *view)
{
	chain_done(&view->chain);
	*view = (struct vault_view){0};
}
