/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ceremony of 1 to 500 items as the server shows it, judged by ceremony/protocol/ceremony.h: what a
 * person is shown before a decision comes from here.
 *
 * The host's word alone: the states, which shares have arrived, which spare tokens can open an item,
 * what was replaced meanwhile, times of release and expiry.
 */
#ifndef CEREMONY_CLIENT_CASE_FETCH_H
#define CEREMONY_CLIENT_CASE_FETCH_H

#include "ceremony/client/connection.h"
#include "ceremony/protocol/ceremony.h"

struct dossier_item {
	enum item_state state;
	char note[NOTE_TEXT_MAX + 1]; /* what became of it */
	/* Once it was fetched: */
	struct exhibit *exhibit;       /* else NULL */
	char stale[NOTE_TEXT_MAX + 1]; /* why it will not be opened any more, or "" */
	bool part_exposed; /* shares were opened before, in a ceremony that was refused */
};
struct dossier {
	char id[ID_HEX_SIZE];
	struct transcript *transcript;
	enum ceremony_state state;
	char reason[NOTE_TEXT_MAX + 1]; /* why it was refused, or ""; nobody signed it */
	bool far;                       /* client_is_far */
	int64_t ahead;                  /* as of client_hello */
	struct dossier_item *items;     /* as many as the request has */
	size_t count;
	int64_t released, expires; /* 0 until then */
	bool has_release;
	struct dsse release; /* not verified yet: opening/delivery.h does */
};
void dossier_free(struct dossier *dossier); /* accepts a half-built one */
DESTRUCTOR(dossier_freep, struct dossier, dossier_free)
#define DOSSIER CLEANUP(dossier_freep) struct dossier

/* The ceremony ID (all 32 digits) without what is behind its items.  ERR_INTEGRITY names the document
 * and what is wrong with it. */
enum err_code dossier_fetch(struct client *client, const struct vault_view *view, const char *id,
    struct dossier **ret_dossier, struct err *err) MUST_CHECK;
/* Send for it: it will be asked for, with all that was sent before it. */
void dossier_foresee_again(struct client *client, const char *id);
/* What is behind the item POSITION, or behind all of them; what is there already is not asked again. */
enum err_code dossier_fetch_item(struct client *client, const struct vault_view *view,
    struct dossier *dossier, size_t position, struct err *err) MUST_CHECK;
void dossier_foresee_meant(struct client *client, const struct dossier *dossier, const bool *meant);
enum err_code dossier_fetch_meant(struct client *client, const struct vault_view *view,
    struct dossier *dossier, const bool *meant, struct err *err) MUST_CHECK; /* a flag for each */
enum err_code dossier_fetch_items(struct client *client, const struct vault_view *view,
    struct dossier *dossier, struct err *err) MUST_CHECK;
/* Which ceremony is meant: ID, all of its 32 hex digits or the first 4 or more of them; or, when it is NULL, the only
 * one in a state of the bit set STATES, and of REQUESTER (NULL: anybody). */
struct dossier_wanted {
	const char *id;
	unsigned states;
	const char *requester;
};
/* Could ID (NULL: none) be one, or the beginning of one?  ERR_USAGE; asks nobody. */
enum err_code dossier_check_id(const char *id, struct err *err) MUST_CHECK;
/* Send with the greeting for what dossier_take will ask for. */
void dossier_foresee(struct client *client, const struct dossier_wanted *wanted);
/* It, with what is behind its first item while it is open.  ERR_NOT_FOUND; ERR_USAGE, with those that could be meant. */
enum err_code dossier_find(struct client *client, const struct vault_view *view,
    const struct dossier_wanted *wanted, struct dossier **ret_dossier, struct err *err) MUST_CHECK;
/* client_sync and dossier_find in one. */
enum err_code dossier_take(struct client *client, const struct dossier_wanted *wanted,
    const struct vault_view **ret_view, struct dossier **ret_dossier, struct err *err) MUST_CHECK;
/* Where the ceremony ID (all 32 digits) stands, by the host's word alone. */
enum err_code dossier_look(struct client *client, const char *id, enum ceremony_state *ret_state,
    int64_t *ret_expires, struct err *err) MUST_CHECK;

/* May anybody still act on it?  ERR_REFUSED: it is closed, late, or void. */
/* Somebody was refused with ERR, which says why: where the ceremony ID is in one of STATES (1 << state) by now, others did the same at
 * the same time, and what was wanted is so: WORDS say that, and it is no error. */
enum err_code dossier_forgive(struct client *client, const char *id, unsigned states,
    const char *words, struct err *err) MUST_CHECK;
enum err_code dossier_check_open(const struct dossier *dossier, int64_t now,
    struct err *err) MUST_CHECK;
/* The verdict on the whole, of what was fetched; RET_TEXT (appended) says who is missing, or why. */
enum verdict dossier_verdict(const struct dossier *dossier, const struct vault_view *view,
    int64_t now, struct buf *ret_text);
/* Is one seat missing, of any item that was fetched, and no more? */
bool dossier_lacks_one(const struct dossier *dossier, const struct vault_view *view, int64_t now);
/* Has SEAT given its shares of the item, under an approval that counts? */
bool dossier_gave(const struct dossier *dossier, size_t position, const char *seat);
/* Does the ceremony statement contradict the log that this computer knows?  ERR_INTEGRITY. */
enum err_code dossier_check_log(const struct transcript *transcript, const struct vault_view *view,
    struct err *err) MUST_CHECK;

#endif
