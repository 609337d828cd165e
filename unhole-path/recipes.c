// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor, of recipes: what one has made and somebody has taken away. A recipe notes for each thing that it makes
 * the command that takes it away (recipes/open.sh). Of these the lines of four forms are read, which no shell is
 * needed for: a table of nftables, a device, a policy rule, a rule of iptables. All else is passed over; and so
 * is a line that does not look like what it should.
 */
#include "box.h"
#include "decide.h"
#include "doctor.h"
#include "rules.h"
#include <dirent.h>
#include <linux/fib_rules.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_WORDS 40
#define MAX_LINES 512

struct words {
	char *w[MAX_WORDS];
	unsigned int n;
};

/* The word behind this one, or "" */
static const char *behind(const struct words *l, const char *word)
{
	unsigned int i;

	for (i = 0; i + 1 < l->n; i++)
		if (strcmp(l->w[i], word) == 0)
			return l->w[i + 1];
	return "";
}

static bool has_word(const struct words *l, const char *word)
{
	unsigned int i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->w[i], word) == 0)
			return true;
	return false;
}

static bool begins(const struct words *l, const char *a, const char *b)
{
	return l->n > 2 && strcmp(l->w[0], a) == 0 && strcmp(l->w[1], b) == 0;
}

/* By its preference, its input device and its table: what else it asks for was asked for by the same recipe. */
static enum tri has_rule(int family, const struct words *l)
{
	const struct fib *fib = fib_of(family);
	const char *iif = behind(l, "iif"), *pref = behind(l, "pref"), *table = behind(l, "lookup");
	uint32_t number = strcmp(table, "main") == 0 ? RT_TABLE_MAIN : strtoul(table, NULL, 0);
	size_t i;

	if (!pref[0])
		return MAYBE;
	for (i = 0; i < fib->n_rules; i++)
		if (fib->rules[i].pref == strtoul(pref, NULL, 0) && strcmp(fib->rules[i].iif, iif) == 0 &&
		    (!number || (fib->rules[i].action == FR_ACT_TO_TBL && fib->rules[i].table == number)))
			return YES;
	return NO;
}

static enum tri has_xt_rule(int family, const struct words *l)
{
	const char *table = behind(l, "-t"), *chain = behind(l, "-D");

	/* A device that is not meant, or another thing that is not */
	if (!chain[0] || has_word(l, "!"))
		return MAYBE;
	return rules_like(family, table[0] ? table : "filter", chain, behind(l, "-i"), behind(l, "-o")) ? YES : NO;
}

/* Is what this line would take away there? MAYBE: not known. */
static enum tri is_there(const struct words *l)
{
	int family = l->n && strcmp(l->w[0], "ip6tables") == 0 ? AF_INET6 : AF_INET;
	bool numbered = l->n > 1 && (strcmp(l->w[1], "-4") == 0 || strcmp(l->w[1], "-6") == 0);
	struct words rest = *l;

	if (begins(l, "nft", "delete") && l->n == 5 && strcmp(l->w[2], "table") == 0) {
		if (strcmp(l->w[3], "ip") == 0)
			return rules_have_table(NFPROTO_IPV4, l->w[4]) ? YES : NO;
		if (strcmp(l->w[3], "ip6") == 0)
			return rules_have_table(NFPROTO_IPV6, l->w[4]) ? YES : NO;
		return MAYBE;
	}
	if (begins(l, "ip", "link") && l->n == 4 && strcmp(l->w[2], "del") == 0)
		return link_by_name(l->w[3]) ? YES : NO;
	if (l->n && (strcmp(l->w[0], "iptables") == 0 || strcmp(l->w[0], "ip6tables") == 0))
		return has_xt_rule(family, l);
	if (l->n < 4 || strcmp(l->w[0], "ip") != 0)
		return MAYBE;
	if (numbered) {
		family = strcmp(l->w[1], "-6") == 0 ? AF_INET6 : AF_INET;
		memmove(rest.w + 1, rest.w + 2, (--rest.n - 1) * sizeof(rest.w[0]));
	}
	return begins(&rest, "ip", "rule") && strcmp(rest.w[2], "del") == 0 ? has_rule(family, &rest) : MAYBE;
}

struct recipe {
	char gone[200], again[300];
	unsigned int n_gone;
};

static void read_line(struct recipe *c, char *line)
{
	static const char again[] = ": again ";
	struct words l = { .n = 0 };
	char whole[200], *word, *save;

	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, again, strlen(again)) == 0) {
		/* Half a command is none */
		if (strlen(line + strlen(again)) < sizeof(c->again))
			strcpy(c->again, line + strlen(again));
		return;
	}
	snprintf(whole, sizeof(whole), "%.190s", line);
	for (word = strtok_r(line, " ", &save); word && l.n < MAX_WORDS; word = strtok_r(NULL, " ", &save))
		l.w[l.n++] = word;
	if (is_there(&l) == NO && !c->n_gone++)
		snprintf(c->gone, sizeof(c->gone), "%s", whole);
}

static void check_recipe(const char *dir, const char *name)
{
	struct recipe c = { .n_gone = 0 };
	char path[512], line[1000], more[40] = "";
	unsigned int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	if (!f)
		return;
	while (n++ < MAX_LINES && fgets(line, sizeof(line), f))
		read_line(&c, line);
	fclose(f);
	if (!c.n_gone)
		return;
	if (c.n_gone > 1)
		snprintf(more, sizeof(more), ", and %u more", c.n_gone - 1);
	say(BAD, "recipe", c.again[0] ? c.again : NULL,
	    "somebody has taken away what the recipe %s has made (what \"%s\" would undo%s): run it again", name, c.gone, more);
}

void check_recipes(void)
{
	char dir[64], tag[80];
	const struct dirent *e;
	struct stat net;
	DIR *d;

	if (stat("/proc/self/ns/net", &net) != 0)
		return;
	snprintf(dir, sizeof(dir), "/run/unhole/%lu", (unsigned long)net.st_ino);
	/* As in open.sh: what was made in a namespace that is gone, whose number this one has */
	snprintf(tag, sizeof(tag), "%s/.tag", dir);
	if (access(tag, F_OK) == 0 && conf(AF_INET, "lo", "tag") == 0)
		return;
	d = opendir(dir);
	if (!d)
		return;
	while ((e = readdir(d))) {
		size_t len = strlen(e->d_name);

		/* One that is being made anew has another with this end */
		if (e->d_name[0] != '.' && (len < 7 || strcmp(e->d_name + len - 7, ".before") != 0))
			check_recipe(dir, e->d_name);
	}
	closedir(d);
}
