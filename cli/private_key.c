/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the file is, and whether it is locked, is seen here.  A key that is neither locked nor in an older form stays in this
 * process; others go through halligan-unlock-key, so that no library leaves pieces of them in this one.
 */
#include "cli/private_key.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/credential.h"
#include "base/key_text.h"
#include "base/process.h"
#include "base/runner.h"
#include "base/text.h"
#include "rotators/ssh/unlock_contract.h"

enum { TRIES = 3, WORDS_MAX = 1000 };

/* --- halligan-unlock-key ------------------------------------------------------------------ */

static enum err_code
judge(int status, const char *words, struct secret *key, bool *ret_wrong, struct err *err)
{
	*ret_wrong = false;
	if (WIFEXITED(status) && WEXITSTATUS(status) == UNLOCK_DONE && secret_size(key) > 0)
		return ERR_OK;
	*ret_wrong = WIFEXITED(status) && WEXITSTATUS(status) == UNLOCK_WRONG;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		return err_set(err, ERR_REFUSED,
		    "the private key did not open in %d s: its file asks for too much work (ssh-keygen -a)",
		    UNLOCK_SECONDS);
	if (words[0] == '\0')
		return err_set(err, ERR_INTERNAL, "halligan-unlock-key failed without a word");
	return err_set(err, ERR_REFUSED, "%s", words);
}

/* RET_WRONG: another passphrase may do. */
static enum err_code
unlock(const char *path, const struct secret *text, const struct secret *passphrase,
    struct secret **ret_key, bool *ret_wrong, struct err *err)
{
	static const char *const argv[] = {"halligan-unlock-key", NULL};
	static const char *const env[] = {"LC_ALL=C", NULL};
	SECRET *key = NULL;
	BUF words = {0};
	struct child child = {.path = path,
	    .argv = argv,
	    .env = env,
	    .values = {secret_view(text)},
	    .output = &words,
	    .executable = -1,
	    .deadline = process_milliseconds() + (UNLOCK_SECONDS + 5) * 1000,
	    .beside_others = true};
	char said[WORDS_MAX + 1];
	int status;

	*ret_wrong = false;
	TRY(secret_new(CREDENTIAL_MAX, &key, err));
	child.generated = key;
	if (passphrase != NULL)
		child.values[1] = secret_view(passphrase);
	TRY(child_run(&child, &status, err));
	(void)snprintf(said, sizeof(said), "%s", buf_string(&words));
	said[strcspn(said, "\n")] = '\0';
	text_make_plain(said);
	TRY(judge(status, said, key, ret_wrong, err));
	*ret_key = TAKE(key);
	return ERR_OK;
}

/* --- The key ------------------------------------------------------------------------------ */

static enum err_code
ask(const struct cli_call *call, const struct key_text *key, struct secret **ret_passphrase,
    struct err *err)
{
	const struct ui *ui = call->io->ui;

	if (!key->locked)
		return ERR_OK;
	if (option_given(call->parsed, "passphrase-fd"))
		return call_secret_fd(call, "passphrase-fd", KEY_PASSPHRASE_MAX, ret_passphrase,
		    err);
	return ui->ask_secret(ui->context,
	    "passphrase of the private key (not shown): ", KEY_PASSPHRASE_MAX, ret_passphrase, err);
}

static enum err_code
convert(const struct cli_call *call, const struct key_text *key, struct secret **ret_key,
    struct err *err)
{
	bool wrong = true, asks = key->locked && !option_given(call->parsed, "passphrase-fd");
	enum err_code code = ERR_OK;

	if (call->drivers->unlock == NULL || access(call->drivers->unlock, X_OK) != 0)
		return err_set(err, ERR_REFUSED,
		    "the private key is %s, and the program that opens such, halligan-unlock-key, is not "
		    "installed: ssh-keygen -p -N '' -f COPY rewrites a copy, in memory (/dev/shm)",
		    key->locked ? "locked by a passphrase" : "in an older form");
	for (int tries = 0; wrong && tries < (asks ? TRIES : 1); tries++) {
		SECRET *passphrase = NULL;

		if (tries > 0)
			ui_say(call->io->ui, "%s.", err->text);
		TRY(ask(call, key, &passphrase, err));
		code = unlock(call->drivers->unlock, key->text, passphrase, ret_key, &wrong, err);
	}
	return code;
}

enum err_code
private_key_take(const struct cli_call *call, struct secret **value, struct err *err)
{
	KEY_TEXT key = {0};
	SECRET *converted = NULL;
	struct openssh_look look;

	TRY(key_text_read(secret_view(*value), &key, err));
	if (key.form == KEY_FORM_OPENSSH && !key.locked)
		converted = TAKE(key.text);
	else
		TRY(convert(call, &key, &converted, err));
	TRY(openssh_key_look(secret_view(converted), &look, err));
	TRY(key_type_check(look.public_key.type, err));
	secret_free(*value);
	*value = TAKE(converted);
	return ERR_OK;
}
