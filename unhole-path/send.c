// SPDX-License-Identifier: GPL-2.0-only
/* One packet as in the question: of UDP, a TCP SYN, or an ICMP echo request. */
#include "send.h"
#include "netlink.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

static bool is_icmp(const struct flow *f)
{
	return f->proto == (f->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

const char *cannot_send(const struct query *q)
{
	const struct flow *f = &q->flow;

	if (f->iif)
		return "--send is for packets of this box: what comes in by a device is sent at its far end; run watch here without --send, and send it there";
	if (!is_icmp(f) && f->proto != IPPROTO_UDP && f->proto != IPPROTO_TCP)
		return f->family == AF_INET ? "--send wants ipproto udp, tcp or icmp" : "--send wants ipproto udp, tcp or ipv6-icmp";
	if (!is_icmp(f) && !f->dport)
		return "--send wants the port that it goes to: dport N";
	return NULL;
}

static socklen_t fill(struct sockaddr_storage *to, int family, const struct addr *a, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	if (family == AF_INET) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		if (a)
			memcpy(&v4->sin_addr, a, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	if (a)
		memcpy(&v6->sin6_addr, a, 16);
	return sizeof(*v6);
}

static bool set_options(int fd, const struct flow *f, const char **what)
{
	const char *dev = f->oif ? dev_name(f->oif) : NULL;
	int tos = f->tos;

	*what = "SO_MARK";
	if (f->mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &f->mark, sizeof(f->mark)) != 0)
		return false;
	*what = "SO_BINDTODEVICE";
	if (dev && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, dev, strlen(dev) + 1) != 0)
		return false;
	*what = "the TOS";
	return !tos || setsockopt(fd, f->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
				  f->family == AF_INET ? IP_TOS : IPV6_TCLASS, &tos, sizeof(tos)) == 0;
}

/* An echo request; the kernel sums up that of IPv6. */
static size_t echo_request(const struct flow *f, uint8_t *to)
{
	uint32_t sum = 0;
	uint16_t id = getpid(), word;
	int i;

	memset(to, 0, 16);
	to[0] = f->family == AF_INET ? 8 : 128;
	memcpy(to + 4, &id, 2);
	to[7] = 1;
	for (i = 0; i < 16; i += 2) {
		memcpy(&word, to + i, 2);
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	word = ~sum;
	if (f->family == AF_INET)
		memcpy(to + 2, &word, 2);
	return 16;
}

int send_one(const struct query *q, int *refused, const char **what)
{
	const struct flow *f = &q->flow;
	bool tcp = f->proto == IPPROTO_TCP;
	int type = tcp ? SOCK_STREAM : is_icmp(f) ? SOCK_RAW : SOCK_DGRAM, fd, old = 0;
	struct sockaddr_storage at;
	uint8_t data[16] = "unhole-path";
	size_t n = sizeof(data);
	socklen_t len;

	*refused = 0;
	*what = "a socket";
	/* A socket is his who makes it */
	if (f->has_uid)
		old = setfsuid(f->uid);
	fd = socket(f->family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, f->proto);
	if (f->has_uid)
		setfsuid(old);
	if (fd < 0)
		return -errno;
	if (!set_options(fd, f, what))
		goto failed;
	*what = "the source (an address of this box, and a port that is free)";
	len = fill(&at, f->family, f->has_src ? &f->src : NULL, is_icmp(f) ? 0 : f->sport);
	if ((f->has_src || f->sport) && bind(fd, (struct sockaddr *)&at, len) != 0)
		goto failed;
	len = fill(&at, f->family, &f->dst, is_icmp(f) ? 0 : f->dport);
	if (is_icmp(f))
		n = echo_request(f, data);
	if (tcp ? connect(fd, (struct sockaddr *)&at, len) != 0 && errno != EINPROGRESS :
		  sendto(fd, data, n, 0, (struct sockaddr *)&at, len) < 0)
		*refused = errno;
	return fd;
failed:
	n = errno;
	close(fd);
	return -(int)n;
}
