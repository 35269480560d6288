/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libssh never waits here: each of its calls is made again until it has an answer, and between two calls we
 * wait for the socket ourselves, with our own deadline.
 *
 * What was seen of libssh 0.10 and shapes this file:
 * - after an unfinished call the next one returns the first key's answer, so a key is offered only after a denial;
 * - a connection that ends while it authenticates says "again" for ever;
 * - it says "denied" by itself for a key that it does not offer: only when packets went out and came in during the
 *   call did the server say so;
 * - RSA keys are not offered before the server's extensions were read, so "none" is asked first;
 * - it makes the descriptor that it is given a blocking one, on which a host that reads no more would hold us;
 * - it closes the descriptor that it was given when the peer hangs up, and only then;
 * - it keeps what comes without being asked for, beyond any window: what may come is limited where it is read.
 */
#include "rotators/ssh/link.h"

#include <fcntl.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/key_text.h"
#include "base/process.h"
#include "base/secret.h"
#include "rotators/ssh/dial.h"
#include "rotators/ssh/link_jump.h"
#include "rotators/ssh/link_session.h"

enum { KEY_FILE_MAX = 65536 };

/* How a host key of TYPE is asked for. */
static const char *
algorithms_of(const char *type)
{
	return strcmp(type, ssh_type_of(FAMILY_RSA, 0)) == 0 ? "rsa-sha2-512,rsa-sha2-256" : type;
}

DESTRUCTOR(key_freep, struct ssh_key_struct, ssh_key_free)
DESTRUCTOR(text_freep, char, ssh_string_free_char)

void
link_free(struct ssh_link *link)
{
	bool ours = link->fd >= 0 && (!link->connects || ssh_get_fd(link->session) >= 0);

	if (link->channel != NULL)
		ssh_channel_free(link->channel);
	if (link->session != NULL) {
		ssh_disconnect(link->session);
		ssh_free(link->session);
	}
	if (ours)
		(void)close(link->fd);
	link_jump_done(link);
	if (link->via != NULL)
		link_free(link->via);
	free(link->counters);
	free(link);
}

/* Its words may hold those of the other side. */
static struct link_quote
quote_libssh(const struct ssh_link *link)
{
	return link_quote("libssh says", ssh_get_error(link->session));
}

/* --- Waiting ------------------------------------------------------------------------------ */

enum err_code
link_turn(struct ssh_link *link, struct err *err)
{
	return link->via != NULL ? link_jump_turn(link, err) : link_wait(link, err);
}

/* What the waits above end with is no failure of ours, but a result. */
static enum err_code
settle(const struct ssh_target *target, enum err_code code, struct link_result *result)
{
	if (code == ERR_TARGET_UNKNOWN)
		return link_conclude(result, LINK_UNKNOWN, LINK_NO_HOST,
		    "%s gave no answer in time", target->host);
	if (code == ERR_PROTOCOL)
		return link_conclude(result, LINK_UNKNOWN, LINK_NO_HOST,
		    "%s sent more than %d bytes and no answer", target->host, LINK_RECEIVED_MAX);
	return code;
}

/* --- Connecting --------------------------------------------------------------------------- */

/* Nothing of the account that we run as: no configuration, known hosts, agent or files. */
static bool
set_options(struct ssh_link *link)
{
	const struct ssh_target *target = link->target;
	static const bool no = false;
	const struct {
		enum ssh_options_e option;
		const void *value;
	} options[] = {
	    {SSH_OPTIONS_PROCESS_CONFIG, &no},
	    {SSH_OPTIONS_HOST, target->host},
	    {SSH_OPTIONS_PORT, &target->port},
	    {SSH_OPTIONS_USER, target->user},
	    {SSH_OPTIONS_SSH_DIR, "/dev/null"},
	    {SSH_OPTIONS_KNOWNHOSTS, "/dev/null"},
	    {SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null"},
	    {SSH_OPTIONS_HOSTKEYS, algorithms_of(target->host_key.type)},
	    {SSH_OPTIONS_FD, &link->fd},
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (ssh_options_set(link->session, options[i].option, options[i].value) != SSH_OK)
			return false;
	ssh_set_blocking(link->session, 0);
	return true;
}

/* The key that the host has proved to have, unless it is of no form that we know. */
static bool
find_shown(const struct ssh_link *link, struct ssh_public *ret_public)
{
	CLEANUP(key_freep) struct ssh_key_struct *key = NULL;
	CLEANUP(text_freep) char *text = NULL;
	BUF blob = {0};
	struct err ignored;

	return ssh_get_server_publickey(link->session, &key) == SSH_OK &&
	    ssh_pki_export_pubkey_base64(key, &text) == SSH_OK &&
	    buf_from_base64(&blob, view_of_text(text)) && !blob.failed &&
	    ssh_public_from_blob(buf_view(&blob), ret_public, &ignored) == ERR_OK;
}

/* SHOWN: NULL when it is of no form that we know. */
static enum err_code
tell_other_key(const struct ssh_link *link, const struct ssh_public *shown,
    struct link_result *result, struct err *err)
{
	struct ssh_fingerprint pinned, other = {"of no known form"};

	TRY(ssh_public_fingerprint(&link->target->host_key, &pinned, err));
	if (shown != NULL)
		TRY(ssh_public_fingerprint(shown, &other, err));
	return link_conclude(result, LINK_UNKNOWN, LINK_NO_HOST,
	    "%s shows another host key, %s, than the definition's, %s: an attack (somebody in between), or a "
	    "rebuilt host; the key was not offered; compare the host's key at its console (ssh-keygen -lf)",
	    link->target->host, other.text, pinned.text);
}

static enum err_code
tell_no_key(const struct ssh_link *link, struct link_result *result, struct err *err)
{
	struct ssh_fingerprint pinned;

	TRY(ssh_public_fingerprint(&link->target->host_key, &pinned, err));
	return link_conclude(result, LINK_UNKNOWN, LINK_NO_HOST,
	    "no connection to %s came about that the host key of the definition, %s, secures: an attack, a "
	    "rebuilt host, another service there, or no algorithm in common; the key was not "
	    "offered; compare the host's key at its console%s",
	    link->target->host, pinned.text, quote_libssh(link).text);
}

static enum err_code
shake_hands(struct ssh_link *link, struct link_result *result, struct err *err)
{
	struct ssh_public shown;
	int rc;

	link->connects = true;
	while ((rc = ssh_connect(link->session)) == SSH_AGAIN &&
	    ssh_get_error_code(link->session) != SSH_FATAL && ssh_get_fd(link->session) >= 0)
		TRY(link_turn(link, err));
	if (rc != SSH_OK)
		return tell_no_key(link, result, err);
	(void)fcntl(ssh_get_fd(link->session), F_SETFL, O_NONBLOCK);
	if (!find_shown(link, &shown))
		return tell_other_key(link, NULL, result, err);
	if (!ssh_public_equal(&shown, &link->target->host_key))
		return tell_other_key(link, &shown, result, err);
	return link_conclude(result, LINK_ACCEPTED, LINK_NO_CAUSE, "%s", "");
}

static enum err_code go_through(struct ssh_link *link, struct link_result *result, struct err *err);

/* A connection to the host with the pinned key, when RESULT is accepted. */
static enum err_code
connect_host(struct ssh_link *link, struct link_result *result, struct err *err)
{
	const struct ssh_target *target = link->target;

	if (target->jump != NULL) {
		TRY(go_through(link, result, err));
	} else {
		enum err_code code =
		    dial(target->host, target->port, link->deadline, &link->fd, err);

		if (code == ERR_TARGET)
			return link_conclude(result, LINK_UNKNOWN, LINK_NO_HOST,
			    "%s port %u cannot be reached: %s", target->host, target->port,
			    err->text);
		TRY(code);
	}
	if (link->fd < 0)
		return ERR_OK; /* RESULT tells */
	link->session = ssh_new();
	if (link->session == NULL || !set_options(link))
		return err_set(err, ERR_MEMORY, "libssh has no session for %s", target->host);
	TRY(link_count(link, err));
	return shake_hands(link, result, err);
}

/* --- Asking ------------------------------------------------------------------------------- */

typedef int (*auth_question)(ssh_session session, ssh_key key);

static int
ask_none(ssh_session session, ssh_key key)
{
	(void)key;
	return ssh_userauth_none(session, NULL);
}

static int
ask_known(ssh_session session, ssh_key key)
{
	return ssh_userauth_try_publickey(session, NULL, key);
}

static int
ask_in(ssh_session session, ssh_key key)
{
	return ssh_userauth_publickey(session, NULL, key);
}

/* RET_SAID: the server itself answered. */
static enum err_code
ask(struct ssh_link *link, auth_question question, ssh_key key, int *ret_answer, bool *ret_said,
    struct err *err)
{
	const struct link_packets before = link_packets(link);
	struct link_packets after;
	int answer;

	while ((answer = question(link->session, key)) == SSH_AUTH_AGAIN && !link_is_dead(link))
		TRY(link_turn(link, err));
	after = link_packets(link);
	*ret_said = after.out > before.out && after.in > before.in;
	*ret_answer = answer;
	return ERR_OK;
}

static enum err_code
hung_up(const struct ssh_link *link, struct link_result *result)
{
	if (link->via != NULL && link_is_dead(link->via))
		return link_conclude(result, LINK_UNKNOWN, LINK_NO_HOST,
		    "the connection through the jump host %s ended%s", link->via->target->host,
		    quote_libssh(link->via).text);
	return link_conclude(result, LINK_UNKNOWN, LINK_HUNG_UP,
	    "%s ended the connection instead of saying whether the key is right%s",
	    link->target->host, quote_libssh(link).text);
}

/* What the host wants before any key. */
static enum err_code
knock(struct ssh_link *link, struct link_result *result, struct err *err)
{
	const struct ssh_target *target = link->target;
	int answer;
	bool said;

	TRY(ask(link, ask_none, NULL, &answer, &said, err));
	if (answer == SSH_AUTH_SUCCESS)
		return link_conclude(result, LINK_UNKNOWN, LINK_WANTS_NONE,
		    "%s lets %s in without any key, so that a key proves nothing there",
		    target->host, target->user);
	if (answer != SSH_AUTH_DENIED || !said)
		return hung_up(link, result);
	if (((unsigned)ssh_userauth_list(link->session, NULL) & SSH_AUTH_METHOD_PUBLICKEY) == 0)
		return link_conclude(result, LINK_UNKNOWN, LINK_WANTS_OTHER,
		    "%s takes no public keys for %s at all (PubkeyAuthentication, "
		    "AuthenticationMethods)",
		    target->host, target->user);
	return link_conclude(result, LINK_ACCEPTED, LINK_NO_CAUSE, "%s", "");
}

static enum err_code
open_door(struct ssh_link *link, struct link_result *result, struct err *err)
{
	TRY(connect_host(link, result, err));
	return result->verdict == LINK_ACCEPTED ? knock(link, result, err) : ERR_OK;
}

enum err_code
link_open(const struct ssh_target *target, int64_t deadline, struct ssh_link **ret_link,
    struct link_result *ret_result, struct err *err)
{
	SSH_LINK *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a connection");
	link->target = target;
	link->fd = link->pump = -1;
	link->deadline = deadline;
	TRY(settle(target, open_door(link, ret_result, err), ret_result));
	if (ret_result->verdict == LINK_ACCEPTED)
		*ret_link = TAKE(link);
	return ERR_OK;
}

/* --- The key ------------------------------------------------------------------------------ */

/* Asked for a key that is locked after all; without it a library would ask on stdin. */
static int
no_passphrase(const char *prompt, char *buffer, size_t size, int echo, int verify, void *data)
{
	(void)prompt;
	(void)buffer;
	(void)size;
	(void)echo;
	(void)verify;
	(void)data;
	return -1;
}

static enum err_code
import_key(struct view text, ssh_key *ret_key, struct err *err)
{
	SECRET *copy = NULL;

	TRY(secret_new(text.size + 1, &copy, err));
	TRY(secret_append(copy, text, err));
	TRY(secret_append(copy, view_of("", 1), err));
	if (ssh_pki_import_privkey_base64((const char *)secret_data(copy), NULL, no_passphrase,
	        NULL, ret_key) != SSH_OK)
		return err_set(err, ERR_INVALID, "libssh does not take the private key");
	return ERR_OK;
}

static enum err_code
judge(const struct ssh_link *link, int answer, bool said, struct link_result *result)
{
	const struct ssh_target *target = link->target;

	if (answer == SSH_AUTH_PARTIAL) {
		unsigned more = (unsigned)ssh_userauth_list(link->session, NULL);

		return link_conclude(result, LINK_UNKNOWN, LINK_WANTS_MORE,
		    "%s knows the key of %s, but wants a second factor as well (%s), which nobody "
		    "can give here",
		    target->host, target->user,
		    (more & SSH_AUTH_METHOD_INTERACTIVE) != 0  ? "keyboard-interactive" :
		        (more & SSH_AUTH_METHOD_PASSWORD) != 0 ? "password" :
		                                                 "another key");
	}
	if (answer == SSH_AUTH_DENIED && said)
		return link_conclude(result, LINK_DENIED, LINK_NO_CAUSE,
		    "%s does not let %s in with this key", target->host, target->user);
	if (answer == SSH_AUTH_DENIED)
		return link_conclude(result, LINK_UNKNOWN, LINK_NOT_OFFERED,
		    "the key was not offered to %s: it takes none of this key's signatures",
		    target->host);
	return hung_up(link, result);
}

static enum err_code
offer(struct ssh_link *link, ssh_key key, struct link_result *result, struct err *err)
{
	int answer;
	bool said;

	TRY(ask(link, ask_known, key, &answer, &said, err));
	if (answer != SSH_AUTH_SUCCESS)
		return judge(link, answer, said, result);
	TRY(ask(link, ask_in, key, &answer, &said, err));
	if (answer == SSH_AUTH_SUCCESS && said)
		return link_conclude(result, LINK_ACCEPTED, LINK_NO_CAUSE, "%s", "");
	if (answer == SSH_AUTH_PARTIAL)
		return judge(link, answer, said, result);
	char *banner = ssh_get_issue_banner(link->session);

	(void)link_conclude(result, LINK_UNKNOWN, LINK_NOT_LET_IN,
	    "%s knows the key of %s, but let nobody in with it: is the account locked or expired?%s",
	    link->target->host, link->target->user, link_quote("it said", banner).text);
	free(banner);
	return ERR_OK;
}

enum err_code
link_offer(struct ssh_link *link, struct view private_key, struct link_result *ret_result,
    struct err *err)
{
	CLEANUP(key_freep) struct ssh_key_struct *key = NULL;

	if (link->asked)
		return err_set(err, ERR_INTERNAL,
		    "a key was offered after one that was not denied");
	TRY(import_key(private_key, &key, err));
	link->asked = true;
	TRY(settle(link->target, offer(link, key, ret_result, err), ret_result));
	link->asked = ret_result->verdict != LINK_DENIED;
	return ERR_OK;
}

/* --- Through another host ----------------------------------------------------------------- */

static enum err_code
blame(const struct ssh_link *link, struct link_result *result)
{
	const struct link_result found = *result;
	bool shut = found.verdict == LINK_DENIED ||
	    (found.cause != LINK_NO_HOST && found.cause != LINK_HUNG_UP);

	return link_conclude(result, LINK_UNKNOWN, shut ? LINK_JUMP_SHUT : LINK_NO_HOST,
	    "the jump host on the way to %s: %s", link->target->host, found.detail);
}

/* VIA is let in, or RESULT says why not. */
static enum err_code
log_in_before(struct ssh_link *link, struct link_result *result, struct err *err)
{
	const struct ssh_jump *jump = link->target->jump;
	SECRET *key = NULL;
	struct ssh_public public_key;

	TRY(file_read_secret(jump->key_file, KEY_FILE_MAX, &key, err));
	if (openssh_key_public(secret_view(key), &public_key, err) != ERR_OK ||
	    key_type_check(public_key.type, err) != ERR_OK)
		return err_add(err, "the jump host's key, %s", jump->key_file);
	TRY(link_open(&jump->host, link->deadline, &link->via, result, err));
	if (link->via == NULL)
		return blame(link, result);
	TRY(link_offer(link->via, secret_view(key), result, err));
	return result->verdict == LINK_ACCEPTED ? ERR_OK : blame(link, result);
}

static enum err_code
go_through(struct ssh_link *link, struct link_result *result, struct err *err)
{
	TRY(log_in_before(link, result, err));
	return result->verdict == LINK_ACCEPTED ? link_jump(link, result, err) : ERR_OK;
}
