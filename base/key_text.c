/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines are taken one by one, whatever ends them, and trimmed; those from "-----BEGIN LABEL-----" to the END of the same LABEL are
 * a block.  A block whose label ends in PRIVATE KEY is the key; other blocks, and what stands between, only tell what
 * somebody handed in where there is no key.  Which letters are base64, and where lines end, is no secret.
 */
#include "base/key_text.h"

#include <string.h>

#include "base/text.h"

#define BEGIN   "-----BEGIN "
#define END     "-----END "
#define DASHES  "-----"
#define PRIVATE "PRIVATE KEY"

static const char cure[] = "give the account an Ed25519, ECDSA or RSA key";

void
key_text_done(struct key_text *key)
{
	secret_free(key->text);
	*key = (struct key_text){0};
}

enum err_code
key_type_check(const char *type, struct err *err)
{
	if (strncmp(type, "sk-", 3) == 0)
		return err_set(err, ERR_REFUSED,
		    "the private key (%s) is only the handle of a key in a FIDO2 token, and opens nothing "
		    "without that token: %s",
		    type, cure);
	if (strstr(type, "-cert-v01@") != NULL)
		return err_set(err, ERR_REFUSED,
		    "the private key is a certificate's (%s), which stays valid whatever stands in "
		    "authorized_keys: %s",
		    type, cure);
	if (strcmp(type, "ssh-dss") == 0)
		return err_set(err, ERR_REFUSED,
		    "the private key is a DSA key, which hosts no longer take: %s", cure);
	if (ssh_type_known(type))
		return ERR_OK;
	return err_set(err, ERR_REFUSED, "a private key of type %s is not supported: %s",
	    QUOTED(type), cure);
}

/* --- Lines -------------------------------------------------------------------------------- */

static bool
is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static bool
begins(struct view line, const char *text)
{
	size_t size = strlen(text);

	return line.size >= size && memcmp(line.data, text, size) == 0;
}

static bool
ends(struct view line, const char *text)
{
	size_t size = strlen(text);

	return line.size >= size && memcmp(line.data + line.size - size, text, size) == 0;
}

static struct view
trim(struct view line)
{
	if (begins(line, "\xef\xbb\xbf"))
		line = view_of(line.data + 3, line.size - 3);
	while (line.size > 0 && is_blank(line.data[0]))
		line = view_of(line.data + 1, line.size - 1);
	while (line.size > 0 && is_blank(line.data[line.size - 1]))
		line.size--;
	return line;
}

/* The next line of REST, trimmed; CRLF is one end. */
static struct view
next_line(struct view *rest)
{
	size_t end = 0, after;
	struct view line;

	while (end < rest->size && rest->data[end] != '\n' && rest->data[end] != '\r')
		end++;
	after = end < rest->size ? end + 1 : end;
	if (after < rest->size && rest->data[end] == '\r' && rest->data[after] == '\n')
		after++;
	line = view_of(rest->data, end);
	*rest = view_of(rest->data + after, rest->size - after);
	return trim(line);
}

/* What stands between FRONT and DASHES; empty when LINE is no such line. */
static struct view
label_of(struct view line, const char *front)
{
	size_t around = strlen(front) + sizeof(DASHES) - 1;

	if (line.size <= around || !begins(line, front) || !ends(line, DASHES))
		return view_of(NULL, 0);
	return view_of(line.data + strlen(front), line.size - around);
}

/* --- What it is instead ------------------------------------------------------------------- */

/* The first row of which a line, or a block's label, begins so. */
static const struct other {
	const char *begins, *says;
} others[] = {
    {"PuTTY-User-Key-File-",
        "it is a key in PuTTY's format: puttygen FILE -O private-openssh -o NEW rewrites it"},
    {"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY",
        "it is a private key in the format of ssh.com, which cannot be read here: make another key for the account"},
    {"---- BEGIN SSH2 PUBLIC KEY", "it is a public key: the private one is needed"},
    {BEGIN "CERTIFICATE", "it is an X.509 certificate: the private key is needed"},
    {BEGIN "PUBLIC KEY", "it is a public key: the private one is needed"},
    {BEGIN "RSA PUBLIC KEY", "it is a public key: the private one is needed"},
    {"0\x82", "it is binary (DER): openssl pkey -inform DER -in FILE -out NEW rewrites it"},
    {"\xff\xfe", "it is UTF-16: save it as plain text"},
    {"\xfe\xff", "it is UTF-16: save it as plain text"},
};

static const struct other *
find_other(struct view line)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (begins(line, others[i].begins))
			return &others[i];
	return NULL;
}

/* "TYPE BASE64", as files that end in .pub have it. */
static bool
is_public(struct view line, struct ssh_public *ret_public)
{
	struct err ignored;

	return (begins(line, "ssh-") || begins(line, "ecdsa-") || begins(line, "sk-")) &&
	    ssh_public_parse(line, ret_public, &ignored) == ERR_OK;
}

static enum err_code
say_other(struct view rest, struct err *err)
{
	while (rest.size > 0) {
		struct view line = next_line(&rest);
		struct ssh_public public_key;
		const struct other *other = find_other(line);

		if (other != NULL)
			return err_set(err, ERR_REFUSED, "this is no private key for SSH: %s",
			    other->says);
		if (is_public(line, &public_key) && strstr(public_key.type, "-cert-v01@") != NULL)
			return err_set(err, ERR_REFUSED,
			    "this is no private key for SSH: it is a certificate (%s): the private key "
			    "is needed, in the file without -cert.pub",
			    public_key.type);
		if (is_public(line, &public_key))
			return err_set(err, ERR_REFUSED,
			    "this is no private key for SSH: it is a public key (%s): the private one is "
			    "needed, in the file without .pub",
			    public_key.type);
	}
	return err_set(err, ERR_INVALID,
	    "this is no private key for SSH: it has no line \"" BEGIN "... " PRIVATE DASHES
	    "\" as those that ssh-keygen writes");
}

/* --- The key ------------------------------------------------------------------------------ */

/* A file while it is read. */
struct search {
	struct view rest;
	struct key_text *key;
	struct view label; /* of the key's block */
};

static enum err_code
append_line(struct secret *text, struct view line, struct err *err)
{
	TRY(secret_append(text, line, err));
	return secret_append(text, view_of_text("\n"), err);
}

/* From the line FIRST, with the label of the search. */
static enum err_code
take_block(struct search *search, struct view first, struct err *err)
{
	struct key_text *key = search->key;
	struct view line = first;

	key->form = view_equal(search->label, view_of_text("OPENSSH " PRIVATE)) ? KEY_FORM_OPENSSH :
	                                                                          KEY_FORM_PEM;
	key->locked = begins(search->label, "ENCRYPTED ");
	while (!view_equal(label_of(line, END), search->label)) {
		if (search->rest.size == 0)
			return err_set(err, ERR_INVALID,
			    "the private key is cut off: its last line, \"" END "%.*s" DASHES
			    "\", is missing",
			    (int)search->label.size, (const char *)search->label.data);
		if (begins(line, "Proc-Type:") && ends(line, "ENCRYPTED"))
			key->locked = true;
		TRY(append_line(key->text, line, err));
		line = next_line(&search->rest);
	}
	return append_line(key->text, line, err);
}

static enum err_code
find_key(struct search *search, struct err *err)
{
	while (search->rest.size > 0) {
		struct view line = next_line(&search->rest), label = label_of(line, BEGIN);

		if (!ends(label, PRIVATE))
			continue;
		if (search->label.size > 0)
			return err_set(err, ERR_INVALID,
			    "the file holds two private keys: give one file for each, so that it is clear "
			    "which of them is meant");
		if (!text_is_plain(label))
			return err_set(err, ERR_INVALID, "the private key is malformed");
		search->label = label;
		TRY(take_block(search, line, err));
	}
	return ERR_OK;
}

static enum err_code
judge_openssh(struct key_text *key, struct err *err)
{
	struct openssh_look look;

	TRY(openssh_key_look(secret_view(key->text), &look, err));
	TRY(key_type_check(look.public_key.type, err));
	key->locked = look.locked;
	return ERR_OK;
}

enum err_code
key_text_read(struct view file, struct key_text *ret_key, struct err *err)
{
	KEY_TEXT key = {0};
	struct search search = {.rest = file, .key = &key};

	/* Two newlines may come beside what is there. */
	TRY(secret_new(file.size + 2, &key.text, err));
	TRY(find_key(&search, err));
	if (search.label.size == 0)
		return say_other(file, err);
	if (view_equal(search.label, view_of_text("DSA " PRIVATE)))
		return key_type_check("ssh-dss", err);
	if (key.form == KEY_FORM_OPENSSH)
		TRY(judge_openssh(&key, err));
	*ret_key = key;
	key = (struct key_text){0};
	return ERR_OK;
}
