/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What pcscd says about readers, with libpcsclite's calls played by the input: u8 result of
 * connecting, u8 result and lp16 names of the list, and for each reader u8 result and u32 state.
 * As in the library, names end in a NUL and the list in another.
 */
#include <string.h>
#include <winscard.h>

#include "tests/fuzz/target.h"
#include "tokens/reader/reader.h"

static struct reader script;

static LONG
next_result(void)
{
	static const LONG results[] = {SCARD_S_SUCCESS, SCARD_E_NO_SERVICE, SCARD_E_NO_ACCESS,
	    SCARD_E_SHARING_VIOLATION, SCARD_E_UNKNOWN_READER, SCARD_E_NO_READERS_AVAILABLE,
	    SCARD_W_REMOVED_CARD, SCARD_W_RESET_CARD, SCARD_W_UNRESPONSIVE_CARD, SCARD_E_TIMEOUT,
	    SCARD_F_INTERNAL_ERROR, SCARD_E_READER_UNAVAILABLE};

	return results[reader_u8(&script) % ARRAY_SIZE(results)];
}

LONG
SCardEstablishContext(DWORD scope, LPCVOID one, LPCVOID two, LPSCARDCONTEXT context)
{
	(void)scope;
	(void)one;
	(void)two;
	*context = 1;
	return next_result();
}

LONG
SCardReleaseContext(SCARDCONTEXT context)
{
	MUST(context == 1);
	return SCARD_S_SUCCESS;
}

LONG
SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR names, LPDWORD size)
{
	LONG result = next_result();
	struct view text = reader_lp16(&script, UINT16_MAX);

	(void)context;
	(void)groups;
	if (result != SCARD_S_SUCCESS)
		return result;
	if (text.size + 2 > *size)
		return SCARD_E_INSUFFICIENT_BUFFER;
	memset(names, 0, *size);
	if (text.size > 0)
		memcpy(names, text.data, text.size);
	*size = text.size + 2;
	return SCARD_S_SUCCESS;
}

LONG
SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE *states, DWORD count)
{
	LONG result = next_result();

	MUST(context == 1 && timeout == 0 && count == 1 && states->szReader[0] != '\0');
	states->dwEventState = reader_u32(&script);
	return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pcsc_list list;
	struct err err;

	script = reader_of(view_of(data, size));
	if (pcsc_list(&list, &err) != ERR_OK)
		return 0;
	MUST(list.count <= TOKENS_MAX);
	for (size_t i = 0; i < list.count; i++)
		MUST(strlen(list.found[i].reader) <= TOKEN_READER_MAX &&
		    strlen(list.found[i].problem) < sizeof(list.found[i].problem));
	return 0;
}
