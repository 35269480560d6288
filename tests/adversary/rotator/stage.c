/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/rotator/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "tests/adversary/rotator/difference.h"

/* The other user of a program that is set-uid: nobody's, and not the one that is called so. */
enum { ANOTHER = 65533, PROGRAM_MAX = 64 * 1024 * 1024 };

/* In an order in which each folder comes before what is in it. */
static const struct row {
	const char *name;
	mode_t mode;
	bool is_folder;
	size_t size;
	int text; /* of the world, or -1 */
} rows[] = {
    {"vault", 0700, true, 0, WORLD_VAULT},
    {"vault/host.key", 0600, false, WORLD_FILE_SIZE, WORLD_HOST_KEY},
    {"vault/escrow", 0700, true, 0, -1},
    {"vault/escrow/1", 0600, false, WORLD_FILE_SIZE, WORLD_ESCROW},
    {"vault/anchor", 0600, false, WORLD_FILE_SIZE, WORLD_ANCHOR},
    {"vault/vault.db", 0600, false, WORLD_FILE_SIZE, WORLD_DATABASE},
    {"vault/spare", 0600, false, 0, WORLD_SPARE},
    {"copies", 0700, true, 0, -1},
    {"copies/vault.copy", 0600, false, WORLD_FILE_SIZE, WORLD_COPY},
    {"etc", 0700, true, 0, -1},
    {"etc/starter.conf", 0600, false, WORLD_FILE_SIZE, WORLD_CONFIGURATION},
    {"shown", 0755, true, 0, WORLD_SHOWN},
    {"shown/file", 0644, false, WORLD_FILE_SIZE, -1},
    {"shown/empty", 0644, false, 0, WORLD_SHOWN_EMPTY},
    {"place", 0700, true, 0, WORLD_PLACE},
};

static void
join(const struct stage *stage, const char *name, char ret_path[128])
{
	char folder[sizeof(stage->folder)]; /* RET_PATH may be in STAGE, too */

	memcpy(folder, stage->folder, sizeof(folder));
	(void)snprintf(ret_path, 128, "%s/%s", folder, name);
}

static enum err_code
make_one(const struct stage *stage, const struct row *row, uid_t owner, struct err *err)
{
	char path[128], bytes[WORLD_FILE_SIZE];

	join(stage, row->name, path);
	memset(bytes, '.', sizeof(bytes));
	memcpy(bytes, row->name, strlen(row->name));
	if (!row->is_folder)
		TRY(file_write_new(path, view_of(bytes, row->size), row->mode, err));
	else if (mkdir(path, row->mode) != 0 || chmod(path, row->mode) != 0)
		return err_errno(err, ERR_IO, errno, "making %s", path);
	return chown(path, owner, (gid_t)-1) == 0 ?
	    ERR_OK :
	    err_errno(err, ERR_IO, errno, "giving %s away", path);
}

static enum err_code
copy_program(const char *from, const char *to, struct err *err)
{
	BUF bytes = {0};

	TRY(file_read(from, PROGRAM_MAX, &bytes, err));
	return file_write_new(to, buf_view(&bytes), 0755, err);
}

/* CAP_NET_RAW, as soon as it runs. */
static int
give_capability(const char *path)
{
	const struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
	    .data = {{.permitted = 1U << CAP_NET_RAW}}};

	return setxattr(path, "security.capability", &data, XATTR_CAPS_SZ_2, 0);
}

static enum err_code
make_programs(struct stage *stage, const char *program, struct err *err)
{
	char *set_uid = stage->paths[WORLD_SET_UID], *capable = stage->paths[WORLD_CAPABLE];

	if (geteuid() != 0)
		return ERR_OK; /* nobody else can make what is more than itself */
	join(stage, "set-uid", set_uid);
	join(stage, "capable", capable);
	TRY(copy_program(program, set_uid, err));
	TRY(copy_program(program, capable, err));
	if (chown(set_uid, ANOTHER, ANOTHER) != 0 || chmod(set_uid, 04755) != 0 ||
	    chmod(capable, 0755) != 0 || give_capability(capable) != 0)
		return err_errno(err, ERR_IO, errno, "making programs that are more than we");
	return ERR_OK;
}

enum err_code
stage_make(const char *parent, const char *program, const struct stage_users *users,
    struct stage *stage, struct world *world, struct err *err)
{
	(void)snprintf(stage->folder, sizeof(stage->folder), "%s/halligan-adversary-XXXXXX",
	    parent);
	if (mkdtemp(stage->folder) == NULL || chmod(stage->folder, 0711) != 0 ||
	    chown(stage->folder, users->owner, (gid_t)-1) != 0)
		return err_errno(err, ERR_IO, errno, "making a folder in %s", parent);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uid_t owner = rows[i].text == WORLD_PLACE ? users->user : users->owner;

		TRY(make_one(stage, &rows[i], owner, err));
		if (rows[i].text >= 0)
			join(stage, rows[i].name, stage->paths[rows[i].text]);
	}
	TRY(make_programs(stage, program, err));
	(void)snprintf(stage->paths[WORLD_MARK], sizeof(stage->paths[0]), "%s-mark",
	    strrchr(stage->folder, '/') + 1);
	for (int i = 0; i < WORLD_TEXTS; i++)
		if (stage->paths[i][0] != '\0')
			world->texts[i] = stage->paths[i];
	return ERR_OK;
}

static void
put_content(const char *path, struct buf *ret_text)
{
	char bytes[WORLD_FILE_SIZE] = "";
	FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (got > 0)
		buf_hex(ret_text, view_of(bytes, (size_t)got));
}

/* A line for a file: all that an adversary could have changed of it, but for when it was. */
static void
put_line(const FTSENT *entry, size_t skipped, struct buf *ret_text)
{
	const struct stat *status = entry->fts_statp;
	char names[256] = "";
	ssize_t size = llistxattr(entry->fts_path, names, sizeof(names) - 1);
	bool is_file = S_ISREG(status->st_mode);

	for (ssize_t i = 0; i + 1 < size; i++)
		if (names[i] == '\0')
			names[i] = ' ';
	buf_format(ret_text, "%s mode %o of %u:%u, %ju links, %ju bytes, attributes (%s) ",
	    entry->fts_path + skipped, status->st_mode, status->st_uid, status->st_gid,
	    (uintmax_t)status->st_nlink, (uintmax_t)(is_file ? status->st_size : 0), names);
	if (is_file)
		put_content(entry->fts_path, ret_text);
	buf_text(ret_text, "\n");
}

static int
by_name(const FTSENT **one, const FTSENT **other)
{
	return strcmp((*one)->fts_name, (*other)->fts_name);
}

/* All that stands there, but for what is in the place. */
static enum err_code
put_all(const struct stage *stage, struct buf *ret_text, struct err *err)
{
	char *roots[] = {(char *)(uintptr_t)stage->folder, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	FTSENT *entry;

	if (walk == NULL)
		return err_errno(err, ERR_IO, errno, "reading %s", stage->folder);
	while ((entry = fts_read(walk)) != NULL) {
		if (entry->fts_info != FTS_DP)
			put_line(entry, strlen(stage->folder), ret_text);
		if (strcmp(entry->fts_path, stage->paths[WORLD_PLACE]) == 0)
			(void)fts_set(walk, entry, FTS_SKIP);
	}
	(void)fts_close(walk);
	return buf_check(ret_text, err);
}

enum err_code
stage_remember(struct stage *stage, struct err *err)
{
	BUF text = {0};

	TRY(put_all(stage, &text, err));
	free(stage->before);
	stage->before = strdup(buf_string(&text));
	return stage->before != NULL ? ERR_OK : err_set(err, ERR_MEMORY, "no memory for a folder");
}

enum err_code
stage_verify(const struct stage *stage, struct err *err)
{
	BUF text = {0};
	struct err all = {0};

	TRY(put_all(stage, &text, err));
	difference_gather("the files", stage->before, buf_string(&text), &all);
	return err_gathered(&all, err);
}

void
stage_remove(struct stage *stage)
{
	char *roots[] = {stage->folder, NULL};
	FTS *walk = stage->folder[0] == '\0' ? NULL : fts_open(roots, FTS_PHYSICAL, NULL);
	FTSENT *entry;

	while (walk != NULL && (entry = fts_read(walk)) != NULL) {
		if (entry->fts_info == FTS_DP)
			(void)rmdir(entry->fts_accpath);
		else if (entry->fts_info != FTS_D)
			(void)unlink(entry->fts_accpath);
	}
	if (walk != NULL)
		(void)fts_close(walk);
	free(stage->before);
	*stage = (struct stage){0};
}
