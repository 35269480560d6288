/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCardConnect and SCardBeginTransaction have no time limit: libpcsclite asks again and again
 * until the other program lets go, and nothing can cancel it.  So they run on a thread of their
 * own (struct attempt).  When the time is up the caller leaves, and the handles belong to that
 * thread: whenever it comes back it lets go of the card and ends.
 *
 *	waiting --done--> joined by the caller, who keeps the handles
 *	   |
 *	   +--time is up--> abandoned --done--> the thread closes the handles and frees the attempt
 */
#include "tokens/reader/reader.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

#include "base/process.h"
#include "tokens/reader/holders.h"

enum { BUFFER_MAX = 4096, RECONNECTS = 3, NOTICE_STEPS = 12, RETRY_MS = 250 };
static const struct timespec notice_step = {.tv_nsec = 50 * 1000000L};
static const struct timespec retry_step = {.tv_nsec = RETRY_MS * 1000000L};

struct pcsc_card {
	SCARDCONTEXT context;
	SCARDHANDLE handle;
	bool lost;      /* the handles belong to a thread that was left behind */
	bool exclusive; /* in a transaction */
	atomic_bool aborted;
};

struct attempt {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool done, abandoned;
	char reader[TOKEN_READER_MAX + 1]; /* to connect to; "" to begin a transaction */
	SCARDCONTEXT context;
	SCARDHANDLE handle;
	LONG result;
};

static const char *
socket_name(void)
{
	const char *name = secure_getenv("PCSCLITE_CSOCK_NAME");

	return name != NULL ? name : "/run/pcscd/pcscd.comm";
}

static enum err_code
held(struct err *err)
{
	char who[HOLDERS_SIZE];
	const char *remedy;

	if (!holders_guess(who, &remedy))
		return err_set(err, ERR_BUSY,
		    "another program uses it, or a touch that was given up is not over yet: %s and try "
		    "again",
		    remedy);
	return err_set(err, ERR_BUSY, "another program uses it, probably %s: %s and try again", who,
	    remedy);
}

/* What RESULT means for the person. */
static enum err_code
failure(LONG result, struct err *err)
{
	switch (result) {
	case SCARD_E_NO_SERVICE:
	case SCARD_E_SERVICE_STOPPED:
	case SCARD_E_INVALID_HANDLE:
	case SCARD_F_COMM_ERROR:
	case SCARD_P_SHUTDOWN:
		return err_set(err, ERR_TOKEN,
		    "pcscd does not answer (any more) at %s, so no token can be reached: install "
		    "pcscd if it is missing, run \"systemctl start pcscd.socket\", and try again",
		    socket_name());
	case SCARD_W_SECURITY_VIOLATION:
	case SCARD_E_NO_ACCESS:
		return err_set(err, ERR_TOKEN,
		    "pcscd does not let this user reach tokens (polkit): log in at the machine "
		    "itself, or allow org.debian.pcsc-lite.access_pcsc in a polkit rule");
	case SCARD_E_SHARING_VIOLATION:
		return held(err);
	case SCARD_E_UNKNOWN_READER:
	case SCARD_E_NO_READERS_AVAILABLE:
	case SCARD_E_READER_UNAVAILABLE:
	case SCARD_E_NO_SMARTCARD:
		return err_set(err, ERR_TOKEN_ABSENT,
		    "it is not plugged in: plug it in and try again");
	case SCARD_W_REMOVED_CARD:
		return err_set(err, ERR_TOKEN_GONE,
		    "it was pulled out while in use: plug it in and run the command again");
	case SCARD_W_RESET_CARD:
		return err_set(err, ERR_TOKEN_GONE,
		    "another program reset it while it was in use: run the command again");
	case SCARD_W_UNRESPONSIVE_CARD:
	case SCARD_W_UNPOWERED_CARD:
	case SCARD_W_UNSUPPORTED_CARD:
	case SCARD_E_PROTO_MISMATCH:
		return err_set(err, ERR_TOKEN,
		    "it does not answer its reader: pull it out and plug it in again");
	default:
		return err_set(err, ERR_TOKEN,
		    "the reader failed (%s): pull the token out, plug it in "
		    "again, and run the command again",
		    pcsc_stringify_error(result));
	}
}

/* ---- listing ---- */

static void
context_release(SCARDCONTEXT *context)
{
	if (*context != 0)
		SCardReleaseContext(*context);
}

/* The card in STATE can perhaps not be used; its trouble is known without connecting. */
static enum err_code
state_failure(DWORD state, struct err *err)
{
	if ((state & SCARD_STATE_EXCLUSIVE) != 0)
		return failure(SCARD_E_SHARING_VIOLATION, err);
	if ((state & SCARD_STATE_MUTE) != 0)
		return failure(SCARD_W_UNRESPONSIVE_CARD, err);
	return ERR_OK;
}

static enum err_code
add_reader(SCARDCONTEXT context, const char *name, struct pcsc_list *list, struct err *err)
{
	SCARD_READERSTATE state = {.szReader = name, .dwCurrentState = SCARD_STATE_UNAWARE};
	struct err why;
	LONG result = SCardGetStatusChange(context, 0, &state, 1);

	if (result == SCARD_E_UNKNOWN_READER || result == SCARD_E_READER_UNAVAILABLE ||
	    result == SCARD_E_TIMEOUT)
		return ERR_OK;
	if (result != SCARD_S_SUCCESS)
		return failure(result, err);
	if ((state.dwEventState & SCARD_STATE_PRESENT) == 0)
		return ERR_OK;
	if (list->count == TOKENS_MAX)
		return err_set(err, ERR_TOKEN,
		    "more than %d cards are plugged in: unplug those that are not needed",
		    TOKENS_MAX);
	struct pcsc_found *found = &list->found[list->count++];

	*found = (struct pcsc_found){0};
	memcpy(found->reader, name, strlen(name));
	enum err_code code = state_failure(state.dwEventState, &why);
	if (code != ERR_OK)
		memcpy(found->problem, why.text, sizeof(found->problem) - 1);
	found->busy = code == ERR_BUSY;
	return ERR_OK;
}

enum err_code
pcsc_list(struct pcsc_list *ret_list, struct err *err)
{
	CLEANUP(context_release) SCARDCONTEXT context = 0;
	struct pcsc_list list = {0};
	char names[BUFFER_MAX];
	DWORD size = sizeof(names);
	LONG result = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);

	if (result != SCARD_S_SUCCESS)
		return failure(result, err);
	result = SCardListReaders(context, NULL, names, &size);
	if (result == SCARD_E_NO_READERS_AVAILABLE) {
		*ret_list = list;
		return ERR_OK;
	}
	if (result != SCARD_S_SUCCESS)
		return failure(result, err);
	for (const char *name = names; *name != '\0'; name += strlen(name) + 1) {
		if (strlen(name) <= TOKEN_READER_MAX)
			TRY(add_reader(context, name, &list, err));
	}
	*ret_list = list;
	return ERR_OK;
}

/* ---- waiting for cards to come and go ---- */

/* What the readers hold at one moment, and under which names: STATES point into NAMES. */
struct view_of_readers {
	char names[BUFFER_MAX];
	SCARD_READERSTATE states[TOKENS_MAX + 1]; /* and one for readers that come and go */
	DWORD count;
};

static bool
no_service(LONG result)
{
	return result == SCARD_E_NO_SERVICE || result == SCARD_E_SERVICE_STOPPED ||
	    result == SCARD_E_INVALID_HANDLE || result == SCARD_F_COMM_ERROR ||
	    result == SCARD_P_SHUTDOWN;
}

/* The readers and their cards now. */
static LONG
look(SCARDCONTEXT context, struct view_of_readers *ret_readers)
{
	DWORD size = sizeof(ret_readers->names);
	LONG result = SCardListReaders(context, NULL, ret_readers->names, &size);

	memset(ret_readers->states, 0, sizeof(ret_readers->states));
	ret_readers->count = 0;
	if (result == SCARD_E_NO_READERS_AVAILABLE)
		return SCARD_S_SUCCESS;
	if (result != SCARD_S_SUCCESS)
		return result;
	for (const char *name = ret_readers->names;
	     *name != '\0' && ret_readers->count < TOKENS_MAX; name += strlen(name) + 1)
		ret_readers->states[ret_readers->count++].szReader = name;
	result = SCardGetStatusChange(context, 0, ret_readers->states, ret_readers->count);
	return result == SCARD_E_TIMEOUT ? SCARD_S_SUCCESS : result;
}

/* The card in the reader NAME: how often cards came and went there, and whether one is there. */
static DWORD
card_in(const struct view_of_readers *readers, const char *name)
{
	for (DWORD i = 0; i < readers->count; i++) {
		if (strcmp(readers->states[i].szReader, name) == 0)
			return readers->states[i].dwEventState &
			    (0xffff0000U | SCARD_STATE_PRESENT);
	}
	return 0;
}

static bool
is_present(DWORD card)
{
	return (card & SCARD_STATE_PRESENT) != 0;
}

/* Cards of A that are not in B. */
static bool
more_in(const struct view_of_readers *a, const struct view_of_readers *b)
{
	for (DWORD i = 0; i < a->count; i++) {
		DWORD one = card_in(a, a->states[i].szReader);
		DWORD other = card_in(b, a->states[i].szReader);

		if (is_present(one) && one != other)
			return true;
	}
	return false;
}

/* Block until something differs from READERS, or the time is over: SCARD_E_TIMEOUT. */
static LONG
sleep_until_change(SCARDCONTEXT context, struct view_of_readers *readers, int64_t milliseconds)
{
	/* pcscd's own name for "a reader was plugged in or pulled out" */
	readers->states[readers->count] = (SCARD_READERSTATE){.szReader = "\\\\?PnP?\\Notification",
	    .dwCurrentState = SCARD_STATE_UNAWARE};
	for (DWORD i = 0; i < readers->count; i++)
		readers->states[i].dwCurrentState =
		    readers->states[i].dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	return SCardGetStatusChange(context, (DWORD)milliseconds, readers->states,
	    readers->count + 1);
}

/* Until a card came or went (SCARD_S_SUCCESS), or DEADLINE (SCARD_E_TIMEOUT).  Other changes wake
 * us too (somebody connected), so that we sleep on what was seen last. */
static LONG
wait_in(SCARDCONTEXT context, int64_t deadline, struct pcsc_change *change)
{
	struct view_of_readers before, now;
	LONG result = look(context, &before);

	if (result == SCARD_S_SUCCESS)
		result = look(context, &now);
	while (result == SCARD_S_SUCCESS) {
		int64_t left = deadline - process_milliseconds();

		change->came = more_in(&now, &before);
		change->left = more_in(&before, &now);
		if (change->came || change->left)
			return SCARD_S_SUCCESS;
		if (left <= 0)
			return SCARD_E_TIMEOUT;
		result = sleep_until_change(context, &now, left);
		if (result != SCARD_S_SUCCESS && result != SCARD_E_UNKNOWN_READER)
			return result;
		nanosleep(&notice_step, NULL);
		result = look(context, &now);
	}
	return result;
}

enum err_code
pcsc_wait(unsigned milliseconds, struct pcsc_change *ret_change, struct err *err)
{
	int64_t deadline = process_milliseconds() + milliseconds;
	struct pcsc_change change = {0};
	bool was_there = false, ended = false;

	for (;;) {
		CLEANUP(context_release) SCARDCONTEXT context = 0;
		LONG result = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);

		if (result == SCARD_S_SUCCESS && ended)
			break; /* it is back */
		if (result == SCARD_S_SUCCESS) {
			was_there = true;
			result = wait_in(context, deadline, &change);
		}
		if (result == SCARD_S_SUCCESS || result == SCARD_E_TIMEOUT)
			break;
		if (!no_service(result) && result != SCARD_E_UNKNOWN_READER)
			return failure(result, err);
		ended = was_there && no_service(result);
		if (process_milliseconds() >= deadline)
			break;
		nanosleep(&retry_step, NULL);
	}
	if (ended)
		change = (struct pcsc_change){true, true};
	*ret_change = change;
	return ERR_OK;
}

/* ---- calls with a time limit ---- */

static void
let_go(SCARDCONTEXT context, SCARDHANDLE handle)
{
	if (handle != 0)
		SCardDisconnect(handle, SCARD_LEAVE_CARD);
	if (context != 0)
		SCardReleaseContext(context);
}

static LONG
connect_shared(struct attempt *attempt)
{
	DWORD protocol;

	return SCardConnect(attempt->context, attempt->reader, SCARD_SHARE_SHARED,
	    SCARD_PROTOCOL_T1, &attempt->handle, &protocol);
}

/* A card that was reset or replaced since the last transaction is connected to again. */
static LONG
begin_transaction(struct attempt *attempt)
{
	LONG result = SCARD_W_RESET_CARD;

	for (int i = 0; i < RECONNECTS; i++) {
		DWORD protocol;

		result = SCardBeginTransaction(attempt->handle);
		if (result != SCARD_W_RESET_CARD && result != SCARD_W_REMOVED_CARD)
			return result;
		LONG again = SCardReconnect(attempt->handle, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1,
		    SCARD_LEAVE_CARD, &protocol);
		if (again != SCARD_S_SUCCESS)
			return result == SCARD_W_REMOVED_CARD ? result : again;
	}
	return result;
}

static void
attempt_free(struct attempt *attempt)
{
	pthread_mutex_destroy(&attempt->lock);
	pthread_cond_destroy(&attempt->ended);
	free(attempt);
}

static void *
attempt_run(void *argument)
{
	struct attempt *attempt = argument;
	LONG result =
	    attempt->reader[0] != '\0' ? connect_shared(attempt) : begin_transaction(attempt);

	pthread_mutex_lock(&attempt->lock);
	attempt->result = result;
	attempt->done = true;
	bool abandoned = attempt->abandoned;
	pthread_cond_signal(&attempt->ended);
	pthread_mutex_unlock(&attempt->lock);
	if (abandoned) {
		let_go(attempt->context, attempt->handle);
		attempt_free(attempt);
	}
	return NULL;
}

static struct attempt *
attempt_new(const char *reader, SCARDCONTEXT context, SCARDHANDLE handle)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));
	pthread_condattr_t monotonic;

	if (attempt == NULL)
		return NULL;
	memcpy(attempt->reader, reader, strlen(reader));
	attempt->context = context;
	attempt->handle = handle;
	pthread_mutex_init(&attempt->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&attempt->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return attempt;
}

/* True when it was done in time; else it is abandoned. */
static bool
attempt_wait(struct attempt *attempt, unsigned milliseconds)
{
	struct timespec until;
	int result = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += milliseconds / 1000;
	until.tv_nsec += (long)(milliseconds % 1000) * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&attempt->lock);
	while (!attempt->done && result != ETIMEDOUT)
		result = pthread_cond_timedwait(&attempt->ended, &attempt->lock, &until);
	bool done = attempt->done;
	attempt->abandoned = !done;
	pthread_mutex_unlock(&attempt->lock);
	return done;
}

/* Connect CARD to READER, or begin a transaction ("" as READER). */
static enum err_code
attempt_in_time(struct pcsc_card *card, const char *reader, unsigned milliseconds, struct err *err)
{
	struct attempt *attempt = attempt_new(reader, card->context, card->handle);
	pthread_t thread;

	if (attempt == NULL || pthread_create(&thread, NULL, attempt_run, attempt) != 0) {
		free(attempt);
		return err_set(err, ERR_MEMORY, "no memory to wait for a token");
	}
	if (!attempt_wait(attempt, milliseconds)) {
		pthread_detach(thread);
		card->lost = true;
		return failure(SCARD_E_SHARING_VIOLATION, err);
	}
	pthread_join(thread, NULL);
	LONG result = attempt->result;
	card->handle = attempt->handle;
	attempt_free(attempt);
	return result == SCARD_S_SUCCESS ? ERR_OK : failure(result, err);
}

/* ---- one card ---- */

DESTRUCTOR(card_freep, struct pcsc_card, pcsc_close)

enum err_code
pcsc_connect(const char *reader, unsigned milliseconds, struct pcsc_card **ret_card,
    struct err *err)
{
	if (reader[0] == '\0' || strlen(reader) > TOKEN_READER_MAX)
		return failure(SCARD_E_UNKNOWN_READER, err);
	CLEANUP(card_freep) struct pcsc_card *card = calloc(1, sizeof(*card));
	if (card == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a card");
	LONG result = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &card->context);
	if (result != SCARD_S_SUCCESS)
		return failure(result, err);
	int64_t deadline = process_milliseconds() + milliseconds;
	enum err_code code = attempt_in_time(card, reader, milliseconds, err);
	/* Who has a card for himself makes this fail at once; he may let go in a moment. */
	while (code == ERR_BUSY && !card->lost && process_milliseconds() < deadline) {
		nanosleep(&retry_step, NULL);
		int64_t left = deadline - process_milliseconds();
		code = attempt_in_time(card, reader, left > 0 ? (unsigned)left : 0, err);
	}
	if (code != ERR_OK)
		return code;
	*ret_card = TAKE(card);
	return ERR_OK;
}

void
pcsc_close(struct pcsc_card *card)
{
	if (card == NULL)
		return;
	pcsc_end(card, false);
	if (!card->lost)
		let_go(card->context, atomic_load(&card->aborted) ? 0 : card->handle);
	free(card);
}

enum err_code
pcsc_begin(struct pcsc_card *card, unsigned milliseconds, struct err *err)
{
	if (card->lost)
		return failure(SCARD_E_SHARING_VIOLATION, err);
	TRY(attempt_in_time(card, "", milliseconds, err));
	card->exclusive = true;
	return ERR_OK;
}

void
pcsc_end(struct pcsc_card *card, bool reset)
{
	if (card->exclusive)
		SCardEndTransaction(card->handle, reset ? SCARD_RESET_CARD : SCARD_LEAVE_CARD);
	card->exclusive = false;
}

static LONG
card_status(const struct pcsc_card *card)
{
	char name[BUFFER_MAX];
	BYTE atr[MAX_ATR_SIZE];
	DWORD name_size = sizeof(name), atr_size = sizeof(atr), state = 0, protocol = 0;
	LONG result =
	    SCardStatus(card->handle, name, &name_size, &state, &protocol, atr, &atr_size);

	if (result == SCARD_S_SUCCESS && (state & SCARD_ABSENT) != 0)
		return SCARD_W_REMOVED_CARD;
	return result;
}

/* Each answer of a card ends; that there is always one more does not show from inside the library
 * that fetches them.  Without its handle the library's next command fails. */
void
pcsc_abort(struct pcsc_card *card)
{
	if (!atomic_exchange(&card->aborted, true))
		SCardDisconnect(card->handle, SCARD_RESET_CARD);
}

enum err_code
pcsc_why(struct pcsc_card *card, struct err *err)
{
	if (atomic_load(&card->aborted))
		return err_set(err, ERR_TOKEN_GONE,
		    "it did not come to an end with a command: pull it out, plug it in again, and "
		    "run the command again");
	LONG result = card_status(card);

	for (int i = 0; result == SCARD_S_SUCCESS && i < NOTICE_STEPS; i++) {
		nanosleep(&notice_step, NULL);
		result = card_status(card);
	}
	switch (result) {
	case SCARD_S_SUCCESS:
		return err_set(err, ERR_TOKEN_GONE,
		    "it broke off in the middle of a command, or answered nonsense: pull it out, "
		    "plug it in again, and run the command again");
	case SCARD_E_NO_SMARTCARD:
	case SCARD_E_READER_UNAVAILABLE:
	case SCARD_E_UNKNOWN_READER:
		return failure(SCARD_W_REMOVED_CARD, err);
	default:
		return failure(result, err);
	}
}

enum err_code
pcsc_transmit(struct pcsc_card *card, struct view command, struct secret *reply, struct err *err)
{
	DWORD size = secret_capacity(reply);
	LONG result = SCardTransmit(card->handle, SCARD_PCI_T1, command.data, command.size, NULL,
	    secret_data(reply), &size);

	if (result != SCARD_S_SUCCESS || size == 0)
		return pcsc_why(card, err);
	return secret_resize(reply, size, err);
}

void
pcsc_handles(const struct pcsc_card *card, uintptr_t *ret_context, uintptr_t *ret_handle)
{
	*ret_context = (uintptr_t)card->context;
	*ret_handle = (uintptr_t)card->handle;
}
