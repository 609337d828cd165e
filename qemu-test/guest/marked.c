// SPDX-License-Identifier: GPL-2.0-only
/*
 * marked DEVICE FILE N SECONDS: sends an ARP request for 233.252.0.N (which nobody has, RFC
 * 5771) by the device, and ends when the capture in FILE holds it: then it also holds all
 * that was sent before. Fails after SECONDS.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	/* As it is on the wire: request, for IPv4 over Ethernet; sender (MAC address filled in
	 * below, no address); target.
	 */
	unsigned char arp[28] = { 0, 1, 8, 0, 6, 4, 0, 1, [24] = 233, 252, 0, 0 };
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP),
		.sll_halen = ETH_ALEN, .sll_addr = { 255, 255, 255, 255, 255, 255 },
	};
	const struct timespec tick = { .tv_nsec = 2000000 };
	struct ifreq ifr = {};
	static unsigned char tail[65536];
	int s, f, waited;
	off_t size, seen = 0;
	ssize_t n;

	if (argc != 5)
		errx(2, "usage: marked DEVICE FILE N SECONDS");
	arp[27] = atoi(argv[3]);
	to.sll_ifindex = if_nametoindex(argv[1]);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", argv[1]);
	s = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ARP));
	if (s < 0 || ioctl(s, SIOCGIFHWADDR, &ifr))
		err(1, "%s", argv[1]);
	memcpy(arp + 8, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	f = open(argv[2], O_RDONLY);
	if (f < 0)
		err(1, "%s", argv[2]);
	if (sendto(s, arp, sizeof(arp), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "send by %s", argv[1]);
	for (waited = 0; waited < atoi(argv[4]) * 500; waited++) {
		size = lseek(f, 0, SEEK_END);
		if (size != seen) {
			seen = size;
			n = pread(f, tail, sizeof(tail),
				  size > (off_t)sizeof(tail) ? size - (off_t)sizeof(tail) : 0);
			if (n > 0 && memmem(tail, n, arp + 24, 4))
				return 0;
		}
		nanosleep(&tick, NULL);
	}
	errx(1, "%s does not hold the mark", argv[2]);
}
