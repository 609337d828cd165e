# SPDX-License-Identifier: GPL-2.0-only
# random_routes.py SEED FAMILY: policy rules and routes by chance, as lines for ip -batch.
import subprocess
import sys

import chance
from chance import pick, rnd

chance.seed(int(sys.argv[1]))
V6 = sys.argv[2] == '6'
A = ['2001:db8:3::', '2001:db8:5::', '2001:db8:6:7::'] if V6 else ['203.0.113.', '10.7.', '100.64.3.']
GW = [('2001:db8:2::2', 'up0'), ('2001:db8:2::3', 'up0'), ('2001:db8:4::2', 'up1')] if V6 else \
     [('192.0.2.2', 'up0'), ('192.0.2.3', 'up0'), ('198.18.0.2', 'up1')]
# Selectors that this ip(8) knows, if the kernel does not
HELP = subprocess.run(['ip', 'rule', 'help'], capture_output=True, text=True).stderr
LABELS = V6 and 'flowlabel' in HELP
MASKS = ['dscp 0x4', 'dscp 0x4/0x4', 'ipproto udp sport 0x400/0xfe00', 'ipproto tcp dport 0x35/0xff'] if 'DSCP[/MASK]' in HELP else []
SRC = ['2001:db8:1::/64', '2001:db8:2::1', '2001:db8:9::9'] if V6 else ['198.51.100.0/24', '192.0.2.1', '10.9.9.9']


def prefix():
    if V6:
        return f'{pick(*A)}{rnd(8)}/{pick(128, 127, 126, 125)}' if rnd(2) else f'{pick(*A)}/{pick(64, 60, 48)}'
    return pick(f'203.0.113.{rnd(8)}/32', f'203.0.113.{rnd(8) * 4}/30', '203.0.113.0/24', '10.7.0.0/16', f'10.7.{rnd(4)}.0/24',
                '100.64.3.0/25', '10.0.0.0/8')


def strict(p):
    """ip(8) refuses bits behind the prefix."""
    address, length = p.split('/')
    if V6:
        head, _, last = address.rpartition(':')
        bits = int(last or '0', 16) & ~((1 << (128 - int(length))) - 1) & 0xffff if int(length) > 112 else 0
        return f'{head}:{bits:x}/{length}' if bits else f'{head}:/{length}'
    parts = [int(x) for x in address.split('.')]
    number = parts[0] << 24 | parts[1] << 16 | parts[2] << 8 | parts[3]
    number &= ~((1 << (32 - int(length))) - 1)
    return '.'.join(str(number >> s & 255) for s in (24, 16, 8, 0)) + f'/{length}'


def rule(pref):
    words = [pick('', '', '', 'not ').strip()]
    what = rnd(8 if LABELS else 7)
    if what in (0, 5):
        words.append(f'from {pick(*SRC)}')
    if what in (1, 5):
        words.append(f'to {strict(prefix())}')
    if what in (2, 6):
        words.append(f'iif {pick("cl0", "up0", "lo")}')
    if what in (3, 6):
        words.append(f'fwmark {pick("0x1/0xf", "0x10/0xf0", "0x7", "0x0/0x100")}')
    if what == 4:
        words.append(pick('tos 0x10', 'tos 0x08', 'ipproto udp', 'ipproto tcp dport 53', 'sport 1024-1500', 'uidrange 0-1000'))
    if what == 7:
        words.append(pick('flowlabel 0x5', 'flowlabel 0x4/0xc'))
    words.append(f'pref {pref}')
    words.append(pick(*[f'lookup {60 + rnd(6)}'] * 8, 'lookup main suppress_prefixlength 0', 'lookup main suppress_prefixlength 24',
                      'unreachable', 'prohibit', f'goto {pref + 20 + rnd(3) * 10}', 'blackhole'))
    return 'rule add ' + ' '.join(w for w in words if w)


seen = set()
for table in list(range(60, 66)) + ['main'] * 2:
    for _ in range(6):
        p = strict(prefix()) if rnd(6) else 'default'
        metric = pick(0, 0, 100, 200)
        tos = f' tos {pick("0x10", "0x08")}' if not V6 and rnd(8) == 0 else ''
        if (table, p, metric, tos) in seen:
            continue
        seen.add((table, p, metric, tos))
        tail = f' metric {metric}' if metric else ''
        kind = rnd(9)
        if kind == 0:
            print(f'route add {pick("blackhole", "unreachable", "prohibit", "throw")} {p}{tos} table {table}{tail}')
        elif kind == 1 and not tos:
            print(f'route add {p} table {table}{tail} nexthop via {GW[0][0]} dev up0 nexthop via {GW[2][0]} dev up1')
        else:
            gw, dev = pick(*GW)
            print(f'route add {p}{tos} via {gw} dev {dev} table {table}{tail}')
# In front of the others, else it would seldom be met
if MASKS:
    print(f'rule add {pick(*MASKS)} pref 90 lookup {60 + rnd(6)}')
for i in range(12):
    print(rule(100 + 10 * i))
print('rule add pref 32000 lookup main')
