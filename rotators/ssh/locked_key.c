/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/ssh/locked_key.h"

#include <libssh/libssh.h>
#include <string.h>

DESTRUCTOR(key_freep, struct ssh_key_struct, ssh_key_free)

struct text {
	char *letters;
};

/* free() clears what it gets (rotators/ssh/wipe.c). */
static void
text_done(struct text *text)
{
	ssh_string_free_char(text->letters);
}

/* Without an answer of ours it would ask on stdin. */
static int
no_answer(const char *prompt, char *buffer, size_t size, int echo, int verify, void *data)
{
	(void)prompt;
	(void)buffer;
	(void)size;
	(void)echo;
	(void)verify;
	(void)data;
	return -1;
}

/* With others (aes256-gcm, chacha20-poly1305) libssh 0.10 calls a function that is not there. */
static enum err_code
check_cipher(const char *cipher, struct err *err)
{
	static const char *const good[] = {"aes256-ctr", "aes192-ctr", "aes128-ctr", "aes256-cbc",
	    "aes192-cbc", "aes128-cbc"};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (strcmp(cipher, good[i]) == 0)
			return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "the private key is locked by %s, which cannot be opened here: ssh-keygen -p -Z aes256-ctr -f FILE "
	    "rewrites it under the same passphrase",
	    cipher);
}

/* With a NUL, for libssh. */
static enum err_code
as_string(const struct secret *bytes, struct secret **ret_string, struct err *err)
{
	SECRET *string = NULL;

	TRY(secret_new(secret_size(bytes) + 1, &string, err));
	TRY(secret_append(string, secret_view(bytes), err));
	TRY(secret_append(string, view_of("", 1), err));
	*ret_string = TAKE(string);
	return ERR_OK;
}

enum err_code
locked_key_open(const struct secret *text, const char *cipher, const struct secret *passphrase,
    struct secret **ret_text, struct err *err)
{
	CLEANUP(key_freep) struct ssh_key_struct *key = NULL;
	CLEANUP(text_done) struct text open = {NULL};
	SECRET *letters = NULL, *word = NULL;

	TRY(check_cipher(cipher, err));
	TRY(as_string(text, &letters, err));
	TRY(as_string(passphrase, &word, err));
	if (ssh_pki_import_privkey_base64((const char *)secret_data(letters),
	        (const char *)secret_data(word), no_answer, NULL, &key) != SSH_OK)
		return err_set(err, ERR_INTEGRITY,
		    "the passphrase is wrong, or the file is damaged");
	if (ssh_pki_export_privkey_base64(key, NULL, NULL, NULL, &open.letters) != SSH_OK)
		return err_set(err, ERR_REFUSED,
		    "an RSA key in OpenSSH's form that is locked by a passphrase cannot be opened here: "
		    "ssh-keygen -p -m PKCS8 -f FILE rewrites it, under the same passphrase");
	return secret_from(view_of_text(open.letters), ret_text, err);
}
