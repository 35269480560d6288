/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IFD handler (interface version 3.0) through which pcscd reaches simulated tokens: one
 * reader for each Unix socket of a halligan-simtoken (link.h).  It is loaded into pcscd, so it
 * uses libc only, never blocks for ever, and never ends the process.
 *
 * A reader has two connections.  "events" says whether a token is plugged in; the slot is empty
 * when it is closed or cannot be made, and connecting is tried again and again.  wait_for_event
 * consumes one event at a time and pcscd looks at the slot after each, so that a token pulled and
 * plugged in again between two looks is seen to have been away.  "commands" carries one request
 * at a time, and each has a deadline.
 *
 * Threads: only pcscd's status thread of a reader calls wait_for_event, so "events" needs no
 * lock; "commands" belongs to whoever holds pcscd's own lock of that reader, which is taken
 * around all other calls; "present" goes from the one to the others.
 */
#include <errno.h>
#include <ifdhandler.h>
#include <poll.h>
#include <pthread.h>
#include <reader.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tokens/sim/link.h"

enum {
	READERS = 16, /* pcscd's own limit */
	ATR_SIZE_MAX = MAX_ATR_SIZE,
	ANSWER_MS = 30000, /* a token may blink for 15 s, and then make a large RSA key */
	POWER_MS = 2000,   /* for what takes a token no time */
	RETRY_MS = 100,    /* between attempts to reach a token that is not running */
};

struct slot {
	bool used;
	DWORD lun;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int commands, events; /* connections; -1: none */
	int stop;             /* an eventfd that makes wait_for_event come back at once */
	atomic_bool present;
	unsigned char atr[ATR_SIZE_MAX];
	DWORD atr_size;
};

/*
 * The one mutable object of file scope in this project: pcscd's interface has no handle but a
 * number, so the handler itself must remember which reader it means.
 */
static struct {
	pthread_mutex_t lock; /* over USED and LUN */
	struct slot slots[READERS];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct slot *
slot_of(DWORD lun)
{
	struct slot *found = NULL;

	pthread_mutex_lock(&table.lock);
	for (size_t i = 0; found == NULL && i < READERS; i++)
		if (table.slots[i].used && table.slots[i].lun == lun)
			found = &table.slots[i];
	pthread_mutex_unlock(&table.lock);
	return found;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int
dial(const struct slot *slot, char role)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, slot->path, sizeof(slot->path));
	if (fd >= 0 &&
	    (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	        send(fd, &role, 1, MSG_NOSIGNAL) != 1))
		close_fd(&fd);
	return fd;
}

static int64_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static bool
send_all(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size > 0) {
		ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		at += sent;
		size -= (size_t)sent;
	}
	return true;
}

static bool
receive_all(int fd, void *bytes, size_t size, int64_t deadline)
{
	char *at = bytes;

	while (size > 0) {
		struct pollfd polled = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - now();
		int ready = left <= 0 ? 0 : poll(&polled, 1, (int)left);
		if (ready < 0 && errno == EINTR)
			continue;
		ssize_t got = ready <= 0 ? 0 : recv(fd, at, size, MSG_DONTWAIT);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return false;
		at += got;
		size -= (size_t)got;
	}
	return true;
}

/* One request and its answer, of at most *RET_SIZE bytes.  A connection that broke or did not
 * answer in time is closed; to pcscd the token is then gone. */
static RESPONSECODE
ask(struct slot *slot, char kind, const void *bytes, size_t size, void *ret_bytes, DWORD *ret_size)
{
	unsigned char header[LINK_HEADER] = {(unsigned char)kind, (unsigned char)(size >> 24),
	    (unsigned char)(size >> 16), (unsigned char)(size >> 8), (unsigned char)size};
	DWORD room = *ret_size;
	int64_t deadline = now() + (kind == LINK_APDU ? ANSWER_MS : POWER_MS);

	*ret_size = 0;
	if (slot->commands < 0)
		slot->commands = dial(slot, LINK_COMMANDS);
	if (slot->commands < 0)
		return IFD_ICC_NOT_PRESENT;
	if (!send_all(slot->commands, header, sizeof(header)) ||
	    !send_all(slot->commands, bytes, size) ||
	    !receive_all(slot->commands, header, sizeof(header), deadline)) {
		close_fd(&slot->commands);
		return IFD_ICC_NOT_PRESENT;
	}
	size_t answered =
	    (size_t)header[1] << 24 | (size_t)header[2] << 16 | (size_t)header[3] << 8 | header[4];
	if (header[0] != LINK_DONE && answered == 0)
		return IFD_ICC_NOT_PRESENT;
	if (answered > room || !receive_all(slot->commands, ret_bytes, answered, deadline)) {
		close_fd(&slot->commands);
		return IFD_COMMUNICATION_ERROR;
	}
	*ret_size = answered;
	return IFD_SUCCESS;
}

/* Was wait_for_event told to come back?  (At each disconnection of a client, and at the end.) */
static bool
stopped(const struct slot *slot, int milliseconds)
{
	struct pollfd polled = {.fd = slot->stop, .events = POLLIN};
	uint64_t count;

	return poll(&polled, 1, milliseconds) != 0 &&
	    read(slot->stop, &count, sizeof(count)) == sizeof(count);
}

/* Wait for an event, or the end of the connection, or stop.  False: nothing to read. */
static bool
event_waits(const struct slot *slot, int milliseconds)
{
	struct pollfd polled[2] = {{.fd = slot->events, .events = POLLIN},
	    {.fd = slot->stop, .events = POLLIN}};

	return poll(polled, 2, milliseconds) > 0 && !stopped(slot, 0) && polled[0].revents != 0;
}

/* Called by pcscd between two looks at the slot: comes back when there is something to see. */
static RESPONSECODE
wait_for_event(DWORD lun, int timeout)
{
	struct slot *slot = slot_of(lun);
	int64_t deadline = now() + timeout;
	char event;

	if (slot == NULL)
		return IFD_NO_SUCH_DEVICE;
	while (slot->events < 0) {
		slot->events = dial(slot, LINK_EVENTS);
		if (slot->events < 0 && (stopped(slot, RETRY_MS) || now() >= deadline))
			return IFD_SUCCESS;
	}
	if (!event_waits(slot, timeout))
		return IFD_SUCCESS;
	if (recv(slot->events, &event, 1, MSG_DONTWAIT) != 1) {
		close_fd(&slot->events);
		event = LINK_ABSENT;
	}
	atomic_store(&slot->present, event == LINK_PRESENT);
	return IFD_SUCCESS;
}

static RESPONSECODE
stop_waiting(DWORD lun)
{
	const uint64_t one = 1;
	struct slot *slot = slot_of(lun);

	if (slot == NULL || write(slot->stop, &one, sizeof(one)) != sizeof(one))
		return IFD_NO_SUCH_DEVICE;
	return IFD_SUCCESS;
}

/* DEVICENAME is "halligan:PATH": pcscd refuses a name without a colon that does not exist yet. */
RESPONSECODE
IFDHCreateChannelByName(DWORD Lun, LPSTR DeviceName)
{
	static const char scheme[] = "halligan:";
	const char *path = DeviceName;
	struct slot *slot = NULL;

	if (strncmp(path, scheme, sizeof(scheme) - 1) == 0)
		path += sizeof(scheme) - 1;
	if (strlen(path) == 0 || strlen(path) >= sizeof(slot->path) || slot_of(Lun) != NULL)
		return IFD_COMMUNICATION_ERROR;
	int stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop < 0)
		return IFD_COMMUNICATION_ERROR;
	pthread_mutex_lock(&table.lock);
	for (size_t i = 0; slot == NULL && i < READERS; i++)
		if (!table.slots[i].used)
			slot = &table.slots[i];
	if (slot != NULL) {
		*slot = (struct slot){.used = true,
		    .lun = Lun,
		    .commands = -1,
		    .events = -1,
		    .stop = stop};
		memcpy(slot->path, path, strlen(path) + 1);
	}
	pthread_mutex_unlock(&table.lock);
	if (slot != NULL)
		return IFD_SUCCESS;
	close(stop);
	return IFD_COMMUNICATION_ERROR;
}

/* A reader without DEVICENAME: there is no socket to find. */
RESPONSECODE
IFDHCreateChannel(DWORD Lun, DWORD Channel)
{
	(void)Lun;
	(void)Channel;
	return IFD_COMMUNICATION_ERROR;
}

RESPONSECODE
IFDHCloseChannel(DWORD Lun)
{
	struct slot *slot = slot_of(Lun);

	if (slot == NULL)
		return IFD_NO_SUCH_DEVICE;
	pthread_mutex_lock(&table.lock);
	close_fd(&slot->commands);
	close_fd(&slot->events);
	close_fd(&slot->stop);
	slot->used = false;
	pthread_mutex_unlock(&table.lock);
	return IFD_SUCCESS;
}

static RESPONSECODE
give(const void *bytes, DWORD size, PDWORD Length, PUCHAR Value)
{
	if (*Length < size)
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	memcpy(Value, bytes, size);
	*Length = size;
	return IFD_SUCCESS;
}

RESPONSECODE
IFDHGetCapabilities(DWORD Lun, DWORD Tag, PDWORD Length, PUCHAR Value)
{
	static const unsigned char one = 1, readers = READERS;
	RESPONSECODE (*const wait)(DWORD, int) = wait_for_event;
	RESPONSECODE (*const stop)(DWORD) = stop_waiting;
	const struct slot *slot = slot_of(Lun);

	switch (Tag) {
	case TAG_IFD_ATR:
	case SCARD_ATTR_ATR_STRING:
		return slot == NULL ? IFD_NO_SUCH_DEVICE :
		                      give(slot->atr, slot->atr_size, Length, Value);
	case TAG_IFD_SIMULTANEOUS_ACCESS:
		return give(&readers, 1, Length, Value);
	case TAG_IFD_THREAD_SAFE:
	case TAG_IFD_SLOTS_NUMBER:
		return give(&one, 1, Length, Value);
	case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
		return give(&wait, sizeof(wait), Length, Value);
	case TAG_IFD_STOP_POLLING_THREAD:
		return give(&stop, sizeof(stop), Length, Value);
	default:
		return IFD_ERROR_TAG;
	}
}

RESPONSECODE
IFDHSetCapabilities(DWORD Lun, DWORD Tag, DWORD Length, PUCHAR Value)
{
	(void)Lun;
	(void)Tag;
	(void)Length;
	(void)Value;
	return IFD_NOT_SUPPORTED;
}

/* Whatever pcscd and the ATR agree on, whole APDUs pass. */
RESPONSECODE
IFDHSetProtocolParameters(DWORD Lun, DWORD Protocol, UCHAR Flags, UCHAR PTS1, UCHAR PTS2,
    UCHAR PTS3)
{
	(void)Flags;
	(void)PTS1;
	(void)PTS2;
	(void)PTS3;
	if (slot_of(Lun) == NULL)
		return IFD_NO_SUCH_DEVICE;
	return Protocol == SCARD_PROTOCOL_T1 ? IFD_SUCCESS : IFD_PROTOCOL_NOT_SUPPORTED;
}

RESPONSECODE
IFDHPowerICC(DWORD Lun, DWORD Action, PUCHAR Atr, PDWORD AtrLength)
{
	struct slot *slot = slot_of(Lun);
	DWORD size = ATR_SIZE_MAX;

	*AtrLength = 0;
	if (slot == NULL)
		return IFD_NO_SUCH_DEVICE;
	if (Action == IFD_POWER_DOWN) {
		size = 0;
		(void)ask(slot, LINK_POWER_DOWN, NULL, 0, Atr, &size);
		return IFD_SUCCESS;
	}
	if (Action != IFD_POWER_UP && Action != IFD_RESET)
		return IFD_NOT_SUPPORTED;
	char kind = Action == IFD_RESET ? LINK_RESET : LINK_POWER_UP;
	RESPONSECODE code = ask(slot, kind, NULL, 0, slot->atr, &size);
	if (code != IFD_SUCCESS && slot->commands < 0) {
		/* The connection was that of a token which has ended; another may run there. */
		size = ATR_SIZE_MAX;
		code = ask(slot, kind, NULL, 0, slot->atr, &size);
	}
	if (code != IFD_SUCCESS) {
		slot->atr_size = 0;
		return IFD_ERROR_POWER_ACTION;
	}
	slot->atr_size = *AtrLength = size;
	memcpy(Atr, slot->atr, size);
	return IFD_SUCCESS;
}

RESPONSECODE
IFDHTransmitToICC(DWORD Lun, SCARD_IO_HEADER SendPci, PUCHAR TxBuffer, DWORD TxLength,
    PUCHAR RxBuffer, PDWORD RxLength, PSCARD_IO_HEADER RecvPci)
{
	struct slot *slot = slot_of(Lun);

	if (slot == NULL) {
		*RxLength = 0;
		return IFD_NO_SUCH_DEVICE;
	}
	RecvPci->Protocol = SendPci.Protocol;
	return ask(slot, LINK_APDU, TxBuffer, TxLength, RxBuffer, RxLength);
}

RESPONSECODE
IFDHControl(DWORD Lun, DWORD dwControlCode, PUCHAR TxBuffer, DWORD TxLength, PUCHAR RxBuffer,
    DWORD RxLength, LPDWORD pdwBytesReturned)
{
	(void)Lun;
	(void)dwControlCode;
	(void)TxBuffer;
	(void)TxLength;
	(void)RxBuffer;
	(void)RxLength;
	*pdwBytesReturned = 0;
	return IFD_ERROR_NOT_SUPPORTED;
}

RESPONSECODE
IFDHICCPresence(DWORD Lun)
{
	struct slot *slot = slot_of(Lun);

	if (slot == NULL)
		return IFD_NO_SUCH_DEVICE;
	return atomic_load(&slot->present) ? IFD_SUCCESS : IFD_ICC_NOT_PRESENT;
}
