/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets between a terminal and secret memory.  Typing is read byte by byte with echo, line
 * editing and signals off: what is typed stands in no buffer of ours but the secret, and a Ctrl-C
 * cannot leave the terminal without echo.  What was typed before the question is thrown away.
 */
#include "cli/terminal/secret.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/credential.h"
#include "base/process.h"

enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, DELETE = 127 };

struct quiet {
	int fd;
	struct termios before;
	bool changed;
};

static void
quiet_done(struct quiet *quiet)
{
	if (quiet->changed)
		tcsetattr(quiet->fd, TCSAFLUSH, &quiet->before);
	quiet->changed = false;
}

static enum err_code
go_quiet(struct tty *tty, struct quiet *quiet, struct err *err)
{
	struct termios silent;

	quiet->fd = tty->terminal;
	if (tty->terminal < 0)
		return err_set(err, ERR_REFUSED,
		    "a secret must be typed at a terminal, and there is none (for PINs: --pin-fd; for a private key's passphrase: --passphrase-fd)");
	if (tcgetattr(tty->terminal, &quiet->before) != 0)
		return err_errno(err, ERR_IO, errno, "cannot switch the terminal's echo off");
	silent = quiet->before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	silent.c_cc[VMIN] = 1;
	silent.c_cc[VTIME] = 0;
	if (tcsetattr(tty->terminal, TCSAFLUSH, &silent) != 0)
		return err_errno(err, ERR_IO, errno, "cannot switch the terminal's echo off");
	quiet->changed = true;
	return ERR_OK;
}

/* One key into SECRET; RET_END when the line is over. */
static enum err_code
take_key(struct secret *secret, uint8_t key, bool *ret_end, struct err *err)
{
	size_t size = secret_size(secret);

	*ret_end = key == '\n' || key == '\r';
	if (*ret_end)
		return ERR_OK;
	if (key == CTRL_C || key == CTRL_D)
		return err_set(err, ERR_REFUSED, "interrupted; nothing was done");
	if (key == BACKSPACE || key == DELETE)
		return size > 0 ? secret_resize(secret, size - 1, err) : ERR_OK;
	if (key == CTRL_U) {
		secret_clear(secret);
		return ERR_OK;
	}
	if (size == secret_capacity(secret))
		return err_set(err, ERR_INVALID, "more than %zu bytes were typed", size);
	secret_data(secret)[size] = key;
	return secret_resize(secret, size + 1, err);
}

/* The key is read into the last byte of a secret of its own. */
static enum err_code
read_keys(int fd, struct secret *secret, struct err *err)
{
	SECRET *key = NULL;
	bool end = false;

	TRY(secret_new(1, &key, err));
	while (!end) {
		ssize_t got = read(fd, secret_data(key), 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set(err, ERR_REFUSED,
			    "the terminal was closed; nothing was done");
		TRY(take_key(secret, secret_data(key)[0], &end, err));
	}
	return ERR_OK;
}

enum err_code
tty_read_secret(struct tty *tty, const char *prompt, size_t max, struct secret **ret_secret,
    struct err *err)
{
	CLEANUP(quiet_done) struct quiet quiet = {0};
	SECRET *secret = NULL;
	struct err ignored;
	enum err_code code;

	TRY(secret_new(max, &secret, err));
	tty_settle(tty);
	TRY(go_quiet(tty, &quiet, err));
	TRY(tty_prompt(tty, prompt, "", err));
	code = read_keys(tty->terminal, secret, err);
	if (fd_write(tty->terminal, view_of_text("\n"), -1, &ignored) != ERR_OK && code == ERR_OK)
		code = err_set(err, ERR_IO, "the terminal was closed");
	if (code == ERR_OK)
		*ret_secret = TAKE(secret);
	return code;
}

/* ---- showing ---- */

static enum err_code
put(const struct tty *tty, const char *text, struct err *err)
{
	return fd_write(tty->terminal, view_of_text(text), -1, err);
}

static enum err_code
put_fields(const struct tty *tty, struct view credential, struct err *err)
{
	for (int field = 0; field < CREDENTIAL_FIELDS; field++) {
		struct view value;

		if (!credential_has(credential, (enum credential_field)field))
			continue;
		TRY(credential_get(credential, (enum credential_field)field, &value, err));
		TRY(put(tty, credential_field_names[field], err));
		TRY(put(tty, memchr(value.data, '\n', value.size) != NULL ? ":\n" : ":  ", err));
		TRY(fd_write(tty->terminal, value, -1, err));
		TRY(put(tty, "\n", err));
	}
	return ERR_OK;
}

static enum err_code
put_screen(const struct tty *tty, const char *title, struct view credential, struct err *err)
{
	TRY(put(tty, "\033[?1049h\033[H\033[2J", err));
	TRY(tty_prompt(tty, title, "\n\n", err));
	TRY(put_fields(tty, credential, err));
	return put(tty, "\nPress Enter: it is cleared from this screen.", err);
}

/* Until Enter, Ctrl-C, the end of the terminal, or the deadline. */
static void
wait_for_enter(int fd, int64_t deadline)
{
	uint8_t key = 0;

	while (key != '\n' && key != '\r' && key != CTRL_C) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - process_milliseconds();
		ssize_t got;

		if (left <= 0)
			return;
		if (poll(&poll_fd, 1, left > INT_MAX ? INT_MAX : (int)left) <= 0)
			continue;
		got = read(fd, &key, 1);
		if (got == 0 || (got < 0 && errno != EINTR))
			return;
	}
}

enum err_code
tty_check_show(void *context, struct err *err)
{
	const struct tty *tty = context;

	if (tty->terminal < 0 || !isatty(STDOUT_FILENO))
		return err_set(err, ERR_REFUSED,
		    "a credential is shown on a terminal only; use --agent or --fd N");
	return ERR_OK;
}

/* The alternate screen keeps the value out of the scroll-back of most terminals. */
enum err_code
tty_show(void *context, const char *title, struct view credential, int64_t seconds, struct err *err)
{
	struct tty *tty = context;
	CLEANUP(quiet_done) struct quiet quiet = {0};
	struct err ignored;
	enum err_code code;

	TRY(tty_check_show(tty, err));
	tty_settle(tty);
	TRY(go_quiet(tty, &quiet, err));
	code = put_screen(tty, title, credential, err);
	if (code == ERR_OK)
		wait_for_enter(tty->terminal, process_milliseconds() + seconds * 1000);
	if (put(tty, "\033[H\033[2J\033[3J\033[?1049l", &ignored) != ERR_OK && code == ERR_OK)
		code = err_set(err, ERR_IO, "the terminal was closed");
	return code;
}
