/* SPDX-License-Identifier: Apache-2.0 */
#include "ceremony/client/opening/delivery.h"

#include <string.h>

#include "base/text.h"
#include "ceremony/protocol/message.h"

void
delivery_done(struct delivery *delivery)
{
	dsse_done(&delivery->statement);
	release_done(&delivery->release);
	buf_done(&delivery->checkpoint);
	buf_done(&delivery->box);
}

size_t
delivery_position(const struct dossier *dossier, const struct release_item *item)
{
	const struct items *items = &dossier->transcript->ceremony.items;
	size_t position = 0;

	while (position < items->count &&
	    memcmp(&items->rows[position].secret, &item->secret, sizeof(item->secret)) != 0)
		position++;
	return position;
}

size_t
delivery_first(const struct dossier *dossier)
{
	for (size_t i = 0; i < dossier->count; i++)
		if (dossier->items[i].state == ITEM_DONE)
			return i;
	return 0;
}

/* Some items of the ceremony, in its order. */
static const char *
items_differ(const struct release *release, const struct dossier *dossier)
{
	const struct items *items = &dossier->transcript->ceremony.items;
	size_t next = 0;

	for (size_t i = 0; i < release->item_count; i++) {
		const struct release_item *item = &release->items[i];
		size_t position = delivery_position(dossier, item);

		if (position < next || position == items->count)
			return "secret";
		if (item->version != items->rows[position].version)
			return "version";
		if (!digest_equal(&item->header, &items->rows[position].header))
			return "header";
		next = position + 1;
	}
	return NULL;
}

static bool
same_recipients(const struct release *release, const struct recipients *asked)
{
	if (release->recipient_count != asked->count)
		return false;
	for (size_t i = 0; i < asked->count; i++)
		if (!digest_equal(&release->recipients[i], &asked->rows[i].token))
			return false;
	return true;
}

static enum err_code
compare(const struct release *release, const struct dossier *dossier, const struct vault_view *view,
    struct err *err)
{
	const struct transcript *transcript = dossier->transcript;
	const char *differs = NULL;

	if (!digest_equal(&release->vault, &view->chain.vault))
		differs = "vault";
	else if (!digest_equal(&release->ceremony, &transcript->ceremony.digest))
		differs = "ceremony";
	else if (!same_recipients(release, &transcript->request.recipients))
		differs = "recipient";
	else if (release->expires <= release->released ||
	    release->expires - release->released > transcript->request.duration)
		differs = "duration";
	else
		differs = items_differ(release, dossier);
	if (differs != NULL)
		return err_set(err, ERR_INTEGRITY, "it names another %s than the ceremony",
		    differs);
	return ERR_OK;
}

/* Who approved, of those that the release rests on: an approval that was verified with the rest. */
static enum err_code
read_approvals(const struct release *release, const struct transcript *transcript,
    const char *ret_seats[QUORUM_SEATS], struct err *err)
{
	for (size_t i = 0; i < release->approval_count; i++) {
		const struct voice *found = NULL;

		for (size_t v = 0; v < transcript->voice_count; v++)
			if (!transcript->voices[v].denies &&
			    digest_equal(&transcript->voices[v].digest, &release->approvals[i]))
				found = &transcript->voices[v];
		if (found == NULL)
			return err_set(err, ERR_INTEGRITY,
			    "it names an approval that the server does not show");
		ret_seats[i] = found->seat;
	}
	return ERR_OK;
}

static bool
meets(const struct quorum *quorum, const char *const *seats, size_t count, const char *requester)
{
	bool present[QUORUM_SEATS] = {false};

	for (size_t i = 0; i < count; i++) {
		int seat = quorum_seat(quorum, seats[i]);

		if (seat >= 0 && strcmp(seats[i], requester) != 0)
			present[seat] = true;
	}
	return quorum_met(quorum, present);
}

/* A policy that has changed since is not what the release had to meet. */
static enum err_code
check_quorum(const struct release *release, const struct dossier *dossier,
    const struct vault_view *view, struct err *err)
{
	const struct transcript *transcript = dossier->transcript;
	const char *requester = transcript->request.seat, *seats[QUORUM_SEATS];
	bool same_charter =
	    digest_equal(&transcript->ceremony.charter, &view->chain.charter->digest);

	TRY(read_approvals(release, transcript, seats, err));
	for (size_t i = 0; i < release->item_count; i++) {
		size_t position = delivery_position(dossier, &release->items[i]);
		const struct exhibit *exhibit = dossier->items[position].exhibit;

		if (meets(&exhibit->quorum, seats, release->approval_count, requester) &&
		    (!same_charter || exhibit->policy == NULL ||
		        meets(&exhibit->policy->quorum, seats, release->approval_count, requester)))
			continue;
		return err_set(err, ERR_INTEGRITY,
		    "the approvals that it names do not meet the quorum %s of %s",
		    QUOTED(exhibit->header->quorum), exhibit->item->name);
	}
	return ERR_OK;
}

static enum err_code
fetch_released(struct client *client, const struct vault_view *view, struct dossier *dossier,
    const struct release *release, struct err *err)
{
	bool released[CEREMONY_ITEMS] = {false};

	for (size_t i = 0; i < release->item_count; i++)
		released[delivery_position(dossier, &release->items[i])] = true;
	return dossier_fetch_meant(client, view, dossier, released, err);
}

static enum err_code
verify(struct client *client, const struct vault_view *view, struct dossier *dossier,
    const struct dsse *statement, struct release *release, struct err *err)
{
	TRY(release_parse(statement, view->chain.charter->training, release, err));
	TRY(statement_verify_host(statement, &view->chain.charter->host_statement, err));
	TRY(compare(release, dossier, view, err));
	TRY(fetch_released(client, view, dossier, release, err));
	return check_quorum(release, dossier, view, err);
}

enum err_code
release_verify(struct client *client, const struct vault_view *view, struct dossier *dossier,
    const struct dsse *statement, struct release *ret_release, struct err *err)
{
	RELEASE release = {0};

	if (verify(client, view, dossier, statement, &release, err) != ERR_OK) {
		if (err->code == ERR_REFUSED || err->code == ERR_INVALID)
			err->code = ERR_INTEGRITY;
		return err_add(err, "the release of %.8s", dossier->id);
	}
	*ret_release = TAKE(release);
	return ERR_OK;
}

static struct json *
open_request(const struct dossier *dossier, size_t position, const struct digest *token)
{
	struct json *request = op_new("open");

	json_put_text(request, "id", dossier->id);
	json_put_int(request, "position", (int64_t)position);
	json_put_hex(request, "token", VIEW_OF(token->bytes));
	return request;
}

void
delivery_foresee(struct client *client, const struct dossier *dossier, size_t position,
    const struct digest *token)
{
	client_foresee(client, open_request(dossier, position, token));
}

enum err_code
delivery_fetch(struct client *client, const struct vault_view *view, struct dossier *dossier,
    size_t position, const struct digest *token, struct delivery *ret_delivery, struct err *err)
{
	DELIVERY delivery = {0};
	REPLY reply = {0};

	TRY(client_ask(client, open_request(dossier, position, token), "open", &reply, err));
	in_statement(&reply.in, "release", &delivery.statement);
	json_in_base64(&reply.in, "checkpoint", &delivery.checkpoint, NOTE_MAX);
	delivery.left = json_in_int(&reply.in, "left", 1, dossier->transcript->request.duration);
	TRY(json_in_end(&reply.in));
	TRY(release_verify(client, view, dossier, &delivery.statement, &delivery.release, err));
	delivery.box = TAKE(reply.blob);
	if (delivery.box.size <= POINT_SIZE)
		return err_set(err, ERR_INTEGRITY, "the server sent a box of a wrong size");
	*ret_delivery = TAKE(delivery);
	return ERR_OK;
}
