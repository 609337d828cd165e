// SPDX-License-Identifier: GPL-2.0-only
/*
 * What real packets do, beside what was predicted. It looks on: no rule, no module and no
 * tracing of somebody else's is touched, and what it has set up goes away with it.
 */
#include "watch.h"
#include "journey.h"
#include "print.h"
#include "send.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Milliseconds without anything new: what has been given to a driver is gone; what was
 * delivered here may lie in a socket's queue; what was refused does not come.
 */
#define QUIET_SENT 300
#define QUIET_LOCAL 1000
#define QUIET_REFUSED 500

struct watching {
	struct probe probe;
	struct nft_trace rules;
	const struct path *p;
	const struct watch *w;
	struct journey *journey;
	unsigned int n, n_done;
	struct seen pending[MAX_PENDING];	/* lookups of what the box sends, not yet a packet */
	unsigned int n_pending;
	uint32_t ns;
	uint64_t end;
	int refused;
};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

/* The lookups that were made for a packet before it was one: by the same process */
static void adopt(struct watching *g, struct journey *j, uint32_t pid)
{
	unsigned int i;

	for (i = 0; i < g->n_pending; i++)
		if (g->pending[i].pid == pid)
			journey_adopt(j, &g->pending[i]);
	g->n_pending = 0;
}

static void on_event(const struct seen *s, void *arg)
{
	struct watching *g = arg;
	bool lookup = s->sight == S_LOOKUP4 || s->sight == S_LOOKUP6;
	struct journey *j;

	if (!s->id) {
		/* Of another namespace, or of what has come in by a device */
		if (!lookup || (s->ns && s->ns != g->ns) || s->iif > 1)
			return;
		journey_lookup(g->pending, &g->n_pending, s);
		return;
	}
	if (s->id > g->w->count)
		return;
	j = &g->journey[s->id - 1];
	if (s->id > g->n)
		g->n = s->id;
	if (!j->n && !lookup && !g->p->q.flow.iif)
		adopt(g, j, s->pid);
	journey_add(j, s, g->ns);
	j->last_ms = now_ms();
}

/* Closes what nothing more is to be expected of. False: all have ended. */
static bool waits(struct watching *g, bool over)
{
	uint64_t now = now_ms();
	unsigned int i;

	for (i = 0; i < g->n; i++) {
		struct journey *j = &g->journey[i];
		uint64_t quiet = now - j->last_ms;

		if (j->text[0])
			continue;
		if (!over && !j->closed && !(j->sent && quiet >= QUIET_SENT) && !(j->local && quiet >= QUIET_LOCAL))
			continue;
		journey_rules(j, &g->rules);
		probe_forget(&g->probe, j->last.skb);
		journey_close(j, &g->probe.btf, g->refused);
		g->n_done++;
		if (!g->w->json) {
			journey_text(j, i + 1);
			fflush(stdout);
		}
	}
	return g->n_done < g->w->count;
}

/* The prediction is of a connection's first packet; what was seen may be a later one. */
static const char *compared(enum tri agrees, const struct path *p)
{
	if (agrees == YES)
		return "as predicted";
	if (agrees == NO)
		return "NOT as predicted";
	return p->verdict == V_UNKNOWN ? "the prediction was unknown" : "whether as predicted is not known";
}

/* Nothing has come of what the kernel refused to send: that is what was seen. */
static void only_refused(struct watching *g)
{
	unsigned int i;

	if (g->n || !g->refused)
		return;
	g->n = 1;
	for (i = 0; i < g->n_pending; i++)
		if (g->pending[i].pid == (uint32_t)getpid())
			journey_adopt(g->journey, &g->pending[i]);
}

static void follow(struct watching *g)
{
	struct pollfd fd = { .fd = g->probe.ring, .events = POLLIN };

	do {
		poll(&fd, 1, 20);
		probe_read(&g->probe, on_event, g);
		nft_trace_read(&g->rules);
	} while (waits(g, false) && !stopped && now_ms() < g->end);
	probe_read(&g->probe, on_event, g);
	nft_trace_read(&g->rules);
	only_refused(g);
	waits(g, true);
}

static int status_of(const struct watching *g)
{
	int status = EXIT_LEAVES;
	unsigned int i;

	for (i = 0; i < g->n; i++) {
		if (g->journey[i].verdict == V_UNKNOWN)
			return EXIT_UNKNOWN;
		if (g->journey[i].verdict != V_LEAVES)
			status = EXIT_STAYS;
	}
	return g->n ? status : EXIT_UNKNOWN;
}

static void print_all_json(const struct watching *g, uint64_t lost)
{
	unsigned int i;

	printf("{\"predicted\":");
	json_packet(g->p);
	printf(",\"packets\":[");
	for (i = 0; i < g->n; i++) {
		if (i)
			putchar(',');
		journey_json(&g->journey[i], i + 1, journey_agrees(&g->journey[i], g->p));
	}
	printf("],\"ended\":");
	json_string(g->n_done >= g->w->count ? "count" : stopped ? "signal" : g->refused ? "refused" : "time");
	printf(",\"lost\":%llu}\n", (unsigned long long)lost);
}

static void print_end(const struct watching *g, uint64_t lost)
{
	unsigned int i, differ = 0;
	enum tri agrees = YES;
	bool nameless = false;

	for (i = 0; i < g->n; i++) {
		nameless |= strncmp(g->journey[i].function, "0x", 2) == 0;
		enum tri a = journey_agrees(&g->journey[i], g->p);

		differ += a == NO;
		if (a != YES && agrees != NO)
			agrees = a;
	}
	if (!g->n)
		printf("\nseen: no such packet %s%s\n", stopped ? "until it was stopped" : "in this time",
		       g->p->q.flow.iif ? "" : " (NAT that was not predicted may have changed it before it could be seen)");
	else if (g->n > 1 && differ)
		printf("\n%u of %u NOT as predicted\n", differ, g->n);
	else
		printf("%s\n", compared(agrees, g->p));
	if (nameless)
		printf("note: this kernel hides the names of its functions: sysctl -w kernel.kptr_restrict=1\n");
	if (lost)
		printf("note: %llu events were lost: some of what happened may be missing\n", (unsigned long long)lost);
}

/* Sends, if it is asked to; false: it could not. */
static bool sent(struct watching *g, int *fd)
{
	const char *what;

	*fd = -1;
	if (!g->w->send)
		return true;
	*fd = send_one(&g->p->q, &g->refused, &what);
	if (*fd < 0) {
		fprintf(stderr, "unhole-path: cannot send: %s: %s\n", what, strerror(-*fd));
		return false;
	}
	if (g->refused && g->end > now_ms() + QUIET_REFUSED)
		g->end = now_ms() + QUIET_REFUSED;
	return true;
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = stop };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

int watch(const struct path *p, const struct watch *w)
{
	static struct watching g;
	static char why[1000];
	const char *cannot = w->send ? cannot_send(&p->q) : NULL;
	int status = EXIT_UNKNOWN, fd = -1;
	struct stat ns;
	unsigned int i;
	uint64_t lost;

	if (cannot) {
		fprintf(stderr, "unhole-path: %s\n", cannot);
		return EXIT_USAGE;
	}
	g = (struct watching){ .p = p, .w = w };
	g.journey = must_have(calloc(w->count, sizeof(*g.journey)));
	g.ns = stat("/proc/self/ns/net", &ns) == 0 ? ns.st_ino : 0;
	catch_signals();
	if (!probe_open(&g.probe, p, w->count, why, sizeof(why))) {
		fprintf(stderr, "unhole-path: cannot watch: %s\n", why);
	} else {
		nft_trace_open(&g.rules);
		if (!w->json)
			printf("predicted: %s\n", line_text(p->text));
		fprintf(w->json ? stderr : stdout, "watching for %u packet%s, %u s at most\n", w->count,
			w->count == 1 ? "" : "s", w->seconds);
		fflush(stdout);
		g.end = now_ms() + w->seconds * 1000ULL;
		if (sent(&g, &fd)) {
			follow(&g);
			lost = probe_lost(&g.probe);
			if (w->json)
				print_all_json(&g, lost);
			else
				print_end(&g, lost);
			status = status_of(&g);
		}
	}
	if (fd >= 0)
		close(fd);
	probe_close(&g.probe);
	nft_trace_close(&g.rules);
	for (i = 0; i < w->count; i++)
		journey_free(&g.journey[i]);
	free(g.journey);
	return status;
}
