/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/ssh/unlock_contract.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/credential.h"
#include "base/key_text.h"
#include "base/process.h"
#include "base/random.h"
#include "base/whole.h"

enum { FD_KEY = 3, FD_PASSPHRASE, FD_OUT };

static enum err_code
start(struct err *err)
{
	TRY(process_harden(FD_OUT, err));
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)alarm(UNLOCK_SECONDS);
	(void)whole_lock(); /* where the limit allows it */
	return crypto_start(err);
}

/* RET_BYTES stays NULL when there is nothing. */
static enum err_code
read_all(int fd, size_t max, struct secret **ret_bytes, struct err *err)
{
	SECRET *bytes = NULL;

	TRY(secret_new(max, &bytes, err));
	TRY(secret_read_fd(bytes, fd, err));
	if (secret_size(bytes) > 0)
		*ret_bytes = TAKE(bytes);
	return ERR_OK;
}

static enum err_code
from_pem(struct view text, const struct secret *passphrase, struct secret **ret_text,
    struct err *err)
{
	KEY_NUMBERS_OF numbers = {0};
	uint32_t check;

	TRY(key_numbers_from_pem(text, passphrase, &numbers, err));
	TRY(random_bytes(&check, sizeof(check), err));
	return openssh_key_write(&numbers, check, "", ret_text, err);
}

static enum err_code
convert(const struct secret *file, const struct secret *passphrase, struct secret **ret_text,
    struct err *err)
{
	KEY_TEXT key = {0};

	TRY(key_text_read(secret_view(file), &key, err));
	if (key.form == KEY_FORM_PEM)
		return from_pem(secret_view(key.text), passphrase, ret_text, err);
	if (!key.locked) {
		*ret_text = TAKE(key.text);
		return ERR_OK;
	}
	if (passphrase == NULL)
		return err_set(err, ERR_INTEGRITY, "the private key needs its passphrase");
	return openssh_key_unlock(secret_view(key.text), passphrase, ret_text, err);
}

static enum err_code
serve(bool locked, struct err *err)
{
	SECRET *file = NULL, *passphrase = NULL, *text = NULL;

	TRY(read_all(FD_KEY, CREDENTIAL_MAX, &file, err));
	if (locked)
		TRY(read_all(FD_PASSPHRASE, KEY_PASSPHRASE_MAX, &passphrase, err));
	if (file == NULL)
		return err_set(err, ERR_USAGE, "halligan-unlock-key is started by halligan alone");
	TRY(convert(file, passphrase, &text, err));
	return secret_write_fd(text, FD_OUT, err);
}

int
main(void)
{
	struct err err = {0};
	bool locked =
	    fcntl(FD_PASSPHRASE, F_GETFD) != -1; /* before anything else gets that number */
	enum err_code code = start(&err);

	if (code == ERR_OK)
		code = serve(locked, &err);
	if (code == ERR_OK)
		return UNLOCK_DONE;
	(void)printf("%s\n", err.text);
	return code == ERR_INTEGRITY ? UNLOCK_WRONG : UNLOCK_REFUSED;
}
