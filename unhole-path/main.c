// SPDX-License-Identifier: GPL-2.0-only
/* unhole-path: which way a packet goes, through the hole and out of it. */
#include "box.h"
#include "doctor.h"
#include "names.h"
#include "print.h"
#include "rules.h"
#include "watch.h"
#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void usage(void)
{
	fputs("usage: unhole-path [OPTIONS] [to] ADDRESS [from ADDRESS] [iif DEV | oif DEV | vrf DEV] [mark MARK]\n"
	      "         [ipproto P] [sport N] [dport N] [tos TOS] [uid UID]\n"
	      "         [flowlabel LABEL] [snat ADDRESS] [dnat ADDRESS[:PORT]]\n"
	      "         [conntrack [type N [code N] id N] [zone N]]\n"
	      "       unhole-path [OPTIONS] watch ...: the same, and what real packets do\n"
	      "       unhole-path [OPTIONS] doctor\n"
	      "src, dst, dev and dsfield are from, to, iif and tos; conntrack's type, code and id are ICMP's\n"
	      "options: -4 -6, -j (JSON), --explain (what would change it), --trace (each rule that is met),\n"
	      "         -c (color), --core yes|no, -h, -V\n"
	      "of watch: --count N (packets, 1), --time SECONDS (at most, 10), --send (one such packet)\n"
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
		{ "ipv6-icmp", IPPROTO_ICMPV6 }, { "icmpv6", IPPROTO_ICMPV6 }, { "udplite", IPPROTO_UDPLITE },
		{ "sctp", IPPROTO_SCTP }, { "dccp", IPPROTO_DCCP }, { "gre", IPPROTO_GRE }, { "esp", IPPROTO_ESP },
		{ "ah", IPPROTO_AH }, { "ipip", IPPROTO_IPIP },
	};
	const struct protoent *e;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(s, known[i].name) == 0)
			return known[i].proto;
	/* /etc/protocols has more, where there is one */
	e = *s >= '0' && *s <= '9' ? NULL : getprotobyname(s);
	return e ? (unsigned long)e->p_proto : parse_number("ipproto", s, 255);
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

/* What is told, by its words; ip(8) has some of them by other names. */
enum word { TO, FROM, IIF, OIF, VRF, MARK, IPPROTO, SPORT, DPORT, TOS, UID, FLOWLABEL, SNAT, DNAT, CONNTRACK, TYPE,
	    CODE, ID, ZONE, N_WORDS };

static const char *const words[N_WORDS] = {
	[TO] = "to", [FROM] = "from", [IIF] = "iif", [OIF] = "oif", [VRF] = "vrf", [MARK] = "mark", [IPPROTO] = "ipproto",
	[SPORT] = "sport", [DPORT] = "dport", [TOS] = "tos", [UID] = "uid", [SNAT] = "snat", [DNAT] = "dnat",
	[FLOWLABEL] = "flowlabel", [CONNTRACK] = "conntrack", [TYPE] = "type", [CODE] = "code", [ID] = "id",
	[ZONE] = "zone",
};

/* Devices are looked up when the links have been read. */
struct devices {
	const char *in, *out, *vrf;
};

/* As ip(8) calls them, and conntrack(8) */
static enum word word_of(const char *s)
{
	int w;

	if (strcmp(s, "src") == 0)
		return FROM;
	if (strcmp(s, "dst") == 0)
		return TO;
	if (strcmp(s, "dsfield") == 0)
		return TOS;
	if (strcmp(s, "dev") == 0)
		return IIF;
	for (w = 0; w < N_WORDS && strcmp(s, words[w]) != 0; w++)
		;
	return w;
}

static void take_word(enum word w, const char *value, int *family, struct query *q, struct devices *dev)
{
	struct flow *f = &q->flow;

	switch (w) {
	case TO:
		return parse_addr("to", value, family, &f->dst);
	case FROM:
		f->has_src = true;
		return parse_addr("from", value, family, &f->src);
	case IIF:
		dev->in = value;
		break;
	case OIF:
		dev->out = value;
		break;
	case VRF:
		dev->vrf = value;
		break;
	case MARK:
		f->mark = parse_number("mark", value, 0xffffffff);
		break;
	case IPPROTO:
		f->proto = parse_proto(value);
		break;
	case SPORT:
		f->sport = parse_port("sport", value);
		break;
	case DPORT:
		f->dport = parse_port("dport", value);
		break;
	case TOS:
		f->tos = parse_number("tos", value, 255);
		break;
	case UID:
		f->uid = parse_number("uid", value, 0xffffffff);
		f->has_uid = true;
		break;
	case SNAT:
		q->has_snat = true;
		return parse_addr("snat", value, family, &q->snat);
	case DNAT:
		return parse_dnat(value, family, q);
	case FLOWLABEL:
		f->label = parse_number("flowlabel", value, 0xfffff);
		f->has_label = true;
		break;
	case CONNTRACK:
		q->conntrack = true;
		break;
	case TYPE:
		q->key.has_type = true;
		q->key.type = parse_number("type", value, 255);
		break;
	case CODE:
		q->key.code = parse_number("code", value, 255);
		break;
	case ID:
		q->key.has_id = true;
		q->key.id = parse_number("id", value, 65535);
		break;
	case ZONE:
		q->key.zone = parse_number("zone", value, 65535);
		break;
	case N_WORDS:
		break;
	}
}

/* "sport=99", as conntrack -L has it: its word, and the value; or NULL */
static const char *split(const char *arg, char *word, size_t len)
{
	const char *is = strchr(arg, '=');

	if (!is || (size_t)(is - arg) >= len)
		return NULL;
	snprintf(word, len, "%.*s", (int)(is - arg), arg);
	return is + 1;
}

/* Is it told which connection? */
static void check_tuple(const struct query *q)
{
	const struct flow *f = &q->flow;
	bool icmp = f->proto == (f->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);

	if ((q->key.has_type || q->key.has_id || q->key.code || q->key.zone) && !q->conntrack)
		bad("type, code, id and zone are for conntrack");
	if (!q->conntrack)
		return;
	if (!f->has_src || (icmp ? !q->key.has_type || !q->key.has_id : !has_ports(f->proto) || !f->sport || !f->dport))
		bad("conntrack wants the whole tuple: from, ipproto (tcp, udp, sctp, dccp, udplite), sport and dport; or icmp, type, code and id");
	if (!icmp && (q->key.has_type || q->key.has_id))
		bad("type, code and id are ICMP's");
	if (q->has_snat || q->has_dnat)
		bad("what NAT does is the connection's to say: conntrack, or snat and dnat");
}

static void parse_query(char **argv, int family, struct query *q, struct devices *dev)
{
	bool told[N_WORDS] = { false };
	struct flow *f = &q->flow;
	const char *key, *value;
	char word[16];
	enum word w;

	while (*argv) {
		key = *argv++;
		value = split(key, word, sizeof(word));
		w = word_of(value ? word : key);
		/* An address alone is where it goes, as of "ip route get" */
		if (w == N_WORDS && !told[TO] && strpbrk(key, ".:")) {
			w = TO;
			value = key;
		} else if (w == N_WORDS) {
			bad("\"%s\" is none of to, from, iif, oif, vrf, mark, ipproto, sport, dport, tos, uid, flowlabel, snat, dnat, conntrack, type, code, id, zone", key);
		} else if (value || w == CONNTRACK) {
			value = value ? value : key;
		} else if (!*argv) {
			bad("\"%s\" wants a value", key);
		} else {
			value = *argv++;
		}
		if (told[w])
			bad("\"%s\" is told twice", words[w]);
		told[w] = true;
		take_word(w, value, &family, q, dev);
	}
	if (!told[TO])
		bad("where to? to ADDRESS is missing");
	if (dev->in && !f->has_src)
		bad("a packet that comes in by %s has a source: from ADDRESS is missing", dev->in);
	if (dev->in && (dev->out || dev->vrf))
		bad("oif and vrf are for packets of this box; with iif there is no choice");
	if (dev->in && f->has_uid)
		bad("uid is for packets of this box");
	if (dev->out && dev->vrf)
		bad("oif and vrf are one and the same: say one of them");
	if ((f->sport || f->dport) && !f->proto)
		bad("sport and dport want ipproto");
	if (f->has_label && family != AF_INET6)
		bad("flowlabel is for IPv6");
	f->family = family;
	check_tuple(q);
}

/* "eth0@if3", as ip(8) prints it, is eth0. */
static const struct link *device(const char *told)
{
	char name[IF_NAMESIZE];
	const struct link *l;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(told, "@"), told);
	l = strlen(told) == strlen(name) || told[strlen(name)] == '@' ? link_by_name(name) : NULL;
	if (!l)
		bad("there is no device \"%s\"", told);
	return l;
}

/* The device that IP sees what comes in by this one: of a bridge, a bond or a team. */
static void come_in_by(struct query *q, const struct link *l)
{
	const struct link *m = link_by_index(l->master);

	q->flow.iif = l->index;
	if (has_members(m)) {
		q->port_of = l->index;
		q->flow.iif = m->index;
	}
}

/* A verdict that nobody can read is none. */
static int printed(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "unhole-path: cannot write: %s\n", strerror(errno));
	return EXIT_UNKNOWN;
}

struct options {
	int family;
	bool json, explain, color, trace;
	bool for_watch;		/* one of those that only watch has */
	struct watch watch;
};

static bool is(const char *arg, const char *name, const char *other)
{
	return strcmp(arg, name) == 0 || (other && strcmp(arg, other) == 0);
}

/* Those of watch; false: it is none of them. */
static bool watch_option(const char *arg, char ***argv, struct watch *w)
{
	bool count = is(arg, "--count", NULL), time = is(arg, "--time", NULL);
	unsigned int n;

	if (is(arg, "--send", NULL))
		return w->send = true;
	if (!count && !time)
		return false;
	if (!**argv)
		bad("%s wants a number", arg);
	n = parse_number(arg, *(*argv)++, count ? WATCH_MAX : 3600);
	if (!n)
		bad("%s wants a number from 1 up", arg);
	*(count ? &w->count : &w->seconds) = n;
	return true;
}

/* Options may stand anywhere; what is left is moved to the front. Returns false if that was all. */
static bool parse_options(char **argv, struct options *o)
{
	char **to = argv, *arg;

	while ((arg = *argv++)) {
		if (*arg != '-' || !arg[1]) {
			*to++ = arg;
		} else if (is(arg, "-4", NULL)) {
			o->family = AF_INET;
		} else if (is(arg, "-6", NULL)) {
			o->family = AF_INET6;
		} else if (is(arg, "-j", "--json") || is(arg, "-json", NULL)) {
			o->json = true;
		} else if (is(arg, "-c", "--color") || is(arg, "-color", NULL)) {
			o->color = true;
		} else if (is(arg, "--explain", NULL)) {
			o->explain = true;
		} else if (is(arg, "--trace", NULL)) {
			o->trace = true;
		} else if (is(arg, "--core", NULL) && *argv && (is(*argv, "yes", "no"))) {
			core_assume(is(*argv++, "yes", NULL));
		} else if (is(arg, "-h", "--help")) {
			usage();
			return false;
		} else if (is(arg, "-V", "--version")) {
			printf("unhole-path " VERSION "\n");
			return false;
		} else if (watch_option(arg, &argv, &o->watch)) {
			o->for_watch = true;
		} else {
			bad("no option \"%s\"", arg);
		}
	}
	*to = NULL;
	return true;
}

/* Links, rules and routes could not be read. */
static int blind(const struct query *q, bool json, int err)
{
	static struct path p;

	fprintf(stderr, "unhole-path: cannot read links, rules and routes: %s\n", strerror(-err));
	if (!json || !q->flow.family)
		return EXIT_UNKNOWN;
	p = (struct path){ .q = *q, .verdict = V_UNKNOWN, .reason = "cannot-read", .hole = MAYBE, .unholed = MAYBE };
	snprintf(p.text, sizeof(p.text), "unknown: links, rules and routes cannot be read (%s)", strerror(-err));
	print_json(&p);
	return printed(EXIT_UNKNOWN);
}

static int question(struct query *q, const struct devices *dev, struct options *o, bool is_watch)
{
	static struct path p;

	if (dev->in)
		come_in_by(q, device(dev->in));
	if (dev->out || dev->vrf)
		q->flow.oif = device(dev->out ? dev->out : dev->vrf)->index;
	if (o->trace)
		trace_on();
	decide(q, &p);
	if (is_watch) {
		o->watch.json = o->json;
		return watch(&p, &o->watch);
	}
	if (o->json)
		print_json(&p);
	else
		print_text(&p, o->explain, o->color);
	return p.verdict == V_LEAVES ? EXIT_LEAVES : p.verdict == V_UNKNOWN ? EXIT_UNKNOWN : EXIT_STAYS;
}

int main(int argc, char **argv)
{
	struct options o = {
		.family = AF_UNSPEC, .color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"), .watch = { .count = 1, .seconds = 10 },
	};
	static const struct query no_query;
	struct devices dev = { NULL, NULL, NULL };
	struct query q = no_query;
	bool is_doctor, is_watch;
	int err, ret;

	if (argc < 1 || !parse_options(++argv, &o))
		return printed(0);
	if (!*argv)
		bad("nothing asked");
	if (is(*argv, "help", NULL)) {
		usage();
		return printed(0);
	}
	is_doctor = is(*argv, "doctor", NULL);
	if (is_doctor && argv[1])
		bad("doctor takes no arguments");
	is_watch = is(*argv, "watch", NULL);
	if (is_watch && (o.explain || o.trace))
		bad("--explain and --trace are for the question alone, without watch");
	if (o.for_watch && !is_watch)
		bad("--count, --time and --send are for watch");
	if (is_watch && !*++argv)
		bad("watch what? to ADDRESS is missing");
	if (!is_doctor)
		parse_query(argv, o.family, &q, &dev);
	err = world_read();
	if (err)
		return blind(&q, o.json, err);
	ret = is_doctor ? doctor(o.json, o.color) : question(&q, &dev, &o, is_watch);
	rules_free();
	world_free();
	names_free();
	return printed(ret);
}
