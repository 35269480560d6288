/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/server/copies/look.h"

#include <stdio.h>
#include <string.h>

#include "ceremony/protocol/rows.h"
#include "ceremony/server/copies/contents.h"
#include "ceremony/server/copies/send.h"

enum { AT_ONCE = 64, SHOWN = 100 };

/* What was found, and how much of each. */
enum finding { MISSING, DAMAGED, UNNEEDED, FOREIGN, LEFT, FINDINGS };
static const char *const finding_names[FINDINGS] = {"missing", "damaged", "unneeded", "foreign",
    "left"};

struct looking {
	struct session *session;
	struct sink sink;
	struct json *items;
	uint64_t done, all, there, names, counts[FINDINGS];
	size_t shown;
};
static void
looking_done(struct looking *looking)
{
	sink_done(&looking->sink);
	json_freep(&looking->items);
}
#define LOOKING CLEANUP(looking_done) struct looking

static void
find(struct looking *looking, enum finding finding, const char *name, const char *what)
{
	char plain[NOTE_TEXT_MAX + 1];
	struct copy_found found = {.finding = finding_names[finding], .name = plain, .what = what};

	looking->counts[finding]++;
	if (looking->shown == SHOWN)
		return;
	plain_text(name, plain, sizeof(plain));
	members_add(looking->items, copy_found_members, &found);
	looking->shown++;
}

static enum err_code
compare(struct looking *looking, const struct copy_row *row, struct err *err)
{
	BUF bytes = {0};
	char name[SINK_NAME_SIZE], what[CONTENTS_TEXT_SIZE];
	enum sink_found found;
	bool listed;

	TRY(contents_load(looking->session, row, &listed, name, &bytes, err));
	if (!listed)
		return ERR_OK; /* it was retired meanwhile */
	TRY(sink_compare(&looking->sink, name, buf_view(&bytes), &found, err));
	looking->there += found != SINK_MISSING;
	if (found == SINK_SAME)
		return ERR_OK;
	contents_text(looking->session, row, what);
	find(looking, found == SINK_MISSING ? MISSING : DAMAGED, name, what);
	return ERR_OK;
}

static enum err_code
compare_all(struct looking *looking, enum copy_kind kind, struct err *err)
{
	struct copy_row rows[AT_ONCE];
	struct copy_walk walk = {0};
	size_t count = 1;

	while (count > 0) {
		TRY(store_next_copies(looking->session->store, kind, NULL, &walk, rows, AT_ONCE,
		    &count, err));
		for (size_t i = 0; i < count; i++) {
			TRY(compare(looking, &rows[i], err));
			looking->done++;
			session_count(looking->session,
			    looking->done < looking->all ? looking->done : looking->all,
			    looking->all, "copies compared");
		}
	}
	return ERR_OK;
}

static enum err_code
count_name(void *context, const char *name, bool left, struct err *err)
{
	struct looking *looking = context;

	(void)name, (void)err;
	looking->names += !left;
	looking->counts[LEFT] += left;
	return ERR_OK;
}

/* A name that no row has. */
static enum err_code
judge_name(void *context, const char *name, bool left, struct err *err)
{
	struct looking *looking = context;
	struct session *session = looking->session;
	char expected[SINK_NAME_SIZE] = "", what[CONTENTS_TEXT_SIZE] = "";
	struct copy_row row;
	bool listed = false, ours = !left && contents_of_name(name, &row);

	if (left)
		return ERR_OK;
	if (ours)
		TRY(store_has_copy(session->store, &row, &listed, err));
	if (listed)
		TRY(contents_name(session, &row, expected, err));
	if (strcmp(name, expected) == 0)
		return ERR_OK;
	if (ours)
		contents_text(session, &row, what);
	find(looking, ours ? UNNEEDED : FOREIGN, name, what);
	return ERR_OK;
}

/* Names are looked at one by one only where there are more of them than there should be. */
static enum err_code
judge_names(struct looking *looking, struct err *err)
{
	TRY(sink_each(&looking->sink, count_name, looking, err));
	return looking->names > looking->there ?
	    sink_each(&looking->sink, judge_name, looking, err) :
	    ERR_OK;
}

static enum err_code
look(struct looking *looking, struct err *err)
{
	for (int kind = 0; kind < COPY_KINDS; kind++)
		TRY(compare_all(looking, (enum copy_kind)kind, err));
	return judge_names(looking, err);
}

enum err_code
serve_copy_status(struct session *session, struct call *call, struct err *err)
{
	LOOKING looking = {.session = session, .sink = {.folder = -1}, .items = json_new_array()};
	struct copies_lacking count;
	struct err why = {0};
	struct id id;

	TRY(json_in_end(&call->in));
	TRY(copies_count(session, &count, err));
	for (int kind = 0; kind < COPY_KINDS; kind++) {
		looking.all += count.all[kind];
		looking.counts[MISSING] += count.lacking[kind];
	}
	bool wanted = copy_wanted(session);
	bool there = wanted && copy_open(session, &looking.sink, &id, &why) == ERR_OK;

	if (wanted && !there && why.code == ERR_INTEGRITY) {
		*err = why;
		return why.code;
	}
	if (there) {
		looking.counts[MISSING] = 0;
		TRY(look(&looking, err));
	}
	if (there && sink_takes(&looking.sink, &why) == ERR_OK)
		why.text[0] = '\0';
	json_put_text(call->reply, "copy", session->chain.charter->copy);
	json_put_bool(call->reply, "there", there);
	json_put_text(call->reply, "why", wanted ? why.text : "");
	json_put_int(call->reply, "files", (int64_t)looking.all);
	for (int finding = 0; finding < FINDINGS; finding++)
		json_put_int(call->reply, finding_names[finding], (int64_t)looking.counts[finding]);
	json_put(call->reply, "items", TAKE(looking.items));
	return ERR_OK;
}
