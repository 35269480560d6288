/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing: .NAME.tmp -> write -> fsync -> rename -> fsync the folder -> read NAME.  Two writers of one name write the same
 * bytes; whose temporary file was taken away by the other finds that NAME is there.
 */
#include "ceremony/server/vault/sink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/json_in.h"
#include "base/process.h"
#include "base/trusted.h"

enum { FORMAT = 1, MARKER_MAX = 1024, TRIES = 3 };
static const char prefix[] = "directory:";
static const char temporary_end[] = ".tmp";

void
sink_done(struct sink *sink)
{
	fd_closep(&sink->folder);
}

enum err_code
sink_path(const char *copy, const char **ret_path, struct err *err)
{
	size_t size = sizeof(prefix) - 1;

	if (strcmp(copy, "none") == 0) {
		*ret_path = NULL;
		return ERR_OK;
	}
	if (strncmp(copy, prefix, size) != 0 || copy[size] != '/')
		return err_set(err, ERR_INVALID,
		    "the copy sink must be \"none\" or \"directory:/PATH\", not \"%.200s\"", copy);
	*ret_path = copy + size;
	return ERR_OK;
}

static enum err_code
say_errno(const struct sink *sink, const char *doing, const char *name, struct err *err)
{
	return err_errno(err, ERR_IO, errno, "cannot %s %s/%s", doing, sink->path, name);
}

/* Ours, and closed to others. */
static enum err_code
check_status(const struct sink *sink, const char *name, const struct stat *status, struct err *err)
{
	if (status->st_uid != geteuid() && status->st_uid != 0)
		return err_set(err, ERR_REFUSED,
		    "%.1000s%s belongs to another account (%u): whoever that is could take copies away",
		    sink->path, name, (unsigned)status->st_uid);
	if ((status->st_mode & 077) != 0)
		return err_set(err, ERR_REFUSED,
		    "%.1000s%s is open to others (mode %04o): chmod go= %.1000s%s", sink->path,
		    name, (unsigned)status->st_mode & 07777, sink->path, name);
	return ERR_OK;
}

enum err_code
sink_open(const char *path, struct sink *ret_sink, struct err *err)
{
	SINK sink = {.folder = -1};
	FD way = -1;
	struct stat status;

	TRY(trusted_reach(path, &way, sink.path, err));
	sink.folder = openat(way, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sink.folder < 0 || fstat(sink.folder, &status) != 0)
		return err_errno(err, ERR_IO, errno, "cannot open the folder %s", path);
	TRY(check_status(&sink, "", &status, err));
	*ret_sink = sink;
	sink.folder = -1;
	return ERR_OK;
}

enum err_code
sink_takes(const struct sink *sink, struct err *err)
{
	struct statvfs status;

	if (fstatvfs(sink->folder, &status) != 0)
		return say_errno(sink, "look at", "", err);
	if ((status.f_flag & ST_RDONLY) != 0)
		return err_set(err, ERR_IO, "%.1000s is mounted read-only: mount it for writing",
		    sink->path);
	/* What a disk keeps back is root's to fill. */
	if (status.f_blocks > 0 && (geteuid() == 0 ? status.f_bfree : status.f_bavail) == 0)
		return err_set(err, ERR_NO_SPACE, "%.1000s is full: make room there", sink->path);
	return ERR_OK;
}

/* ---- files ---- */

/* All of FD, if it has no more than MAX bytes; ERR_INVALID: it has. */
static enum err_code
read_all(int fd, size_t max, struct buf *ret_bytes, struct err *err)
{
	for (;;) {
		uint8_t chunk[16384];
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, ERR_IO, errno, "cannot read a file of the copy sink");
		if (got == 0)
			return buf_check(ret_bytes, err);
		if ((size_t)got > max - ret_bytes->size)
			return err_set(err, ERR_INVALID, "it is larger than %zu bytes", max);
		buf_bytes(ret_bytes, view_of(chunk, (size_t)got));
	}
}

static int
open_file(const struct sink *sink, const char *name)
{
	return openat(sink->folder, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

enum err_code
sink_compare(const struct sink *sink, const char *name, struct view bytes,
    enum sink_found *ret_found, struct err *err)
{
	BUF found = {0};
	FD fd = open_file(sink, name);
	struct stat status;

	*ret_found = SINK_DIFFERS;
	if (fd < 0 && errno == ENOENT)
		*ret_found = SINK_MISSING;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		return say_errno(sink, "open", name, err);
	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
	    (uint64_t)status.st_size != bytes.size)
		return ERR_OK;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	enum err_code code = read_all(fd, bytes.size, &found, err);

	if (code == ERR_MEMORY)
		return code;
	if (code == ERR_OK && view_equal(buf_view(&found), bytes))
		*ret_found = SINK_SAME;
	return ERR_OK;
}

static enum err_code
write_all(const struct sink *sink, int fd, const char *name, struct view bytes, struct err *err)
{
	while (bytes.size > 0) {
		ssize_t put = write(fd, bytes.data, bytes.size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put == 0)
			errno = EIO;
		if (put <= 0)
			return say_errno(sink, "write", name, err);
		bytes.data += put;
		bytes.size -= (size_t)put;
	}
	return fsync(fd) == 0 ? ERR_OK : say_errno(sink, "write", name, err);
}

static enum err_code
write_temporary(const struct sink *sink, const char *temporary, struct view bytes, struct err *err)
{
	FD fd = -1;

	if (unlinkat(sink->folder, temporary, 0) != 0 && errno != ENOENT)
		return say_errno(sink, "replace", temporary, err);
	fd = openat(sink->folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd < 0)
		return say_errno(sink, "write", temporary, err);
	if (write_all(sink, fd, temporary, bytes, err) == ERR_OK)
		return ERR_OK;
	(void)unlinkat(sink->folder, temporary, 0);
	return err->code;
}

static enum err_code
replace(const struct sink *sink, const char *name, struct view bytes, struct err *err)
{
	char temporary[SINK_NAME_SIZE + 8];

	snprintf(temporary, sizeof(temporary), ".%s%s", name, temporary_end);
	TRY(write_temporary(sink, temporary, bytes, err));
	if (renameat2(sink->folder, temporary, sink->folder, name, 0) == 0)
		return ERR_OK;
	if (errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "%.1000s/%s was taken away", sink->path,
		    temporary);
	(void)say_errno(sink, "write", name, err);
	(void)unlinkat(sink->folder, temporary, 0);
	return err->code;
}

/* Others may take a temporary file away that looks left behind: then it is made again. */
static enum err_code
replace_surely(const struct sink *sink, const char *name, struct view bytes, struct err *err)
{
	enum err_code code = ERR_OK;

	for (int i = 0; i < TRIES; i++) {
		code = replace(sink, name, bytes, err);
		if (code != ERR_NOT_FOUND)
			break;
	}
	return code;
}

/* What a killed writer left in place may not be durable yet. */
static enum err_code
make_durable(const struct sink *sink, const char *name, struct err *err)
{
	FD fd = open_file(sink, name);

	if (fd < 0 || fsync(fd) != 0 || fsync(sink->folder) != 0)
		return say_errno(sink, "make durable", name, err);
	return ERR_OK;
}

enum err_code
sink_put(const struct sink *sink, const char *name, struct view bytes, struct err *err)
{
	enum sink_found found;

	TRY(sink_compare(sink, name, bytes, &found, err));
	if (found == SINK_SAME)
		return make_durable(sink, name, err);
	TRY(replace_surely(sink, name, bytes, err));
	if (fsync(sink->folder) != 0)
		return say_errno(sink, "make durable", name, err);
	TRY(sink_compare(sink, name, bytes, &found, err));
	if (found != SINK_SAME)
		return err_set(err, ERR_IO,
		    "%.1000s/%s does not hold what was written to it, although that was said to be done",
		    sink->path, name);
	return ERR_OK;
}

enum err_code
sink_remove(const struct sink *sink, const char *name, struct err *err)
{
	if (unlinkat(sink->folder, name, 0) != 0 && errno != ENOENT)
		return say_errno(sink, "remove", name, err);
	return ERR_OK;
}

DESTRUCTOR(directory_close, DIR, closedir)

static bool
is_left(const char *name)
{
	size_t size = strlen(name), end = sizeof(temporary_end) - 1;

	return name[0] == '.' && size > end && strcmp(name + size - end, temporary_end) == 0;
}

enum err_code
sink_each(const struct sink *sink,
    enum err_code (*visit)(void *context, const char *name, bool left, struct err *err),
    void *context, struct err *err)
{
	CLEANUP(directory_close) DIR *directory = NULL;
	FD fd = openat(sink->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;

	if (fd < 0 || (directory = fdopendir(fd)) == NULL)
		return say_errno(sink, "read the folder", "", err);
	fd = -1;
	while ((errno = 0, entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    strcmp(entry->d_name, SINK_MARKER) == 0)
			continue;
		TRY(visit(context, entry->d_name, is_left(entry->d_name), err));
	}
	return errno == 0 ? ERR_OK : say_errno(sink, "read the folder", "", err);
}

/* ---- the marker ---- */

static enum err_code
parse_marker(struct view text, struct digest *ret_vault, struct id *ret_id, struct err *err)
{
	JSON *object = NULL;

	TRY(json_parse(text, &object, err));
	struct json_in in = json_in(object, "marker", err);
	(void)json_in_int(&in, "format", FORMAT, FORMAT);
	json_in_hex(&in, "vault", ret_vault->bytes, DIGEST_SIZE);
	json_in_hex(&in, "sink", ret_id->bytes, ID_SIZE);
	return json_in_end(&in);
}

enum err_code
sink_read_marker(const struct sink *sink, struct digest *ret_vault, struct id *ret_id,
    struct err *err)
{
	BUF text = {0};
	FD fd = open_file(sink, SINK_MARKER);
	struct stat status;

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "%.1000s has no file %s", sink->path,
		    SINK_MARKER);
	if (fd < 0 || fstat(fd, &status) != 0)
		return say_errno(sink, "open", SINK_MARKER, err);
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_REFUSED, "%.1000s/%s is no plain file", sink->path,
		    SINK_MARKER);
	TRY(check_status(sink, "/" SINK_MARKER, &status, err));
	enum err_code code = read_all(fd, MARKER_MAX, &text, err);
	if (code == ERR_OK)
		code = parse_marker(buf_view(&text), ret_vault, ret_id, err);
	if (code == ERR_INVALID) {
		struct err cause = *err;

		return err_set(err, ERR_REFUSED, "%.1000s/%s is not as a vault writes it: %.200s",
		    sink->path, SINK_MARKER, cause.text);
	}
	return code;
}

enum err_code
sink_write_marker(const struct sink *sink, const struct digest *vault, const struct id *id,
    struct err *err)
{
	JSON *object = json_new_object();
	BUF text = {0};

	json_put_int(object, "format", FORMAT);
	json_put_hex(object, "vault", VIEW_OF(vault->bytes));
	json_put_hex(object, "sink", VIEW_OF(id->bytes));
	TRY(json_encode(object, &text, err));
	buf_text(&text, "\n");
	TRY(buf_check(&text, err));
	return sink_put(sink, SINK_MARKER, buf_view(&text), err);
}
