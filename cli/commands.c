/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include "cli/commands/approve.h"
#include "cli/commands/cancel.h"
#include "cli/commands/charter.h"
#include "cli/commands/charter_history.h"
#include "cli/commands/charter_status.h"
#include "cli/commands/clock.h"
#include "cli/commands/copy.h"
#include "cli/commands/deny.h"
#include "cli/commands/done.h"
#include "cli/commands/enroll.h"
#include "cli/commands/init.h"
#include "cli/commands/log.h"
#include "cli/commands/open.h"
#include "cli/commands/request.h"
#include "cli/commands/reseal.h"
#include "cli/commands/roster.h"
#include "cli/commands/rotate.h"
#include "cli/commands/rotator.h"
#include "cli/commands/secret.h"
#include "cli/commands/secret_adopt.h"
#include "cli/commands/secret_define.h"
#include "cli/commands/serve.h"
#include "cli/commands/spare.h"
#include "cli/commands/status.h"
#include "cli/commands/suspend.h"
#include "cli/commands/token.h"
#include "cli/commands/token_pin.h"
#include "cli/commands/token_test.h"

static const struct option_row init_options[] =
    {{"name", "NAME", OPTION_REQUIRED, "the vault's name: letters, digits, dots and dashes"},
        {"training", NULL, 0, "a vault for simulated tokens only, for ever; protects nothing"},
        {"copy", "directory:PATH", 0,
            "give each sealed version to this folder before it is applied"},
        {"no-copy", NULL, 0, "keep no copies, knowingly"}, {NULL}};

static const struct option_row enroll_options[] = {{"seat", "SEAT", OPTION_REQUIRED,
                                                       "the seat's name, such as ciso"},
    {"person", "TEXT", OPTION_REQUIRED, "who that is"},
    {"roles", "ROLE,...", OPTION_REQUIRED, "officer, operator, responder"},
    {"label", "LABEL", OPTION_REQUIRED, "what is written on the token"},
    {"out", "FILE", OPTION_REQUIRED, "the enrolment to make; public"},
    {"attestation-certs", "FILE", 0, "PEM of the attestation's intermediates and root"},
    {"management-key-fd", "N", 0, "read the PIV management key (hex) from this descriptor"},
    {"no-offer", NULL, 0, "refuse factory values instead of offering to change them"},
    {"cosign", NULL, 0, "FIDO2: the PIV side of the same device signs too, and shows its serial"},
    {"overwrite", NULL, 0, "replace keys that stand in the slots, after the serial was typed"},
    {"waive", "WHAT", OPTION_REPEATS, "firmware, form-factor, touch or attestation; only here"},
    {"reason", "TEXT", 0, "with --waive: why; the charter must repeat both"},
    {"init", "HEX", 0, "the founding's nonce, when the vault cannot be reached"},
    {"training", NULL, 0, "with --init: it is a training vault"},
    {"min-firmware", "VERSION", 0, "before the first charter: accept from here; default 5.7.0"},
    {"root", "HEX", OPTION_REPEATS, "before the first charter: SHA-256 of an accepted root"},
    {NULL}};

/* What founding and change have in common. */
#define DRAFT_COMMON_OPTIONS                                                                       \
	{"policy", "NAME=QUORUM", OPTION_REPEATS, "such as 'production=3 of (a, b, c, d, e)'"},    \
	    {"change", "QUORUM", 0,                                                                \
	        "who may change the charter; default: most officers, at least two"},               \
	    {"max-duration", "TIME", 0,                                                            \
	        "longest lease under the policies named here; default 1h"},                        \
	    {"request-ttl", "TIME", 0, "how long a request waits; default 1h"},                    \
	    {"max-age", "TIME", 0, "replace a version after this; default 365d"},                  \
	    {"min-firmware", "VERSION", 0, "oldest token firmware; default 5.7.0"},                \
	    {"root", "HEX", OPTION_REPEATS,                                                        \
	        "SHA-256 of an attestation root; default: the maker's"},                           \
	    {"form-factor", "NAME", OPTION_REPEATS,                                                \
	        "only such tokens: usb-c-nano, ...; any: all again"},                              \
	{                                                                                          \
		"waive", "LABEL=WHAT:REASON", OPTION_REPEATS,                                      \
		    "forgive a token: firmware, touch, ..."                                        \
	}
static const struct option_row pin_options[] =
    {{"unblock", NULL, 0, "set a new PIV PIN with the PUK, also when the PIN is blocked"}, {NULL}};

static const struct option_row protect_options[] =
    {{"management-key-fd", "N", 0, "read the present management key (hex) from this descriptor"},
        {NULL}};

static const struct option_row draft_options[] = {DRAFT_COMMON_OPTIONS, {NULL}};

static const struct option_row propose_options[] = {DRAFT_COMMON_OPTIONS,
    {"remove-seat", "SEAT", OPTION_REPEATS, "leave a seat out"},
    {"remove-token", "LABEL", OPTION_REPEATS, "leave a token out"},
    {"drop-waiver", "LABEL", OPTION_REPEATS, "forgive a token nothing any more"},
    {"restore", "TOKEN", OPTION_REPEATS, "let a suspended token count again"},
    {"copy", "directory:PATH", 0, "where copies go from now on; none: nowhere"}, {NULL}};

static const struct option_row copy_options[] = {{"repair", NULL, OPTION_REQUIRED,
                                                     "write what it lacks, and prove all of it"},
    {NULL}};

static const struct option_row suspend_options[] = {{"reason", "TEXT", OPTION_REQUIRED,
                                                        "why; everybody reads this"},
    {NULL}};

static const struct option_row add_options[] = {{"policy", "NAME", OPTION_REQUIRED,
                                                    "the charter's policy that protects it"},
    {"rotator", "NAME", OPTION_REQUIRED, "the program that replaces it, such as ssh-key"},
    {"effect", "TEXT", OPTION_REQUIRED, "what it can do; officers read this"},
    {"target", "KEY=VALUE", OPTION_REPEATS, "a member of the target, as text"},
    {"target-json", "FILE", 0, "the target as a JSON object"}, {NULL}};

static const struct option_row change_options[] = {{"policy", "NAME", 0,
                                                       "another policy of the charter"},
    {"rotator", "NAME", 0, "another program that replaces it"},
    {"effect", "TEXT", 0, "what it can do; officers read this"},
    {"target", "KEY=VALUE", OPTION_REPEATS, "another member of the target, as text"},
    {"target-json", "FILE", 0, "other members of the target, as a JSON object"},
    {"without", "KEY", OPTION_REPEATS, "a member of the target that goes"}, {NULL}};

static const struct option_row adopt_options[] =
    {{"field", "FIELD[=FILE]", OPTION_REPEATS, "a field of the present value; asked without FILE"},
        {"from-fd", "FIELD=N", OPTION_REPEATS, "a field of the present value from a descriptor"},
        {"passphrase-fd", "N", 0, "read the line that unlocks a private key from this descriptor"},
        {"all", NULL, 0, "every secret that is defined and has no value yet"},
        {"values-fd", "N", 0,
            "with --all: their values from this descriptor, a line for each field"},
        {"no-rotate", NULL, 0, "do not replace the value at once"}, {NULL}};

static const struct option_row request_options[] = {{"reason", "TEXT", OPTION_REQUIRED,
                                                        "why; officers read this"},
    {"incident", "ID", OPTION_REQUIRED, "the incident's number"},
    {"for", "TIME", OPTION_REQUIRED, "how long from the release, such as 30m"},
    {"recipient", "LABEL", OPTION_REPEATS,
        "a token of your seat that receives it; default: this one"},
    {"another", NULL, 0, "although a request of yours for one of them is open"}, {NULL}};

static const struct option_row approve_options[] =
    {{"part", "N", 0, "only secrets 20N-19 to 20N of the list, now"},
        {"all", NULL, 0, "show and take all at once, without asking for parts"}, {NULL}};

static const struct option_row reason_options[] = {{"reason", "TEXT", OPTION_REQUIRED, "why"},
    {NULL}};

static const struct option_row open_options[] =
    {{"agent", NULL, 0, "give the private key to an ssh-agent of this lease, and print the login"},
        {"agent-lifetime", "TIME", 0, "forget it there earlier than the lease ends"},
        {"show", NULL, 0, "show it on this terminal, until Enter"},
        {"fd", "N", 0, "write one field to this descriptor"},
        {"field", "FIELD", 0, "with --fd: which; default: the only one beside username, url, note"},
        {"no-wait", NULL, 0, "return at once; end the lease later with `halligan done`"}, {NULL}};

static const struct option_row rotate_options[] = {{"all", NULL, 0, "every open debt"},
    {"now", NULL, 0, "replace a value that nobody has seen, although nothing is owed"}, {NULL}};

static const struct option_row reseal_options[] =
    {{"list", NULL, 0, "only say what should be sealed again, and why"},
        {"reason", "TEXT", 0, "why; officers read this"},
        {"rotate", NULL, 0, "replace the values on their targets too"},
        {"all", NULL, 0, "every secret, not only those that should be"},
        {"another", NULL, 0, "although a request of yours for one of them is open"}, {NULL}};

static const struct option_row spare_options[] =
    {{"to", "LABEL", 0, "the spare token's label; default: the only other token of your seat"},
        {"again", NULL, 0, "also what the spare has, and never opened in a test: replace it"},
        {NULL}};

static const struct option_row rotator_options[] = {{"target", "KEY=VALUE", OPTION_REPEATS,
                                                        "a member of the target, as text"},
    {"target-json", "FILE", 0, "the target as a JSON object"},
    {"value", "FIELD[=FILE]", OPTION_REPEATS,
        "a field of the value that it takes now; asked without FILE"},
    {"from-fd", "FIELD=N", OPTION_REPEATS, "a field of that value from a descriptor"},
    {"via", "FIELD[=FILE]", OPTION_REPEATS, "a field of the secret that changes this one"},
    {"via-from-fd", "FIELD=N", OPTION_REPEATS, "a field of that secret from a descriptor"},
    {"seconds", "N", 0, "for each question; default 30"},
    {"dry", NULL, 0, "try only what changes nothing"}, {NULL}};

static const struct option_row log_list_options[] = {{"from", "N", 0, "first entry; default 0"},
    {"max", "N", 0, "at most so many; default 100"}, {NULL}};

static const struct option_row serve_options[] = {{"stdio", NULL, 0,
                                                      "speak frames on standard input and output"},
    {"due", NULL, 0, "do what is due in the vault instead, and end"}, {NULL}};

const struct command cli_commands[] = {{"status", "[ID]",
                                           "What waits, for whom, what next; or one ceremony", NULL,
                                           0, 1, NEEDS_VAULT | CAN_JSON, cmd_status},
    {"request", "SECRET...", "Ask for secrets: begins a ceremony", request_options, 1,
        ARGUMENTS_MAX, NEEDS_VAULT | NEEDS_TOKEN | CAN_JSON, cmd_request},
    {"approve", "[ID]", "Read a request, sign, and open your share of it", approve_options, 0, 1,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_approve},
    {"deny", "[ID]", "Refuse a request, as an officer", reason_options, 0, 1,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_deny},
    {"cancel", "[ID]", "Withdraw your own request", reason_options, 0, 1, NEEDS_VAULT | NEEDS_TOKEN,
        cmd_cancel},
    {"open", "[ID]", "Receive what was released to you", open_options, 0, 1,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_open},
    {"done", "[ID]", "End a lease and replace the credential", NULL, 0, 1,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_done},
    {"rotate", "[SECRET]", "Pay open debts: replace what was released", rotate_options, 0, 1,
        NEEDS_VAULT | NEEDS_TOKEN | CAN_JSON, cmd_rotate},
    {"reseal", "[SECRET...]", "Seal secrets again, to the officers of today", reseal_options, 0,
        ARGUMENTS_MAX, NEEDS_VAULT | NEEDS_TOKEN | CAN_JSON, cmd_reseal},
    {"spare", "", "Hand your shares on to a spare token of your seat", spare_options, 0, 0,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_spare},
    {"secret add", "NAME", "Define a secret, and sign it", add_options, 1, 1,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_secret_add},
    {"secret sign", "[DRAFT]", "Read a definition or change that waits, and sign it", NULL, 0, 1,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_secret_sign},
    {"secret import", "FILE", "Define many secrets by one file, and sign them", NULL, 1, 1,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_secret_import},
    {"secret adopt", "[NAME]", "Give a secret's present value to the vault", adopt_options, 0, 1,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_secret_adopt},
    {"secret change", "NAME...", "Change secrets' definitions, and sign that", change_options, 1,
        ARGUMENTS_MAX, NEEDS_VAULT | NEEDS_TOKEN, cmd_secret_change},
    {"secret retire", "NAME...", "End secrets for good, and sign that", NULL, 1, ARGUMENTS_MAX,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_secret_retire},
    {"secret list", "", "All secrets", NULL, 0, 0, NEEDS_VAULT | CAN_JSON, cmd_secret_list},
    {"secret show", "NAME", "One secret: target, policy, who can open it", NULL, 1, 1,
        NEEDS_VAULT | CAN_JSON, cmd_secret_show},
    {"rotator test", "PROGRAM|NAME",
        "Try a rotator at a target of yours, and say what it does wrong", rotator_options, 1, 1, 0,
        cmd_rotator_test},
    {"log verify", "", "Check the whole history, here and on the host", NULL, 0, 0,
        NEEDS_VAULT | CAN_JSON, cmd_log_verify},
    {"log list", "", "Entries of the log", log_list_options, 0, 0, NEEDS_VAULT | CAN_JSON,
        cmd_log_list},
    {"token list", "", "Tokens that are plugged in", NULL, 0, 0, CAN_JSON, cmd_token_list},
    {"token info", "", "A token's keys, policies and tries", NULL, 0, 0, NEEDS_TOKEN | CAN_JSON,
        cmd_token_info},
    {"token test", "", "Prove that a token is ready, without opening anything", NULL, 0, 0,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_token_test},
    {"suspend", "LABEL|SERIAL", "Take a token out of service, at once", suspend_options, 1, 1,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_suspend},
    {"clock", "", "Say that the host's clock is right, though it is behind the log", NULL, 0, 0,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_clock},
    {"token pin", "", "Change a token's PIN, or set the first", pin_options, 0, 0, NEEDS_TOKEN,
        cmd_token_pin},
    {"token puk", "", "Change a PIV token's PUK", NULL, 0, 0, NEEDS_TOKEN, cmd_token_puk},
    {"token protect", "", "Put a PIV token's management key behind its PIN", protect_options, 0, 0,
        NEEDS_TOKEN, cmd_token_protect},
    {"copy status", "", "What is missing or damaged in the copy sink", NULL, 0, 0,
        NEEDS_VAULT | CAN_JSON, cmd_copy_status},
    {"copy", "--repair", "Give the copy sink what it lacks", copy_options, 0, 0,
        NEEDS_VAULT | CAN_JSON, cmd_copy},
    {"init", "", "Make a vault: opens its founding", init_options, 0, 0, NEEDS_VAULT, cmd_init},
    {"enroll", "", "Make keys on a token for a seat", enroll_options, 0, 0,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_enroll},
    {"charter draft", "FILE...", "Draw up the first charter from enrolments, and sign it",
        draft_options, 0, ARGUMENTS_MAX, NEEDS_VAULT | NEEDS_TOKEN, cmd_charter_draft},
    {"charter propose", "[FILE...]", "Draw up a change of the charter in force, and sign it",
        propose_options, 0, ARGUMENTS_MAX, NEEDS_VAULT | NEEDS_TOKEN, cmd_charter_propose},
    {"charter status", "", "Who can still open what, and how sure that is", NULL, 0, 0,
        NEEDS_VAULT | CAN_JSON, cmd_charter_status},
    {"charter history", "", "The vault's story: who joined, left, was suspended, restored", NULL, 0,
        0, NEEDS_VAULT | CAN_JSON, cmd_charter_history},
    {"charter sign", "[DRAFT]", "Read the drawn-up charter and sign it", NULL, 0, 1,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_charter_sign},
    {"charter show", "", "The charter in force, and the drafts that wait", NULL, 0, 0,
        NEEDS_VAULT | CAN_JSON, cmd_charter_show},
    {"roster add", "FILE...", "Admit responders: draws up the next roster", NULL, 1, ARGUMENTS_MAX,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_roster_add},
    {"roster remove", "SEAT...", "Remove responders: draws up the next roster", NULL, 1,
        ARGUMENTS_MAX, NEEDS_VAULT | NEEDS_TOKEN, cmd_roster_remove},
    {"roster sign", "[DRAFT]", "Read the drawn-up roster and sign it, as the second person", NULL,
        0, 1, NEEDS_VAULT | NEEDS_TOKEN, cmd_roster_sign},
    {"roster show", "", "The responders", NULL, 0, 0, NEEDS_VAULT | CAN_JSON, cmd_roster_show},
    {"withdraw", "[DRAFT]", "Take back a draft that you proposed", reason_options, 0, 1,
        NEEDS_VAULT | NEEDS_TOKEN, cmd_withdraw},
    {"serve", "", "Be the server of a vault (started by the other commands)", serve_options, 0, 0,
        NEEDS_VAULT, cmd_serve},
    {NULL}};
