// SPDX-License-Identifier: GPL-2.0-only
/* unhole-path: which way a packet goes, through the hole and out of it. */
#include "rules.h"
#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void usage(void)
{
	fputs("usage: unhole-path [-4|-6] [-j] [--explain] [--core yes|no] to ADDRESS [from ADDRESS]\n"
	      "         [iif DEV] [mark MARK] [ipproto P] [sport N] [dport N]\n"
	      "         [snat ADDRESS] [dnat ADDRESS[:PORT]]\n"
	      "       unhole-path [-j] doctor\n"
	      "exit status: 0 leaves, 1 does not, 2 usage, 3 may not look or cannot know\n", stdout);
}

__attribute__((format(printf, 1, 2), noreturn))
static void bad(const char *fmt, ...)
{
	va_list ap;

	fputs("unhole-path: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs(" (unhole-path --help)\n", stderr);
	exit(EXIT_USAGE);
}

/* The first address decides the family, unless -4 or -6 did. */
static void parse_addr(const char *what, const char *s, int *family, struct addr *to)
{
	int f = strchr(s, ':') ? AF_INET6 : AF_INET;

	if (*family == AF_UNSPEC)
		*family = f;
	memset(to, 0, sizeof(*to));
	if (f != *family || inet_pton(f, s, to) != 1)
		bad("%s wants an IPv%d address, not \"%s\"", what, *family == AF_INET ? 4 : 6, s);
}

static unsigned long parse_number(const char *what, const char *s, unsigned long max)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(s, &end, 0);
	if (!*s || *end || errno || v > max || strchr(s, '-') || *s == ' ' || *s == '+')
		bad("%s wants a number up to %lu, not \"%s\"", what, max, s);
	return v;
}

/* Port 0 is no port: it stands for "not told" */
static uint16_t parse_port(const char *what, const char *s)
{
	unsigned long v = parse_number(what, s, 65535);

	if (!v)
		bad("%s wants a port, not \"%s\"", what, s);
	return v;
}

static uint8_t parse_proto(const char *s)
{
	static const struct { const char *name; uint8_t proto; } known[] = {
		{ "icmp", IPPROTO_ICMP }, { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP },
		{ "ipv6-icmp", IPPROTO_ICMPV6 }, { "icmpv6", IPPROTO_ICMPV6 },
		{ "sctp", IPPROTO_SCTP }, { "gre", IPPROTO_GRE }, { "esp", IPPROTO_ESP },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(s, known[i].name) == 0)
			return known[i].proto;
	return parse_number("ipproto", s, 255);
}

/* ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT */
static void parse_dnat(const char *s, int *family, struct query *q)
{
	char buf[INET6_ADDRSTRLEN + 8];
	char *port = NULL, *a = buf;

	if (snprintf(buf, sizeof(buf), "%s", s) >= (int)sizeof(buf))
		bad("dnat wants an address, not \"%s\"", s);
	if (*buf == '[') {
		char *close = strchr(buf, ']');

		if (!close || (close[1] && close[1] != ':'))
			bad("dnat wants [ADDRESS]:PORT, not \"%s\"", s);
		*close = 0;
		a = buf + 1;
		port = close[1] ? close + 2 : NULL;
	} else if (strchr(buf, ':') == strrchr(buf, ':') && strchr(buf, ':')) {
		port = strchr(buf, ':');
		*port++ = 0;
	}
	parse_addr("dnat", a, family, &q->dnat);
	if (port)
		q->dnat_port = parse_port("the port of dnat", port);
	q->has_dnat = true;
}

static void parse_query(char **argv, int family, struct query *q, const char **dev)
{
	struct flow *f = &q->flow;
	char **first = argv, **a;
	bool has_to = false;

	for (; *argv; argv += 2) {
		const char *key = argv[0], *value = argv[1];

		if (!value)
			bad("\"%s\" wants a value", key);
		for (a = first; a < argv; a += 2)
			if (strcmp(*a, key) == 0)
				bad("\"%s\" is told twice", key);
		if (strcmp(key, "to") == 0) {
			parse_addr("to", value, &family, &f->dst);
			has_to = true;
		} else if (strcmp(key, "from") == 0) {
			parse_addr("from", value, &family, &f->src);
			f->has_src = true;
		} else if (strcmp(key, "iif") == 0) {
			*dev = value;
		} else if (strcmp(key, "mark") == 0) {
			f->mark = parse_number("mark", value, 0xffffffff);
		} else if (strcmp(key, "ipproto") == 0) {
			f->proto = parse_proto(value);
		} else if (strcmp(key, "sport") == 0) {
			f->sport = parse_port("sport", value);
		} else if (strcmp(key, "dport") == 0) {
			f->dport = parse_port("dport", value);
		} else if (strcmp(key, "snat") == 0) {
			parse_addr("snat", value, &family, &q->snat);
			q->has_snat = true;
		} else if (strcmp(key, "dnat") == 0) {
			parse_dnat(value, &family, q);
		} else {
			bad("\"%s\" is none of to, from, iif, mark, ipproto, sport, dport, snat, dnat", key);
		}
	}
	if (!has_to)
		bad("where to? to ADDRESS is missing");
	if (*dev && !f->has_src)
		bad("a packet that comes in by %s has a source: from ADDRESS is missing", *dev);
	if ((f->sport || f->dport) && !f->proto)
		bad("sport and dport want ipproto");
	f->family = family;
}

/* A verdict that nobody can read is none. */
static int printed(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "unhole-path: cannot write: %s\n", strerror(errno));
	return EXIT_UNKNOWN;
}

int main(int argc, char **argv)
{
	bool json = false, explain = false, color;
	static const struct query no_query;
	struct query q = no_query;
	static struct path p;
	const char *dev = NULL;
	int family = AF_UNSPEC, err, i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "-4") == 0)
			family = AF_INET;
		else if (strcmp(argv[i], "-6") == 0)
			family = AF_INET6;
		else if (strcmp(argv[i], "-j") == 0 || strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--explain") == 0)
			explain = true;
		else if (strcmp(argv[i], "--core") == 0 && i + 1 < argc &&
			 (strcmp(argv[i + 1], "yes") == 0 || strcmp(argv[i + 1], "no") == 0))
			core_assume(strcmp(argv[++i], "yes") == 0);
		else if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return usage(), printed(0);
		else
			bad("no option \"%s\"", argv[i]);
	}
	if (i == argc)
		bad("nothing asked");
	color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	if (strcmp(argv[i], "doctor") == 0) {
		if (i + 1 != argc)
			bad("doctor takes no arguments");
	} else {
		parse_query(argv + i, family, &q, &dev);
	}

	err = world_read();
	if (err) {
		fprintf(stderr, "unhole-path: cannot read links, rules and routes: %s\n", strerror(-err));
		if (!json || !q.flow.family)
			return EXIT_UNKNOWN;
		p = (struct path){ .q = q, .verdict = V_UNKNOWN, .reason = "cannot-read", .hole = MAYBE,
				   .unholed = MAYBE };
		snprintf(p.text, sizeof(p.text), "unknown: links, rules and routes cannot be read (%s)",
			 strerror(-err));
		print_json(&p);
		return printed(EXIT_UNKNOWN);
	}
	if (strcmp(argv[i], "doctor") == 0) {
		int ret = doctor(json, color);

		rules_free();
		world_free();
		return printed(ret);
	}
	if (dev) {
		const struct link *l = link_by_name(dev);

		if (!l)
			bad("there is no device \"%s\"", dev);
		q.flow.iif = l->index;
	}
	decide(&q, &p);
	if (json)
		print_json(&p);
	else
		print_text(&p, explain, color);
	rules_free();
	world_free();
	return printed(p.verdict == V_LEAVES ? EXIT_LEAVES : p.verdict == V_UNKNOWN ? EXIT_UNKNOWN : EXIT_STAYS);
}
