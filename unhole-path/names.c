// SPDX-License-Identifier: GPL-2.0-only
/* Names of routing tables and of realms, as ip(8) has them in its files. */
#include "names.h"
#include "util.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct named {
	uint32_t id;
	char name[32];
};

struct names {
	const char *file;
	struct named *list;
	size_t n;
	bool read;
};

static struct names tables = { .file = "rt_tables" }, realms = { .file = "rt_realms" };

/* Lines of a number and a name. Of two for one number the last one counts. */
static bool read_file(struct names *n, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[256], name[32], *end;
	struct named *to;
	unsigned long id;

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		id = strtoul(line, &end, 0);
		if (end == line || id > 0xffffffff || sscanf(end, " %31[^# \t\n]", name) != 1)
			continue;
		to = one_more(&n->list, &n->n, sizeof(*to));
		to->id = id;
		memcpy(to->name, name, sizeof(name));
	}
	fclose(f);
	return true;
}

/* The administrator's file counts in place of the distribution's; those of the folders beside it add to it. */
static void read_names(struct names *n)
{
	static const char *const dirs[] = { "/etc/iproute2", "/usr/share/iproute2", "/usr/lib/iproute2" };
	char path[128];
	glob_t files;
	size_t i, j;

	n->read = true;
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], n->file);
		if (read_file(n, path))
			break;
	}
	for (i = ARRAY_SIZE(dirs); i-- > 0;) {
		snprintf(path, sizeof(path), "%s/%s.d/*.conf", dirs[i], n->file);
		if (glob(path, 0, NULL, &files) == 0)
			for (j = 0; j < files.gl_pathc; j++)
				read_file(n, files.gl_pathv[j]);
		globfree(&files);
	}
}

static const char *name_of(struct names *n, uint32_t id)
{
	size_t i;

	if (!n->read)
		read_names(n);
	for (i = n->n; i-- > 0;)
		if (n->list[i].id == id)
			return n->list[i].name;
	return NULL;
}

const char *table_name(uint32_t id)
{
	const char *name = name_of(&tables, id);

	return name ? name : id == 254 ? "main" : id == 255 ? "local" : id == 253 ? "default" : NULL;
}

const char *table_text(uint32_t id)
{
	static char buf[4][16];
	static unsigned int n;
	const char *name = table_name(id);
	char *to = buf[n++ % ARRAY_SIZE(buf)];

	if (name)
		return name;
	snprintf(to, sizeof(buf[0]), "%u", id);
	return to;
}

static const char *realm_text(uint32_t id, char *buf, size_t len)
{
	const char *name = name_of(&realms, id);

	snprintf(buf, len, "%u", id);
	return name ? name : buf;
}

const char *realms_text(uint32_t flow, char *buf, size_t len)
{
	char from[16], to[16];

	if (flow >> 16)
		snprintf(buf, len, "%s/%s", realm_text(flow >> 16, from, sizeof(from)), realm_text(flow & 0xffff, to, sizeof(to)));
	else
		snprintf(buf, len, "%s", realm_text(flow, to, sizeof(to)));
	return buf;
}

void names_free(void)
{
	free(tables.list);
	free(realms.list);
	tables = (struct names){ .file = tables.file };
	realms = (struct names){ .file = realms.file };
}
