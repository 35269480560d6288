/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/starter/plan.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "daemon/starter/filter.h"
#include "daemon/starter/landlock.h"
#include "daemon/starter/tasks.h"
#include "rotators/contract/description.h"
#include "rotators/contract/executable.h"

void
plan_done(struct plan *plan)
{
	fd_closep(&plan->executable);
	fd_closep(&plan->program);
	show_done(&plan->show);
}

/* --- The account -------------------------------------------------------------------------- */

static enum err_code
say_no_account(const char *name, struct err *err)
{
	return strcmp(name, CONF_ACCOUNT) != 0 ?
	    err_set(err, ERR_REFUSED,
	        "this host has no account %s, under which the rotator shall run", name) :
	    err_set(err, ERR_REFUSED,
	        "this host has no account " CONF_ACCOUNT
	        ", under which rotators run: as root, `useradd --system --user-group "
	        "--home-dir /nonexistent --shell /usr/sbin/nologin " CONF_ACCOUNT "`");
}

static enum err_code
take_groups(const char *name, struct confine_identity *identity, struct err *err)
{
	int count = CONFINE_GROUPS;

	if (getgrouplist(name, identity->gid, identity->groups, &count) < 0)
		return err_set(err, ERR_REFUSED, "the account %s is in more than %d groups", name,
		    (int)CONFINE_GROUPS);
	identity->group_count = (size_t)count;
	return ERR_OK;
}

static enum err_code
find_listed(const struct plan_rules *rules, const char *name, struct confine_identity *identity,
    struct err *err)
{
	const struct passwd *user = getpwnam(name);

	if (user == NULL)
		return say_no_account(name, err);
	identity->changes = true;
	identity->uid = user->pw_uid;
	identity->gid = user->pw_gid;
	if (strcmp(name, CONF_ACCOUNT) != 0 && !conf_has(&rules->conf, CONF_ACCOUNTS, name))
		return err_set(err, ERR_REFUSED,
		    "no rotator may run as %s: " CONF_PATH
		    " does not list it (a line `account %s`)",
		    QUOTED(name), name);
	if (user->pw_uid == rules->vault && rules->vault != 0)
		return err_set(err, ERR_REFUSED,
		    "%s is the vault's own account: what talks to a target runs as another", name);
	return take_groups(name, identity, err);
}

/* An ordinary user has one account. */
static enum err_code
find_own(const char *name, struct confine_identity *identity, struct err *err)
{
	const struct passwd *us = getpwuid(geteuid());

	identity->uid = geteuid();
	identity->gid = getegid();
	if (name[0] != '\0' && (us == NULL || strcmp(us->pw_name, name) != 0))
		return err_set(err, ERR_REFUSED,
		    "the definition wants the account %s, and this is the vault of an ordinary user, under whose account "
		    "everything runs: let root run the vault, or let a host of that account's be the target",
		    QUOTED(name));
	return ERR_OK;
}

static bool
is_root(void)
{
	return geteuid() == 0;
}

static enum err_code
find_account(const struct plan_rules *rules, const struct start_message *message, struct plan *plan,
    struct err *err)
{
	const char *name = message->needs.account;

	if (!is_root())
		return find_own(name, &plan->identity, err);
	if (name[0] == '\0')
		name = CONF_ACCOUNT;
	const struct passwd *user = getpwnam(name);

	if (user != NULL && user->pw_uid == 0 && (message->own || message->command[0] != '\0'))
		return err_set(err, ERR_REFUSED,
		    "as root only rotators run that come with Halligan: give a program of this host's own an "
		    "account of its own");
	return find_listed(rules, name, &plan->identity, err);
}

/* --- Programs ----------------------------------------------------------------------------- */

static enum err_code
check_listed(const struct plan_rules *rules, const char *file, struct err *err)
{
	if (!is_root() || conf_has(&rules->conf, CONF_PROGRAM, file))
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "%s may not be run: " CONF_PATH " does not list it (a line `program %s`)", QUOTED(file),
	    file);
}

static enum err_code
check_spaces(const struct plan_rules *rules, const char *what, struct err *err)
{
	if (rules->kernel.spaces)
		return ERR_OK;
	return err_set(err, ERR_REFUSED,
	    "%s is a program of this host's own, and here no namespaces can be made that would keep it from the "
	    "vault (%s): only rotators that come with Halligan run",
	    QUOTED(what), rules->kernel.why);
}

static enum err_code
open_rotator(const struct plan_rules *rules, const struct start_message *message, struct plan *plan,
    struct err *err)
{
	struct rotator_found found;
	struct digest hash;

	(void)snprintf(plan->name, sizeof(plan->name), "halligan-rotate-%s", message->rotator);
	TRY(rotator_find_defined(&rules->places, message->rotator,
	    message->own ? &message->hash : NULL, &found, err));
	TRY(executable_open(found.path, &plan->executable, &hash, err));
	if (!digest_equal(&hash, &message->hash))
		return err_set(err, ERR_REFUSED,
		    "%s is another program than a moment ago: its SHA-256 differs. Nothing of it was run; the next attempt "
		    "takes it as it is then",
		    found.path);
	if (message->own) {
		TRY(check_listed(rules, plan->name, err));
		return check_spaces(rules, plan->name, err);
	}
	if (plan->identity.uid == 0 && message->needs.capabilities != 0) {
		uint32_t named;

		TRY(description_capabilities(found.path, &named, err));
		plan->identity.capabilities = message->needs.capabilities & named;
	}
	return ERR_OK;
}

static enum err_code
open_command(const struct plan_rules *rules, const struct start_message *message, struct plan *plan,
    struct err *err)
{
	struct digest hash;

	if (message->command[0] == '\0')
		return ERR_OK;
	TRY(program_open_path(&rules->places, message->command, &plan->program, &hash, err));
	if (!digest_equal(&hash, &message->command_hash))
		return err_set(err, ERR_REFUSED,
		    "%s is another program than a moment ago: its SHA-256 differs. Nothing of it was run",
		    message->command);
	TRY(check_listed(rules, strrchr(message->command, '/') + 1, err));
	return check_spaces(rules, message->command, err);
}

/* --- What it is shown --------------------------------------------------------------------- */

static enum err_code
hide_all(const struct plan_rules *rules, const struct start_message *message,
    struct show_hidden *hidden, struct err *err)
{
	TRY(show_hide(hidden, "/etc/halligan", err));
	TRY(show_hide(hidden, "/run/halligan", err));
	TRY(show_hide(hidden, "/run/halligan-starter", err));
	if (rules->own_configuration != NULL)
		TRY(show_hide(hidden, rules->own_configuration, err));
	for (size_t i = 0; i < rules->conf.count; i++)
		if (rules->conf.entries[i].kind == CONF_HIDES)
			TRY(show_hide(hidden, rules->conf.entries[i].word, err));
	for (size_t i = 0; i < message->hidden_count; i++)
		TRY(show_hide(hidden, message->hidden[i], err));
	return ERR_OK;
}

static enum err_code
say_unlisted(const char *path, struct err *err)
{
	return err_set(err, ERR_REFUSED,
	    "%s may be shown to no rotator: " CONF_PATH " does not list it (a line `path %s`)",
	    QUOTED(path), path);
}

static enum err_code
show_named(const struct plan_rules *rules, const struct needs_path *named, struct plan *plan,
    struct err *err)
{
	char real[4096];

	if (is_root() && !conf_names(&rules->conf, named->path))
		return say_unlisted(named->path, err);
	TRY(show_path(&plan->show, named->path, named->changes, real, err));
	return !is_root() || conf_shows(&rules->conf, real) ? ERR_OK : say_unlisted(real, err);
}

static int
compare_depth(const void *a, const void *b)
{
	const struct space_shown *one = a, *other = b;
	size_t left = strlen(one->path), right = strlen(other->path);

	return left < right ? -1 : left > right ? 1 : strcmp(one->path, other->path);
}

static bool
lies_in(const char *path, const char *folder)
{
	size_t size = strlen(folder);

	return strncmp(path, folder, size) == 0 && path[size] == '/';
}

/* What lies in another that is shown is seen there already.  Nothing is ever made or mounted in what somebody else may have
 * a hand in: it would be found by names that they choose. */
static enum err_code
drop_nested(struct show *show, struct err *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < show->count; i++) {
		struct space_shown one = show->shown[i];
		const struct space_shown *outer = NULL;

		for (size_t j = 0; j < kept && outer == NULL; j++)
			if (show->shown[j].fd >= 0 && lies_in(one.path, show->shown[j].path))
				outer = &show->shown[j];
		if (outer != NULL && one.fd >= 0 && one.writes && !outer->writes)
			return err_set(err, ERR_REFUSED,
			    "%s shall be changed, and lies in %s, which is only to be read: name folders that do not lie in each "
			    "other",
			    one.path, outer->path);
		if (outer == NULL) {
			show->shown[i] = (struct space_shown){.fd = -1};
			show->shown[kept++] = one;
		} else {
			space_shown_done(&show->shown[i]);
		}
	}
	show->count = kept;
	return ERR_OK;
}

static enum err_code
show_all(const struct plan_rules *rules, const struct start_message *message, struct plan *plan,
    struct err *err)
{
	struct show *show = &plan->show;

	TRY(hide_all(rules, message, &show->hidden, err));
	TRY(show_system(show, err));
	TRY(show_program(show, EXECUTABLE_PATH, plan->executable, err));
	if (plan->program >= 0)
		TRY(show_program(show, ROTATOR_PROGRAM_PATH, plan->program, err));
	for (size_t i = 0; i < message->needs.count; i++)
		TRY(show_named(rules, &message->needs.paths[i], plan, err));
	qsort(show->shown, show->count, sizeof(show->shown[0]), compare_depth);
	return drop_nested(show, err);
}

/* --- Descriptors -------------------------------------------------------------------------- */

/* They are handed on unread: pipes, by which nothing else of the vault's is reached. */
static enum err_code
check_descriptors(const int fds[START_FDS], struct err *err)
{
	struct stat status;

	for (int i = 0; i < START_FDS; i++)
		if (fds[i] >= 0 && (fstat(fds[i], &status) != 0 || !S_ISFIFO(status.st_mode)))
			return err_set(err, ERR_REFUSED,
			    "a descriptor that is handed to a rotator is no pipe: a folder or a socket would be a way to the vault");
	return ERR_OK;
}

/* --- All of it ---------------------------------------------------------------------------- */

/* A second user id of a user's owns nothing there: where files are to be changed it is the user's own. */
static enum space_right
choose_right(const struct plan_rules *rules, const struct needs *needs)
{
	bool changes = false;

	for (size_t i = 0; i < needs->count; i++)
		changes |= needs->paths[i].changes;
	return rules->kernel.right == SPACE_SUB && changes ? SPACE_SAME : rules->kernel.right;
}

static void
choose_space(const struct plan_rules *rules, const struct needs *needs, struct plan *plan)
{
	const struct kernel *kernel = &rules->kernel;
	struct space *space = &plan->space;
	bool sub;

	plan->namespaces = kernel->spaces;
	space->right = choose_right(rules, needs);
	space->network = needs->host || needs->socket[0] == '\0';
	sub = space->right == SPACE_SUB;
	space->uid = sub ? kernel->sub_uid : plan->identity.uid;
	space->gid = sub ? kernel->sub_gid : plan->identity.gid;
	plan->landlock = kernel->landlock;
	plan->parts = (space->network ? FILTER_NET : 0u) |
	    (needs->socket[0] != '\0' ? FILTER_UNIX : 0u) | (plan->namespaces ? 0u : FILTER_SAME);
}

/* A user namespace has a count of its own. */
static enum err_code
count_tasks(struct plan *plan, struct err *err)
{
	return plan->namespaces && plan->space.right != SPACE_ROOT ?
	    ERR_OK :
	    tasks_of(plan->identity.uid, &plan->identity.tasks, err);
}

/* Who speaks on a socket is shown that very one. */
static enum err_code
check_socket(const struct needs *needs, struct err *err)
{
	for (size_t i = 0; i < needs->count; i++)
		if (strcmp(needs->paths[i].path, needs->socket) == 0)
			return ERR_OK;
	return needs->socket[0] == '\0' ?
	    ERR_OK :
	    err_set(err, ERR_REFUSED, "the socket %s is none of the paths that are to be shown",
	        QUOTED(needs->socket));
}

static enum err_code
check_kernel(const struct plan_rules *rules, const struct needs *needs, struct err *err)
{
	if (!rules->kernel.filter)
		return err_set(err, ERR_REFUSED,
		    "this kernel filters no system calls (seccomp): nothing that talks to a target is run here");
	if (!rules->kernel.spaces && rules->kernel.landlock < LANDLOCK_FLOOR)
		return err_set(err, ERR_REFUSED,
		    "here neither can namespaces be made (%s) nor has the kernel Landlock (ABI %d or later): what talks to a "
		    "target could reach the vault, or others of its kind, so that nothing is run. Allow namespaces, or "
		    "take a kernel with Landlock",
		    rules->kernel.why, (int)LANDLOCK_FLOOR);
	if (!rules->kernel.spaces && needs->socket[0] != '\0')
		return err_set(err, ERR_REFUSED,
		    "a rotator that speaks on a socket with a name would reach all others of this host's as well, and here no "
		    "namespaces can be made that would keep it from them (%s)",
		    rules->kernel.why);
	return ERR_OK;
}

static enum err_code
fill(const struct plan_rules *rules, const struct start_message *message, struct plan *plan,
    struct err *err)
{
	TRY(check_descriptors(message->fds, err));
	TRY(check_socket(&message->needs, err));
	TRY(check_kernel(rules, &message->needs, err));
	TRY(find_account(rules, message, plan, err));
	TRY(open_rotator(rules, message, plan, err));
	TRY(open_command(rules, message, plan, err));
	choose_space(rules, &message->needs, plan);
	TRY(count_tasks(plan, err));
	TRY(show_all(rules, message, plan, err));
	plan->seconds = message->seconds;
	return ERR_OK;
}

enum err_code
plan_make(const struct plan_rules *rules, const struct start_message *message,
    struct plan *ret_plan, struct err *err)
{
	PLAN plan = {.executable = -1, .program = -1};

	TRY(fill(rules, message, &plan, err));
	*ret_plan = plan;
	plan = (struct plan){.executable = -1, .program = -1};
	return ERR_OK;
}

enum err_code
plan_holds(const struct plan_rules *rules, struct start_holds *ret_holds, struct err *err)
{
	static const enum isolation kinds[] = {[SPACE_ROOT] = ISOLATION_ACCOUNT,
	    [SPACE_SAME] = ISOLATION_SAME_UID,
	    [SPACE_SUB] = ISOLATION_SUB_UID};
	const struct needs nothing = {0};
	struct confine_identity identity = {0};
	const struct passwd *us = getpwuid(geteuid());
	const char *name = is_root() ? CONF_ACCOUNT : us != NULL ? us->pw_name : "?";

	TRY(check_kernel(rules, &nothing, err));
	(void)snprintf(ret_holds->account, sizeof(ret_holds->account), "%.32s", name);
	if (is_root())
		TRY(find_listed(rules, CONF_ACCOUNT, &identity, err));
	ret_holds->isolation = rules->kernel.spaces ? kinds[rules->kernel.right] :
	    is_root()                               ? ISOLATION_OTHER :
	                                              ISOLATION_FILTER;
	ret_holds->landlock = rules->kernel.landlock;
	return ERR_OK;
}
