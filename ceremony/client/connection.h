/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client: owns the person's token, speaks frames with a server that owns the vault, and
 * believes nothing that it has not verified.
 */
#ifndef CEREMONY_CLIENT_CONNECTION_H
#define CEREMONY_CLIENT_CONNECTION_H

#include "base/text.h"
#include "ceremony/client/pipeline.h"
#include "ceremony/client/view.h"
#include "ceremony/protocol/enrolment.h"
#include "vault/documents/definition.h"

struct client;
struct client_options {
	const char *vault; /* "DIR" or "ssh://[USER@]HOST[:PORT]/DIR" */
	const char *self;  /* path of the halligan executable, for the child server */
	const struct token_driver *drivers;
	size_t driver_count;
	const struct ui *ui;
	uint32_t serial;                   /* the token to use; 0: the one that fits */
	const char *label;                 /* the same, as the document calls it; NULL: any */
	const struct token_traits *driver; /* NULL: as the document says */
	int64_t wait;                      /* seconds to wait for it to be plugged in; 0: none */
	bool person; /* somebody is there who can be asked which token is meant */
	int64_t (*now)(void);
	/* What the command will ask for (client_foresee), sent with the greeting; NULL: nothing. */
	void (*foresee)(struct client *client, const void *plan);
	const void *plan;
};

/* What the server said about itself and the vault; not verified before client_sync. */
enum vault_state { VAULT_ABSENT, VAULT_FOUNDING, VAULT_LIVE };
struct client_hello {
	enum vault_state state;
	bool training;
	char name[VAULT_NAME_MAX + 1]; /* "" when absent */
	struct digest vault;           /* zero unless live */
	char version[32];              /* of the server */
	char secrets[16];              /* how it keeps secrets */
	int64_t
	    ahead; /* seconds that this computer's clock stands before the host's, below 0: behind it */
};

/* Starts the server and says hello.  What ssh and the server write to their standard error goes to ui->relay
 * (overheard.h): as it comes until the server has greeted, then at the client's end.  In a training vault the person is told so. */
enum err_code client_connect(const struct client_options *options, struct client **ret_client,
    struct err *err) MUST_CHECK;
/* Hello again, when the vault's state may have changed. */
enum err_code client_greet(struct client *client, struct err *err) MUST_CHECK;
const struct client_hello *client_hello(const struct client *client);
const struct client_options *client_options(const struct client *client);
/* The vault's place as people write it. */
const char *client_location(const struct client *client);
/* Does the answer to what was sent stand there, so that asking for it takes no time?  Also when none will come. */
bool client_has_answer(const struct client *client);
/* Who answers, in words: the host, or "the vault's server". */
const char *client_who(const struct client *client);
/* Its server is on another machine: what it says and nobody signed is in words of others. */
bool client_is_far(const struct client *client);
/* As an argument: such words, quoted; as they are where the server is ours, or they are no more than a name (text_is_name).
 * FAR: client_is_far. */
struct text_quoted words_told(bool far, const char *words);
#define TOLD(far, words) (words_told(far, words).text)
/* What was kept of that until now; where nothing is asked, nor shown that will be asked about. */
void client_tell_overheard(struct client *client);
void client_freep(struct client **client); /* ends the session; accepts NULL */
#define CLIENT CLEANUP(client_freep) struct client

/* One request with the bytes BLOB, and its reply, which is called WHAT in errors; REQUEST is freed.
 * Progress frames go to ui->progress.  An error reply becomes this call's error, with the server's
 * code and text, quoted where it is on another machine; one that ends the connection has ssh's last words. */
enum err_code client_send(struct client *client, struct json *request, struct view blob,
    const char *what, struct reply *ret_reply, struct err *err) MUST_CHECK;
/* REQUEST is sent now, and freed; its reply is for the client_ask of the very same that follows.  Of what changes
 * nothing: perhaps nobody asks. */
void client_foresee(struct client *client, struct json *request);
/* The same of what changes something, with the bytes BLOB, where client_send of the same follows in any case. */
void client_send_ahead(struct client *client, struct json *request, struct view blob);
/* client_send without bytes. */
enum err_code client_ask(struct client *client, struct json *request, const char *what,
    struct reply *ret_reply, struct err *err) MUST_CHECK;
/* The same where the reply says nothing but "ok". */
enum err_code client_tell(struct client *client, struct json *request, const char *what,
    struct err *err) MUST_CHECK;
/* Statements of many definitions, verified, which are not sent again for each of them (secrets/secret.h). */
enum { DEFINITIONS_KNOWN = 4 };
struct known_definitions {
	struct definitions sets[DEFINITIONS_KNOWN];
	size_t count, told; /* the first TOLD of them are named in what is asked */
};
struct known_definitions *client_known(struct client *client);
/* Keep VIEW, which is taken over, for as long as the client lives or until the next one. */
const struct vault_view *client_keep(struct client *client, struct vault_view *view);

#endif
