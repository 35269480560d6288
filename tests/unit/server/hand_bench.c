/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server/hand_bench.h"

#include <stdio.h>

#include "base/text.h"
#include "base/text_time.h"
#include "vault/store/inside.h"
#include "vault/store/log.h"

void
hand_begin(struct bench *bench, struct hand *ret_hand)
{
	struct err err;

	bench_end(bench);
	*ret_hand = (struct hand){.store = NULL};
	assert_ok(host_keys_load(bench->vault, &ret_hand->keys, &err));
	assert_ok(store_open(bench->vault, "bench", &bench->vault_id, ret_hand->keys.anchor,
	    &ret_hand->store, &err));
	assert_ok(store_begin(ret_hand->store, &err));
}

void
hand_commit(struct bench *bench, struct hand *hand)
{
	struct err err;
	struct digest root;

	assert_ok(store_state_root(hand->store, &root, &err));
	hand_commit_as(bench, hand, &root);
}

void
hand_commit_as(struct bench *bench, struct hand *hand, const struct digest *root)
{
	struct err err;
	uint64_t index;
	char time[TEXT_TIME_SIZE], hex[2 * DIGEST_SIZE + 1];
	BUF leaf = {0};

	text_time(bench->shared->now, time);
	text_hex(VIEW_OF(root->bytes), hex);
	buf_format(&leaf, "{\"event\":\"bench\",\"statements\":[],\"time\":\"%s\",\"tree\":\"%s\"}",
	    time, hex);
	assert_ok(store_append_leaf(hand->store, buf_view(&leaf), &index, &err));
	assert_ok(store_commit(hand->store, &err));
	store_freep(&hand->store);
	host_keys_done(&hand->keys);
}

void
hand_write(struct bench *bench, const char *change)
{
	struct err err;
	struct hand hand;

	hand_begin(bench, &hand);
	uint64_t before = sql_changes(hand.store->sql);
	assert_ok(sql_script(hand.store->sql, change, &err));
	assert_true(sql_changes(hand.store->sql) > before);
	hand_commit(bench, &hand);
}

static void
take_version(struct store *store, const char *name, struct hand_version *version)
{
	struct err err;
	struct secret_row secret;

	assert_ok(store_find_secret(store, name, &secret, &err));
	assert_ok(store_get_version(store, &secret.id, secret.current, &version->row, &err));
	assert_ok(header_new(&version->header, &err));
	assert_ok(header_decode(buf_view(&version->row.header), version->header, &err));
	for (uint32_t i = 0; i < version->header->envelope_count; i++) {
		struct digest token;

		assert_ok(store_get_envelope(store, &secret.id, secret.current, i, &token,
		    &version->envelopes[i], &err));
	}
}

static void
put_out(struct store *store, const struct version_row *row)
{
	static const char script[] = "DELETE FROM envelopes WHERE secret = x'%s' AND version = %u;"
	                             "DELETE FROM versions WHERE secret = x'%s' AND number = %u";
	struct err err;
	char text[400], hex[2 * SECRET_ID_SIZE + 1];

	text_hex(VIEW_OF(row->secret.bytes), hex);
	snprintf(text, sizeof(text), script, hex, row->number, hex, row->number);
	assert_ok(sql_script(store->sql, text, &err));
}

void
hand_exchange(struct bench *bench, const char *name,
    void (*change)(const struct bench *bench, struct hand_version *version))
{
	struct err err;
	struct hand hand;
	struct hand_version version = {.header = NULL};

	hand_begin(bench, &hand);
	take_version(hand.store, name, &version);
	put_out(hand.store, &version.row);
	change(bench, &version);
	assert_ok(header_hash(buf_view(&version.row.header), &version.row.header_hash, &err));
	assert_ok(store_add_version(hand.store, &version.row, version.header, version.envelopes,
	    version.header->envelope_count, &err));
	hand_commit(bench, &hand);
	for (size_t i = 0; i < HEADER_ENVELOPES; i++)
		sealed_box_done(&version.envelopes[i]);
	version_row_done(&version.row);
	header_freep(&version.header);
}

void
hand_anchor(struct bench *bench, struct anchor_slot *ret_slot)
{
	struct err err;
	CLEANUP(host_keys_done) struct host_keys keys = {0};
	ANCHOR *anchor = NULL;

	bench_end(bench);
	assert_ok(host_keys_load(bench->vault, &keys, &err));
	assert_ok(anchor_open(bench->vault, &bench->vault_id, keys.anchor, &anchor, &err));
	assert_ok(anchor_read(anchor, ret_slot, &err));
}

void
hand_unsettle(struct bench *bench)
{
	struct anchor_slot before, after;

	hand_anchor(bench, &before);
	assert_true(anchor_slot_is_settled(&before));
	bench_shell(bench,
	    "dd if=/dev/zero of=vault/anchor bs=4096 count=1 seek=%d conv=notrunc status=none",
	    (int)(before.seq % 2));
	hand_anchor(bench, &after);
	assert_int_equal(after.seq, before.seq - 1);
	assert_false(anchor_slot_is_settled(&after));
	assert_true(anchor_state_equal(&after.to, &before.to));
}

static void
check_leaf(struct bench *bench, const char *known, bool row)
{
	unsigned long long index;
	char time[32], query[200];
	struct anchor_slot slot;

	assert_int_equal(sscanf(known, "%llu of its log (counted from 0), of %20[0-9TZ:-],", &index,
	                     time),
	    2);
	snprintf(query, sizeof(query),
	    "SELECT count(*) FROM log_leaf WHERE position = %llu"
	    " AND instr(CAST(data AS TEXT), '\"time\":\"%s\"') > 0",
	    index, time);
	assert_int_equal(bench_count(bench, query), 1);
	if (!row)
		return;
	hand_anchor(bench, &slot);
	assert_int_equal(index + 1, slot.to.size);
}

void
assert_alarm(struct bench *bench, const char *what, const struct err *alarm)
{
	static const char leaf[] =
	    "Since when at the earliest: the database as a whole, since leaf ";
	bool row = strncmp(what, "a row of ", strlen("a row of ")) == 0;
	struct err err = *alarm;

	bench_end(bench);
	assert_int_equal(err.code, ERR_INTEGRITY);
	assert_says(what);
	assert_says("  Since when ");
	const char *known = strstr(err.text, leaf);
	/* That the database as a whole is not the anchor's is met by a leaf, and says so itself. */
	if (strstr(err.text, "  Since when at the earliest: after leaf ") != NULL)
		assert_null(known);
	else if (known != NULL)
		check_leaf(bench, known + strlen(leaf), row);
	else if (row && strstr(err.text, "opening ") == NULL)
		fail_msg("\"%s\" does not say since when", err.text);
	else
		assert_says(
		    "Since when is not known: no leaf of the log could be proven by the anchor");
	assert_says("  What to do: copy the vault's folder away whole, as it is; then put ");
	assert_null(strstr(err.text, "..."));
}
