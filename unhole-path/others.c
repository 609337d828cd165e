// SPDX-License-Identifier: GPL-2.0-only
/* What there is on the box that decides about packets, and that nobody here looks at. */
#include "others.h"
#include "box.h"
#include "doctor.h"
#include <dirent.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A list, as text; of these devices only, or of all (NULL) */
struct list {
	char text[300];
	size_t n;
	const int *dev;
	size_t n_devs;
};

static bool is_asked_for(const struct list *l, int index)
{
	size_t i;

	for (i = 0; l->dev && i < l->n_devs && l->dev[i] != index; i++)
		;
	return !l->dev || i < l->n_devs;
}

__attribute__((format(printf, 2, 3)))
static void add(struct list *l, const char *fmt, ...)
{
	size_t room = sizeof(l->text) - l->n;
	va_list ap;

	va_start(ap, fmt);
	l->n += snprintf(l->text + l->n, room, "%s", l->n ? ", " : "");
	l->n += l->n < sizeof(l->text) ? vsnprintf(l->text + l->n, sizeof(l->text) - l->n, fmt, ap) : 0;
	va_end(ap);
	if (l->n >= sizeof(l->text))
		l->n = sizeof(l->text) - 1;
}

/* Asks a subsystem of netlink; what is not there, or not allowed, is not said. */
static void ask(int bus, struct nlmsghdr *nlh, int (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	struct mnl_socket *nl = mnl_socket_open(bus);

	if (!nl)
		return;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0)
		netlink_talk(nl, nlh, fn, arg);
	mnl_socket_close(nl);
}

/* tc's programs and filters of what comes in or goes out by a device hang on these. */
static int on_qdisc(const struct nlmsghdr *nlh, void *arg)
{
	const struct tcmsg *t = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;

	if (!is_asked_for(arg, t->tcm_ifindex))
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(*t))
		if (mnl_attr_get_type(a) == TCA_KIND && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) == 0 &&
		    (strcmp(mnl_attr_get_str(a), "clsact") == 0 || strcmp(mnl_attr_get_str(a), "ingress") == 0))
			add(arg, "tc at %s (%s)", dev_name(t->tcm_ifindex), mnl_attr_get_str(a));
	return MNL_CB_OK;
}

static void look_for_tc(struct list *l)
{
	char buf[128];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = RTM_GETQDISC;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct tcmsg));
	ask(NETLINK_ROUTE, nlh, on_qdisc, l);
}

static int on_policies(const struct nlmsghdr *nlh, void *arg)
{
	struct xfrmu_spdinfo info;
	unsigned int n;
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(uint32_t)) {
		if (mnl_attr_get_type(a) != XFRMA_SPD_INFO || mnl_attr_get_payload_len(a) < sizeof(info))
			continue;
		memcpy(&info, mnl_attr_get_payload(a), sizeof(info));
		n = info.incnt + info.outcnt + info.fwdcnt;
		if (n)
			add(arg, "IPsec (%u polic%s)", n, n > 1 ? "ies" : "y");
	}
	return MNL_CB_OK;
}

static void look_for_ipsec(struct list *l)
{
	char buf[128];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	/* The socket alone would load it */
	if (!is_present("xfrm_user"))
		return;
	nlh->nlmsg_type = XFRM_MSG_GETSPDINFO;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	mnl_nlmsg_put_extra_header(nlh, sizeof(uint32_t));
	ask(NETLINK_XFRM, nlh, on_policies, l);
}

/* Behind three lines of a head, each service has one. */
static void look_for_ipvs(struct list *l)
{
	FILE *f = fopen("/proc/net/ip_vs", "re");
	char line[200];
	int n = 0;

	while (f && n < 4 && fgets(line, sizeof(line), f))
		n++;
	if (f)
		fclose(f);
	if (n > 3)
		add(l, "IPVS");
}

/* Those that have a name, but for this one */
static void look_for_namespaces(struct list *l)
{
	DIR *d = opendir("/run/netns");
	const struct dirent *e;
	struct stat own, one;
	unsigned int n = 0;

	if (!d)
		return;
	if (stat("/proc/self/ns/net", &own) == 0)
		while ((e = readdir(d)))
			n += e->d_name[0] != '.' && fstatat(dirfd(d), e->d_name, &one, 0) == 0 && one.st_ino != own.st_ino;
	closedir(d);
	if (n)
		add(l, "%u other network namespace%s", n, n > 1 ? "s" : "");
}

static void look(struct list *l)
{
	size_t i;

	look_for_ipsec(l);
	look_for_tc(l);
	for (i = 0; i < world.n_links; i++)
		if (world.links[i].xdp && is_asked_for(l, world.links[i].index))
			add(l, "XDP at %s", world.links[i].name);
}

void not_looked_at(const int *dev, size_t n, char *text, size_t room)
{
	struct list l = { .dev = dev, .n_devs = n };

	look(&l);
	snprintf(text, room, "%s", l.text);
}

void say_what_is_not_looked_at(void)
{
	struct list l = { .n = 0 };

	look(&l);
	look_for_ipvs(&l);
	look_for_namespaces(&l);
	if (l.n)
		say(NOTE, "not-looked-at", NULL, "there are, and it has not looked at them: %s", l.text);
}
