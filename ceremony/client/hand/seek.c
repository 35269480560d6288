/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/hand/seek.h"

#include <string.h>

#include "ceremony/client/hand/match.h"

/* ---- may one be meant? ---- */

struct may_be {
	const struct client_options *options;
	const struct hand_want *want;
	const struct token_traits *traits;
	uint32_t serial;
	bool may;
};

static bool
is_of_driver(const struct token_traits *traits, const char *driver)
{
	return strcmp(traits->name, driver) == 0;
}

static bool
serial_asked_for(const struct client_options *options, uint32_t serial)
{
	return options->serial == 0 || serial == 0 || options->serial == serial;
}

/* An entry without serial may be any token's of its driver. */
static bool
look_for_entry(void *context, const struct seat *seat, const struct seat_token *entry)
{
	struct may_be *here = context;

	here->may = want_fits(here->want, seat) && want_asked_for(here->options, entry) &&
	    serial_asked_for(here->options, entry->serial) &&
	    is_of_driver(here->traits, entry->driver) &&
	    (here->serial == 0 || entry->serial == 0 || here->serial == entry->serial);
	return !here->may;
}

static bool
may_be(const void *context, const struct token_traits *traits, uint32_t serial)
{
	const struct seeking *seeking = context;
	const struct client_options *options = seeking->options;
	struct may_be here = {options, seeking->want, traits, serial, false};

	if (!serial_asked_for(options, serial))
		return false;
	if (seeking->want == NULL)
		return options->driver == NULL || is_of_driver(traits, options->driver->name);
	want_each(seeking->want, look_for_entry, &here);
	return here.may;
}

/* ---- does this one fit, and may no other? ---- */

struct fit {
	const struct client_options *options;
	const struct hand_want *want;
	const struct token_traits *traits;
	const struct token_found *found;
	bool fits, sure;
	bool others; /* entries that another token, or this one's other side, may be */
};

static bool
look_at_entry(void *context, const struct seat *seat, const struct seat_token *entry)
{
	struct fit *fit = context;
	bool sure = false;

	if (!want_fits(fit->want, seat) || !want_asked_for(fit->options, entry) ||
	    !serial_asked_for(fit->options, entry->serial))
		return true;
	if (match_fits(fit->options, fit->traits, fit->found, entry, &sure)) {
		fit->fits = true;
		fit->sure = fit->sure || sure;
	} else if (entry->serial != 0) { /* without, it would be outdone by a sure one */
		fit->others = true;
	}
	return true;
}

static enum token_fit
fits_any(const struct client_options *options, const struct token_traits *traits,
    const struct token_found *found)
{
	if ((options->serial != 0 && options->serial != found->serial) ||
	    (options->driver != NULL && !is_of_driver(traits, options->driver->name)))
		return TOKEN_MISFIT;
	return options->serial != 0 && options->driver != NULL &&
	        !token_serial_is_made(found->serial) ?
	    TOKEN_IS_MEANT :
	    TOKEN_FITS;
}

static enum token_fit
fits(const void *context, const struct token_traits *traits, const struct token_found *found)
{
	const struct seeking *seeking = context;
	struct fit fit = {seeking->options, seeking->want, traits, found, false, false, false};

	if (seeking->want == NULL)
		return fits_any(seeking->options, traits, found);
	want_each(seeking->want, look_at_entry, &fit);
	if (!fit.fits)
		return TOKEN_MISFIT;
	return fit.sure && !fit.others && !token_serial_is_made(found->serial) ? TOKEN_IS_MEANT :
	                                                                         TOKEN_FITS;
}

struct token_seek
seek_for(const struct seeking *seeking)
{
	return (struct token_seek){seeking, may_be, fits};
}
