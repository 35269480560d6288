/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token seam as a program, for scenarios: opens the token with a serial and runs one step for
 * each argument in the same session, printing one line for each, "STEP ok ..." or
 * "STEP ERROR-NAME: text", and going on after an error.
 *
 *	piv-cli list
 *	piv-cli wait MILLISECONDS	says "waiting", then what came or left
 *	piv-cli SERIAL STEP...
 *		info			serial, firmware, tries, keys
 *		holds			what each slot is said to hold, and where that is known from
 *		unlock:PIN:TOUCHES[:last]	PIN "-": read from stdin, to end of file
 *		sign | agree:KEY[:FILE]	checked against the key that the token has shown; what was
 *					agreed upon goes to FILE
 *		agree-bad		with a point that is not on the curve
 *		attest:KEY:FOLDER	writes slot.der and device.der
 *		generate:KEY[:over][:MANAGEMENT-KEY-IN-HEX]
 *		change:pin|puk|unblock:OLD:NEW
 *		protect[:MANAGEMENT-KEY-IN-HEX]
 *		pause			says "pause" and waits for a line on stdin
 *		stop			says "stop" and waits for SIGCONT
 *		reopen			close, list, open
 *
 * Exit code: 0 when every step was ok, 1 otherwise.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto_key.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "tokens/piv/piv.h"
#include "tokens/reader/reader.h"

enum { WORDS_MAX = 4, FILE_MODE = 0600, PIN_MAX = 64 };

struct run {
	struct token_driver driver;
	struct token_ui ui;
	uint32_t serial;
	struct token *token;
	struct secret *pin;
	char *words[WORDS_MAX];
};

static void
say_touch(void *context, unsigned number, unsigned total, const char *purpose)
{
	(void)context;
	printf("touch %u of %u: %s\n", number, total, purpose);
}

static void
say_waiting(void *context, unsigned milliseconds)
{
	(void)context;
	printf("waiting %u\n", milliseconds);
}

static void
say_touched(void *context)
{
	(void)context;
	printf("touched\n");
}

static void
say_busy(void *context, const char *who, unsigned milliseconds)
{
	(void)context;
	printf("busy %u: %s\n", milliseconds, who);
}

static enum err_code
open_token(struct run *run, struct err *err)
{
	struct token_list list;
	struct token_info info;

	TRY(token_list_all(&run->driver, 1, &list, err));
	for (size_t i = 0; i < list.count; i++) {
		char name[32];

		snprintf(name, sizeof(name), " %u ", run->serial);
		if (list.found[i].serial == run->serial ||
		    strstr(list.found[i].reader, name) != NULL)
			return token_open(&list.found[i], &run->ui, TOKEN_WHOLE, &run->token, &info,
			    err);
	}
	return err_set(err, ERR_TOKEN_ABSENT, "token %u is not in the list", run->serial);
}

static enum token_key
key_of(const char *name)
{
	for (int i = 0; i < TOKEN_KEYS; i++) {
		if (name != NULL && strcmp(token_key_names[i], name) == 0)
			return (enum token_key)i;
	}
	return TOKEN_SIGN;
}

static enum err_code
do_info(struct run *run, struct err *err)
{
	struct token_info info;
	char firmware[FIRMWARE_TEXT_SIZE];

	TRY(token_get_info(run->token, TOKEN_WHOLE, &info, err));
	firmware_text(info.firmware, firmware);
	printf("serial=%u firmware=%s metadata=%d pin=%d/%d puk=%d default=%d%d%d management=%02x",
	    info.serial, firmware, info.metadata, info.pin_tries, info.pin_tries_total,
	    info.puk_tries, info.pin_default, info.puk_default, info.management_default,
	    info.management_algorithm);
	for (int i = 0; i < TOKEN_KEYS; i++)
		printf(" %02x=%d%d%d%d", info.keys[i].slot, info.keys[i].present,
		    info.keys[i].generated, (int)info.keys[i].pin, (int)info.keys[i].touch);
	printf(" protected=%d\n", info.management_protected);
	return ERR_OK;
}

static enum err_code
do_holds(struct run *run, struct err *err)
{
	static const char *const sources[] = {"unknown", "metadata", "attested", "certified"};
	struct token_info info;

	TRY(token_get_info(run->token, TOKEN_WHOLE, &info, err));
	for (int i = 0; i < TOKEN_KEYS; i++) {
		char hex[2 * POINT_SIZE + 1];

		text_hex(VIEW_OF(info.keys[i].key.bytes), hex);
		printf("slot %02x %s %d [%s] %s\n", info.keys[i].slot, sources[info.keys[i].source],
		    info.keys[i].certificate, info.keys[i].holds, hex);
	}
	return ERR_OK;
}

static enum err_code
do_unlock(struct run *run, struct err *err)
{
	unsigned touches = run->words[2] == NULL ? 0 : (unsigned)strtoul(run->words[2], NULL, 10);
	const char *pin = run->words[1] == NULL ? "" : run->words[1];

	secret_freep(&run->pin);
	TRY(secret_new(PIN_MAX, &run->pin, err));
	if (strcmp(pin, "-") == 0)
		TRY(secret_read_fd(run->pin, STDIN_FILENO, err));
	else
		TRY(secret_append(run->pin, view_of_text(pin), err));
	return token_unlock(run->token, run->pin, run->words[3] != NULL, touches, err);
}

static enum err_code
do_sign(struct run *run, struct err *err)
{
	struct token_info info;
	struct digest digest;
	struct token_signature signature;

	TRY(sha256_one(view_of_text("a statement"), &digest, err));
	TRY(token_sign(run->token, &digest, "sign the approval", &signature, err));
	TRY(token_get_info(run->token, TOKEN_WHOLE, &info, err));
	if (info.keys[TOKEN_SIGN].source == TOKEN_KEY_UNKNOWN)
		return ERR_OK;
	return p256_verify(&info.keys[TOKEN_SIGN].key, &digest,
	    view_of(signature.der, signature.size), err);
}

static enum err_code
save(const struct secret *secret, const char *path, struct err *err)
{
	FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);

	if (fd < 0)
		return err_set(err, ERR_IO, "cannot open %s", path);
	return secret_write_fd(secret, fd, err);
}

static enum err_code
do_agree(struct run *run, struct err *err)
{
	enum token_key key = key_of(run->words[1]);
	struct token_info info;
	struct point peer;
	P256_KEY *ours = NULL;
	SECRET *from_token = NULL, *from_us = NULL;

	TRY(p256_key_new(&ours, err));
	p256_key_public(ours, &peer);
	TRY(token_agree(run->token, key, &peer, "open the envelope", &from_token, err));
	TRY(token_get_info(run->token, TOKEN_WHOLE, &info, err));
	if (info.keys[key].source == TOKEN_KEY_UNKNOWN)
		return ERR_OK;
	TRY(p256_agree(ours, &info.keys[key].key, &from_us, err));
	if (!secret_equal(from_token, from_us))
		return err_set(err, ERR_INTEGRITY, "the two sides do not agree");
	return run->words[2] == NULL ? ERR_OK : save(from_token, run->words[2], err);
}

static enum err_code
do_agree_bad(struct run *run, struct err *err)
{
	struct point peer = {{0x04, 1, 2, 3}};
	SECRET *shared = NULL;

	return token_agree(run->token, TOKEN_SHARE, &peer, "open the envelope", &shared, err);
}

static enum err_code
do_attest(struct run *run, struct err *err)
{
	const char *folder = run->words[2] == NULL ? "." : run->words[2];
	char path[4096];
	BUF slot = {0};
	BUF device = {0};

	TRY(token_attest(run->token, key_of(run->words[1]), &slot, &device, err));
	TRY(file_path(folder, "slot.der", path, err));
	TRY(file_write(path, buf_view(&slot), FILE_MODE, err));
	TRY(file_path(folder, "device.der", path, err));
	return file_write(path, buf_view(&device), FILE_MODE, err);
}

static enum err_code
management_key(const char *hex, struct secret **ret_key, struct err *err)
{
	uint8_t bytes[32];
	size_t size = hex == NULL ? 0 : strlen(hex) / 2;

	if (hex == NULL)
		return ERR_OK;
	if (size > sizeof(bytes) || !text_from_hex(hex, bytes, size))
		return err_set(err, ERR_USAGE, "not a management key");
	return secret_from(view_of(bytes, size), ret_key, err);
}

static enum err_code
do_protect(struct run *run, struct err *err)
{
	SECRET *management = NULL;

	TRY(management_key(run->words[1], &management, err));
	return token_protect(run->token, management, err);
}

static enum err_code
do_change(struct run *run, struct err *err)
{
	static const char *const names[] = {"pin", "puk", "unblock"};
	SECRET *old = NULL;
	SECRET *new = NULL;

	if (run->words[3] == NULL)
		return err_set(err, ERR_USAGE, "change:WHAT:OLD:NEW");
	TRY(secret_from(view_of_text(run->words[2]), &old, err));
	TRY(secret_from(view_of_text(run->words[3]), &new, err));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], run->words[1]) == 0)
			return token_change(run->token, (enum token_reference)i, old, new, err);
	}
	return err_set(err, ERR_USAGE, "change what?");
}

static enum err_code
do_generate(struct run *run, struct err *err)
{
	bool overwrite = run->words[2] != NULL && strcmp(run->words[2], "over") == 0;
	const char *hex = run->words[overwrite ? 3 : 2];
	SECRET *management = NULL;
	struct point made;

	TRY(management_key(hex, &management, err));
	return token_generate(run->token, key_of(run->words[1]), management, overwrite, &made, err);
}

static enum err_code
do_pause(struct run *run, struct err *err)
{
	(void)run;
	(void)err;
	while (getchar() != '\n' && !feof(stdin))
		continue;
	return ERR_OK;
}

static enum err_code
do_stop(struct run *run, struct err *err)
{
	(void)run;
	(void)err;
	raise(SIGSTOP);
	return ERR_OK;
}

static enum err_code
do_reopen(struct run *run, struct err *err)
{
	token_closep(&run->token);
	return open_token(run, err);
}

static const struct step {
	const char *name;
	enum err_code (*run)(struct run *run, struct err *err);
	bool without_token;
} steps[] = {
    {"info", do_info},
    {"holds", do_holds},
    {"change", do_change},
    {"protect", do_protect},
    {"unlock", do_unlock},
    {"sign", do_sign},
    {"agree", do_agree},
    {"agree-bad", do_agree_bad},
    {"attest", do_attest},
    {"generate", do_generate},
    {"pause", do_pause, true},
    {"stop", do_stop, true},
    {"reopen", do_reopen, true},
};

static enum err_code
do_step(struct run *run, struct err *err)
{
	if (strcmp(run->words[0], "pause") == 0 || strcmp(run->words[0], "stop") == 0)
		puts(run->words[0]);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (strcmp(steps[i].name, run->words[0]) != 0)
			continue;
		if (run->token == NULL && !steps[i].without_token)
			return err_set(err, ERR_TOKEN_ABSENT, "not open");
		return steps[i].run(run, err);
	}
	return err_set(err, ERR_USAGE, "unknown step");
}

static bool
report(const char *step, enum err_code code, const struct err *err)
{
	if (code == ERR_OK)
		printf("%s ok\n", step);
	else
		printf("%s %s: %s\n", step, err_name(code), err->text);
	return code == ERR_OK;
}

static bool
run_steps(struct run *run, char **arguments)
{
	struct err err;
	bool good = report("open", open_token(run, &err), &err);

	for (; *arguments != NULL; arguments++) {
		char *rest = *arguments;

		for (int i = 0; i < WORDS_MAX; i++)
			run->words[i] = rest == NULL ? NULL : strsep(&rest, ":");
		good &= report(run->words[0], do_step(run, &err), &err);
	}
	token_close(run->token);
	secret_free(run->pin);
	return good;
}

static bool
print_list(const struct token_driver *driver)
{
	struct token_list list;
	struct err err;

	if (token_list_all(driver, 1, &list, &err) != ERR_OK)
		return report("list", err.code, &err);
	for (size_t i = 0; i < list.count; i++) {
		const struct token_found *found = &list.found[i];
		char firmware[FIRMWARE_TEXT_SIZE];

		firmware_text(found->firmware, firmware);
		printf("%s %u %s [%s] %s\n", found->driver->ops->traits->name, found->serial,
		    firmware, found->reader, found->problem);
	}
	printf("list ok %zu\n", list.count);
	return true;
}

static bool
print_change(const char *milliseconds)
{
	struct pcsc_change change;
	struct err err;

	puts("waiting");
	if (pcsc_wait((unsigned)strtoul(milliseconds, NULL, 10), &change, &err) != ERR_OK)
		return report("wait", err.code, &err);
	printf("wait ok%s%s\n", change.came ? " came" : "", change.left ? " left" : "");
	return true;
}

int
main(int count, char **arguments)
{
	struct run run = {.driver = piv_driver(),
	    .ui = {NULL, say_touch, say_waiting, say_touched, say_busy}};
	struct err err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count < 2 || crypto_start(&err) != ERR_OK)
		return 2;
	if (strcmp(arguments[1], "list") == 0)
		return print_list(&run.driver) ? 0 : 1;
	if (strcmp(arguments[1], "wait") == 0 && count == 3)
		return print_change(arguments[2]) ? 0 : 1;
	run.serial = (uint32_t)strtoul(arguments[1], NULL, 10);
	return run_steps(&run, arguments + 2) ? 0 : 1;
}
