// SPDX-License-Identifier: GPL-2.0-only
/* The verdict, for people and for programs. */
#include "print.h"
#include "names.h"
#include "util.h"
#include <linux/fib_rules.h>
#include <linux/netfilter/xt_UNHOLE.h>
#include <linux/rtnetlink.h>
#include <string.h>

static const char *const colors[] = {
	[V_LEAVES] = "\033[32m", [V_LOCAL] = "\033[33m", [V_DIES] = "\033[31m", [V_UNKNOWN] = "\033[35m",
};

static const char *const names[] = {
	[V_LEAVES] = "leaves", [V_LOCAL] = "local", [V_DIES] = "dies", [V_UNKNOWN] = "unknown",
};

const char *verdict_name(enum verdict v)
{
	return names[v];
}

static void print_step(const struct step *s)
{
	char buf[200];

	printf("  route %s", s->why);
	if (s->flow.iif)
		printf(": iif %s", line_text(dev_name(s->flow.iif)));
	else
		printf(": output");
	if (s->flow.has_src)
		printf(" from %s", addr_text(s->flow.family, &s->flow.src));
	printf(" to %s", addr_text(s->flow.family, &s->flow.dst));
	if (s->flow.mark)
		printf(" mark 0x%x", s->flow.mark);
	putchar('\n');
	if (s->res.rule)
		printf("    | rule  %s\n", line_text(describe_rule(s->res.rule, buf, sizeof(buf))));
	if (s->res.route)
		printf("    | route %s\n", line_text(describe_route(s->flow.family, s->res.route, buf, sizeof(buf))));
	if (s->res.err)
		printf("    x refused: %s\n", strerror(s->res.err));
	else
		printf("    v\n");
}

/* NAT in front of this lookup, or behind it: of the destination, or of the source */
static void print_nat(const struct path *p, int step, bool source, const char *dev)
{
	int family = p->q.flow.family, i;

	for (i = 0; i < p->n_nats; i++) {
		const struct nat_done *n = &p->nat[i];

		if (n->source != source || n->before != step)
			continue;
		printf("  %s%s%s: %s to %s", n->hook, dev ? " -o " : "", dev ? line_text(dev) : "", source ? "SNAT" : "DNAT",
		       addr_text(family, &n->to));
		if (n->port)
			printf(", port %u", n->port);
		printf(" (%s)\n    |\n", line_text(n->by));
	}
}

void print_text(const struct path *p, bool explain, bool color)
{
	const struct query *q = &p->q;
	size_t t;
	int i;
	bool lost = p->verdict == V_LEAVES && is_private(q->flow.family, &p->source) &&
		    !is_private(q->flow.family, &p->step[p->n_steps - 1].flow.dst);

	/* What nobody can answer is not green */
	printf("%s%s%s\n\n", !color ? "" : lost ? colors[V_LOCAL] : colors[p->verdict], line_text(p->text), color ? "\033[0m" : "");
	printf("%s\n", q->flow.iif ? line_text(dev_name(q->flow.iif)) : "this box");
	for (i = 0; i < p->n_steps; i++) {
		const struct step *s = &p->step[i];
		bool second = strncmp(s->why, "second", 6) == 0;

		if (second && p->by[0])
			printf("  PREROUTING -i %s: UNHOLE (%s)%s%s%s\n    |\n", line_text(dev_name(s->flow.iif)), line_text(p->by),
			       p->unhole_flags & XT_UNHOLE_ALLOW_LOCAL ? " --allow-local" : "",
			       p->unhole_flags & XT_UNHOLE_NOTRACK ? " --notrack" : "",
			       p->unhole_flags & XT_UNHOLE_RESET_CT ? " --reset-ct" : "");
		print_nat(p, i, false, NULL);
		print_step(s);
		if (s->res.err)
			break;
		if (s->res.type == RTN_UNICAST) {
			/* What OUTPUT routes again has not gone anywhere yet */
			if (!(i + 1 < p->n_steps && strncmp(p->step[i + 1].why, "first", 5) == 0)) {
				if (p->forward_iif && second)
					printf("  FORWARD -i %s -o %s\n    |\n", line_text(p->forward_iif), line_text(dev_name(s->res.oif)));
				print_nat(p, i + 1, true, dev_name(s->res.oif));
				printf("%s", line_text(dev_name(s->res.oif)));
				if (i + 1 == p->n_steps && p->verdict == V_LEAVES)
					printf("  MTU %u", result_mtu(&s->res));
				putchar('\n');
			}
		} else {
			printf("this box\n");
		}
	}
	if (p->core_why)
		printf("\nkernel: %s (%s)\n", p->core == YES ? "has the core patches" :
		       p->core == NO ? "without the core patches" : "with or without the core patches: unknown",
		       p->core_why);
	if (p->counter)
		printf("\ncounted: %s (ethtool -S)\n", p->counter);
	for (i = 0; i < p->n_notes; i++)
		printf("%snote: %s\n", i || p->hole == YES ? "" : "\n", line_text(p->note[i]));
	if (trace.n)
		printf("\nrules that it meets:\n");
	for (t = 0; t < trace.n; t++)
		printf("  %s\n", line_text(trace.line[t]));
	if (!explain)
		return;
	if (!p->n_fixes) {
		printf("\nnothing to change is known\n");
		return;
	}
	printf("\nto change it:\n");
	for (i = 0; i < p->n_fixes; i++)
		printf("  %s\n", line_text(p->fix[i]));
}

/* The length of the UTF-8 sequence that s begins with; 0: it is none. */
static size_t utf8_len(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n = *u >= 0xf0 && *u < 0xf5 ? 4 : *u >= 0xe0 && *u < 0xf0 ? 3 : *u >= 0xc2 && *u < 0xe0 ? 2 : 0, i;

	for (i = 1; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	/* A control character (of terminals: U+009B), overlong, of a surrogate, beyond the last */
	if ((*u == 0xc2 && u[1] < 0xa0) || (*u == 0xe0 && u[1] < 0xa0) || (*u == 0xed && u[1] >= 0xa0) || (*u == 0xf0 && u[1] < 0x90) ||
	    (*u == 0xf4 && u[1] >= 0x90))
		return 0;
	return n;
}

/* A device's name may be any bytes; JSON is UTF-8. */
void json_string(const char *s)
{
	size_t n;

	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\') {
			printf("\\%c", *s);
		} else if ((unsigned char)*s < 0x20 || *s == 0x7f) {
			printf("\\u%04x", (unsigned char)*s);
		} else if ((unsigned char)*s < 0x80) {
			putchar(*s);
		} else if ((n = utf8_len(s))) {
			fwrite(s, 1, n, stdout);
			s += n - 1;
		} else {
			fputs("\\ufffd", stdout);
		}
	}
	putchar('"');
}

static void json_key(const char *key)
{
	json_string(key);
	putchar(':');
}

void json_field(const char *key, const char *value)
{
	putchar(',');
	json_key(key);
	json_string(value);
}

static const char *json_tri(enum tri t)
{
	return t == YES ? "true" : t == NO ? "false" : "null";
}

/* Numbers and the like, that are there if they are not 0 */
static void json_number(const char *key, unsigned long value)
{
	if (!value)
		return;
	putchar(',');
	json_key(key);
	printf("%lu", value);
}

static void json_range(const char *key, unsigned long from, unsigned long to)
{
	if (!to)
		return;
	putchar(',');
	json_key(key);
	printf("[%lu,%lu]", from, to);
}

static void json_prefix(const char *key, int family, const struct addr *a, unsigned int plen)
{
	char buf[INET6_ADDRSTRLEN + 8];

	snprintf(buf, sizeof(buf), "%s/%u", addr_text(family, a), plen);
	json_field(key, buf);
}

static void json_table(uint32_t table)
{
	printf(",\"table\":%u", table);
	if (table_name(table))
		json_field("table_name", table_name(table));
}

static void json_rule(const struct rule *r, int family)
{
	static const char *const actions[] = {
		[FR_ACT_TO_TBL] = "lookup", [FR_ACT_GOTO] = "goto", [FR_ACT_NOP] = "nop", [FR_ACT_BLACKHOLE] = "blackhole",
		[FR_ACT_UNREACHABLE] = "unreachable", [FR_ACT_PROHIBIT] = "prohibit",
	};

	printf(",\"rule_fields\":{\"pref\":%u", r->pref);
	json_field("action", r->action < ARRAY_SIZE(actions) && actions[r->action] ? actions[r->action] : "other");
	if (r->action == FR_ACT_TO_TBL)
		json_table(r->table);
	json_number("goto", r->action == FR_ACT_GOTO ? r->target : 0);
	if (r->flags & FIB_RULE_INVERT)
		printf(",\"not\":true");
	if (r->src_len)
		json_prefix("from", family, &r->src, r->src_len);
	if (r->dst_len)
		json_prefix("to", family, &r->dst, r->dst_len);
	if (r->has_mark)
		printf(",\"fwmark\":%u,\"fwmask\":%u", r->mark, r->mask);
	if (r->iif[0])
		json_field("iif", r->iif);
	if (r->oif[0])
		json_field("oif", r->oif);
	json_number("ipproto", r->ipproto);
	json_range("sport", r->sport[0], r->sport[1]);
	json_range("dport", r->dport[0], r->dport[1]);
	json_number("tos", r->tos ? r->tos : r->dscp << 2);
	json_number("flowlabel", r->label);
	json_number("flowlabel_mask", r->label_mask);
	if (r->has_uid)
		printf(",\"uidrange\":[%u,%u]", r->uid_start, r->uid_end);
	if (r->l3mdev)
		printf(",\"l3mdev\":true");
	if (r->suppress_plen != -1)
		printf(",\"suppress_prefixlength\":%d", r->suppress_plen);
	json_number("realms", r->realms);
	putchar('}');
}

static void json_nexthop(const struct nexthop *nh)
{
	printf("{\"dev\":");
	json_string(dev_name(nh->oif));
	if (nh->has_gw)
		json_field("gateway", addr_text(nh->gw_family, &nh->gw));
	putchar('}');
}

static void json_route(const struct route *rt, int family)
{
	unsigned int i;

	printf(",\"route_fields\":{\"dst\":");
	json_string(addr_text(family, &rt->dst));
	printf(",\"prefixlength\":%u", rt->plen);
	json_field("type", route_type(rt->type));
	json_table(rt->table);
	printf(",\"metric\":%u,\"protocol\":%u", rt->metric, rt->protocol);
	json_number("nhid", rt->nhid);
	json_number("mtu", rt->mtu);
	json_number("realms", rt->realms);
	if (rt->has_prefsrc)
		json_field("prefsrc", addr_text(family, &rt->prefsrc));
	printf(",\"paths\":[");
	for (i = 0; i < rt->n_nh; i++) {
		if (i)
			putchar(',');
		json_nexthop(&rt->nh[i]);
	}
	printf("]}");
}

static void json_step(const struct step *s)
{
	struct nexthop nh = { .oif = s->res.oif, .has_gw = s->res.has_gw, .gw_family = s->res.gw_family, .gw = s->res.gw };
	char buf[200];

	printf("{\"lookup\":");
	json_string(s->why);
	if (s->flow.iif)
		json_field("iif", dev_name(s->flow.iif));
	if (s->flow.has_src)
		json_field("src", addr_text(s->flow.family, &s->flow.src));
	json_field("dst", addr_text(s->flow.family, &s->flow.dst));
	printf(",\"mark\":%u", s->flow.mark);
	if (s->res.rule)
		json_field("rule", describe_rule(s->res.rule, buf, sizeof(buf)));
	if (s->res.route)
		json_field("route", describe_route(s->flow.family, s->res.route, buf, sizeof(buf)));
	if (s->res.rule)
		json_rule(s->res.rule, s->flow.family);
	if (s->res.route)
		json_route(s->res.route, s->flow.family);
	if (s->res.err) {
		json_field("error", strerror(s->res.err));
	} else {
		json_field("type", s->res.type == RTN_UNICAST ? "unicast" :
			   s->res.type == RTN_LOCAL ? "local" : "other");
		printf(",\"table\":%u", s->res.table);
		json_field("oif", dev_name(s->res.oif));
		if (s->res.has_gw)
			json_field("gateway", addr_text(s->res.gw_family, &s->res.gw));
		printf(",\"mtu\":%u,\"nexthops\":%u", result_mtu(&s->res), s->res.paths ? s->res.paths : 1);
		printf(",\"nexthop\":");
		json_nexthop(&nh);
	}
	putchar('}');
}

static void json_nat(const struct path *p)
{
	int i;

	printf(",\"nat\":[");
	for (i = 0; i < p->n_nats; i++) {
		const struct nat_done *n = &p->nat[i];

		printf("%s{\"hook\":", i ? "," : "");
		json_string(n->hook);
		json_field("type", n->source ? "snat" : "dnat");
		json_field("to", addr_text(p->q.flow.family, &n->to));
		if (n->port)
			printf(",\"port\":%u", n->port);
		json_field("by", n->by);
		putchar('}');
	}
	putchar(']');
}

static void json_list(const char *key, const char (*list)[TEXT], int n)
{
	int i;

	putchar(',');
	json_key(key);
	putchar('[');
	for (i = 0; i < n; i++) {
		if (i)
			putchar(',');
		json_string(list[i]);
	}
	putchar(']');
}

static void json_trace(void)
{
	size_t t;

	printf(",\"trace\":[");
	for (t = 0; t < trace.n; t++) {
		if (t)
			putchar(',');
		json_string(trace.line[t]);
	}
	putchar(']');
}

void json_packet(const struct path *p)
{
	int i;

	printf("{\"verdict\":");
	json_string(names[p->verdict]);
	json_field("reason", p->reason);
	json_field("text", p->text);
	printf(",\"family\":%d", p->q.flow.family == AF_INET ? 4 : 6);
	printf(",\"hole\":%s", json_tri(p->hole));
	printf(",\"unholed\":%s", json_tri(p->unholed));
	if (p->core_why) {
		printf(",\"core\":%s", json_tri(p->core));
		json_field("core_by", p->core_why);
	}
	if (p->by[0])
		json_field("unholed_by", p->by);
	if (p->counter)
		json_field("counter", p->counter);
	if (p->forward_iif)
		json_field("forward_iif", p->forward_iif);
	printf(",\"lookups\":[");
	for (i = 0; i < p->n_steps; i++) {
		if (i)
			putchar(',');
		json_step(&p->step[i]);
	}
	putchar(']');
	json_nat(p);
	if (p->verdict == V_LEAVES) {
		const struct step *s = &p->step[p->n_steps - 1];

		printf(",\"egress\":{\"dev\":");
		json_string(dev_name(s->res.oif));
		if (s->res.has_gw)
			json_field("gateway", addr_text(s->res.gw_family, &s->res.gw));
		json_field("source", addr_text(s->flow.family, &p->source));
		printf(",\"mtu\":%u}", result_mtu(&s->res));
	}
	if (p->has_conn) {
		printf(",\"conntrack\":{\"state\":");
		json_string(conn_state(&p->conn));
		json_field("direction", p->conn.reply ? "reply" : "original");
		printf(",\"mark\":%u}", p->conn.mark);
	}
	if (trace.n)
		json_trace();
	json_list("notes", p->note, p->n_notes);
	json_list("fixes", p->fix, p->n_fixes);
	putchar('}');
}

void print_json(const struct path *p)
{
	json_packet(p);
	putchar('\n');
}
