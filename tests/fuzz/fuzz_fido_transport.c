/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CTAP over a card that answers whatever it likes: u8 flags (2: no SELECT), u16 size of the
 * message, u16 milliseconds to wait, then answers (lp16); after the last of them it is gone.
 * Time passes only by waiting.
 */
#include <string.h>
#include <time.h>

#include "base/crypto.h"
#include "tests/fuzz/target.h"
#include "tokens/fido/transport.h"

enum { MESSAGES = 16, HEADER = 4, CHAINED = 0x10, INS_MESSAGE = 0x10 };

static int64_t nanoseconds;
static bool running; /* else it is the fuzzer that asks for the time */

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_nanosleep(const struct timespec *duration, struct timespec *rest);
int __real_nanosleep(const struct timespec *duration, struct timespec *rest);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	if (!running)
		return __real_clock_gettime(clock, ret_time);
	*ret_time = (struct timespec){.tv_sec = nanoseconds / 1000000000,
	    .tv_nsec = nanoseconds % 1000000000};
	return 0;
}

int
__wrap_nanosleep(const struct timespec *duration, struct timespec *rest)
{
	if (!running)
		return __real_nanosleep(duration, rest);
	nanoseconds += duration->tv_nsec;
	return 0;
}

struct card {
	struct reader answers;
	struct view message; /* what it is to receive */
	struct buf received; /* chained parts of it so far */
};

/* Parts of the message are the message, in order, and only the last is not chained. */
static void
receive(struct card *card, struct view command)
{
	const uint8_t *header = command.data;
	size_t size = command.size - HEADER > 1 ? header[HEADER] : 0;

	MUST(command.size >= HEADER + 1 && command.size <= FIDO_APDU_MAX);
	MUST(command.size == HEADER + 1 + (size > 0 ? size + 1 : 0));
	if (header[1] != INS_MESSAGE)
		return;
	buf_bytes(&card->received, view_of(header + HEADER + 1, size));
	MUST(card->received.size <= card->message.size &&
	    memcmp(card->received.data, card->message.data, card->received.size) == 0);
	if ((header[0] & CHAINED) != 0)
		return;
	MUST(card->received.size == card->message.size);
	buf_done(&card->received);
}

static enum err_code
exchange(void *context, struct view command, struct secret *reply, struct err *err)
{
	struct card *card = context;
	struct view answer = reader_lp16(&card->answers, FIDO_APDU_MAX);

	receive(card, command);
	MUST(secret_size(reply) == 0);
	if (card->answers.failed)
		return err_set(err, ERR_TOKEN_GONE, "gone");
	if (answer.size < 2 || memcmp(answer.data + answer.size - 2, "\x90\x00", 2) != 0)
		buf_done(&card->received); /* a refused part ends its chain */
	return secret_append(reply, answer, err);
}

static void
talk(struct fido_transport *transport, struct card *card, uint8_t flags, unsigned milliseconds)
{
	struct err err;

	if ((flags & 2) == 0 && fido_transport_select(transport, &err) != ERR_OK)
		return;
	for (int i = 0; i < MESSAGES && !card->answers.failed; i++) {
		buf_done(&card->received);
		if (fido_transport_send(transport, card->message, &err) != ERR_OK)
			return;
		if (fido_transport_receive(transport, milliseconds, &err) == ERR_OK)
			MUST(secret_size(transport->answer) <= FIDO_MESSAGE_MAX);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fido_transport transport;
	static uint8_t message[FIDO_MESSAGE_MAX + 1];
	struct card card = {.answers = reader_of(view_of(data, size))};
	struct err err;

	if (transport.exchange == NULL) {
		MUST(crypto_start(&err) == ERR_OK);
		MUST(fido_transport_init(&transport, &err) == ERR_OK);
		for (size_t i = 0; i < sizeof(message); i++)
			message[i] = (uint8_t)(i / 7);
	}
	transport.exchange = exchange;
	transport.context = &card;
	transport.plain = transport.waiting = false;
	uint8_t flags = reader_u8(&card.answers);
	card.message = view_of(message, reader_u16(&card.answers) % (sizeof(message) + 1));
	unsigned milliseconds = reader_u16(&card.answers);

	running = true;
	talk(&transport, &card, flags, milliseconds);
	fido_transport_end(&transport);
	running = false;
	MUST(!transport.waiting);
	buf_done(&card.received);
	return 0;
}
