/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/documents/state_names.h"

#include <stddef.h>

const char *const version_state_names[] = {"pending", "current", "previous", "rejected", "retired",
    NULL};

const char *const ceremony_state_names[] = {"collecting", "releasing", "released", "rotating",
    "degraded", "closed", "refused", NULL};

const char *const mode_names[MODES + 1] = {"release", "reseal", "rotate", "recover", "drill", NULL};

const char *const item_state_names[] = {"waiting", "opening", "done", "skipped", "damaged", NULL};

const char *const debt_state_names[] = {"owed", "issuing", "prepared", "applying", "expelled",
    "verified", "degraded", "committed", "withdrawing", "watched", "retired", NULL};
