/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File contents travel in a quoted here-document, which keeps every byte but NUL, so any login
 * shell will do: it only has to start /bin/sh.  A last line without newline is read into a variable
 * and printed without one.
 *
 * A session is found from its sshd: the process "sshd: USER..." (not the monitor, "[priv]", nor one
 * that is still authenticating, "[net]"), which is root's or the account's.  sshd gives the session's first process
 * SSH_USER_AUTH, the name of a file that tells which key opened it.  All processes of the account that carry the
 * same name are ended with it, since a detached one outlives its sshd.  Others on the host can say nothing here; the
 * account itself can write whatever it likes into environments and that file, so that a session that seems to be
 * another key's is left alone, but counted.
 */
#include "rotators/ssh/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/random.h"
#include "base/text.h"
#include "rotators/contract/answer.h"
#include "rotators/ssh/key_file.h"

enum { LINE_MAX_SHOWN = 300 };

static const char prelude[] =
    "set -f; umask 077; LC_ALL=C; export LC_ALL; words= flaw= asks=\n"
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH; export PATH\n"
    "say() { printf '%s %s\\n' \"$marker\" \"$*\"; }\n"
    /* What a tool said of it, too. */
    "note() {\n"
    "	say \"stopped $1 $(printf %s \"$words\" | tr -s '[:cntrl:]' ' ' | cut -c 1-200)\"\n"
    "	flaw=${flaw:-$1}\n"
    "}\n"
    "stop() { note \"$1\"; exit \"$flaw\"; }\n"
    "facts() { set -- $(ls -ldn -- \"$1\"); printf '%s %s %s %s\\n' \"$1\" \"$2\" \"$3\" \"$4\"; }\n";

/* Sets $real, or stops, after it told of all that is wrong.  Owner: the account or root; nobody else may write, but in a sticky folder. */
static const char locate[] =
    "check_thing() {\n"
    "	set -- \"$1\" $(facts \"$1\")\n"
    "	words=\"$1 belongs to user $4\"\n"
    "	[ \"$4\" = \"$me\" ] || [ \"$4\" = 0 ] || note 33\n"
    "	words=\"$1 has mode $2\"\n"
    "	case $2 in l*|d????????[tT]*) ;; ?????w*|????????w*) note 46 ;; esac\n"
    "}\n"
    /* What would forbid to replace it, as far as asking tells.  lsattr may be missing, or know nothing of this file system. */
    "check_place() {\n"
    "	words=\"$folder cannot be written\"; [ -w \"$folder\" ] || note 38\n"
    "	for one in \"$folder\" \"$real\"; do\n"
    "		set -- $(lsattr -d -- \"$one\" 2>/dev/null); words=\"$one has the attributes $1\"\n"
    "		case $1 in *[ai]*) note 43 ;; esac\n"
    "	done\n"
    "}\n"
    "find_file() {\n"
    "	[ -e \"$file\" ] || stop 30\n"
    "	real=$(readlink -f -- \"$file\") && [ -n \"$real\" ] || stop 31\n"
    "	[ -f \"$real\" ] || stop 32\n"
    "	folder=$(dirname -- \"$real\") me=$(id -u)\n"
    "	[ ! -L \"$file\" ] || check_thing \"$file\"\n"
    "	check_thing \"$real\"; check_thing \"$folder\"\n"
    "	[ -z \"$asks\" ] || check_place\n"
    "	words=; set -- $(ls -ldn -- \"$real\")\n"
    "	[ \"$2\" = 1 ] || note 34\n"
    "	[ \"$5\" -le 1048576 ] || note 36\n"
    "	[ -z \"$flaw\" ] || exit \"$flaw\"\n"
    "}\n";

static const char read_body[] = "main() {\n"
                                "	find_file\n"
                                "	words=$(cksum < \"$real\" 2>&1) || stop 35\n"
                                "	set -- $words; words=\n"
                                "	[ \"$2\" -le 1048576 ] || stop 36\n"
                                "	printf '\\n'\n"
                                "	say \"content $2 $1 $2\"\n"
                                "	cat -- \"$real\" && printf '\\n' && say end\n"
                                "}\n"
                                "main\n"
                                "exit 0\n";

/* The new file is one that was not there, in a folder where nobody else may exchange it.  The GNU tools tell when something cannot be kept, synced or replaced; where they are not, the others do what they
 * can, and owner, mode and whether there is a list are compared.  Content comes before the mode, which may forbid to
 * write. */
static const char replace_body[] =
    "gnu() { case $1 in *GNU*) ;; *) false ;; esac; }\n"
    "sum_of() { set -- $(cksum < \"$1\"); printf '%s %s' \"$1\" \"$2\"; }\n"
    "keep() {\n"
    "	label=; [ ! -e /sys/fs/selinux/enforce ] || label=,context\n"
    "	cp --attributes-only --preserve=mode,ownership,xattr$label -- \"$real\" \"$new\" || return 1\n"
    "}\n"
    "remove_left() {\n"
    "	find \"$folder/.\" ! -name . -prune -type f -user \"$me\" -links 1 -name \"$1\" $2 -exec rm -f -- {} +\n"
    "}\n"
    /* No umask holds where the folder has a default list: what is asked for at the making does, 600 by mktemp.  Without
     * that it is open for a moment. */
    "make_new() {\n"
    "	new=$folder/$prefix$tag-$random\n"
    "	if command -v mktemp > /dev/null; then\n"
    "		words=$(mktemp \"${new%-*}-XXXXXXXXXXXXXXXX\" 2>&1) || return 1\n"
    "		new=$words\n"
    "	else\n"
    "		words=$( (set -C; : > \"$new\") 2>&1 && chmod 600 \"$new\" 2>&1) || return 1\n"
    "	fi\n"
    "	words=\n"
    "}\n"
    "write_all() {\n"
    "	if [ $tools = gnu ]; then\n"
    "		words=$(write_new 2>&1) || stop 39\n"
    "		words=$(keep 2>&1) || stop 40\n"
    "	else\n"
    "		words=$(cp -p -- \"$real\" \"$new\" 2>&1) || stop 40\n"
    "		words=$( (: > \"$new\") 2>&1) || stop 39\n"
    "		words=$(write_new 2>&1) || stop 39\n"
    "	fi\n"
    "	is=$(facts \"$new\") was=$(facts \"$real\"); words=\"$is, not $was\"\n"
    "	[ \"$is\" = \"$was\" ] && [ -n \"${is%% *}\" ] || stop 40\n"
    "	words=\n"
    "	[ \"$(sum_of \"$new\")\" = \"$new_sum\" ] || stop 41\n"
    "}\n"
    "put_in_place() {\n"
    "	trap 'rm -f -- \"$new\"' EXIT; trap 'exit 1' HUP INT TERM PIPE\n"
    "	write_all\n"
    "	if [ $tools = gnu ]; then words=$(sync -- \"$new\" 2>&1) || stop 42; else sync; fi\n"
    "	words=; [ \"$(sum_of \"$real\")\" = \"$sum\" ] || stop 37\n"
    "	[ $tools = gnu ] && move=-fT || move=-f\n"
    "	words=$(mv $move -- \"$new\" \"$real\" 2>&1) || stop 43\n"
    "	trap - EXIT\n"
    "	if [ $tools = gnu ]; then words=$(sync -- \"$folder\" 2>&1) || stop 44; else sync; fi\n"
    "	say done\n"
    "}\n"
    "main() {\n"
    "	find_file\n"
    "	[ \"$(sum_of \"$real\")\" = \"$sum\" ] || stop 37\n"
    "	gnu \"$(cp --version 2>&1)\" && tools=gnu || tools=other\n"
    "	remove_left \"$prefix$tag-$any\" '' 2>/dev/null\n"
    "	remove_left \"$prefix$any-$any\" '-cmin +120' 2>/dev/null\n"
    "	make_new || stop 38\n"
    "	{ put_in_place; exit 0; } 3>> \"$new\"\n"
    "	stop 38\n"
    "}\n"
    "main\n"
    "exit 0\n";

/* No call gets all processes as arguments: there may be more than go into one. */
static const char find_processes[] =
    "contains() { case \" $1 \" in *\" $2 \"*) return 0 ;; esac; return 1; }\n"
    "parent_of() { sed -n 's/^PPid:[[:space:]]*//p' \"/proc/$1/status\" 2>/dev/null; }\n"
    /* The real user of a process. */
    "is_of() { contains \"$people\" \"$1:$2\"; }\n"
    /* $picked: $2 for each of $lines that is $1; all of them, or something is unseen. */
    "pick() {\n"
    "	picked=$({ printf '%s\\n' \"$lines\" && echo end; } |\n"
    "		sed -n \"s|^/proc/\\([0-9]*\\)/status:$1|$2|p; /^end\\$/p\")\n"
    "	case $picked in *end) picked=${picked%end} ;; *) unseen=1 ;; esac\n"
    "}\n"
    /* Each of "$@", unless it has ended, is among the people; so are we, and the first process of all, which is
     * hidden where others' are (hidepid). */
    "check_people() {\n"
    "	is_of $$ \"$(id -ru)\" || unseen=1\n"
    "	case \" $people\" in *' 1:'*) ;; *) unseen=1 ;; esac\n"
    "	lost=$({\n"
    "		for one in \"$@\"; do echo \"${one#/proc/}\"; done\n"
    "		for one in $people; do echo \"${one%:*}\"; done\n"
    "	} | sort | uniq -u)\n"
    "	all=$#; set -- $people; all=$((all - $#)); set -- $lost\n"
    "	[ $# -eq $all ] || unseen=1\n"
    "	for one in \"$@\"; do [ ! -d \"/proc/$one\" ] || unseen=1; done\n"
    "}\n"
    /* $sshds, $parents and $people.  What fails on the way leaves some of them out: $unseen. */
    "find_processes() {\n"
    "	set +f; set -- /proc/[0-9]*; set -f\n"
    "	lines=$(for one in \"$@\"; do echo \"$one/status\"; done | xargs grep -aH -e '^PPid:' -e '^Uid:' \\\n"
    "		-e '^Name:[[:space:]]*sshd$' -e '^Name:[[:space:]]*sshd-session$' 2>/dev/null) || [ $? -eq 123 ] || unseen=1\n"
    "	pick 'Name:.*' '\\1'; sshds=$picked\n"
    "	pick 'PPid:[[:space:]]*' '\\1 '; parents=$picked\n"
    "	pick 'Uid:[[:space:]]*\\([0-9]*\\).*' '\\1:\\2'; people=$(echo $picked)\n"
    "	check_people \"$@\"\n"
    "}\n";

static const char expel_body[] =
    /* What the account could hold up is read for two seconds at most, and all of it for twenty; the rest is unclear then. */
    "set_limits() {\n"
    "	soon=; ! timeout -s KILL 9 true 2>/dev/null || soon='timeout -s KILL 2'\n"
    "	plain=; ! dd if=/dev/null iflag=nofollow,nonblock 2>/dev/null || plain=iflag=nofollow,nonblock\n"
    "	began=$(date +%s)\n"
    "}\n"
    "late() { [ $(($(date +%s) - began)) -ge 20 ]; }\n"
    /* $auth of a process: the file that tells how its session was opened. */
    "auth_of() { $soon tr '\\0' '\\n' 2>/dev/null < \"/proc/$1/environ\" |\n"
    "	sed -n 's/^SSH_USER_AUTH=//p' | sed 1q; }\n"
    "is_auth() {\n"
    "	letters=${1#/tmp/sshauth.}\n"
    "	[ \"/tmp/sshauth.$letters\" = \"$1\" ] && [ ${#letters} -eq 15 ] || return 1\n"
    "	case $letters in *[!A-Za-z0-9]*) return 1 ;; esac\n"
    "	[ ! -L \"$1\" ] && [ -f \"$1\" ] && [ -r \"$1\" ] || return 1\n"
    "	set -- $(facts \"$1\")\n"
    "	[ \"$3\" = \"$uid\" ] || [ \"$3\" = 0 ]\n"
    "}\n"
    /* It may have become a pipe, or a link, since it was looked at. */
    "read_auth() { $soon dd if=\"$1\" $plain bs=65536 count=1 2>/dev/null; }\n"
    /* Of an sshd; 2: that cannot be seen.  One that has ended has no title. */
    "is_session() {\n"
    "	is_of \"$1\" 0 || is_of \"$1\" \"$uid\" || return 1\n"
    "	title=$(tr '\\0' ' ' 2>/dev/null < \"/proc/$1/cmdline\") && [ -n \"$title\" ] || {\n"
    "		[ -d \"/proc/$1\" ] || return 1\n"
    "		! grep -q '^State:[[:space:]]*[ZX]' \"/proc/$1/status\" 2>/dev/null || return 1\n"
    "		[ ! -d \"/proc/$1\" ] || return 2\n"
    "		return 1\n"
    "	}\n"
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
    /* The processes of the account that have $1 in their environment, whole.  False: they were not all looked at. */
    "kin_of() {\n"
    "	found=$(for one in $people; do\n"
    "		case $one in *\":$uid\") echo \"/proc/${one%:*}/environ\" ;; esac\n"
    "	done | xargs grep -lF -- \"$1\" 2>/dev/null) || [ $? -eq 123 ] || return 1\n"
    "	for one in $found; do\n"
    "		tr '\\0' '\\n' 2>/dev/null < \"$one\" | grep -qxF -- \"$1\" || continue\n"
    "		one=${one#/proc/}; echo \"${one%/environ}\"\n"
    "	done\n"
    "}\n"
    "end_session() {\n"
    "	kin=$(kin_of \"SSH_USER_AUTH=$2\") && [ -n \"$kin\" ] || unseen=1\n"
    "	kill -TERM \"$1\" 2>/dev/null || return 1\n"
    "	for pid in $kin; do\n"
    "		contains \"$mine\" \"$pid\" || kill -KILL \"$pid\" 2>/dev/null\n"
    "	done\n"
    "	gone \"$1\"\n"
    "}\n"
    /* old (with $auth), other, or unclear: as the first processes of the session say. */
    "judge() {\n"
    "	verdict=unclear; ! late || return 0\n"
    "	for pid in $(printf '%s\\n' \"$parents\" | sed -n \"s/ $1\\$//p\"); do\n"
    "		is_of \"$pid\" \"$uid\" || continue\n"
    "		auth=$(auth_of \"$pid\")\n"
    "		is_auth \"$auth\" || continue\n"
    "		verdict=other\n"
    "		! read_auth \"$auth\" | grep -qF -- \"$key\" || { verdict=old; return; }\n"
    "	done\n"
    "}\n"
    "main() {\n"
    "	[ -r /proc/self/status ] || stop 45\n"
    "	uid=$(id -u \"$user\" 2>/dev/null) && [ -n \"$uid\" ] || stop 47\n"
    "	ended=0 unclear=0 other=0 unseen=0 mine=$$ up=$$\n"
    "	while up=$(parent_of \"$up\") && [ -n \"$up\" ] && [ \"$up\" -gt 1 ]; do\n"
    "		mine=\"$mine $up\"\n"
    "	done\n"
    "	find_processes; set_limits\n"
    "	for sshd in $sshds; do\n"
    "		is_session \"$sshd\" || { [ $? -eq 1 ] || unseen=1; continue; }\n"
    "		judge \"$sshd\"\n"
    "		contains \"$mine\" \"$sshd\" && own=yes || own=no\n"
    "		if [ $verdict$own = oldno ] && end_session \"$sshd\" \"$auth\"; then\n"
    "			ended=$((ended + 1))\n"
    "		elif [ ! -d \"/proc/$sshd\" ]; then :\n"
    "		elif [ $verdict$own = otherno ]; then\n"
    "			other=$((other + 1))\n"
    "		elif [ $verdict = old ] || [ $verdict$own = unclearno ]; then\n"
    "			unclear=$((unclear + 1))\n"
    "		fi\n"
    "	done\n"
    "	say \"sessions $ended $unclear $other $unseen\"\n"
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
script_read(const struct script_marker *marker, const char *path, bool asks, struct buf *ret_script,
    struct err *err)
{
	begin(ret_script, marker);
	assign(ret_script, "asks", asks ? "yes" : "");
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
	buf_format(script, "write_new() {\n\tcat >&3 <<'%s' || return 1\n", marker->text);
	buf_bytes(script, view_of(content.data, lines));
	buf_format(script, "%s\n", marker->text);
	if (lines < content.size) {
		buf_format(script, "\tIFS= read -r rest <<'%s'\n", marker->text);
		buf_bytes(script, view_of(content.data + lines, content.size - lines));
		buf_format(script, "\n%s\n\tprintf '%%s' \"$rest\" >&3\n", marker->text);
	}
	buf_text(script, "}\n");
}

/* As POSIX's cksum. */
static void
write_sum(struct buf *script, struct view content)
{
	uint32_t sum = 0;
	size_t length = content.size, lengths = 0;

	for (size_t rest = length; rest != 0; rest >>= 8)
		lengths++;
	for (size_t i = 0; i < length + lengths; i++) {
		uint8_t byte = 0;

		if (i < length)
			byte = content.data[i];
		else
			byte = (uint8_t)(length >> (8 * (i - length)));
		sum ^= (uint32_t)byte << 24;
		for (int bit = 0; bit < 8; bit++)
			sum = sum << 1 ^ ((sum & 0x80000000) != 0 ? 0x04c11db7 : 0);
	}
	buf_format(script, "new_sum='%u %zu'\n", ~sum, length);
}

enum err_code
script_replace(const struct script_marker *marker, const char *path, const char *tag,
    const char *sum, struct view content, struct buf *ret_script, struct err *err)
{
	begin(ret_script, marker);
	assign(ret_script, "file", path);
	assign(ret_script, "prefix", KEY_FILE_PREFIX);
	assign(ret_script, "tag", tag);
	assign(ret_script, "random", marker->text + strlen(marker->text) - KEY_FILE_RANDOM);
	assign(ret_script, "any", "????????????????");
	assign(ret_script, "sum", sum);
	write_sum(ret_script, content);
	buf_text(ret_script, locate);
	write_new(ret_script, marker, content);
	buf_text(ret_script, replace_body);
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
	buf_text(ret_script, find_processes);
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

static const char *const steps[STEP_END] = {
    [STEP_MISSING] = "there is no such file on the host",
    [STEP_RESOLVE] = "where it leads to cannot be found out on the host",
    [STEP_KIND] = "it is not a regular file",
    [STEP_OWNER] = "it, its folder or a link to it belongs neither to the account nor to root",
    [STEP_LINKS] = "it has other hard links, which would keep the old key",
    [STEP_READ] = "it cannot be read",
    [STEP_SIZE] = "it is larger than 1024 KiB",
    [STEP_CHANGED] = "somebody else changed it at this moment",
    [STEP_MAKE] =
        "no new file can be made beside it (no right to, a disk that is full or read-only)",
    [STEP_WRITE] = "a new file cannot be written beside it (a disk that is full, a quota)",
    [STEP_KEEP] =
        "a new file beside it does not get its owner, mode, access control list and attributes",
    [STEP_SUM] = "what was written beside it is not what was sent",
    [STEP_SYNC] = "a new file beside it does not get to the disk",
    [STEP_MOVE] = "a new file cannot take its place (no right to, or it is immutable)",
    [STEP_SYNC_FOLDER] = "it was replaced, but whether that is on the disk is not known",
    [STEP_OPEN] =
        "other users can write to it or in its folder: close it with chmod go-w; nothing was changed",
    [STEP_ACCOUNT] = "the host knows no account of this name to look for",
    [STEP_PROC] = "the host has no /proc to look for sessions in",
};

/* " NUMBER WORDS", of which the words are the account's. */
static enum script_result
stopped(struct view line, char ret_detail[ROTATOR_DETAIL_MAX + 1])
{
	char said[LINE_MAX_SHOWN + 1], text[4 * ROTATOR_DETAIL_MAX], *words = NULL;
	size_t size = line.size < LINE_MAX_SHOWN ? line.size : LINE_MAX_SHOWN;

	memcpy(said, line.data, size);
	said[size] = '\0';
	long step = strtol(said, &words, 10);

	if (step < STEP_MISSING || step >= STEP_END) {
		answer_detail("the account's script ended in no known way", ret_detail);
		return SCRIPT_SILENT;
	}
	text_make_plain(words);
	words += strspn(words, " ");
	(void)snprintf(text, sizeof(text), "%s%s%s%.450s", steps[step],
	    step < STEP_SYNC_FOLDER ? "; nothing was changed" : "",
	    *words != '\0' ? "; the account says " : "", *words != '\0' ? QUOTED(words) : "");
	answer_detail(text, ret_detail);
	return step == STEP_SYNC_FOLDER ? SCRIPT_SILENT : SCRIPT_STOPPED;
}

/* It did not say what was asked for. */
static enum script_result
stopped_or_silent(const struct script_marker *marker, struct view output,
    char ret_detail[ROTATOR_DETAIL_MAX + 1])
{
	struct view line, rest;

	if (find_line(marker, "stopped ", output, &line, &rest))
		return stopped(line, ret_detail);
	answer_detail("the account ran no script to its end: is a command forced on this key, "
	              "or was the connection lost?",
	    ret_detail);
	return SCRIPT_SILENT;
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
		return stopped_or_silent(marker, output, ret_detail);
	memcpy(line, head.data, head.size);
	line[head.size] = '\0';
	if (sscanf(line, "%lu %lu %lu", &size, &crc, &length) != 3 || size >= body.size ||
	    size != length || body.data[size] != '\n')
		return stopped_or_silent(marker, output, ret_detail);
	file.content = view_of(body.data, size);
	(void)snprintf(file.sum, sizeof(file.sum), "%lu %lu", crc, length);
	if (!find_line(marker, "end", view_of(body.data + size + 1, body.size - size - 1), &head,
	        &end))
		return stopped_or_silent(marker, output, ret_detail);
	*ret_file = file;
	return SCRIPT_DONE;
}

bool
script_next_stop(const struct script_marker *marker, struct view *output,
    char ret_detail[ROTATOR_DETAIL_MAX + 1])
{
	struct view line, rest;

	if (!find_line(marker, "stopped ", *output, &line, &rest))
		return false;
	*output = rest;
	return find_line(marker, "stopped ", *output, &line, &rest) &&
	    stopped(line, ret_detail) == SCRIPT_STOPPED;
}

enum script_result
script_replace_result(const struct script_marker *marker, struct view output,
    char ret_detail[ROTATOR_DETAIL_MAX + 1])
{
	struct view line, rest;

	if (find_line(marker, "done", output, &line, &rest))
		return SCRIPT_DONE;
	return stopped_or_silent(marker, output, ret_detail);
}

enum script_result
script_expel_result(const struct script_marker *marker, struct view output,
    struct script_sessions *ret_sessions, char ret_detail[ROTATOR_DETAIL_MAX + 1])
{
	struct view head, rest;
	struct script_sessions sessions;
	char line[64];

	if (!find_line(marker, "sessions ", output, &head, &rest) || head.size >= sizeof(line))
		return stopped_or_silent(marker, output, ret_detail);
	memcpy(line, head.data, head.size);
	line[head.size] = '\0';
	if (sscanf(line, "%u %u %u %u", &sessions.ended, &sessions.unclear, &sessions.other,
	        &sessions.unseen) != 4)
		return stopped_or_silent(marker, output, ret_detail);
	*ret_sessions = sessions;
	return SCRIPT_DONE;
}
