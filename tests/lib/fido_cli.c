/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FIDO2 driver behind the token seam as a program, for scenarios: opens the token with a
 * serial and runs one step for each argument in the same session, printing one line for each,
 * "STEP ok ..." or "STEP ERROR-NAME: text", and going on after an error.
 *
 *	fido-cli list
 *	fido-cli choose MILLISECONDS		prints which of all tokens was touched
 *	fido-cli SERIAL STEP...		or /dev/hidrawN instead of SERIAL
 *		info
 *		unlock:PIN:TOUCHES[:last]	PIN "-": from stdin to its end, "": built-in
 *		make:FOLDER		keeps the credential and its attestation there
 *		bind:FOLDER		... and means that one
 *		sign[:TEXT]		checked against the bound credential
 *		derive:KEY | agree:KEY	prints the derived key; agree checks what was agreed upon
 *		agree-bad		with a point that is not on the curve
 *		change:OLD:NEW		OLD "": none was set
 *		puk | attest | generate		what a FIDO2 token cannot do
 *		wait:MILLISECONDS	prints whether a token may have come or gone
 *		stop			says "stop" and waits for SIGCONT
 *		pause			says "pause" and waits for a line on stdin
 *		reopen			close, list, open
 *
 * Exit code: 0 when every step was ok, 1 otherwise.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto_key.h"
#include "base/file.h"
#include "base/process.h"
#include "base/random.h"
#include "base/text.h"
#include "tokens/fido/driver.h"
#include "tokens/formats/fido_keys.h"

enum { WORDS_MAX = 4, FILE_MODE = 0600, PIN_MAX = 128, LISTS_MAX = 4 };

struct run {
	struct token_driver driver;
	struct token_ui ui;
	uint32_t serial;
	const char *path; /* of a node; NULL: SERIAL counts */
	struct token *token;
	struct secret *pin;
	struct token_credential credential;
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
print_hex(const char *name, struct view bytes)
{
	BUF text = {0};

	buf_hex(&text, bytes);
	printf("%s=%s ", name, buf_string(&text));
}

static const struct token_found *
find(const struct run *run, const struct token_list *list)
{
	char name[32];

	snprintf(name, sizeof(name), "CCID %u ", run->serial);
	for (size_t i = 0; i < list->count; i++) {
		const struct token_found *found = &list->found[i];

		if (run->path != NULL ?
		        strcmp(found->reader, run->path) == 0 :
		        found->serial == run->serial || strstr(found->reader, name) != NULL)
			return found;
	}
	return NULL;
}

/* A token that is busy is listed again, as callers should. */
static enum err_code
open_token(struct run *run, struct err *err)
{
	const struct token_found *found;
	struct token_list list;
	struct token_info info;

	for (int i = 0; i < LISTS_MAX; i++) {
		TRY(token_list_all(&run->driver, 1, &list, err));
		found = find(run, &list);
		if (found == NULL || !found->busy)
			break;
	}
	if (found == NULL)
		return err_set(err, ERR_TOKEN_ABSENT, "token %u is not in the list", run->serial);
	return token_open(found, &run->ui, TOKEN_WHOLE, &run->token, &info, err);
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
	print_hex("aaguid", VIEW_OF(info.aaguid));
	printf("serial=%u firmware=%s pin=%d/%d missing=%d uv=%d replug=%d keys=%d%d%d\n",
	    info.serial, firmware, info.pin_tries, info.pin_tries_total, info.pin_missing, info.uv,
	    info.replug, info.keys[0].present, info.keys[1].present, info.keys[2].present);
	return ERR_OK;
}

static enum err_code
read_pin(struct run *run, struct err *err)
{
	const char *pin = run->words[1] == NULL ? "" : run->words[1];

	secret_freep(&run->pin);
	if (pin[0] == '\0')
		return ERR_OK;
	TRY(secret_new(PIN_MAX, &run->pin, err));
	if (strcmp(pin, "-") == 0)
		return secret_read_fd(run->pin, STDIN_FILENO, err);
	return secret_append(run->pin, view_of_text(pin), err);
}

static enum err_code
do_unlock(struct run *run, struct err *err)
{
	unsigned touches = run->words[2] == NULL ? 0 : (unsigned)strtoul(run->words[2], NULL, 10);

	TRY(read_pin(run, err));
	return token_unlock(run->token, run->pin, run->words[3] != NULL, touches, err);
}

static enum err_code
keep(const char *folder, const char *name, struct view bytes, struct err *err)
{
	char path[4096];

	TRY(file_path(folder, name, path, err));
	return file_write(path, bytes, FILE_MODE, err);
}

static enum err_code
do_make(struct run *run, struct err *err)
{
	const char *folder = run->words[1] == NULL ? "." : run->words[1];
	CLEANUP(token_made_done) struct token_made made = {0};
	struct token_wish wish = {.name = "secops"};
	struct digest init = {{1}};

	TRY(random_bytes(wish.user.bytes, DIGEST_SIZE, err));
	TRY(random_bytes(wish.salt.bytes, DIGEST_SIZE, err));
	TRY(fido_credential_hash(&init, "secops", &wish.salt, &wish.client_data_hash, err));
	TRY(token_make(run->token, &wish, "make the credential", &made, err));
	run->credential = made.credential;
	TRY(keep(folder, "id", view_of(made.credential.id, made.credential.size), err));
	TRY(keep(folder, "salt", VIEW_OF(made.credential.salt.bytes), err));
	TRY(keep(folder, "key", VIEW_OF(made.credential.key.bytes), err));
	TRY(keep(folder, "hash", VIEW_OF(wish.client_data_hash.bytes), err));
	TRY(keep(folder, "authdata", buf_view(&made.authdata), err));
	TRY(keep(folder, "signature", buf_view(&made.signature), err));
	TRY(keep(folder, "certificate", buf_view(&made.certificate), err));
	return keep(folder, "others", buf_view(&made.others), err);
}

static enum err_code
get(const char *folder, const char *name, void *ret_bytes, size_t max, size_t *ret_size,
    struct err *err)
{
	char path[4096];
	BUF bytes = {0};

	TRY(file_path(folder, name, path, err));
	TRY(file_read(path, max, &bytes, err));
	memcpy(ret_bytes, bytes.data, bytes.size);
	*ret_size = bytes.size;
	return ERR_OK;
}

static enum err_code
do_bind(struct run *run, struct err *err)
{
	const char *folder = run->words[1] == NULL ? "." : run->words[1];
	struct token_credential *credential = &run->credential;
	size_t size;

	TRY(get(folder, "id", credential->id, sizeof(credential->id), &credential->size, err));
	TRY(get(folder, "salt", credential->salt.bytes, DIGEST_SIZE, &size, err));
	TRY(get(folder, "key", credential->key.bytes, POINT_SIZE, &size, err));
	return token_bind(run->token, credential, err);
}

static enum err_code
do_sign(struct run *run, struct err *err)
{
	struct token_signature signature;
	struct digest digest;

	TRY(sha256_one(view_of_text(run->words[1] == NULL ? "" : run->words[1]), &digest, err));
	TRY(token_sign(run->token, &digest, "sign the approval", &signature, err));
	return assertion_verify(&run->credential.key,
	    view_of(signature.authdata, signature.authdata_size), &digest,
	    view_of(signature.der, signature.size), err);
}

static enum err_code
do_derive(struct run *run, struct err *err)
{
	struct point key;

	TRY(token_derive(run->token, key_of(run->words[1]), "derive the keys", &key, err));
	print_hex(run->words[1], VIEW_OF(key.bytes));
	putchar('\n');
	return ERR_OK;
}

static enum err_code
do_agree(struct run *run, struct err *err)
{
	enum token_key key = key_of(run->words[1]);
	SECRET *from_token = NULL, *from_us = NULL;
	struct point peer, theirs;
	P256_KEY *ours = NULL;

	TRY(p256_key_new(&ours, err));
	p256_key_public(ours, &peer);
	TRY(token_agree(run->token, key, &peer, "open the envelope", &from_token, err));
	TRY(token_derive(run->token, key, "derive the keys", &theirs, err));
	TRY(p256_agree(ours, &theirs, &from_us, err));
	if (!secret_equal(from_token, from_us))
		return err_set(err, ERR_INTEGRITY, "the two sides do not agree");
	return ERR_OK;
}

static enum err_code
do_agree_bad(struct run *run, struct err *err)
{
	struct point peer = {{0x04, 1, 2, 3}};
	SECRET *shared = NULL;

	return token_agree(run->token, TOKEN_SHARE, &peer, "open the envelope", &shared, err);
}

static enum err_code
do_change(struct run *run, struct err *err)
{
	const char *new = run->words[2] == NULL ? "" : run->words[2];
	SECRET *pin = NULL;

	TRY(read_pin(run, err));
	TRY(secret_from(view_of_text(new), &pin, err));
	return token_change(run->token, TOKEN_PIN, run->pin, pin, err);
}

static enum err_code
do_puk(struct run *run, struct err *err)
{
	SECRET *pin = NULL;

	TRY(secret_from(view_of_text("12345679"), &pin, err));
	return token_change(run->token, TOKEN_PUK, pin, pin, err);
}

static enum err_code
do_attest(struct run *run, struct err *err)
{
	BUF slot = {0};
	BUF device = {0};

	return token_attest(run->token, TOKEN_SIGN, &slot, &device, err);
}

static enum err_code
do_generate(struct run *run, struct err *err)
{
	struct point key;

	return token_generate(run->token, TOKEN_SIGN, NULL, false, &key, err);
}

static enum err_code
do_wait(struct run *run, struct err *err)
{
	bool changed = false;

	TRY(token_wait(&run->driver, 1, (unsigned)strtoul(run->words[1], NULL, 10), &changed, err));
	puts(changed ? "changed" : "unchanged");
	return ERR_OK;
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
	puts("stop");
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
    {"unlock", do_unlock},
    {"make", do_make},
    {"bind", do_bind},
    {"sign", do_sign},
    {"derive", do_derive},
    {"agree", do_agree},
    {"agree-bad", do_agree_bad},
    {"change", do_change},
    {"puk", do_puk},
    {"attest", do_attest},
    {"generate", do_generate},
    {"wait", do_wait, true},
    {"pause", do_pause, true},
    {"stop", do_stop, true},
    {"reopen", do_reopen, true},
};

static enum err_code
do_step(struct run *run, struct err *err)
{
	if (strcmp(run->words[0], "pause") == 0)
		puts("pause");
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
		printf("%s %u %s [%s] ", found->driver->ops->traits->name, found->serial, firmware,
		    found->reader);
		print_hex("aaguid", VIEW_OF(found->aaguid));
		puts(found->problem);
	}
	printf("list ok %zu\n", list.count);
	return true;
}

static bool
choose(const struct token_driver *driver, const char *milliseconds)
{
	const struct token_found *found[TOKENS_MAX];
	struct token_list list;
	size_t chosen = 0;
	struct err err;

	if (token_list_all(driver, 1, &list, &err) != ERR_OK)
		return report("choose", err.code, &err);
	for (size_t i = 0; i < list.count; i++)
		found[i] = &list.found[i];
	if (list.count < 2 || !token_can_choose(found, list.count)) {
		puts("choose cannot");
		return false;
	}
	enum err_code code = token_choose(found, list.count,
	    (unsigned)strtoul(milliseconds, NULL, 10), &chosen, &err);

	if (code == ERR_OK)
		printf("chosen %s\n", found[chosen]->reader);
	return report("choose", code, &err);
}

int
main(int count, char **arguments)
{
	struct run run = {.driver = fido_driver(),
	    .ui = {.touch = say_touch, .waiting = say_waiting, .touched = say_touched}};
	struct err err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count < 2 || crypto_start(&err) != ERR_OK)
		return 2;
	if (strcmp(arguments[1], "list") == 0)
		return print_list(&run.driver) ? 0 : 1;
	if (strcmp(arguments[1], "choose") == 0 && count == 3)
		return choose(&run.driver, arguments[2]) ? 0 : 1;
	run.path = arguments[1][0] == '/' ? arguments[1] : NULL;
	run.serial = (uint32_t)strtoul(arguments[1], NULL, 10);
	return run_steps(&run, arguments + 2) ? 0 : 1;
}
