/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/adversary/rotator/world.h"

#include <stdio.h>
#include <string.h>

#include "base/json_in.h"

static const char *const text_names[WORLD_TEXTS] = {
    [WORLD_HOST_KEY] = "host_key",
    [WORLD_ESCROW] = "escrow",
    [WORLD_ANCHOR] = "anchor",
    [WORLD_DATABASE] = "database",
    [WORLD_CONFIGURATION] = "configuration",
    [WORLD_COPY] = "copy",
    [WORLD_VAULT] = "vault",
    [WORLD_SPARE] = "spare",
    [WORLD_SHOWN] = "shown",
    [WORLD_SHOWN_EMPTY] = "shown_empty",
    [WORLD_PLACE] = "place",
    [WORLD_SET_UID] = "set_uid",
    [WORLD_CAPABLE] = "capable",
    [WORLD_STREAM_GROUP] = "stream_group",
    [WORLD_STREAM_ALL] = "stream_all",
    [WORLD_DATAGRAM] = "datagram",
    [WORLD_BUS] = "bus",
    [WORLD_ABSTRACT] = "abstract",
    [WORLD_QUEUE] = "queue",
    [WORLD_TERMINAL] = "terminal",
    [WORLD_MARK] = "mark",
};

static const char *const number_names[WORLD_NUMBERS] = {
    [WORLD_SERVER] = "server",
    [WORLD_NEIGHBOUR] = "neighbour",
    [WORLD_GROUP] = "group",
    [WORLD_SECRET_AT] = "secret_at",
    [WORLD_SECRET_FD] = "secret_fd",
    [WORLD_SERVER_UID] = "server_uid",
    [WORLD_TCP_PORT] = "tcp_port",
    [WORLD_UDP_PORT] = "udp_port",
    [WORLD_KNOCK_PORT] = "knock_port",
    [WORLD_MEMORY] = "memory",
    [WORLD_SEMAPHORE] = "semaphore",
    [WORLD_MESSAGES] = "messages",
    [WORLD_SESSION_KEY] = "session_key",
    [WORLD_USER_KEY] = "user_key",
    [WORLD_OUTLIVE] = "outlive",
};

enum err_code
world_read(const struct json *target, struct world *ret_world, struct err *err)
{
	struct world world = {0};
	struct json_in outer = json_in(target, "target", err);
	const struct json *object = json_in_object(&outer, "world");

	(void)json_in_text_optional(&outer, "account", 1, 32); /* who starts it has seen to that */
	TRY(json_in_end(&outer));
	struct json_in in = json_in(object, "world", err);

	for (int i = 0; i < WORLD_TEXTS; i++) {
		const char *text = json_in_text_optional(&in, text_names[i], 1, 400);

		world.texts[i] = text != NULL ? text : "";
	}
	for (int i = 0; i < WORLD_NUMBERS; i++)
		world.numbers[i] = json_in_int_optional(&in, number_names[i], 0, INT64_MAX, -1);
	TRY(json_in_end(&in));
	*ret_world = world;
	return ERR_OK;
}

/* The letters before "-mark" are drawn by mkdtemp(). */
void
world_alias(const struct world *world, int way, char ret_alias[WORLD_ALIAS_SIZE])
{
	const char *mark = world->texts[WORLD_MARK];
	size_t size = strlen(mark), tail = sizeof("XXXXXX-mark") - 1;

	(void)snprintf(ret_alias, WORLD_ALIAS_SIZE, "%.6s.%d",
	    mark + (size > tail ? size - tail : 0), way);
}

struct json *
world_target(const struct world *world)
{
	struct json *target = json_new_object(), *object = json_new_object();

	for (int i = 0; i < WORLD_TEXTS; i++)
		if (world->texts[i] != NULL && world->texts[i][0] != '\0')
			json_put_text(object, text_names[i], world->texts[i]);
	for (int i = 0; i < WORLD_NUMBERS; i++)
		if (world->numbers[i] >= 0)
			json_put_int(object, number_names[i], world->numbers[i]);
	json_put(target, "world", object);
	return target;
}
