/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each text on the screen before a signature that somebody else chose, times whatever a person might have written there
 * who wants to change what is beside it.  The screen is drawn by the command's own code on a terminal of 80 columns,
 * and compared with that where the text is a plain one.  Texts are put where they are drawn from, past all that
 * would have refused them.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "ceremony/client/case_fetch.h"
#include "ceremony/client/overheard.h"
#include "ceremony/client/text/ceremony.h"
#include "cli/terminal/ui.h"
#include "tests/unit/client/town.h"

#define PLAIN "plain"

/* ---- a terminal ---- */

struct terminal {
	int master;
	pthread_t reader;
	struct buf seen;
	bool answered;
};

/* Answers the question, which is the last thing that it sees of a screen. */
static void *
watch(void *context)
{
	struct terminal *terminal = context;
	static const char end[] = "Type yes: ";
	uint8_t bytes[4096];
	ssize_t got;

	while ((got = read(terminal->master, bytes, sizeof(bytes))) > 0) {
		struct buf *seen = &terminal->seen;

		buf_bytes(seen, view_of(bytes, (size_t)got));
		if (!terminal->answered && seen->size >= strlen(end) &&
		    memcmp(seen->data + seen->size - strlen(end), end, strlen(end)) == 0) {
			terminal->answered = true;
			if (write(terminal->master, "yes\n", 4) != 4)
				abort();
		}
	}
	return NULL;
}

/* What is drawn, and how it is asked. */
struct scene {
	const struct dossier *dossier;
	const struct vault_view *view;
	const char *spoken; /* on standard error of ssh; NULL: nothing */
};

/* The screen of an approval, and the question, with somebody speaking beside it. */
static void
play(const struct scene *scene, const struct ui *ui)
{
	struct overheard overheard;
	struct err err;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	overheard_begin(&overheard, ends[0], "the host", ui);
	overheard_hush(&overheard);
	for (int half = 0; half < 2; half++) {
		if (scene->spoken != NULL)
			assert_true(write(ends[1], scene->spoken, strlen(scene->spoken)) > 0);
		overheard_hear(&overheard);
		if (half == 0)
			fine(ceremony_show(scene->dossier, scene->view, ui, TOWN_NOW, false, NULL,
			         &err),
			    &err);
	}
	fine(ui_demand(ui, "Approve? Type yes", "yes", &err), &err);
	close(ends[1]);
	close(overheard.beside.fd); /* what is told afterwards is another screen */
}

static void
draw(const struct scene *scene, struct buf *ret_screen)
{
	struct terminal terminal = {0};
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct termios raw = {0};
	struct ui ui;
	struct cli_io io;
	int slave, out = dup(STDOUT_FILENO), errors = dup(STDERR_FILENO);

	cfmakeraw(&raw);
	assert_int_equal(openpty(&terminal.master, &slave, NULL, &raw, &size), 0);
	struct tty tty = {.terminal = slave, .live = true, .color = true, .pin_fd = -1};
	tty_fill(&tty, &ui, &io);
	assert_int_equal(pthread_create(&terminal.reader, NULL, watch, &terminal), 0);
	fflush(stdout);
	fflush(stderr);
	assert_true(dup2(slave, STDOUT_FILENO) >= 0 && dup2(slave, STDERR_FILENO) >= 0);
	play(scene, &ui);
	fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(errors, STDERR_FILENO) >= 0);
	close(out);
	close(errors);
	close(slave);
	assert_int_equal(pthread_join(terminal.reader, NULL), 0);
	close(terminal.master);
	*ret_screen = TAKE(terminal.seen);
}

/* ---- places ---- */

enum place {
	REASON,
	INCIDENT,
	USER,
	HOST,
	PERSON,
	LABEL,
	EFFECT,
	STALE,
	DENIAL,
	OFFICERS_LABEL,
	WAIVER,
	SSH,
	PLACES
};
static const char *const place_names[PLACES] = {"reason", "incident", "user", "host", "person",
    "label", "effect", "why it is stale (a program's words)", "denial", "an officer's label",
    "waiver", "ssh's standard error"};

/* WORDS into TEXT of SIZE bytes, as much as has room. */
static void
put(const char *text, size_t size, const char *words)
{
	size_t fits = strlen(words) < size ? strlen(words) : size - 1;
	char *into =
	    (char *)(uintptr_t)text; /* the test owns it, whoever shows it may not change it */

	memcpy(into, words, fits);
	into[fits] = '\0';
}
#define PUT(field, words) put(field, sizeof(field), words)

static void
put_words(struct scene *scene, enum place place, const char *words)
{
	const struct dossier *dossier = scene->dossier;
	const struct transcript *transcript = dossier->transcript;
	const struct charter *charter = scene->view->chain.charter;

	switch (place) {
	case REASON:
		PUT(transcript->request.reason, words);
		break;
	case INCIDENT:
		PUT(transcript->request.incident, words);
		break;
	case USER:
		PUT(transcript->request.user, words);
		break;
	case HOST:
		PUT(transcript->request.host, words);
		break;
	case PERSON:
		PUT(transcript->requester->person, words);
		break;
	case LABEL:
		PUT(transcript->token->label, words);
		break;
	case EFFECT:
		PUT(dossier->items[0].exhibit->definition->effect, words);
		break;
	case STALE:
		PUT(dossier->items[1].stale, words);
		break;
	case DENIAL:
		PUT(transcript->voices[0].reason, words);
		break;
	case OFFICERS_LABEL:
		PUT(charter->seats[AUDIT].tokens[0].label, words);
		break;
	case WAIVER:
		PUT(charter->waivers[0].reason, words);
		break;
	case SSH:
		scene->spoken = words;
		break;
	case PLACES:
		fail();
	}
}

/* ---- what is compared ---- */

/* A byte of ours that is no letter: colours, and what makes room for a line. */
static size_t
ours(const char *at)
{
	static const char *const codes[] = {"\033[1;33m", "\033[1;31m", "\033[0m"};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (strncmp(at, codes[i], strlen(codes[i])) == 0)
			return strlen(codes[i]);
	return 0;
}

/* SCREEN without what stands between quotation marks, in one line; all of it must be plain, and what goes on in a further line
 * between them be marked there. */
static void
without_quoted(const char *what, const char *screen, struct buf *ret_text)
{
	bool quoted = false, begins = false;

	for (const char *at = screen; *at != '\0'; at++) {
		size_t code = ours(at);

		if (code > 0 && quoted)
			fail_msg("%s: a code within their words", what);
		if (code == 0 && *at != '\n' && ((unsigned char)*at < ' ' || *at == 0x7f))
			fail_msg("%s: a control character on the screen", what);
		if (begins && quoted && *at != ' ' && strncmp(at, "| ", 2) != 0)
			fail_msg("%s: their words in a line without a mark: %.80s", what, at);
		begins = *at == '\n' || (begins && *at == ' ');
		quoted ^= *at == '"';
		if (quoted && *at != '"')
			continue;
		if (*at != '\n' && *at != ' ')
			buf_u8(ret_text, (uint8_t)*at);
	}
	if (quoted)
		fail_msg("%s: a quotation has no end", what);
}

static void
compare(const char *place, const char *content, struct buf *plain, struct buf *screen)
{
	BUF a = {0}, b = {0}, letters = {0};
	char what[200];

	snprintf(what, sizeof(what), "%s x %s", place, content);
	without_quoted("plain", buf_string(plain), &a);
	without_quoted(what, buf_string(screen), &b);
	if (strcmp(buf_string(&a), buf_string(&b)) != 0)
		fail_msg("%s: what stands beside it changed:\n%s\n--- for\n%s", what,
		    buf_string(screen), buf_string(plain));
	for (const char *at = buf_string(screen); *at != '\0'; at++)
		if (*at != '\n' && *at != '\033')
			buf_u8(&letters, (uint8_t)*at);
	if (!text_is_plain(buf_view(&letters)))
		fail_msg("%s: not plain: %s", what, buf_string(screen));
}

static char flood[10241], words[10241];
static const struct {
	const char *name, *text;
} contents[] = {
    {"escape sequences", "\033[2J\033[H\033]0;t\007\033[1;31mall is well"},
    {"eight-bit controls",
        "\xc2\x9b"
        "2J\xc2\x9d"
        "0;t\xc2\x9c \x9b"
        "2J"},
    {"carriage return", "ok\r  who        \"Chris Iso\" (seat ciso)"},
    {"newlines", "ok\n\n  who        \"Chris Iso\" (seat ciso)\n\n  words      aardvark absurd"},
    {"bidi",
        "\xe2\x80\xae"
        "llew si lla \xe2\x81\xa6 x \xe2\x80\x8f"},
    {"no UTF-8", "\xff\xfe\xe2\x80 \xed\xa0\x80"},
    {"10 KiB without a space", flood},
    {"10 KiB of words", words},
    {"fields", "\"  who        \"Chris Iso\" (seat ciso)      quorum     1 of (ciso)     \""},
    {"foreign spaces",
        "x\xc2\xa0\xc2\xa0\xe3\x80\x80\xe2\xa0\x80\xe2\xa0\x80who\xe3\x85\xa4  Chris"},
    {"a question", "\" Approve? Type yes: "},
    {"our colours", "WARNING TRAINING"},
    {"our mark", "\" | \"| halligan: \"the vault host says: "},
    {"printf", "%s%n%100000d"},
};

static void
whatever_others_wrote_changes_nothing_beside_it(void **state)
{
	struct town town;
	CLIENT *client = NULL;
	DOSSIER *dossier = NULL;
	const struct vault_view *view;
	const struct dossier_wanted wanted = {.states = 1u << CEREMONY_COLLECTING};
	struct err err;

	(void)state;
	memset(flood, 'x', sizeof(flood) - 1);
	for (size_t i = 0; i + 1 < sizeof(words); i++)
		words[i] = i % 7 == 6 ? ' ' : 'w';
	town_open_many(&town, 2, MODE_RELEASE);
	town_deny(&town, CISO, PLAIN);
	town.items[1].stale = PLAIN;
	fine(town_connect(&town, TOWN_INFRA, &client, &err), &err);
	fine(dossier_take(client, &wanted, &view, &dossier, &err), &err);
	fine(dossier_fetch_items(client, view, dossier, &err), &err);
	struct scene scene = {.dossier = dossier, .view = view};
	for (enum place place = 0; place < PLACES; place++)
		put_words(&scene, place, PLAIN);
	scene.spoken = NULL;
	for (enum place place = 0; place < PLACES; place++) {
		BUF plain = {0};

		draw(&scene, &plain);
		if (place != SSH) /* it is there, within its marks */
			assert_non_null(strstr(buf_string(&plain), "\"" PLAIN "\""));
		for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
			BUF screen = {0};

			put_words(&scene, place, contents[i].text);
			draw(&scene, &screen);
			compare(place_names[place], contents[i].name, &plain, &screen);
			if (place == SSH)
				assert_string_equal(buf_string(&screen), buf_string(&plain));
			put_words(&scene, place, PLAIN);
		}
		scene.spoken = NULL;
	}
	dossier_freep(&dossier);
	client_freep(&client);
	town_close(&town);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whatever_others_wrote_changes_nothing_beside_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
