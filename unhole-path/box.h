/* SPDX-License-Identifier: GPL-2.0-only */
/* The box: sysctls, modules, the kernel (box.c). */
#ifndef UNHOLE_BOX_H
#define UNHOLE_BOX_H

#include "util.h"

/* The number in a file of /proc, as a sysctl is; otherwise: if it cannot be read */
int read_number(const char *path, int otherwise);
/* conf.DEV.NAME or conf.all.NAME of a family; -1 if it cannot be read. */
int conf(int family, const char *dev, const char *name);
/* It, as a command names it. A dot in the device's name is none of the separators: then
 * these are slashes. Good until the fourth call after.
 */
const char *knob(int family, const char *dev, const char *name);
/* net.ipv4.fib_multipath_hash_policy, or IPv6's; 0 if it cannot be read */
int hash_policy(int family);
/* Is what comes in by a device forwarded? From 6.17 on, one may be exempt from the global switch. */
bool v6_forwards(const char *dev);
/* Is this private flag of an nvi device set (nvi(8))? */
bool nvi_flag(const char *dev, const char *flag);
/* May there be a socket for such a packet, which comes in? NO: there is none with that port, or none of this
 * address (wild: or of all addresses), or it is connected to another one. Port 0: not known.
 */
struct flow;
enum tri local_socket(const struct flow *f, bool wild);
/* Has the kernel the core patches? why: how that is known. */
enum tri core_patched(const char **why);
void core_assume(bool yes);
/* Can a subsystem be asked without its module being loaded for it? */
bool is_present(const char *module);
const char *release(void);

#endif
