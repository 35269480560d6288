/* SPDX-License-Identifier: Apache-2.0 */
/* pcscd counts, in the upper half of a reader's state, each card that comes or goes. */
#include "tokens/reader/count.h"

#include <winscard.h>

#include "base/bytes.h"

static void
context_release(SCARDCONTEXT *context)
{
	if (*context != 0)
		SCardReleaseContext(*context);
}

uint32_t
pcsc_changes(const char *reader)
{
	CLEANUP(context_release) SCARDCONTEXT context = 0;
	SCARD_READERSTATE state = {.szReader = reader, .dwCurrentState = SCARD_STATE_UNAWARE};

	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS ||
	    SCardGetStatusChange(context, 0, &state, 1) != SCARD_S_SUCCESS)
		return 0;
	return (uint32_t)(state.dwEventState >> 16) & UINT16_MAX;
}
