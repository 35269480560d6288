/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File contents travel in a quoted here-document, which keeps every byte but NUL, so any login
 * shell will do: it only has to start /bin/sh.  A last line without newline is read into a variable
 * and printed without one.
 *
 * A session is found from its sshd: the process "sshd: USER..." (not the monitor, "[priv]", nor one
 * that is still authenticating, "[net]").  sshd gives the session's first process
 * SSH_USER_AUTH, the name of a file that tells which key opened it.  All processes that carry the
 * same name are ended with it, since a detached one outlives its sshd.
 */
#include "rotators/ssh/script.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/random.h"
#include "base/text.h"
#include "rotators/contract/answer.h"

static const char prelude[] =
    "set -f; umask 077; LC_ALL=C; export LC_ALL\n"
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH; export PATH\n"
    "say() { printf '%s %s\\n' \"$marker\" \"$*\"; }\n"
    "reject() { say \"rejected $*\"; exit 0; }\n"
    "facts() { set -- $(ls -ldn -- \"$1\"); printf '%s %s %s %s\\n' \"$1\" \"$2\" \"$3\" \"$4\"; }\n";

/* Sets $real, or rejects.  Owner: the account or root. */
static const char locate[] =
    "find_file() {\n"
    "	[ -e \"$file\" ] || reject \"there is no $file on the host\"\n"
    "	real=$(readlink -f -- \"$file\") && [ -n \"$real\" ] ||\n"
    "		reject \"$file cannot be resolved on the host\"\n"
    "	[ -f \"$real\" ] || reject \"$real is not a regular file on the host\"\n"
    "	me=$(id -u)\n"
    "	for thing in \"$file\" \"$real\" \"$(dirname -- \"$real\")\"; do\n"
    "		set -- $(facts \"$thing\")\n"
    "		[ \"$3\" = \"$me\" ] || [ \"$3\" = 0 ] ||\n"
    "			reject \"$thing belongs to user $3, neither to the account nor to root\"\n"
    "	done\n"
    "	set -- $(facts \"$real\")\n"
    "	[ \"$2\" = 1 ] || reject \"$real has other hard links, which would keep the old key\"\n"
    "}\n";

static const char read_body[] =
    "main() {\n"
    "	find_file\n"
    "	sum=$(cksum < \"$real\") && size=$(wc -c < \"$real\") || reject \"$real cannot be read\"\n"
    "	set -- $sum\n"
    "	size=$((size + 0))\n"
    "	[ \"$size\" -le 1048576 ] || reject \"$real is larger than 1 MiB\"\n"
    "	printf '\\n'\n"
    "	say \"content $size $1 $2\"\n"
    "	cat -- \"$real\" && printf '\\n' && say end\n"
    "}\n"
    "main\n"
    "exit 0\n";

static const char replace_head[] =
    "main() {\n"
    "	find_file\n"
    "	set -- $(cksum < \"$real\")\n"
    "	[ \"$1 $2\" = \"$sum\" ] ||\n"
    "		reject \"$real was changed by somebody else at this moment; nothing was written\"\n"
    "	folder=$(dirname -- \"$real\"); new=$folder/.$marker\n"
    "	trap 'rm -f -- \"$new\"' EXIT; trap 'exit 1' HUP INT TERM\n"
    "	(set -C; : > \"$new\") 2>/dev/null || reject \"no new file can be made in $folder\"\n"
    "	cp -p -- \"$real\" \"$new\" 2>/dev/null ||\n"
    "		reject \"$folder has no room for a new file; the old one stands\"\n"
    "	[ \"$(facts \"$new\")\" = \"$(facts \"$real\")\" ] ||\n"
    "		reject \"the owner or mode of $real cannot be kept; the old file stands\"\n"
    "	write_new 2>/dev/null && [ \"$(wc -c < \"$new\")\" -eq \"$size\" ] ||\n"
    "		reject \"writing the new $real failed (is the disk full?); the old one stands\"\n"
    "	sync -- \"$new\" 2>/dev/null || sync\n"
    "	mv -f -- \"$new\" \"$real\" || reject \"the new $real could not be put in place\"\n"
    "	trap - EXIT\n"
    "	sync -- \"$folder\" 2>/dev/null || sync\n"
    "	say done\n"
    "}\n";

static const char expel_body[] =
    "contains() { case \" $1 \" in *\" $2 \"*) return 0 ;; esac; return 1; }\n"
    "parent_of() { sed -n 's/^PPid:[[:space:]]*//p' \"/proc/$1/status\" 2>/dev/null; }\n"
    /* $auth of a process: the file that tells how its session was opened. */
    "auth_of() { tr '\\0' '\\n' < \"/proc/$1/environ\" 2>/dev/null |\n"
    "	sed -n 's/^SSH_USER_AUTH=//p' | sed 1q; }\n"
    "is_session() {\n"
    "	name=; read -r name 2>/dev/null < \"/proc/$1/comm\" || return 1\n"
    "	case $name in sshd|sshd-session) ;; *) return 1 ;; esac\n"
    "	title=$(tr '\\0' ' ' 2>/dev/null < \"/proc/$1/cmdline\")\n"
    "	case \"$title \" in\n"
    "	*'[priv]'*|*'[net]'*|*'[accepted]'*) return 1 ;;\n"
    "	sshd*\": $user \"*|sshd*\": $user@\"*) return 0 ;;\n"
    "	esac\n"
    "	return 1\n"
    "}\n"
    "gone() {\n"
    "	for turn in 1 2 3 4 5 6 7 8 9 10; do\n"
    "		[ -d \"/proc/$1\" ] || return 0\n"
    "		[ $turn -lt 5 ] || kill -KILL \"$1\" 2>/dev/null\n"
    "		sleep 0.2 2>/dev/null || sleep 1\n"
    "	done\n"
    "	[ ! -d \"/proc/$1\" ]\n"
    "}\n"
    "end_session() {\n"
    "	kin=$(grep -lF \"SSH_USER_AUTH=$2\" $processes 2>/dev/null |\n"
    "		sed 's|^/proc/||; s|/environ$||')\n"
    "	kill -TERM \"$1\" 2>/dev/null || return 1\n"
    "	for pid in $kin; do\n"
    "		contains \"$mine\" \"$pid\" || kill -KILL \"$pid\" 2>/dev/null\n"
    "	done\n"
    "	gone \"$1\"\n"
    "}\n"
    /* old, other, or unclear: from the first processes of the session. */
    "judge() {\n"
    "	verdict=unclear\n"
    "	for pid in $(printf '%s\\n' \"$parents\" | sed -n \"s/ $1\\$//p\"); do\n"
    "		auth=$(auth_of \"$pid\")\n"
    "		[ -n \"$auth\" ] && [ -r \"$auth\" ] || continue\n"
    "		if grep -qF -- \"$key\" \"$auth\"; then verdict=old; else verdict=other; fi\n"
    "		return\n"
    "	done\n"
    "}\n"
    "main() {\n"
    "	[ -r /proc/self/status ] || reject 'the host has no /proc to look for sessions in'\n"
    "	ended=0 unclear=0 mine=$$ up=$$\n"
    "	while up=$(parent_of \"$up\") && [ -n \"$up\" ] && [ \"$up\" -gt 1 ]; do\n"
    "		mine=\"$mine $up\"\n"
    "	done\n"
    "	set +f; processes=$(echo /proc/[0-9]*/environ)\n"
    "	statuses=$(echo /proc/[0-9]*/status); set -f\n"
    "	parents=$(grep -H '^PPid:' $statuses 2>/dev/null |\n"
    "		sed 's|^/proc/\\([0-9]*\\)/status:PPid:[[:space:]]*|\\1 |')\n"
    "	for process in $processes; do\n"
    "		sshd=${process#/proc/}; sshd=${sshd%/environ}\n"
    "		is_session \"$sshd\" || continue\n"
    "		judge \"$sshd\"\n"
    "		contains \"$mine\" \"$sshd\" && own=yes || own=no\n"
    "		if [ $verdict$own = oldno ] && end_session \"$sshd\" \"$auth\"; then\n"
    "			ended=$((ended + 1))\n"
    "		elif [ $verdict = old ] || [ $verdict$own = unclearno ]; then\n"
    "			[ -d \"/proc/$sshd\" ] && unclear=$((unclear + 1))\n"
    "		fi\n"
    "	done\n"
    "	say \"sessions $ended $unclear\"\n"
    "}\n"
    "main\n"
    "exit 0\n";

enum err_code
script_marker(struct script_marker *ret_marker, struct err *err)
{
	uint8_t random[12];
	char hex[2 * sizeof(random) + 1];

	TRY(random_bytes(random, sizeof(random), err));
	text_hex(VIEW_OF(random), hex);
	(void)snprintf(ret_marker->text, sizeof(ret_marker->text), "halligan-%s", hex);
	return ERR_OK;
}

/* --- Writing ------------------------------------------------------------------------------ */

/* NAME='VALUE' with every quote in VALUE as '\''. */
static void
assign(struct buf *script, const char *name, const char *value)
{
	buf_format(script, "%s='", name);
	for (; *value != '\0'; value++) {
		if (*value == '\'')
			buf_text(script, "'\\''");
		else
			buf_u8(script, (uint8_t)*value);
	}
	buf_text(script, "'\n");
}

static void
begin(struct buf *script, const struct script_marker *marker)
{
	assign(script, "marker", marker->text);
	buf_text(script, prelude);
}

enum err_code
script_read(const struct script_marker *marker, const char *path, struct buf *ret_script,
    struct err *err)
{
	begin(ret_script, marker);
	assign(ret_script, "file", path);
	buf_text(ret_script, locate);
	buf_text(ret_script, read_body);
	return buf_check(ret_script, err);
}

/* The function write_new: CONTENT's whole lines, then the rest of it without a newline. */
static void
write_new(struct buf *script, const struct script_marker *marker, struct view content)
{
	size_t lines = content.size;

	while (lines > 0 && content.data[lines - 1] != '\n')
		lines--;
	buf_format(script, "write_new() {\n\tcat > \"$new\" <<'%s' || return 1\n", marker->text);
	buf_bytes(script, view_of(content.data, lines));
	buf_format(script, "%s\n", marker->text);
	if (lines < content.size) {
		buf_format(script, "\tIFS= read -r rest <<'%s'\n", marker->text);
		buf_bytes(script, view_of(content.data + lines, content.size - lines));
		buf_format(script, "\n%s\n\tprintf '%%s' \"$rest\" >> \"$new\"\n", marker->text);
	}
	buf_text(script, "}\n");
}

enum err_code
script_replace(const struct script_marker *marker, const char *path, const char *sum,
    struct view content, struct buf *ret_script, struct err *err)
{
	begin(ret_script, marker);
	assign(ret_script, "file", path);
	assign(ret_script, "sum", sum);
	buf_format(ret_script, "size=%zu\n", content.size);
	buf_text(ret_script, locate);
	write_new(ret_script, marker, content);
	buf_text(ret_script, replace_head);
	buf_text(ret_script, "main\nexit 0\n");
	return buf_check(ret_script, err);
}

enum err_code
script_expel(const struct script_marker *marker, const char *user, const struct ssh_public *key,
    struct buf *ret_script, struct err *err)
{
	BUF text = {0};

	ssh_public_write(key, &text);
	begin(ret_script, marker);
	assign(ret_script, "user", user);
	assign(ret_script, "key", buf_string(&text));
	buf_text(ret_script, expel_body);
	TRY(buf_check(&text, err));
	return buf_check(ret_script, err);
}

/* --- Reading ------------------------------------------------------------------------------ */

/* The rest of the line behind the marker and WORD, wherever they stand: what an account says first may end without a
 * newline.  What follows the line goes to RET_REST. */
static bool
find_line(const struct script_marker *marker, const char *word, struct view output,
    struct view *ret_line, struct view *ret_rest)
{
	char start[80];
	size_t size = (size_t)snprintf(start, sizeof(start), "%s %s", marker->text, word);
	const uint8_t *found =
	    output.size == 0 ? NULL : memmem(output.data, output.size, start, size);

	if (found == NULL)
		return false;
	struct view rest =
	    view_of(found + size, output.size - (size_t)(found - output.data) - size);
	const uint8_t *newline = rest.size == 0 ? NULL : memchr(rest.data, '\n', rest.size);

	if (newline == NULL)
		return false;
	*ret_line = view_of(rest.data, (size_t)(newline - rest.data));
	*ret_rest = view_of(newline + 1, rest.size - ret_line->size - 1);
	return true;
}

/* SCRIPT_REJECTED with its words, or SCRIPT_SILENT. */
static enum script_result
rejected_or_silent(const struct script_marker *marker, struct view output,
    char ret_detail[ROTATOR_DETAIL_MAX + 1])
{
	char text[ROTATOR_DETAIL_MAX + 1] = "the host refused and its reason is not plain text";
	struct view line, rest;

	if (!find_line(marker, "rejected ", output, &line, &rest)) {
		answer_detail(
		    "the account ran no script to its end: is a command forced on this key, "
		    "or was the connection lost?",
		    ret_detail);
		return SCRIPT_SILENT;
	}
	if (line.size <= ROTATOR_DETAIL_MAX && text_is_plain(line)) {
		memcpy(text, line.data, line.size);
		text[line.size] = '\0';
	}
	answer_detail(text, ret_detail);
	return SCRIPT_REJECTED;
}

enum script_result
script_read_result(const struct script_marker *marker, struct view output,
    struct script_file *ret_file, char ret_detail[ROTATOR_DETAIL_MAX + 1])
{
	struct view head, body, end;
	struct script_file file;
	unsigned long size, crc, length;
	char line[64];

	if (!find_line(marker, "content ", output, &head, &body) || head.size >= sizeof(line))
		return rejected_or_silent(marker, output, ret_detail);
	memcpy(line, head.data, head.size);
	line[head.size] = '\0';
	if (sscanf(line, "%lu %lu %lu", &size, &crc, &length) != 3 || size >= body.size ||
	    size != length || body.data[size] != '\n')
		return rejected_or_silent(marker, output, ret_detail);
	file.content = view_of(body.data, size);
	(void)snprintf(file.sum, sizeof(file.sum), "%lu %lu", crc, length);
	if (!find_line(marker, "end", view_of(body.data + size + 1, body.size - size - 1), &head,
	        &end))
		return rejected_or_silent(marker, output, ret_detail);
	*ret_file = file;
	return SCRIPT_DONE;
}

enum script_result
script_replace_result(const struct script_marker *marker, struct view output,
    char ret_detail[ROTATOR_DETAIL_MAX + 1])
{
	struct view line, rest;

	if (find_line(marker, "done", output, &line, &rest))
		return SCRIPT_DONE;
	return rejected_or_silent(marker, output, ret_detail);
}

enum script_result
script_expel_result(const struct script_marker *marker, struct view output,
    struct script_sessions *ret_sessions, char ret_detail[ROTATOR_DETAIL_MAX + 1])
{
	struct view head, rest;
	struct script_sessions sessions;
	char line[64];

	if (!find_line(marker, "sessions ", output, &head, &rest) || head.size >= sizeof(line))
		return rejected_or_silent(marker, output, ret_detail);
	memcpy(line, head.data, head.size);
	line[head.size] = '\0';
	if (sscanf(line, "%u %u", &sessions.ended, &sessions.unclear) != 2)
		return rejected_or_silent(marker, output, ret_detail);
	*ret_sessions = sessions;
	return SCRIPT_DONE;
}
