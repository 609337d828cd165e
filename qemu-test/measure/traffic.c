// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-traffic: what qemu-test/measure/guest.sh sends and receives. One process,
 * no library but libc, so that its own cost is the same for every way.
 *
 *   udp NETNS DST PORT BYTES WARMUP COUNT ROUNDS [NETNS-BACK SOURCE]
 *	COUNT datagrams from a connected socket; with two more arguments DST answers
 *	once behind the warm-up, from that namespace to SOURCE, as it sees the sender
 *   turns DST PORT BYTES WARMUP COUNT ROUNDS NETNS[,NETNS-BACK,SOURCE]...
 *	as udp, in each round from one namespace after the other; a line of rounds for each
 *   flows DST PORT BYTES FLOWS COUNT ROUNDS NETNS...
 *	the same to FLOWS addresses in turn, DST and those that follow; one to each of
 *	them comes first, outside the time
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

/* One datagram back, from the far end's socket to the port that fd sends from. */
static void answer(int fd, const char *dst, const char *port, const char *netns,
		   const char *source)
{
	struct sockaddr_storage from, to, own;
	socklen_t len = sizeof(own), flen;
	int back;

	if (getsockname(fd, (void *)&own, &len))
		err(1, "getsockname");
	flen = address(&from, dst, atoi(port));
	/* The port is at the same place in both families. */
	address(&to, source, ntohs(((struct sockaddr_in *)&own)->sin_port));
	enter(netns);
	back = open_socket(&from, SOCK_DGRAM);
	if (bind(back, (void *)&from, flen) ||
	    sendto(back, block, 1, 0, (void *)&to, flen) != 1)
		err(1, "answer");
	close(back);
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
	if (a[7])
		answer(fd, a[1], a[2], a[7], a[8]);
	for (round = 0; round < rounds; round++) {
		start = timed_begin();
		send_udp(fd, atoi(a[3]), atoi(a[5]));
		took[round] = timed_end() - start;
	}
	print_rounds(rounds);
}

/* To the addresses from number at on, of n. Returns the number that is next. */
static int send_flows(int fd, const struct sockaddr_storage *base, socklen_t len,
		      size_t bytes, int at, int n, int count)
{
	struct iovec iov = { .iov_base = block, .iov_len = bytes };
	struct sockaddr_storage to[BATCH];
	struct mmsghdr m[BATCH];
	uint32_t first, low;
	char *last4;
	int i, done;

	memset(m, 0, sizeof(m));
	while (count > 0) {
		for (i = 0; i < BATCH; i++) {
			to[i] = *base;
			last4 = base->ss_family == AF_INET ?
				(char *)&((struct sockaddr_in *)&to[i])->sin_addr :
				(char *)&((struct sockaddr_in6 *)&to[i])->sin6_addr + 12;
			memcpy(&first, last4, 4);
			low = htonl(ntohl(first) + (at + i) % n);
			memcpy(last4, &low, 4);
			m[i].msg_hdr.msg_name = &to[i];
			m[i].msg_hdr.msg_namelen = len;
			m[i].msg_hdr.msg_iov = &iov;
			m[i].msg_hdr.msg_iovlen = 1;
		}
		done = sendmmsg(fd, m, count < BATCH ? count : BATCH, 0);
		if (done < 0)
			err(1, "sendmmsg");
		at = (at + done) % n;
		count -= done;
	}
	return at;
}

#define MAX_TURNS 32

/* To one address each, or to so many. */
static void turns(char **a, int flows)
{
	static long long each[MAX_TURNS][1000];
	int fd[MAX_TURNS], at[MAX_TURNS] = { 0 }, i, n, round, rounds = rounds_of(a[5]);
	int count = atoi(a[4]), warmup = atoi(a[3]);
	size_t bytes = atoi(a[2]);
	struct sockaddr_storage to;
	char *ns, *back, *source;
	long long start;
	socklen_t len;

	for (n = 0; a[6 + n] && n < MAX_TURNS; n++) {
		ns = strtok(a[6 + n], ",");
		back = strtok(NULL, ",");
		source = strtok(NULL, ",");
		enter(ns);
		len = address(&to, a[0], atoi(a[1]));
		fd[n] = open_socket(&to, SOCK_DGRAM);
		if (flows) {
			at[n] = send_flows(fd[n], &to, len, bytes, 0, warmup, warmup);
			continue;
		}
		if (connect(fd[n], (void *)&to, len))
			err(1, "connect");
		send_udp(fd[n], bytes, warmup);
		if (source)
			answer(fd[n], a[0], a[1], back, source);
	}
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < n; i++) {
			start = timed_begin();
			if (flows)
				at[i] = send_flows(fd[i], &to, len, bytes, at[i], warmup, count);
			else
				send_udp(fd[i], bytes, count);
			each[i][round] = timed_end() - start;
		}
	}
	for (i = 0; i < n; i++) {
		memcpy(took, each[i], sizeof(took));
		print_rounds(rounds);
	}
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
	if ((argc == 9 || argc == 11) && !strcmp(argv[1], "udp"))
		udp(argv + 2);
	else if (argc >= 9 && (!strcmp(argv[1], "turns") || !strcmp(argv[1], "flows")))
		turns(argv + 2, !strcmp(argv[1], "flows"));
	else if ((argc == 10 || argc == 11) && !strcmp(argv[1], "tcp"))
		tcp(argv + 2);
	else if (argc == 9 && !strcmp(argv[1], "loop"))
		loop(argv + 2);
	else
		errx(2, "see the comment at the top of the source");
	return 0;
}
