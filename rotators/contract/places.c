/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/contract/places.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json_in.h"
#include "base/process.h"
#include "base/text.h"
#include "rotators/contract/contract.h"
#include "rotators/contract/executable.h"

enum { PATH_SIZE = 4096, FILE_SIZE = sizeof("halligan-rotate-") + ROTATOR_NAME_MAX };

/* --- Rotators ----------------------------------------------------------------------------- */

static enum err_code
file_of(const char *name, char ret_file[FILE_SIZE], struct err *err)
{
	if (!text_is_name(name) || strchr(name, '/') != NULL || strlen(name) > ROTATOR_NAME_MAX)
		return err_set(err, ERR_INVALID,
		    "\"%.64s\" cannot be the name of a rotator: letters, digits, '-', '_' and '.' "
		    "only, at most %d",
		    name, ROTATOR_NAME_MAX);
	(void)snprintf(ret_file, FILE_SIZE, "halligan-rotate-%s", name);
	return ERR_OK;
}

static enum err_code
look_in(const char *folder, const char *file, bool own, struct rotator_found *ret_found,
    struct err *err)
{
	struct rotator_found found = {.own = own};
	FD fd = -1;

	TRY(file_path(folder, file, found.path, err));
	TRY(executable_open(found.path, &fd, &found.hash, err));
	*ret_found = found;
	return ERR_OK;
}

static enum err_code
check_pinned(const char *path, const struct digest *hash, const struct digest *pinned,
    struct err *err)
{
	if (digest_equal(hash, pinned))
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "%s is not the program that the secret's definition pins: its SHA-256 differs; was it updated, or "
	    "replaced? Nothing of it was run. `halligan secret change` agrees to another one",
	    path);
}

/* Each folder is looked at: what stands in the way in one, or another program of that name, hides no right one in the next. */
static enum err_code
look_among_own(const struct rotator_places *places, const char *file, const struct digest *pinned,
    struct rotator_found *ret_found, struct err *err)
{
	struct rotator_found found;
	struct err one;

	(void)err_set(err, ERR_NOT_FOUND, "no folder for programs of the host's own is known");
	for (size_t i = 0; places->own[i] != NULL; i++) {
		enum err_code code = look_in(places->own[i], file, true, &found, &one);

		if (code == ERR_OK && pinned != NULL)
			code = check_pinned(found.path, &found.hash, pinned, &one);
		if (code == ERR_OK) {
			*ret_found = found;
			return ERR_OK;
		}
		if (err->code == ERR_NOT_FOUND)
			*err = one;
	}
	return err->code;
}

static enum err_code
say_missing(const struct rotator_places *places, const char *name, bool shipped, bool own,
    struct err *err)
{
	BUF looked = {0};

	if (shipped)
		buf_text(&looked, places->shipped);
	for (size_t i = 0; own && places->own[i] != NULL; i++)
		buf_format(&looked, "%s%s", looked.size == 0 ? "" : ", ", places->own[i]);
	return err_set(err, ERR_NOT_FOUND, "there is no rotator %s: no halligan-rotate-%s in %s",
	    name, name, buf_string(&looked));
}

enum err_code
rotator_find(const struct rotator_places *places, const char *name, struct rotator_found *ret_found,
    struct err *err)
{
	char file[FILE_SIZE];

	TRY(file_of(name, file, err));
	enum err_code code = look_in(places->shipped, file, false, ret_found, err);

	if (code == ERR_NOT_FOUND)
		code = look_among_own(places, file, NULL, ret_found, err);
	return code == ERR_NOT_FOUND ? say_missing(places, name, true, true, err) : code;
}

enum err_code
rotator_find_defined(const struct rotator_places *places, const char *name,
    const struct digest *pinned, struct rotator_found *ret_found, struct err *err)
{
	struct rotator_found found;
	char file[FILE_SIZE];

	TRY(file_of(name, file, err));
	enum err_code code = pinned != NULL ? look_among_own(places, file, pinned, &found, err) :
	                                      look_in(places->shipped, file, false, &found, err);

	if (code == ERR_NOT_FOUND)
		return say_missing(places, name, pinned == NULL, pinned != NULL, err);
	TRY(code);
	*ret_found = found;
	return ERR_OK;
}

/* --- Programs that a rotator runs --------------------------------------------------------- */

struct command {
	const char *path;
	bool pins;
	struct digest pinned;
};

/* An argument that looks like an option could be one by which a program takes code. */
static enum err_code
check_arguments(const struct json *command, struct err *err)
{
	for (size_t i = 1; i < json_array_count(command); i++) {
		const char *argument = json_array_text(command, i);

		if (argument != NULL && argument[0] == '-')
			return err_set(err, ERR_REFUSED,
			    "target: command: the argument %s: what begins with '-' a program can take for an "
			    "option, and read code behind it; give it as one of \"settings\"",
			    QUOTED(argument));
	}
	return ERR_OK;
}

static enum err_code
read_command(const struct json *target, struct command *ret_command, struct err *err)
{
	struct json_in in = json_in(target, "target", err);
	const struct json *command = json_in_array(&in, "command", 1, 16);

	ret_command->path = command != NULL ? json_array_text(command, 0) : NULL;
	ret_command->pins =
	    json_in_hex_optional(&in, "hash", ret_command->pinned.bytes, DIGEST_SIZE);
	if (in.code == ERR_OK && (ret_command->path == NULL || ret_command->path[0] != '/'))
		json_in_fail(&in, "command", "must begin with an absolute path");
	TRY(in.code); /* the other members are the rotator's */
	return check_arguments(command, err);
}

static bool
stands_in(const char *path, const char *folder)
{
	size_t size = strlen(folder);

	return strncmp(path, folder, size) == 0 && path[size] == '/' && path[size + 1] != '.' &&
	    path[size + 1] != '\0' && strchr(path + size + 1, '/') == NULL;
}

static enum err_code
check_place(const struct rotator_places *places, const char *path, struct err *err)
{
	BUF folders = {0};

	for (size_t i = 0; places->own[i] != NULL; i++) {
		if (stands_in(path, places->own[i]))
			return ERR_OK;
		buf_format(&folders, "%s%s", i == 0 ? "" : " or ", places->own[i]);
	}
	return err_set(err, ERR_REFUSED,
	    "target: command: %s does not stand in %s: only programs there may get values; whoever answers "
	    "for this host puts it there",
	    QUOTED(path), buf_string(&folders));
}

static enum err_code
open_command(const char *path, int *ret_fd, struct digest *ret_hash, struct err *err)
{
	enum err_code code = executable_open(path, ret_fd, ret_hash, err);

	return code == ERR_OK ? ERR_OK : err_add(err, "target: command");
}

enum err_code
program_try(const struct json *target, int *ret_fd, struct err *err)
{
	struct command command;
	struct digest ignored;

	TRY(read_command(target, &command, err));
	return open_command(command.path, ret_fd, &ignored, err);
}

enum err_code
program_open_path(const struct rotator_places *places, const char *path, int *ret_fd,
    struct digest *ret_hash, struct err *err)
{
	TRY(check_place(places, path, err));
	return open_command(path, ret_fd, ret_hash, err);
}

enum err_code
program_open(const struct rotator_places *places, const struct json *target, int *ret_fd,
    struct digest *ret_hash, struct err *err)
{
	struct command command;
	struct digest hash;
	char hex[2 * DIGEST_SIZE + 1];
	FD fd = -1;

	TRY(read_command(target, &command, err));
	TRY(program_open_path(places, command.path, &fd, &hash, err));
	text_hex(VIEW_OF(hash.bytes), hex);
	if (!command.pins)
		return err_set(err, ERR_REFUSED,
		    "target: hash: it is missing, and says which program may get the value: the SHA-256 of %s is %s",
		    QUOTED(command.path), hex);
	if (check_pinned(command.path, &hash, &command.pinned, err) != ERR_OK)
		return err_add(err, "target: hash");
	*ret_fd = fd;
	*ret_hash = hash;
	fd = -1;
	return ERR_OK;
}

enum err_code
program_check(const struct rotator_places *places, const struct json *target, struct err *err)
{
	struct digest ignored;
	FD fd = -1;

	return program_open(places, target, &fd, &ignored, err);
}

const char *
program_path(const struct json *target)
{
	unsigned ignored;

	return json_array_text(json_member(target, "command", &ignored), 0);
}
