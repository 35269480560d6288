/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/exec/target.h"

#include <fcntl.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json_in.h"
#include "rotators/contract/description.h"

enum { BITS_MIN = 80 };

static void
read_command(struct json_in *in, struct exec *exec)
{
	const struct json *command = json_in_array(in, "command", 1, ARGUMENTS_MAX);

	for (size_t i = 0; i < json_array_count(command); i++) {
		const char *argument = json_array_text(command, i);

		if (argument == NULL || strlen(argument) >= ARGUMENT_SIZE) {
			json_in_fail(in, "command", "must hold texts of at most 1023 bytes");
			return;
		}
		memcpy(exec->arguments[i], argument, strlen(argument) + 1);
		exec->count = i + 1;
	}
	if (exec->arguments[0][0] != '/')
		json_in_fail(in, "command", "must begin with an absolute path");
}

/* The names in "fields", of which exactly one is a secret; without the member: the password. */
static void
read_fields(struct json_in *in, struct exec *exec)
{
	size_t secrets = 0;

	if (!json_in_has(in, "fields")) {
		exec->fields[FIELD_PASSWORD] = true;
		exec->secret = FIELD_PASSWORD;
		return;
	}
	description_fields(in, exec->fields);
	for (int field = 0; field < CREDENTIAL_FIELDS; field++)
		if (exec->fields[field] &&
		    credential_field_is_secret((enum credential_field)field)) {
			exec->secret = (enum credential_field)field;
			secrets++;
		}
	if (secrets != 1)
		json_in_fail(in, "fields",
		    "must name one of password, private-key, token, totp-seed, codes");
}

/* A known number of whole bits for each letter, so that "long enough" is never overstated. */
static bool
is_strong(const char *alphabet, unsigned length)
{
	size_t letters = strlen(alphabet);
	unsigned bits = 0;

	while (letters >> (bits + 1) != 0)
		bits++;
	return bits * length >= BITS_MIN;
}

static bool
is_alphabet(const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++)
		if (text[i] <= ' ' || text[i] > '~' || strchr(text + i + 1, text[i]) != NULL)
			return false;
	return true;
}

/* As in halligan-rotate-exec.json, unless the target says otherwise. */
static void
read_announces(struct json_in *in, struct exec *exec)
{
	const struct json *announces = json_in_object_optional(in, "announces");
	struct err cause;

	exec->announced = (struct announcement){.holds = 1,
	    .can = CAN_EXPEL,
	    .account_count = 2,
	    .account = {"command", "settings"}};
	if (announces != NULL &&
	    announcement_take(announces, "target: announces", &exec->announced, &cause) != ERR_OK)
		json_in_tell(in, "announces", &cause);
}

static void
read_generate(struct json_in *in, struct exec *exec)
{
	const struct json *object = json_in_object_optional(in, "generate");
	struct err cause;

	if (object == NULL)
		return;
	struct json_in inner = json_in_all(object, "target: generate", &cause);
	const char *alphabet = json_in_text(&inner, "alphabet", 2, ALPHABET_MAX);

	exec->length = (unsigned)json_in_int(&inner, "length", 1, LENGTH_MAX);
	if (!is_alphabet(alphabet))
		json_in_fail(&inner, "alphabet", "must be distinct printable ASCII letters");
	if (inner.code == ERR_OK && !is_strong(alphabet, exec->length))
		json_in_fail(&inner, "length", "with this alphabet gives a value of under 80 bits");
	if (json_in_end(&inner) != ERR_OK)
		json_in_tell(in, "generate", &cause);
	else
		memcpy(exec->alphabet, alphabet, strlen(alphabet) + 1);
}

static void
read_settings(struct json_in *in, struct exec *exec)
{
	const struct json *settings = json_in_object_optional(in, "settings");
	struct err cause;

	for (size_t i = 0; settings != NULL && i < json_object_count(settings); i++)
		if (json_object_text(settings, json_object_key(settings, i)) == NULL) {
			json_in_fail(in, "settings", "must hold texts only");
			return;
		}
	if (settings == NULL)
		buf_text(&exec->settings, "{}");
	else if (json_encode(settings, &exec->settings, &cause) != ERR_OK)
		json_in_tell(in, "settings", &cause);
	if (exec->settings.size > SETTINGS_MAX)
		json_in_fail(in, "settings", "are larger than 16 KiB");
	buf_u8(&exec->settings, '\n');
}

/* What it needs of this host it was given, or refused, by whoever started us (rotators/contract/needs.h). */
static void
pass_over_needs(struct json_in *in)
{
	static const char *const texts[] = {"account", "socket", "host"};
	static const char *const lists[] = {"reads", "changes"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		(void)json_in_text_optional(in, texts[i], 1, ARGUMENT_SIZE - 1);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (json_in_has(in, lists[i]))
			(void)json_in_array(in, lists[i], 1, NEEDS_PATHS);
}

/* Whoever started us opened it, and saw that it is the one that "hash" pins. */
static void
take_program(struct json_in *in, struct exec *exec)
{
	if (fcntl(ROTATOR_PROGRAM_FD, F_SETFD, FD_CLOEXEC) == 0)
		exec->executable = ROTATOR_PROGRAM_FD;
	else
		json_in_fail(in, "command",
		    "was not opened on descriptor 8 by whoever started this");
}

enum err_code
exec_read_target(const struct json *target, struct exec *exec, struct err *err)
{
	struct json_in in = json_in_all(target, "target", err);
	struct digest pinned;

	read_command(&in, exec);
	(void)json_in_hex_optional(&in, "hash", pinned.bytes, sizeof(pinned.bytes));
	read_announces(&in, exec);
	read_fields(&in, exec);
	read_generate(&in, exec);
	read_settings(&in, exec);
	pass_over_needs(&in);
	take_program(&in, exec);
	TRY(json_in_end(&in));
	return buf_check(&exec->settings, err);
}
