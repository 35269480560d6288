/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of others, by name and without, and families of sockets that a rotator has no use for.  A socket that is made is a
 * success: what is behind a family is the kernel's code, which was never meant for strangers.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/process.h"
#include "tests/adversary/rotator/attempts.h"

/* With a zero byte first when it has no file. */
static socklen_t
name_address(const char *name, bool is_file, struct sockaddr_un *ret_address)
{
	size_t size = strlen(name);
	char *to = ret_address->sun_path + (is_file ? 0 : 1);

	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (size > sizeof(ret_address->sun_path) - 2)
		size = sizeof(ret_address->sun_path) - 2;
	memcpy(to, name, size);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
}

static int
connect_name(const char *name, bool is_file, int type)
{
	struct sockaddr_un address;
	socklen_t size = name_address(name, is_file, &address);
	FD fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : code_of(connect(fd, (struct sockaddr *)&address, size));
}

static int
connect_stream(const struct world *world, const struct attempt *attempt)
{
	return connect_name(text_of(world, attempt), true, SOCK_STREAM);
}

static int
connect_datagram(const struct world *world, const struct attempt *attempt)
{
	return connect_name(text_of(world, attempt), true, SOCK_DGRAM);
}

static int
connect_abstract(const struct world *world, const struct attempt *attempt)
{
	return connect_name(text_of(world, attempt), false, SOCK_STREAM);
}

/* socket() may be forbidden where socketpair() is not, and one of a pair writes to anybody. */
static int
send_from_pair(const struct world *world, const struct attempt *attempt)
{
	struct sockaddr_un address;
	socklen_t size = name_address(text_of(world, attempt), true, &address);
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0)
		return errno;
	return code_of(sendto(ends[0], "x", 1, MSG_DONTWAIT, (struct sockaddr *)&address, size));
}

static int
speak_to_bus(const struct world *world, const struct attempt *attempt)
{
	static const char hello[] = "\0AUTH EXTERNAL\r\n";
	struct sockaddr_un address;
	socklen_t size = name_address(text_of(world, attempt), true, &address);
	FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, size) != 0)
		return errno;
	return code_of(send(fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL));
}

/* A name that others look for, before the server has it. */
static int
bind_abstract(const struct world *world, const struct attempt *attempt)
{
	struct sockaddr_un address;
	socklen_t size = name_address("halligan-taken-by-a-rotator", false, &address);
	FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)world;
	(void)attempt;
	return fd < 0 ? errno : code_of(bind(fd, (struct sockaddr *)&address, size));
}

static int
bind_name_in_vault(const struct world *world, const struct attempt *attempt)
{
	struct path path = path_of(text_of(world, attempt), "taken");
	struct sockaddr_un address;
	socklen_t size = name_address(path.text, true, &address);
	FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0)
		return errno;
	return code_of(unlink(path.text));
}

static struct sockaddr_in
loopback(int64_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int
connect_tcp(const struct world *world, const struct attempt *attempt)
{
	const struct sockaddr_in address = loopback(number_of(world, attempt));
	FD fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : code_of(connect(fd, (const void *)&address, sizeof(address)));
}

/* On a loopback of our own nobody has that port, and says so. */
static int
send_udp(const struct world *world, const struct attempt *attempt)
{
	const struct sockaddr_in address = loopback(number_of(world, attempt));
	FD fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	if (fd < 0 || connect(fd, (const void *)&address, sizeof(address)) != 0)
		return errno;
	if (send(fd, "x", 1, MSG_DONTWAIT) < 0)
		return errno;
	(void)poll(&poll_fd, 1, 100);
	return code_of(send(fd, "x", 1, MSG_DONTWAIT));
}

static int
listen_tcp(const struct world *world, const struct attempt *attempt)
{
	const struct sockaddr_in address = loopback(0);
	FD fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)world;
	(void)attempt;
	if (fd < 0 || bind(fd, (const void *)&address, sizeof(address)) != 0)
		return errno;
	return code_of(listen(fd, 1));
}

static int
bind_udp(const struct world *world, const struct attempt *attempt)
{
	const struct sockaddr_in address = loopback(0);
	FD fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)world;
	(void)attempt;
	return fd < 0 ? errno : code_of(bind(fd, (const void *)&address, sizeof(address)));
}

static int
make(int family, int type, int protocol)
{
	FD fd = socket(family, type | SOCK_CLOEXEC, protocol);

	return code_of(fd);
}

static int
make_route(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return make(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static int
make_audit(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return make(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
}

static int
make_filter(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return make(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
}

static int
make_packet(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return make(AF_PACKET, SOCK_RAW, 0);
}

static int
make_raw(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return make(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int
make_machine(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return make(AF_VSOCK, SOCK_STREAM, 0);
}

static int
make_cipher(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return make(AF_ALG, SOCK_SEQPACKET, 0);
}

static int
make_bluetooth(const struct world *world, const struct attempt *attempt)
{
	(void)world;
	(void)attempt;
	return make(AF_BLUETOOTH, SOCK_RAW, 1);
}

static const struct attempt rows[] = {
    {"connect_stream_0660", "the server's word", connect_stream, WORLD_STREAM_GROUP},
    {"connect_stream_0666", "a service's word", connect_stream, WORLD_STREAM_ALL},
    {"connect_datagram", "to tell a service", connect_datagram, WORLD_DATAGRAM},
    {"sendto_datagram_from_socketpair", "likewise", send_from_pair, WORLD_DATAGRAM},
    {"speak_to_bus", "what the session's services do", speak_to_bus, WORLD_BUS},
    {"connect_abstract", "a service without a file", connect_abstract, WORLD_ABSTRACT},
    {"bind_abstract", "to be taken for a service", bind_abstract, .kind = ATTEMPT_OWN},
    {"bind_name_in_vault", "to be taken for the server", bind_name_in_vault, WORLD_VAULT},
    {"connect_tcp", "a port of this host", connect_tcp, WORLD_TCP_PORT, ATTEMPT_NETWORK},
    {"send_udp", "likewise", send_udp, WORLD_UDP_PORT, ATTEMPT_NETWORK},
    {"listen_tcp", "to be called", listen_tcp, .kind = ATTEMPT_NETWORK},
    {"bind_udp", "likewise", bind_udp, .kind = ATTEMPT_NETWORK},
    {"make_netlink_route", "the host's addresses", make_route, .kind = ATTEMPT_NETWORK},
    {"make_netlink_audit", "what the host notes", make_audit, .kind = ATTEMPT_OWN,
        .absent = EPROTONOSUPPORT},
    {"make_netlink_netfilter", "the host's filter", make_filter, .kind = ATTEMPT_OWN,
        .absent = EPROTONOSUPPORT},
    {"make_packet", "everybody's packets", make_packet, .absent = EAFNOSUPPORT},
    {"make_raw", "packets of any kind", make_raw},
    {"make_vsock", "the machine around this one", make_machine, .absent = EAFNOSUPPORT},
    {"make_alg", "the kernel's ciphers", make_cipher, .kind = ATTEMPT_OWN, .absent = EAFNOSUPPORT},
    {"make_bluetooth", "devices around", make_bluetooth, .kind = ATTEMPT_OWN,
        .absent = EAFNOSUPPORT},
};

struct attempts
attempts_sockets(void)
{
	return (struct attempts){rows, ARRAY_SIZE(rows)};
}
