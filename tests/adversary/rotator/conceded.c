/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/rotator/conceded.h"

#include <string.h>

enum how { ACCOUNT = 1, SUB_UID = 2, SAME_UID = 4, OTHER = 8, FILTER = 16, ROOTS = 32, ALL = 63 };
static const char *const how_names[] = {"account", "sub-uid", "user-namespace", "account-only",
    "filter", "root"};

#define OWN_ROOT   "a root of its own, with what is shown in it"
#define ROOT_FORKS "no limit of processes binds root; all of them end with it"
#define OWN_CODE   "its own code it may run in any way"
#define MEMORY     "each process has its bound of memory, and all together have none but the host's"
#define NAMES                                                                                      \
	"where nothing but seccomp and Landlock keeps it, it sees that a file is there, not what is in it"
enum { ANY_ABI = 99 };

static const struct {
	const char *name;
	unsigned how;
	int landlock; /* up to this ABI */
	const char *words;
} rows[] = {
    {"fork_without_end", ROOTS, ANY_ABI, ROOT_FORKS},
    {"fill_memory_by_many", ALL, ANY_ABI, MEMORY},
    {"fill_memory_by_memfds", ALL, ANY_ABI, MEMORY},
    {"list_top", ACCOUNT | SUB_UID | SAME_UID, 0, OWN_ROOT},
    {"execute_from_memory", OTHER | FILTER, ANY_ABI, OWN_CODE},
    {"list_top", OTHER, 0, NAMES},
    {"stat_host_key", FILTER, ANY_ABI, NAMES},
    {"stat_escrow", FILTER, ANY_ABI, NAMES},
    {"stat_anchor", FILTER, ANY_ABI, NAMES},
    {"stat_database", FILTER, ANY_ABI, NAMES},
    {"stat_configuration", FILTER, ANY_ABI, NAMES},
    {"stat_copy", FILTER, ANY_ABI, NAMES},
    {"chdir_vault", FILTER, ANY_ABI, NAMES},
    {"open_host_key_for_its_path", FILTER, ANY_ABI, NAMES},
};

static unsigned
bit_of(const char *how)
{
	for (unsigned i = 0; i < sizeof(how_names) / sizeof(how_names[0]); i++)
		if (strcmp(how_names[i], how) == 0)
			return 1u << i;
	return 0;
}

const char *
conceded(const struct attempt *attempt, const char *how, int landlock)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, attempt->name) == 0 && (rows[i].how & bit_of(how)) != 0 &&
		    landlock <= rows[i].landlock)
			return rows[i].words;
	return attempt->kind == ATTEMPT_NETWORK ? "the network is its way to its target" : NULL;
}
