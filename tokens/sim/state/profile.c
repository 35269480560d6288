/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of cards, as tables. */
#include "tokens/sim/state/profile.h"

#include <string.h>

#include "base/text.h"

enum { QUIRKS = 5, NAME_MAX_SIZE = 32 };

/* What each firmware does is described in halligan-simtoken(1). */
const struct sim_profile sim_profiles[] = {
    {"yubikey-4.3.5", {4, 3, 5}, 0},
    {"yubikey-5.4.3", {5, 4, 3}, 0},
    {"yubikey-5.7.4", {5, 7, 4}, 0},
    {"yubikey-5.8.0", {5, 8, 0}, 0},
    {"generic", {0, 0, 0}, SIM_QUIRK_FEW_SLOTS | SIM_QUIRK_FORGETS_PIN | SIM_QUIRK_LONG_LENGTHS},
};
const size_t sim_profile_count = ARRAY_SIZE(sim_profiles);

static const struct quirk {
	const char *name;
	unsigned quirk;
} quirks[QUIRKS] = {
    {"few-slots", SIM_QUIRK_FEW_SLOTS},
    {"forgets-pin", SIM_QUIRK_FORGETS_PIN},
    {"long-lengths", SIM_QUIRK_LONG_LENGTHS},
    {"touch", SIM_QUIRK_TOUCH},
    {"touch-first", SIM_QUIRK_TOUCH_FIRST},
};

/*
 * TS, T0, TD1 (T=1), TD2, IFSC 254, waiting times; then historical bytes.  A YubiKey 4 says its
 * name; a YubiKey 5 says card capabilities (73: chaining, extended lengths) and its name (57).
 */
static const uint8_t atr_yubikey4[] = {0x3b, 0xf8, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe, 0x15, 0x59,
    0x75, 0x62, 0x69, 0x6b, 0x65, 0x79, 0x34, 0xd4};
static const uint8_t atr_yubikey5[] = {0x3b, 0xfd, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe, 0x15, 0x80,
    0x73, 0xc0, 0x21, 0xc0, 0x57, 0x59, 0x75, 0x62, 0x69, 0x4b, 0x65, 0x79, 0x40};
static const uint8_t atr_generic[] = {0x3b, 0x8c, 0x81, 0x31, 0xfe, 0x45, 0x80, 0x73, 0xc0, 0x21,
    0xc0, 0x56, 0x53, 0x69, 0x6d, 0x50, 0x49, 0x56, 0x1b};

struct view
sim_atr(const uint8_t firmware[3])
{
	if (firmware[0] == 0)
		return VIEW_OF(atr_generic);
	return firmware[0] < 5 ? VIEW_OF(atr_yubikey4) : VIEW_OF(atr_yubikey5);
}

enum err_code
sim_profile_from(const char *name, const struct sim_profile **ret_profile, struct err *err)
{
	const char *names[ARRAY_SIZE(sim_profiles) + 1] = {0};
	BUF list = {0};

	for (size_t i = 0; i < sim_profile_count; i++) {
		if (strcmp(sim_profiles[i].name, name) == 0) {
			*ret_profile = &sim_profiles[i];
			return ERR_OK;
		}
		names[i] = sim_profiles[i].name;
		buf_format(&list, "%s%s", i > 0 ? ", " : "", names[i]);
	}
	const char *near = text_nearest(name, names);
	return err_set(err, ERR_INVALID, "there is no profile \"%s\"%s%s%s; there are %s", name,
	    near != NULL ? " (did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "?)" : "", buf_string(&list));
}

static unsigned
quirk_called(const char *name, size_t size)
{
	for (size_t i = 0; i < QUIRKS; i++)
		if (strlen(quirks[i].name) == size && memcmp(quirks[i].name, name, size) == 0)
			return quirks[i].quirk;
	return 0;
}

enum err_code
sim_quirks_from(const char *text, unsigned *ret_quirks, struct err *err)
{
	unsigned found = 0;
	BUF list = {0};

	if (strcmp(text, "none") == 0) {
		*ret_quirks = 0;
		return ERR_OK;
	}
	for (const char *at = text;;) {
		size_t size = strcspn(at, ",");
		unsigned quirk = quirk_called(at, size);
		if (quirk == 0 || (found & quirk) != 0) {
			sim_quirks_text(~0U, &list);
			return err_set(err, ERR_INVALID,
			    "\"%.*s\" is %s; quirks are none, or some of %s",
			    size > NAME_MAX_SIZE ? NAME_MAX_SIZE : (int)size, at,
			    quirk == 0 ? "no quirk" : "there twice", buf_string(&list));
		}
		found |= quirk;
		at += size;
		if (*at++ == '\0')
			break;
	}
	*ret_quirks = found;
	return ERR_OK;
}

void
sim_quirks_text(unsigned set, struct buf *ret_text)
{
	bool first = true;

	for (size_t i = 0; i < QUIRKS; i++)
		if ((set & quirks[i].quirk) != 0) {
			buf_format(ret_text, "%s%s", first ? "" : ",", quirks[i].name);
			first = false;
		}
	if (first)
		buf_text(ret_text, "none");
}
