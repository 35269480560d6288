/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rotator gone bad: whoever has taken over the process that talks to a target, in the vault of an ordinary user, where nothing
 * but isolation stands between them, since both are of one account.  Each attempt here is some of those of
 * tests/adversary/rotator, made where of all that isolates one guard alone is left to stop those (tests/adversary/loose.h).
 */
#include "base/process.h"
#include "tests/adversary/attempt.h"
#include "tests/adversary/loose.h"

/* Of SPACES, SAME or NOTHING: whether any of the attempts called so succeeds. */
#define ANY(claim, way, names)                                                                     \
	static bool claim(void *stage, struct err *why)                                            \
	{                                                                                          \
		return loose_any(stage, LOOSE_##way, names, why);                                  \
	}

/* --- The vault -------------------------------------------------------------------------------- */

ANY(a_value_of_the_vault_is_read, SPACES,
    "read_host_key read_escrow read_database read_configuration read_copy "
    "open_host_key_by_openat2 open_host_key_for_its_path")
ANY(a_file_of_the_vault_is_changed, SPACES,
    "write_host_key truncate_anchor chmod_host_key rename_database link_escrow unlink_in_vault "
    "make_file_in_vault symlink_in_vault rename_vault move_host_key_into_place")
ANY(it_is_seen_that_a_vault_is_there, SPACES,
    "stat_host_key stat_escrow list_vault chdir_vault watch_vault list_homes list_run")
ANY(a_file_is_left_where_others_find_it, SPACES,
    "leave_mark_in_var_tmp leave_mark_in_tmp leave_mark_in_dev_shm")
ANY(what_is_shown_for_reading_is_changed, SPACES,
    "write_shown truncate_shown chmod_shown make_file_in_shown truncate_shown_by_open_for_reading")
ANY(the_vault_is_opened_where_no_namespaces_are, SAME,
    "read_host_key read_escrow read_database write_anchor rename_database make_file_in_vault")
ANY(the_vault_is_opened_to_others_where_no_namespaces_are, SAME,
    "chmod_host_key chmod_vault utime_escrow setxattr_database fchmodat2_host_key")

/* --- Others ------------------------------------------------------------------------------------ */

ANY(the_server_is_killed, SPACES,
    "kill_server tgkill_server sigqueue_server pidfd_signal_server setown_pipe_server")
ANY(another_rotator_is_killed, SPACES,
    "kill_neighbour tgkill_neighbour sigqueue_neighbour pidfd_signal_neighbour "
    "setown_pipe_neighbour")
ANY(the_server_gets_less_of_the_host, SPACES,
    "prlimit_server setpriority_server setaffinity_server setscheduler_server ioprio_set_server")
ANY(it_goes_on_when_it_was_ended, SPACES,
    "outlive_in_group outlive_by_group outlive_by_session outlive_by_parent outlive_by_forking")
ANY(memory_of_others_is_shared, SPACES, "attach_shared_memory stat_shared_memory")
ANY(the_server_is_killed_where_no_namespaces_are, SAME,
    "kill_server tgkill_server sigqueue_server pidfd_signal_server setown_pipe_server")
ANY(a_service_without_a_file_is_spoken_to, SPACES, "connect_abstract bind_abstract")
ANY(the_kernel_is_spoken_to_by_other_sockets, SPACES, "make_alg make_vsock make_bluetooth")
ANY(what_the_host_notes_is_listened_to, SPACES, "make_netlink_audit make_netlink_netfilter")

/* --- The kernel -------------------------------------------------------------------------------- */

ANY(keys_of_the_account_are_used, SPACES, "read_session_key read_user_key request_key add_key")
ANY(it_is_root_in_a_namespace_of_its_own, SPACES,
    "unshare_user clone_user clone3_user mount_in_own_namespace")
ANY(the_kernel_does_by_a_ring_what_is_filtered, SPACES, "make_socket_by_io_uring")
ANY(what_it_holds_can_be_read_by_others, SPACES, "become_dumpable")

/* --- Others lack what it takes ----------------------------------------------------------------- */

ANY(processes_are_made_without_end, SPACES, "fork_without_end")
ANY(memory_is_taken_without_end, SPACES, "fill_memory fill_memory_by_memfd lock_memory")
ANY(a_file_grows_without_end, SPACES, "fill_place")
ANY(files_are_opened_without_end, SPACES, "open_files_without_end fill_pipes")
ANY(a_value_is_left_in_a_core, SPACES, "dump_core")

static bool
it_runs_on_after_its_deadline(void *stage, struct err *why)
{
	return loose_runs_on(stage, why);
}

/* --- How it is started ------------------------------------------------------------------------- */

/* Of each kind: a file, a process, memory, a key. */
static bool
it_has_all_that_the_account_has(void *stage, struct err *why)
{
	return loose_all(stage, LOOSE_SPACES,
	    "read_host_key kill_server attach_shared_memory add_key outlive_by_session", why);
}

ANY(it_runs_where_nothing_can_hold_it, NOTHING, "read_host_key read_escrow read_database")

static bool
a_folder_of_the_vault_is_handed_to_it(void *stage, struct err *why)
{
	return loose_reads_by_descriptor(stage, why);
}

static bool
a_path_that_it_is_shown_is_a_link_into_the_vault(void *stage, struct err *why)
{
	return loose_reads_by(stage, LOOSE_LINK, why);
}

static bool
a_path_that_it_is_shown_is_mounted_from_the_vault(void *stage, struct err *why)
{
	return loose_reads_by(stage, LOOSE_MOUNT, why);
}

static bool
a_path_that_it_is_shown_contains_the_vault(void *stage, struct err *why)
{
	return loose_reads_by(stage, LOOSE_ABOVE, why);
}

static bool
a_path_that_it_is_shown_is_another_name_of_a_file_of_the_vault(void *stage, struct err *why)
{
	return loose_reads_by(stage, LOOSE_HARD_LINK, why);
}

/* --- What it may ------------------------------------------------------------------------------- */

ANY(the_network_is_reached, SPACES, "connect_tcp send_udp listen_tcp make_netlink_route")
ANY(code_that_nobody_pinned_is_run, SAME, "execute_from_memory")
ANY(it_is_seen_where_no_namespaces_are_that_a_vault_is_there, SAME,
    "stat_host_key stat_database chdir_vault open_host_key_for_its_path")

static const struct attempt attempts[] = {
    ATTEMPT(a_value_of_the_vault_is_read, "a_root_of_its_own"),
    ATTEMPT(a_file_of_the_vault_is_changed, "a_root_of_its_own"),
    ATTEMPT(it_is_seen_that_a_vault_is_there, "a_root_of_its_own"),
    ATTEMPT(a_file_is_left_where_others_find_it, "a_root_of_its_own"),
    ATTEMPT(what_is_shown_for_reading_is_changed, "what_is_shown_is_read_only"),
    ATTEMPT(the_vault_is_opened_where_no_namespaces_are, "what_is_not_shown_is_not_opened"),
    ATTEMPT(the_vault_is_opened_to_others_where_no_namespaces_are, "a_filter_for_one_account"),
    ATTEMPT(the_server_is_killed, "processes_of_its_own"),
    ATTEMPT(another_rotator_is_killed, "processes_of_its_own"),
    ATTEMPT(the_server_gets_less_of_the_host, "processes_of_its_own"),
    ATTEMPT(it_goes_on_when_it_was_ended, "processes_of_its_own"),
    ATTEMPT(memory_of_others_is_shared, "shared_memory_of_its_own"),
    ATTEMPT(the_server_is_killed_where_no_namespaces_are, "a_filter_for_one_account"),
    ATTEMPT(a_service_without_a_file_is_spoken_to, "families_of_sockets"),
    ATTEMPT(the_kernel_is_spoken_to_by_other_sockets, "families_of_sockets"),
    ATTEMPT(what_the_host_notes_is_listened_to, "netlink_is_for_addresses"),
    ATTEMPT(keys_of_the_account_are_used, "system_calls_are_filtered"),
    ATTEMPT(it_is_root_in_a_namespace_of_its_own, "system_calls_are_filtered"),
    ATTEMPT(the_kernel_does_by_a_ring_what_is_filtered, "system_calls_are_filtered"),
    ATTEMPT(what_it_holds_can_be_read_by_others, "nothing_becomes_dumpable"),
    ATTEMPT(processes_are_made_without_end, "a_rotator_s_limits"),
    ATTEMPT(memory_is_taken_without_end, "a_rotator_s_limits"),
    ATTEMPT(a_file_grows_without_end, "a_rotator_s_limits"),
    ATTEMPT(files_are_opened_without_end, "a_rotator_s_limits"),
    ATTEMPT(a_value_is_left_in_a_core, "nothing_leaves_a_core"),
    ATTEMPT(it_runs_on_after_its_deadline, "a_rotator_s_deadline"),
    ATTEMPT(it_has_all_that_the_account_has, "a_rotator_is_isolated"),
    ATTEMPT(it_runs_where_nothing_can_hold_it, "what_nothing_holds_does_not_run"),
    ATTEMPT(a_folder_of_the_vault_is_handed_to_it, "descriptors_are_pipes"),
    ATTEMPT(a_path_that_it_is_shown_is_a_link_into_the_vault, "nothing_of_a_vault_is_shown"),
    ATTEMPT(a_path_that_it_is_shown_is_mounted_from_the_vault, "nothing_of_a_vault_is_shown"),
    ATTEMPT(a_path_that_it_is_shown_contains_the_vault, "nothing_of_a_vault_is_shown"),
    ATTEMPT(a_path_that_it_is_shown_is_another_name_of_a_file_of_the_vault,
        "what_is_shown_has_one_name"),
    CONCEDED(the_network_is_reached),
    CONCEDED(code_that_nobody_pinned_is_run),
    CONCEDED(it_is_seen_where_no_namespaces_are_that_a_vault_is_there),
};

static void *
arrive(void)
{
	return loose_new();
}

static void
leave(void *stage)
{
	loose_free(stage);
}

int
main(int argc, char **argv)
{
	static const struct adversary rotator = {.name = "rotator",
	    .who = "a rotator gone bad",
	    .attempts = attempts,
	    .count = ARRAY_SIZE(attempts),
	    .arrive = arrive,
	    .leave = leave};

	return adversary_main(&rotator, argc, argv);
}
