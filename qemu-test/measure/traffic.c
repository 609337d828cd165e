// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-traffic: what qemu-test/measure/guest.sh sends and receives. One process,
 * no library but libc, so that its own cost is the same for every way.
 *
 *   udp NETNS DST PORT BYTES WARMUP COUNT ROUNDS
 *	COUNT datagrams from a connected socket
 *   tcp NETNS-FROM NETNS-TO DST PORT BYTES WARMUP COUNT ROUNDS [LISTEN]
 *	COUNT blocks of BYTES to the other namespace, where each is read before
 *	the next is sent; prints how many packets arrived there and left there,
 *	and from which address. DST is LISTEN there, if it is translated.
 *   loop NETNS ADDRESS PORT BYTES WARMUP COUNT ROUNDS
 *	COUNT datagrams to ADDRESS and COUNT back, from and to this process
 *
 * Namespaces are names of ip-netns(8). WARMUP of the same come first, outside
 * the time. Each prints the nanoseconds of each round.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32

static char block[1 << 17];

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The timed part begins and ends here; a profiler looks for these names. */
long long timed_begin(void);
long long timed_end(void);

__attribute__((noinline)) long long timed_begin(void)
{
	return now();
}

__attribute__((noinline)) long long timed_end(void)
{
	return now();
}

/* Nothing is printed between rounds. */
static long long took[1000];

static int rounds_of(const char *text)
{
	int n = atoi(text);

	if (n < 1 || n > 1000)
		errx(2, "%s rounds", text);
	return n;
}

static void print_rounds(int rounds)
{
	int i;

	for (i = 0; i < rounds; i++)
		printf("%lld%c", took[i], i + 1 < rounds ? ' ' : '\n');
}

static void enter(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "%s", path);
	close(fd);
}

static socklen_t address(struct sockaddr_storage *s, const char *text, int port)
{
	struct sockaddr_in6 *s6 = (void *)s;
	struct sockaddr_in *s4 = (void *)s;

	memset(s, 0, sizeof(*s));
	if (inet_pton(AF_INET, text, &s4->sin_addr) == 1) {
		s4->sin_family = AF_INET;
		s4->sin_port = htons(port);
		return sizeof(*s4);
	}
	if (inet_pton(AF_INET6, text, &s6->sin6_addr) != 1)
		errx(1, "%s is no address", text);
	s6->sin6_family = AF_INET6;
	s6->sin6_port = htons(port);
	return sizeof(*s6);
}

static int open_socket(const struct sockaddr_storage *s, int type)
{
	int fd = socket(s->ss_family, type, 0);

	if (fd < 0)
		err(1, "socket");
	return fd;
}

/* An ICMP error of a way that loses packets is reported by the next send, which
 * then sends nothing: try again.
 */
static void send_udp(int fd, size_t bytes, int count)
{
	struct iovec iov = { .iov_base = block, .iov_len = bytes };
	struct mmsghdr m[BATCH];
	int i, n;

	memset(m, 0, sizeof(m));
	for (i = 0; i < BATCH; i++) {
		m[i].msg_hdr.msg_iov = &iov;
		m[i].msg_hdr.msg_iovlen = 1;
	}
	while (count > 0) {
		n = sendmmsg(fd, m, count < BATCH ? count : BATCH, 0);
		if (n > 0)
			count -= n;
		else if (errno != ECONNREFUSED && errno != EHOSTUNREACH &&
			 errno != ENETUNREACH)
			err(1, "sendmmsg");
	}
}

static void udp(char **a)
{
	struct sockaddr_storage to;
	int fd, round, rounds = rounds_of(a[6]);
	long long start;
	socklen_t len;

	enter(a[0]);
	len = address(&to, a[1], atoi(a[2]));
	fd = open_socket(&to, SOCK_DGRAM);
	if (connect(fd, (void *)&to, len))
		err(1, "connect");
	send_udp(fd, atoi(a[3]), atoi(a[4]));
	for (round = 0; round < rounds; round++) {
		start = timed_begin();
		send_udp(fd, atoi(a[3]), atoi(a[5]));
		took[round] = timed_end() - start;
	}
	print_rounds(rounds);
}

/* Packets that eth0 of the namespace has received, and sent. */
static void count_eth0(long long n[2])
{
	char line[512], *at;
	FILE *f = fopen("/proc/self/net/dev", "r");

	if (!f)
		err(1, "/proc/self/net/dev");
	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, "eth0:");
		if (at)
			sscanf(at + 5, "%*d %lld %*d %*d %*d %*d %*d %*d %*d %lld",
			       &n[0], &n[1]);
	}
	fclose(f);
}

/* A block is written, and crosses the box; then it is read, which sends the
 * acknowledgement. One process does both, so nothing is left to the scheduler.
 */
static void copy_blocks(int from, int to, size_t bytes, int count)
{
	size_t done;
	ssize_t n;

	for (; count > 0; count--) {
		if (send(from, block, bytes, 0) != (ssize_t)bytes)
			err(1, "send");
		for (done = 0; done < bytes; done += n) {
			n = recv(to, block, bytes - done, 0);
			if (n <= 0)
				err(1, "recv");
		}
	}
}

static void tcp(char **a)
{
	int warmup = atoi(a[5]), count = atoi(a[6]), rounds = rounds_of(a[7]);
	int from, to, listener, round, one = 1;
	struct sockaddr_storage at, peer, own;
	char text[INET6_ADDRSTRLEN];
	socklen_t len, plen = sizeof(peer);
	int space = 1 << 21;
	size_t bytes = atoi(a[4]);
	long long start, before[2], after[2];

	/* Nobody waits for a way that does not work. */
	alarm(20);
	len = address(&at, a[2], atoi(a[3]));
	address(&own, a[8] ? a[8] : a[2], atoi(a[3]));
	enter(a[1]);
	listener = open_socket(&own, SOCK_STREAM);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* Autotuning goes by the time that packets take, and the number of
	 * acknowledgements by it.
	 */
	if (setsockopt(listener, SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof(space)))
		err(1, "SO_RCVBUFFORCE");
	if (bind(listener, (void *)&own, len) || listen(listener, 1))
		err(1, "listen");
	enter(a[0]);
	from = open_socket(&at, SOCK_STREAM);
	setsockopt(from, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (setsockopt(from, SOL_SOCKET, SO_SNDBUFFORCE, &space, sizeof(space)))
		err(1, "SO_SNDBUFFORCE");
	if (connect(from, (void *)&at, len))
		err(1, "connect");
	to = accept(listener, (void *)&peer, &plen);
	if (to < 0)
		err(1, "accept");
	copy_blocks(from, to, bytes, warmup);
	enter(a[1]);
	count_eth0(before);
	for (round = 0; round < rounds; round++) {
		start = timed_begin();
		copy_blocks(from, to, bytes, count);
		took[round] = timed_end() - start;
	}
	count_eth0(after);
	inet_ntop(peer.ss_family, peer.ss_family == AF_INET ?
		  (void *)&((struct sockaddr_in *)&peer)->sin_addr :
		  (void *)&((struct sockaddr_in6 *)&peer)->sin6_addr,
		  text, sizeof(text));
	printf("%lld %lld %s ", after[0] - before[0], after[1] - before[1], text);
	print_rounds(rounds);
}

static void ping_pong(const int *fd, size_t bytes, int count)
{
	int i;

	for (; count > 0; count--)
		for (i = 0; i < 2; i++)
			if (send(fd[i], block, bytes, 0) != (ssize_t)bytes ||
			    recv(fd[!i], block, bytes, 0) != (ssize_t)bytes)
				err(1, "lost on loopback");
}

static void loop(char **a)
{
	int count = atoi(a[5]), rounds = rounds_of(a[6]), fd[2], i, round;
	struct sockaddr_storage at[2];
	size_t bytes = atoi(a[3]);
	long long start;
	socklen_t len = 0;

	enter(a[0]);
	for (i = 0; i < 2; i++) {
		len = address(&at[i], a[1], atoi(a[2]) + i);
		fd[i] = open_socket(&at[i], SOCK_DGRAM);
		if (bind(fd[i], (void *)&at[i], len))
			err(1, "bind");
	}
	for (i = 0; i < 2; i++)
		if (connect(fd[i], (void *)&at[!i], len))
			err(1, "connect");
	ping_pong(fd, bytes, atoi(a[4]));
	for (round = 0; round < rounds; round++) {
		start = timed_begin();
		ping_pong(fd, bytes, count);
		took[round] = timed_end() - start;
	}
	print_rounds(rounds);
}

int main(int argc, char **argv)
{
	if (argc == 9 && !strcmp(argv[1], "udp"))
		udp(argv + 2);
	else if ((argc == 10 || argc == 11) && !strcmp(argv[1], "tcp"))
		tcp(argv + 2);
	else if (argc == 9 && !strcmp(argv[1], "loop"))
		loop(argv + 2);
	else
		errx(2, "see the comment at the top of the source");
	return 0;
}
