/* SPDX-License-Identifier: Apache-2.0 */
#include "rotators/ssh/key_attributes.h"

#include <errno.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/bytes.h"
#include "base/text.h"

/* A file's attributes: names that end with NUL, and room for one value. */
struct names {
	int fd;
	const char *path;
	struct buf list;
	struct buf value;
};

static void
names_done(struct names *names)
{
	buf_done(&names->list);
	buf_done(&names->value);
}
#define NAMES CLEANUP(names_done) struct names

static enum err_code
list_names(int fd, const char *path, struct names *ret_names, struct err *err)
{
	NAMES names = {.fd = fd, .path = path};
	uint8_t *room = buf_space(&names.list, XATTR_LIST_MAX);

	(void)buf_space(&names.value, XATTR_SIZE_MAX);
	TRY(buf_check(&names.list, err));
	TRY(buf_check(&names.value, err));
	ssize_t size = flistxattr(fd, (char *)room, XATTR_LIST_MAX);

	if (size < 0 && errno != ENOTSUP && errno != ENOSYS)
		return err_errno(err, ERR_IO, errno, "listing the extended attributes of %s", path);
	names.list.size = size < 0 ? 0 : (size_t)size;
	*ret_names = names;
	names = (struct names){0};
	return ERR_OK;
}

static const char *
next_name(const struct names *names, const char *name)
{
	const char *begin = (const char *)names->list.data, *end = begin + names->list.size;

	name = name == NULL ? begin : name + strlen(name) + 1;
	return name < end ? name : NULL;
}

static bool
is_kernels(const char *name)
{
	return strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0;
}

static bool
has_name(const struct names *names, const char *wanted)
{
	for (const char *name = next_name(names, NULL); name != NULL; name = next_name(names, name))
		if (strcmp(name, wanted) == 0)
			return true;
	return false;
}

/* NAME's value, until the next one is read; false: there is none, as errno says. */
static bool
read_value(struct names *names, const char *name, struct view *ret_value)
{
	ssize_t size = fgetxattr(names->fd, name, names->value.data, XATTR_SIZE_MAX);

	if (size < 0)
		return false;
	*ret_value = view_of(names->value.data, (size_t)size);
	return true;
}

static bool
is_same(struct names *from, struct names *to, const char *name)
{
	struct view wanted, got;

	return read_value(from, name, &wanted) && read_value(to, name, &got) &&
	    view_equal(wanted, got);
}

static enum err_code
copy_one(struct names *from, struct names *to, const char *name, struct err *err)
{
	struct view value;

	if (is_kernels(name) || is_same(from, to, name))
		return ERR_OK;
	if (!read_value(from, name, &value) ||
	    fsetxattr(to->fd, name, value.data, value.size, 0) != 0)
		return err_errno(err, ERR_IO, errno,
		    "the attribute %.100s of %s cannot be kept; the old file stands", QUOTED(name),
		    from->path);
	return ERR_OK;
}

/* What a new file got from its folder.  A label is not taken away: there is always one. */
static enum err_code
drop_others(const struct names *from, const struct names *to, struct err *err)
{
	for (const char *name = next_name(to, NULL); name != NULL; name = next_name(to, name))
		if (!has_name(from, name) && strncmp(name, "security.", 9) != 0 &&
		    fremovexattr(to->fd, name) != 0)
			return err_errno(err, ERR_IO, errno,
			    "a new file beside %s has the attribute %.100s; the old one stands",
			    from->path, QUOTED(name));
	return ERR_OK;
}

/* A file system may say yes and keep nothing. */
static enum err_code
check_same(struct names *from, struct names *to, struct err *err)
{
	for (const char *name = next_name(from, NULL); name != NULL; name = next_name(from, name))
		if (!is_kernels(name) && !is_same(from, to, name))
			return err_set(err, ERR_IO,
			    "the attribute %.100s of %s was not kept; the old file stands",
			    QUOTED(name), from->path);
	return ERR_OK;
}

enum err_code
key_attributes_copy(int from_fd, int to_fd, const char *path, struct err *err)
{
	NAMES from = {0}, to = {0};

	TRY(list_names(from_fd, path, &from, err));
	TRY(list_names(to_fd, path, &to, err));
	TRY(drop_others(&from, &to, err));
	for (const char *name = next_name(&from, NULL); name != NULL; name = next_name(&from, name))
		TRY(copy_one(&from, &to, name, err));
	return check_same(&from, &to, err);
}
