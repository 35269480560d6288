/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile host (host.c) shows clients of the vault as a whole: which it is, whose, and of which day. */
#ifndef TESTS_ADVERSARY_HOST_TRUST_H
#define TESTS_ADVERSARY_HOST_TRUST_H

#include "tests/adversary/attempt.h"

attempt_run a_vault_is_known_by_an_id_that_its_founders_did_not_sign,
    a_charter_is_in_force_that_a_founder_did_not_sign, a_log_is_shown_that_its_key_did_not_sign,
    a_vault_of_an_older_day_is_believed, a_log_that_was_rewritten_is_believed,
    a_log_that_forks_from_what_was_seen_is_believed, a_suspension_that_was_seen_is_hidden,
    a_suspension_is_hidden_from_who_never_saw_it;

#endif
