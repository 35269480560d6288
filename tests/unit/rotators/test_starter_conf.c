/* SPDX-License-Identifier: Apache-2.0 */
/* What root lets rotators have, as written in starter.conf. */
#include "rotators/contract/starter_conf.h"

#include <stdio.h>

#include "tests/unit/check.h"

static void
what_root_lists_is_listed_and_nothing_else(void **state)
{
	(void)state;
	CONF conf = {0};
	uid_t vault = 77;
	struct err err;

	assert_ok(conf_parse(view_of_text(
	                         "# of this host\n\nvault root\n\taccount  daemon \naccount root\n"
	                         "program rotate-mail\npath /usr\nhide /srv/vault\n   # end"),
	    &conf, &err));
	assert_int_equal(conf.count, 6);
	assert_true(conf_vault(&conf, &vault));
	assert_int_equal(vault, 0);
	assert_true(conf_has(&conf, CONF_ACCOUNTS, "daemon"));
	assert_false(conf_has(&conf, CONF_ACCOUNTS, "rotate-mail"));
	assert_true(conf_has(&conf, CONF_PROGRAM, "rotate-mail"));
	assert_false(conf_has(&conf, CONF_PROGRAM, "rotate-mai"));
	assert_true(conf_shows(&conf, "/usr"));
	assert_true(conf_shows(&conf, "/usr/share"));
	assert_false(conf_shows(&conf, "/usrs"));
	assert_false(conf_shows(&conf, "/"));
	assert_false(conf_shows(&conf, "/srv/vault"));
}

static void
without_a_word_nothing_is_listed(void **state)
{
	(void)state;
	CONF conf = {0};
	uid_t vault;
	struct err err;

	assert_ok(conf_parse(view_of_text(""), &conf, &err));
	assert_int_equal(conf.count, 0);
	assert_false(conf_vault(&conf, &vault));
	assert_false(conf_shows(&conf, "/usr"));
}

static void
what_is_misspelt_is_refused_with_its_line(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} wrong[] = {
	    {"\npth /srv\n", "line 2: no entry is called so"},
	    {"path\n", "line 1: a word is missing"},
	    {"path /srv /etc\n", "line 1: more than one word"},
	    {"path srv\n", "line 1: a path must be absolute"},
	    {"path /\n", "line 1: a path must be absolute"},
	    {"path /srv/../etc\n", "line 1: a path must be absolute"},
	    {"hide ~/vault\n", "line 1: a path must be absolute"},
	    {"# x\naccount no-such-account-here\n", "line 2: this host has no such account"},
	    {"vault no-such-account-here\n", "line 1: this host has no such account"},
	    {"vault root\nvault daemon\n", "line 2: a second vault's account"},
	    {"program /etc/halligan/programs/x\n", "line 1: a program is named without its folder"},
	    {"program ../x\n", "line 1: a program is named without its folder"},
	    {"Path /srv\n", "line 1: no entry is called so"},
	    {"path=/srv\n", "line 1: no entry is called so"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		CONF conf = {0};
		struct err err;

		assert_error(ERR_INVALID, conf_parse(view_of_text(wrong[i].text), &conf, &err));
		assert_says("starter.conf");
		assert_says(wrong[i].says);
	}
}

static void
a_file_without_end_is_no_text_of_roots(void **state)
{
	(void)state;
	CONF conf = {0};
	BUF many = {0};
	struct err err;

	for (int i = 0; i <= CONF_ENTRIES; i++)
		buf_text(&many, "path /srv\n");
	assert_error(ERR_INVALID, conf_parse(buf_view(&many), &conf, &err));
	assert_says("more than 256 entries");
	assert_error(ERR_INVALID, conf_parse(view_of("path /srv\0x\n", 12), &conf, &err));
	assert_says("NUL");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_root_lists_is_listed_and_nothing_else),
	    cmocka_unit_test(without_a_word_nothing_is_listed),
	    cmocka_unit_test(what_is_misspelt_is_refused_with_its_line),
	    cmocka_unit_test(a_file_without_end_is_no_text_of_roots),
	};

	return cmocka_run_group_tests_name("starter_conf", tests, NULL, NULL);
}
