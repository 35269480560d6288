/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A write goes to the slot that does not count, so whatever is torn, the one before stands.  Both are
 * invalid together only for a reader whom two writes overtake between its looks at one and the other;
 * it looks again.
 *
 * A MAC over a slot that is damaged, or of another host, tells nothing apart; the vault id that stands in
 * it is then taken for the message alone.
 */
#include "vault/log/anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

static const char label[] = "halligan/v1 anchor"; /* with its NUL */
static const char key_label[] = "halligan/v1 anchor key";

enum {
	SLOTS = 2,
	SLOT_SPACING = 4096,
	FILE_SIZE = SLOTS * SLOT_SPACING,
	SLOT_SIZE = 512,
	STATE_SIZE = 8 + 2 * DIGEST_SIZE,
	BODY_SIZE = sizeof(label) + DIGEST_SIZE + 8 + 2 * STATE_SIZE,
	LOOKS = 5,
	PAUSE_NANOSECONDS = 2000000
};

/* What is behind every refusal. */
#define MEANING                                                                                         \
	"it says which state of the database is the vault's newest, and without it an older one could " \
	"pass for that"
#define CURE "put the anchor back that was there; if there is none, " WHOLE_BACKUP

/* A slot as it is in the file. */
struct raw {
	uint8_t bytes[SLOT_SIZE];
};

struct anchor {
	char path[4096];
	int fd;
	struct digest vault;
	const struct secret *key;
	struct raw known; /* the valid slot that was read or written last, */
	bool knows;       /* if there is one */
	bool dead;        /* an fdatasync failed */
	bool wrote;       /* and LAST was the number of that slot */
	uint64_t last;
};

bool
anchor_state_equal(const struct anchor_state *a, const struct anchor_state *b)
{
	return a->size == b->size && digest_equal(&a->log_root, &b->log_root) &&
	    digest_equal(&a->state_root, &b->state_root);
}

bool
anchor_slot_is_settled(const struct anchor_slot *slot)
{
	return anchor_state_equal(&slot->from, &slot->to);
}

enum err_code
anchor_key(const struct secret *log_seed, struct secret **ret_key, struct err *err)
{
	SECRET *prk = NULL;
	struct view seed = secret_view(log_seed);
	uint8_t size = sizeof(key_label) - 1;
	const struct view info[] = {view_of(&size, 1), view_of_text(key_label)};

	TRY(hkdf_extract(view_of("", 0), &seed, 1, &prk, err));
	return hkdf_expand(prk, info, ARRAY_SIZE(info), DIGEST_SIZE, ret_key, err);
}

static void
put_state(struct buf *bytes, const struct anchor_state *state)
{
	buf_u64(bytes, state->size);
	buf_bytes(bytes, VIEW_OF(state->log_root.bytes));
	buf_bytes(bytes, VIEW_OF(state->state_root.bytes));
}

static void
get_state(struct reader *reader, struct anchor_state *ret_state)
{
	ret_state->size = reader_u64(reader);
	reader_copy(reader, ret_state->log_root.bytes, DIGEST_SIZE);
	reader_copy(reader, ret_state->state_root.bytes, DIGEST_SIZE);
}

static enum err_code
mac_of(const struct secret *key, struct view body, struct digest *ret_mac, struct err *err)
{
	return hmac_sha256(secret_view(key), &body, 1, ret_mac, err);
}

/* The SLOT_SIZE bytes of SLOT, appended. */
static enum err_code
put_slot(const struct digest *vault, const struct secret *key, const struct anchor_slot *slot,
    struct buf *ret_bytes, struct err *err)
{
	BUF body = {0};
	struct digest mac;

	buf_bytes(&body, VIEW_OF(label));
	buf_bytes(&body, VIEW_OF(vault->bytes));
	buf_u64(&body, slot->seq);
	put_state(&body, &slot->from);
	put_state(&body, &slot->to);
	TRY(buf_check(&body, err));
	TRY(mac_of(key, buf_view(&body), &mac, err));
	buf_bytes(ret_bytes, buf_view(&body));
	buf_bytes(ret_bytes, VIEW_OF(mac.bytes));
	buf_space(ret_bytes, SLOT_SIZE - BODY_SIZE - DIGEST_SIZE);
	return buf_check(ret_bytes, err);
}

enum err_code
anchor_create(const char *folder, const struct digest *vault, const struct secret *key,
    const struct anchor_state *state, struct err *err)
{
	const struct anchor_slot first = {.from = *state, .to = *state};
	BUF bytes = {0};
	char path[4096];

	TRY(file_path(folder, ANCHOR_FILE, path, err));
	TRY(put_slot(vault, key, &first, &bytes, err));
	buf_space(&bytes, FILE_SIZE - SLOT_SIZE);
	TRY(buf_check(&bytes, err));
	return file_write_new(path, buf_view(&bytes), 0600, err);
}

void
anchor_free(struct anchor *anchor)
{
	if (anchor == NULL)
		return;
	fd_closep(&anchor->fd);
	free(anchor);
}

/* What is not the file that the vault made; and what it is for. */
static enum err_code FORMAT_LIKE(3, 4)
    refuse(struct err *err, const char *cure, const char *format, ...)
{
	char what[ERR_TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	err_set(err, ERR_INTEGRITY, "%s: " MEANING, what);
	return err_cure(err, cure);
}

static enum err_code
fail_open(const char *path, int error_number, struct err *err)
{
	if (error_number == ENOENT)
		return refuse(err, CURE, "%s is missing", path);
	if (error_number == ELOOP)
		return refuse(err, CURE,
		    "%s is a symbolic link, so that somebody may have put another anchor in place",
		    path);
	if (error_number == EISDIR || error_number == ENXIO) /* a folder, a socket */
		return refuse(err, CURE, "%s is no regular file", path);
	return err_errno(err, ERR_IO, error_number, "cannot open %s", path);
}

/* What is open is the file as it was made: ours, closed to others, of its size, with one name. */
static enum err_code
check_file(const struct anchor *anchor, struct err *err)
{
	struct stat status;

	if (fstat(anchor->fd, &status) != 0)
		return err_errno(err, ERR_IO, errno, "cannot look at %s", anchor->path);
	if (!S_ISREG(status.st_mode))
		return refuse(err, CURE, "%s is no regular file", anchor->path);
	if (status.st_uid != geteuid())
		return refuse(err, CURE,
		    "%s belongs to uid %u, not to ours (%u), who may have changed it (chown %u)",
		    anchor->path, status.st_uid, geteuid(), geteuid());
	if ((status.st_mode & 077) != 0)
		return refuse(err, CURE,
		    "%s has mode %04o, so that others may have changed it (chmod 600)",
		    anchor->path, status.st_mode & 07777);
	if (status.st_nlink == 0)
		return refuse(err, CURE, "%s was removed or replaced while it was in use",
		    anchor->path);
	if (status.st_nlink != 1)
		return refuse(err, "remove the other name", "%s has a second name elsewhere",
		    anchor->path);
	if (status.st_size != FILE_SIZE)
		return refuse(err, CURE,
		    "%s has %lld bytes instead of %d, so it was cut off or is no anchor",
		    anchor->path, (long long)status.st_size, (int)FILE_SIZE);
	return ERR_OK;
}

enum err_code
anchor_open(const char *folder, const struct digest *vault, const struct secret *key,
    struct anchor **ret_anchor, struct err *err)
{
	ANCHOR *anchor = calloc(1, sizeof(*anchor));

	if (anchor == NULL)
		return err_set(err, ERR_MEMORY, "out of memory for an anchor");
	anchor->fd = -1;
	anchor->vault = *vault;
	anchor->key = key;
	TRY(file_path(folder, ANCHOR_FILE, anchor->path, err));
	anchor->fd = open(anchor->path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (anchor->fd < 0)
		return fail_open(anchor->path, errno, err);
	TRY(check_file(anchor, err));
	*ret_anchor = TAKE(anchor);
	return ERR_OK;
}

static enum err_code
check_alive(const struct anchor *anchor, struct err *err)
{
	if (anchor->dead)
		return err_set(err, ERR_IO,
		    "an earlier write to %s was not confirmed by the disk; nothing more is done until "
		    "a restart",
		    anchor->path);
	return ERR_OK;
}

static enum err_code
read_raw(const struct anchor *anchor, size_t index, struct raw *ret_raw, struct err *err)
{
	ssize_t got;

	do
		got = pread(anchor->fd, ret_raw->bytes, SLOT_SIZE, (off_t)(index * SLOT_SPACING));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_errno(err, ERR_IO, errno, "cannot read %s", anchor->path);
	if (got != SLOT_SIZE)
		return refuse(err, CURE, "%s was cut off while it was in use", anchor->path);
	return ERR_OK;
}

void
anchor_name(struct anchor *anchor, const struct digest *vault)
{
	anchor->vault = *vault;
}

/* The vault id that RAW names, whether or not the slot is valid; false: it has not even our label. */
static bool
parse_head(const struct raw *raw, struct digest *ret_vault, uint64_t *ret_seq)
{
	struct reader reader = reader_of(VIEW_OF(raw->bytes));
	bool ours = view_equal(reader_bytes(&reader, sizeof(label)), VIEW_OF(label));

	reader_copy(&reader, ret_vault->bytes, DIGEST_SIZE);
	*ret_seq = reader_u64(&reader);
	return ours;
}

static bool
is_rest_zero(const struct raw *raw)
{
	for (size_t i = BODY_SIZE + DIGEST_SIZE; i < SLOT_SIZE; i++)
		if (raw->bytes[i] != 0)
			return false;
	return true;
}

static bool
is_founding(const struct digest *vault)
{
	static const struct digest none;

	return digest_equal(vault, &none);
}

/* Whether RAW's MAC is by our key.  A session reads the same slot again and again, for which it does not
 * compute it anew: whether a MAC is right depends on the bytes and the key alone. */
static enum err_code
check_mac(struct anchor *anchor, const struct raw *raw, bool *ret_valid, struct err *err)
{
	struct digest expected;

	*ret_valid =
	    anchor->knows && memcmp(raw->bytes, anchor->known.bytes, BODY_SIZE + DIGEST_SIZE) == 0;
	if (*ret_valid)
		return ERR_OK;
	TRY(mac_of(anchor->key, view_of(raw->bytes, BODY_SIZE), &expected, err));
	*ret_valid = crypto_equal(raw->bytes + BODY_SIZE, expected.bytes, DIGEST_SIZE);
	return ERR_OK;
}

/* Whether RAW, at INDEX, is a slot that was written whole with our key. */
static enum err_code
check_raw(struct anchor *anchor, const struct raw *raw, size_t index, struct anchor_slot *ret_slot,
    bool *ret_valid, struct err *err)
{
	struct reader reader = reader_of(VIEW_OF(raw->bytes));
	struct anchor_slot slot;
	struct digest vault;
	bool ours = parse_head(raw, &vault, &slot.seq), right;

	reader_bytes(&reader, sizeof(label) + DIGEST_SIZE + 8);
	get_state(&reader, &slot.from);
	get_state(&reader, &slot.to);
	TRY(check_mac(anchor, raw, &right, err));
	*ret_valid = right && ours && slot.seq % SLOTS == index && is_rest_zero(raw);
	if (*ret_valid) {
		anchor->known = *raw;
		anchor->knows = true;
		*ret_slot = slot;
	}
	return ERR_OK;
}

/* That RAW, valid or not, does not name another vault. */
static enum err_code
check_vault(const struct anchor *anchor, const struct raw *raw, struct err *err)
{
	struct digest vault;
	char theirs[2 * DIGEST_SIZE + 1], ours[2 * DIGEST_SIZE + 1];
	uint64_t seq;

	if (!parse_head(raw, &vault, &seq) || is_founding(&vault) || is_founding(&anchor->vault) ||
	    digest_equal(&vault, &anchor->vault))
		return ERR_OK;
	text_hex(VIEW_OF(vault.bytes), theirs);
	text_hex(VIEW_OF(anchor->vault.bytes), ours);
	return refuse(err, "put the right one of the two back; if there is none, " WHOLE_BACKUP,
	    "%s belongs to the vault %s, and vault.id beside it says that this is the vault %s, so one of "
	    "them was changed, or comes from another vault",
	    anchor->path, theirs, ours);
}

/* One look at both slots: the one with the higher number first, since that is nearly always valid. */
static enum err_code
look(struct anchor *anchor, struct raw raws[SLOTS], struct anchor_slot *ret_slot, bool *ret_valid,
    struct err *err)
{
	struct digest vault;
	uint64_t seqs[SLOTS];

	for (size_t i = 0; i < SLOTS; i++) {
		TRY(read_raw(anchor, i, &raws[i], err));
		parse_head(&raws[i], &vault, &seqs[i]);
	}
	size_t at = seqs[1] > seqs[0] ? 1 : 0;
	TRY(check_raw(anchor, &raws[at], at, ret_slot, ret_valid, err));
	if (!*ret_valid) {
		at = 1 - at;
		TRY(check_raw(anchor, &raws[at], at, ret_slot, ret_valid, err));
	}
	if (!*ret_valid)
		return ERR_OK;
	TRY(check_vault(anchor, &raws[at], err));
	/* Another session may have founded it meanwhile. */
	if (is_founding(&anchor->vault) && parse_head(&raws[at], &vault, &seqs[at]))
		anchor->vault = vault;
	return ERR_OK;
}

static enum err_code
fail_invalid(const struct anchor *anchor, const struct raw raws[SLOTS], struct err *err)
{
	for (size_t i = 0; i < SLOTS; i++)
		TRY(check_vault(anchor, &raws[i], err));
	return refuse(err,
	    "put the anchor or the host.key back that was there; if there is none, " WHOLE_BACKUP,
	    "none of the two slots in %s is valid under this vault's host.key, so it is damaged or was "
	    "made with another host.key",
	    anchor->path);
}

enum err_code
anchor_read(struct anchor *anchor, struct anchor_slot *ret_slot, struct err *err)
{
	static const struct timespec pause = {.tv_nsec = PAUSE_NANOSECONDS};
	struct anchor_slot slot;
	struct raw raws[SLOTS];
	bool valid = false;

	TRY(check_alive(anchor, err));
	for (size_t i = 0; i < LOOKS && !valid; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		TRY(look(anchor, raws, &slot, &valid, err));
	}
	if (!valid)
		return fail_invalid(anchor, raws, err);
	*ret_slot = slot;
	return ERR_OK;
}

static enum err_code
sync_slots(const struct anchor *anchor, struct err *err)
{
	if (fdatasync(anchor->fd) != 0)
		return err_set(err, ERR_IO, /* whatever the reason, a full disk too */
		    "the disk did not confirm what was written to %s (%s); what is on it is unknown; "
		    "check the disk, then start again",
		    anchor->path, strerror(errno));
	return ERR_OK;
}

static enum err_code
write_at(struct anchor *anchor, size_t index, struct view bytes, struct err *err)
{
	off_t at = (off_t)(index * SLOT_SPACING);

	while (bytes.size > 0) {
		ssize_t put = pwrite(anchor->fd, bytes.data, bytes.size, at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return err_errno(err, ERR_IO, put < 0 ? errno : EIO, "cannot write %s",
			    anchor->path);
		bytes = view_of(bytes.data + put, bytes.size - (size_t)put);
		at += put;
	}
	return sync_slots(anchor, err);
}

/* A writer may have died before the slot that counts was synced.  Were this one torn by a power loss and that
 * one lost, none would stand. */
static enum err_code
write_slot(struct anchor *anchor, const struct anchor_slot *slot, struct err *err)
{
	BUF bytes = {0};

	TRY(put_slot(&anchor->vault, anchor->key, slot, &bytes, err));
	anchor->dead = true; /* until all has worked */
	if (!anchor->wrote || anchor->last != slot->seq - 1)
		TRY(sync_slots(anchor, err));
	TRY(write_at(anchor, slot->seq % SLOTS, buf_view(&bytes), err));
	anchor->dead = false;
	anchor->wrote = true;
	anchor->last = slot->seq;
	memcpy(anchor->known.bytes, bytes.data, SLOT_SIZE);
	anchor->knows = true;
	return ERR_OK;
}

enum err_code
anchor_write(struct anchor *anchor, uint64_t before, const struct anchor_state *from,
    const struct anchor_state *to, struct err *err)
{
	const struct anchor_slot next = {.seq = before + 1, .from = *from, .to = *to};
	struct anchor_slot present;

	TRY(check_file(anchor, err));
	TRY(anchor_read(anchor, &present, err));
	/* Else the one that counts would be overwritten. */
	if (present.seq != before)
		return err_set(err, ERR_INTERNAL,
		    "the anchor is to be written after number %llu, but it has %llu",
		    (unsigned long long)before, (unsigned long long)present.seq);
	return write_slot(anchor, &next, err);
}
