/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each command is a row: its name, how many words follow it, and its function, which returns
 * NULL when all is well, else what is wrong.
 */
#include "tokens/sim/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_members.h"
#include "base/text.h"
#include "tokens/sim/state/file.h"

enum { WORDS_MAX = 4 };

struct words {
	size_t count;
	char *word[WORDS_MAX]; /* of the command's line; the first is its name */
};

static bool
read_number(const char *text, int base, unsigned max, unsigned *ret_number)
{
	char *end;

	errno = 0;
	unsigned long number = strtoul(text, &end, base);
	if (errno != 0 || end == text || *end != '\0' || number > max ||
	    strchr("0123456789abcdefABCDEF", text[0]) == NULL)
		return false;
	*ret_number = (unsigned)number;
	return true;
}

/* Two hex digits, or "any"; "ctap:" before them means a CTAP command. */
static bool
read_ins(const char *text, int *ret_ins)
{
	unsigned ins;

	if (strcmp(text, "any") == 0) {
		*ret_ins = FAULT_ANY_INS;
		return true;
	}
	if (strcmp(text, "ctap:any") == 0) {
		*ret_ins = FAULT_ANY_CTAP;
		return true;
	}
	bool ctap = strncmp(text, "ctap:", 5) == 0;
	if (!read_number(ctap ? text + 5 : text, 16, 0xff, &ins))
		return false;
	*ret_ins = (ctap ? FAULT_CTAP : 0) + (int)ins;
	return true;
}

/* Two hex digits, or "any"; a CTAP command, with or without the prefix. */
static bool
read_ctap(const char *text, int *ret_ins)
{
	if (!read_ins(text, ret_ins))
		return false;
	if (*ret_ins == FAULT_ANY_INS)
		*ret_ins = FAULT_ANY_CTAP;
	if (*ret_ins < FAULT_CTAP)
		*ret_ins += FAULT_CTAP;
	return true;
}

static const char not_an_ins[] =
    "the instruction must be two hex digits or \"any\", with \"ctap:\" before it for CTAP's";
static const char not_a_command[] = "the CTAP command must be two hex digits or \"any\"";

static const char *
run_touch(struct device *device, const struct words *words)
{
	if (words->count == 1) {
		if (device->touch == DEVICE_TOUCH_NEVER)
			return "the touch mode is never";
		return device_finger(device) ? NULL : "the token is not waiting for a touch";
	}
	for (size_t i = 0; device_touch_names[i] != NULL; i++)
		if (strcmp(words->word[1], device_touch_names[i]) == 0) {
			device->touch = (enum device_touch)i;
			return NULL;
		}
	return "the touch mode must be auto, manual or never";
}

static const char *
run_touch_timeout(struct device *device, const struct words *words)
{
	return read_number(words->word[1], 10, 600000, &device->touch_ms) ?
	    NULL :
	    "the time must be milliseconds, at most 600000";
}

static const char *
run_unplug(struct device *device, const struct words *words)
{
	(void)words;
	device_unplug(device);
	return NULL;
}

static const char *
run_plug(struct device *device, const struct words *words)
{
	(void)words;
	device_plug(device);
	return NULL;
}

static const char *
pull_at(struct device *device, const struct words *words, bool after)
{
	unsigned number;
	int ins = FAULT_ANY_INS;

	if (!read_number(words->word[1], 10, 1000000, &number) || number == 0)
		return "the number of the command must be 1 or more";
	if (words->count > 2 && !read_ins(words->word[2], &ins))
		return not_an_ins;
	device->faults.pull = number;
	device->faults.pull_ins = ins;
	device->faults.pull_after = after;
	return NULL;
}

static const char *
run_unplug_at(struct device *device, const struct words *words)
{
	return pull_at(device, words, false);
}

static const char *
run_unplug_after(struct device *device, const struct words *words)
{
	return pull_at(device, words, true);
}

static const char *
run_delay(struct device *device, const struct words *words)
{
	unsigned delay;
	int ins = FAULT_ANY_INS;

	if (!read_number(words->word[1], 10, 600000, &delay))
		return "the delay must be milliseconds, at most 600000";
	if (words->count > 2 && !read_ins(words->word[2], &ins))
		return not_an_ins;
	device->faults.delay = delay;
	device->faults.delay_ins = ins;
	return NULL;
}

static const char *
add_fault(struct device *device, const struct fault *fault)
{
	return faults_add(&device->faults, fault) ? NULL : "too many faults: clear them first";
}

static const char *
run_status_word(struct device *device, const struct words *words)
{
	struct fault fault = {.kind = FAULT_STATUS};

	if (!read_ins(words->word[1], &fault.ins))
		return not_an_ins;
	if (strlen(words->word[2]) != 4 || !read_number(words->word[2], 16, 0xffff, &fault.number))
		return "the status word must be four hex digits";
	return add_fault(device, &fault);
}

static const char *
run_raw_reply(struct device *device, const struct words *words)
{
	struct fault fault = {.kind = FAULT_RAW};
	const char *hex = words->count > 2 ? words->word[2] : "";

	fault.size = strlen(hex) / 2;
	if (!read_ins(words->word[1], &fault.ins))
		return not_an_ins;
	if (fault.size > sizeof(fault.bytes) || 2 * fault.size != strlen(hex) ||
	    (fault.size > 0 && !text_from_hex(hex, fault.bytes, fault.size)))
		return "the reply must be lower-case hex of at most 512 bytes";
	return add_fault(device, &fault);
}

static const char *
add_counted(struct device *device, const struct words *words, enum fault_kind kind)
{
	struct fault fault = {.kind = kind};

	if (!read_ins(words->word[1], &fault.ins))
		return not_an_ins;
	if (!read_number(words->word[2], 10, 60000, &fault.number))
		return "the number of bytes must be at most 60000";
	return add_fault(device, &fault);
}

static const char *
run_short_reply(struct device *device, const struct words *words)
{
	return add_counted(device, words, FAULT_SHORT);
}

static const char *
run_long_reply(struct device *device, const struct words *words)
{
	return add_counted(device, words, FAULT_LONG);
}

static const char *
run_flip_reply(struct device *device, const struct words *words)
{
	return add_counted(device, words, FAULT_FLIP);
}

/* The card is another one from now on, also after the next start. */
static const char *
run_quirks(struct device *device, const struct words *words)
{
	unsigned quirks = 0;
	struct err err;

	if (sim_quirks_from(words->word[1], &quirks, &err) != ERR_OK)
		return "no such quirks; halligan-simtoken --help lists them";
	device->state.quirks = quirks;
	return sim_state_save(device->path, &device->state, &err) == ERR_OK ?
	    NULL :
	    "the state cannot be written";
}

/* A fault at the CTAP command of the first word, with the second one as a byte in hex. */
static const char *
add_ctap(struct device *device, const struct words *words, enum fault_kind kind)
{
	struct fault fault = {.kind = kind};

	if (!read_ctap(words->word[1], &fault.ins))
		return not_a_command;
	if (strlen(words->word[2]) != 2 || !read_number(words->word[2], 16, 0xff, &fault.number))
		return "the status or the flags must be two hex digits";
	return add_fault(device, &fault);
}

static const char *
run_ctap_status(struct device *device, const struct words *words)
{
	return add_ctap(device, words, FAULT_CTAP_STATUS);
}

static const char *
run_wrong_flags(struct device *device, const struct words *words)
{
	return add_ctap(device, words, FAULT_FLAGS);
}

static const char *
run_wrong_prf(struct device *device, const struct words *words)
{
	(void)words;
	return add_fault(device,
	    &(struct fault){.kind = FAULT_PRF, .ins = FAULT_ANY_CTAP, .number = 1});
}

static const char *
run_extra_touch(struct device *device, const struct words *words)
{
	struct fault fault = {.kind = FAULT_EXTRA_TOUCH, .ins = FAULT_ANY_CTAP};

	if (!read_number(words->word[1], 10, 9, &fault.number) || fault.number == 0)
		return "the number of touches must be 1 to 9";
	if (words->count > 2 && !read_ctap(words->word[2], &fault.ins))
		return not_a_command;
	return add_fault(device, &fault);
}

/* One of two words; the second one makes the flag true. */
static const char *
run_choice(const char *word, const char *no, const char *yes, bool *ret_flag, const char *wrong)
{
	if (strcmp(word, no) != 0 && strcmp(word, yes) != 0)
		return wrong;
	*ret_flag = strcmp(word, yes) == 0;
	return NULL;
}

static const char *
run_finger(struct device *device, const struct words *words)
{
	return run_choice(words->word[1], "right", "wrong", &device->finger_wrong,
	    "the finger must be right or wrong");
}

static const char *
run_fido_reset(struct device *device, const struct words *words)
{
	return run_choice(words->word[1], "in-time", "any-time", &device->ctap.reset_any_time,
	    "the reset must be in-time or any-time");
}

static const char *
run_clear(struct device *device, const struct words *words)
{
	(void)words;
	device->faults = (struct faults){0};
	return NULL;
}

static const struct command {
	const char *name;
	size_t min, max; /* words after the name */
	const char *(*run)(struct device *device, const struct words *words);
} commands[] = {
    {"clear", 0, 0, run_clear},
    {"ctap-status", 2, 2, run_ctap_status},
    {"delay", 1, 2, run_delay},
    {"extra-touch", 1, 2, run_extra_touch},
    {"fido-reset", 1, 1, run_fido_reset},
    {"finger", 1, 1, run_finger},
    {"flip-reply", 2, 2, run_flip_reply},
    {"long-reply", 2, 2, run_long_reply},
    {"plug", 0, 0, run_plug},
    {"quirks", 1, 1, run_quirks},
    {"raw-reply", 1, 2, run_raw_reply},
    {"short-reply", 2, 2, run_short_reply},
    {"status-word", 2, 2, run_status_word},
    {"touch", 0, 1, run_touch},
    {"touch-timeout", 1, 1, run_touch_timeout},
    {"unplug", 0, 0, run_unplug},
    {"unplug-after", 1, 2, run_unplug_after},
    {"unplug-at", 1, 2, run_unplug_at},
    {"wrong-flags", 2, 2, run_wrong_flags},
    {"wrong-prf", 0, 0, run_wrong_prf},
};

/* {"serial":1001,...,"ins":{"20":1,"a4":2}} */
static const struct member status_members[] = {
    {"present", MEMBER_BOOL, FIELD(struct device, present)},
    {"powered", MEMBER_BOOL, FIELD(struct device, powered)},
    {"touch_mode", MEMBER_CHOICE, FIELD(struct device, touch), .choices = device_touch_names},
    {"touch_waiting", MEMBER_BOOL, FIELD(struct device, blinking)},
    {"touches", MEMBER_NUMBER, FIELD(struct device, touches)},
    {"pin_tries", MEMBER_NUMBER, FIELD(struct device, state.pin.tries)},
    {"puk_tries", MEMBER_NUMBER, FIELD(struct device, state.puk.tries)},
    {"fido_pin", MEMBER_BOOL, FIELD(struct device, state.fido.pin_set)},
    {"fido_pin_tries", MEMBER_NUMBER, FIELD(struct device, state.fido.pin_tries)},
    {"fido_credentials", MEMBER_NUMBER, FIELD(struct device, state.fido.count)},
    {"apdus", MEMBER_NUMBER, FIELD(struct device, apdus)},
    {NULL},
};

static enum err_code
put_status(const struct device *device, struct buf *ret_reply, struct err *err)
{
	JSON *json = json_new_object();
	struct json *counts = json_new_object();
	const uint8_t *firmware = device->state.firmware;
	BUF version = {0};
	BUF quirks = {0};

	buf_format(&version, "%u.%u.%u", firmware[0], firmware[1], firmware[2]);
	json_put_int(json, "serial", device->state.serial);
	json_put_text(json, "firmware", buf_string(&version));
	sim_quirks_text(device->state.quirks, &quirks);
	json_put_text(json, "quirks", buf_string(&quirks));
	members_put(json, status_members, device);
	for (unsigned ins = 0; ins < 256; ins++)
		if (device->per_ins[ins] > 0) {
			const uint8_t byte = (uint8_t)ins;
			char name[3];
			text_hex(view_of(&byte, 1), name);
			json_put_int(counts, name, device->per_ins[ins]);
		}
	json_put(json, "ins", counts);
	return json_encode(json, ret_reply, err);
}

static struct words
split(char *line)
{
	struct words words = {0};
	char *rest = NULL;

	for (char *word = strtok_r(line, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		if (words.count < WORDS_MAX)
			words.word[words.count] = word;
		words.count++;
	}
	return words;
}

static const char *
run_words(struct device *device, const struct words *words)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (words->count == 0 || strcmp(words->word[0], commands[i].name) != 0)
			continue;
		if (words->count - 1 < commands[i].min || words->count - 1 > commands[i].max)
			return "wrong number of words; see halligan-simtoken(1)";
		return commands[i].run(device, words);
	}
	return "unknown command; halligan-simtoken --help lists them";
}

void
control_run(struct device *device, const char *line, struct buf *ret_reply)
{
	char copy[CONTROL_LINE_MAX + 1];
	struct err err;

	if (strlen(line) >= sizeof(copy)) {
		buf_text(ret_reply, "error: the line is too long");
		return;
	}
	memcpy(copy, line, strlen(line) + 1);
	struct words words = split(copy);
	if (words.count == 1 && strcmp(words.word[0], "status") == 0) {
		if (put_status(device, ret_reply, &err) != ERR_OK)
			buf_format(ret_reply, "error: %s", err.text);
		return;
	}
	const char *wrong = run_words(device, &words);
	if (wrong == NULL)
		buf_text(ret_reply, "ok");
	else
		buf_format(ret_reply, "error: %s", wrong);
}
