/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which FIDO2 token is in a reader, asked twice, by a card that answers whatever it likes: lp16
 * answers; FFFF instead of a length: the card is gone, and another comes (u8 changes).
 */
#include "tests/fuzz/target.h"
#include "tokens/fido/port.h"

enum { INS_SERIAL = 0xf8 };

static struct reader script;
static struct pcsc_card *const card = (struct pcsc_card *)&script;
static uint32_t changes;
static int held;      /* pcsc_begin() without its pcsc_end() */
static uint32_t told; /* by PIV's GET SERIAL since pcsc_begin() */

enum err_code __wrap_pcsc_connect(const char *reader, unsigned milliseconds,
    struct pcsc_card **ret_card, struct err *err);
void __wrap_pcsc_close(struct pcsc_card *closed);
enum err_code __wrap_pcsc_begin(struct pcsc_card *begun, unsigned milliseconds, struct err *err);
void __wrap_pcsc_end(struct pcsc_card *ended, bool reset);
enum err_code __wrap_pcsc_transmit(struct pcsc_card *asked, struct view command,
    struct secret *reply, struct err *err);
uint32_t __wrap_pcsc_changes(const char *reader);

enum err_code
__wrap_pcsc_connect(const char *reader, unsigned milliseconds, struct pcsc_card **ret_card,
    struct err *err)
{
	(void)reader;
	(void)milliseconds;
	(void)err;
	*ret_card = card;
	return ERR_OK;
}

void
__wrap_pcsc_close(struct pcsc_card *closed)
{
	MUST(closed == card && held == 0);
}

enum err_code
__wrap_pcsc_begin(struct pcsc_card *begun, unsigned milliseconds, struct err *err)
{
	(void)milliseconds;
	(void)err;
	MUST(begun == card && held == 0);
	held++;
	told = 0;
	return ERR_OK;
}

void
__wrap_pcsc_end(struct pcsc_card *ended, bool reset)
{
	(void)reset;
	MUST(ended == card && held == 1);
	held--;
}

enum err_code
__wrap_pcsc_transmit(struct pcsc_card *asked, struct view command, struct secret *reply,
    struct err *err)
{
	MUST(asked == card && held == 1 && command.size >= 5);
	size_t size = reader_u16(&script);

	if (size == UINT16_MAX)
		changes += reader_u8(&script);
	if (size == UINT16_MAX || script.failed)
		return err_set(err, ERR_TOKEN_GONE, "gone");
	struct view answer = reader_bytes(&script, size > FIDO_APDU_MAX ? FIDO_APDU_MAX : size);

	if (command.data[1] == INS_SERIAL && answer.size == 6 && answer.data[4] == 0x90 &&
	    answer.data[5] == 0x00) {
		struct reader number = reader_of(answer);

		told = reader_u32(&number);
	}
	return secret_append(reply, answer, err);
}

uint32_t
__wrap_pcsc_changes(const char *reader)
{
	(void)reader;
	return changes;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fido_port port = {0};
	struct err err;

	script = reader_of(view_of(data, size));
	changes = 2;
	held = 0;
	MUST(fido_port_open(&port, "Reader 00 00", 0, &err) == ERR_OK);
	for (int i = 0; i < 2; i++) {
		if (fido_port_begin(&port, 0, &err) != ERR_OK)
			continue;
		MUST(held == 1 && port.known && (told == 0 || port.serial == told));
		fido_port_end(&port);
	}
	MUST(held == 0);
	fido_port_close(&port);
	return 0;
}
