# SPDX-License-Identifier: GPL-2.0-only
# figure.py PART FOLDER: draws one part of packet-path.svg from what was traced
# (scenario figure), on stdout. Parts are put together by qemu-test/figure.
#
#   way     a packet that is unholed, and its reply
#   stock   a packet that is not, on a kernel without the patches
#   patched ... and on one with them
#
# FOLDER holds, as far as the part needs it: xt (xtables-monitor --trace), fib
# (tracepoint fib_table_lookup), rules (ip rule), links (index and name), passes
# (through lo), wire and client (tcpdump -v of the peer's and the client's device).
# Whatever is not found there ends this with an error, and so do surprises: what
# is drawn was seen, and nothing else was.
import re
import sys

MONO = 6.65     # width of a character, 11 px
OUT = []


def out(text):
    OUT.append(text)


def die(text):
    sys.stderr.write('figure.py: ' + text + '\n')
    sys.exit(1)


def want(what, got, wanted):
    if got != wanted:
        die('%s: traced %r, the figure is for %r' % (what, got, wanted))


def lines(name):
    with open(sys.argv[2] + '/' + name) as f:
        return f.read().splitlines()


# --- what was traced --------------------------------------------------------

def hooks():
    """The hooks in order: [name, in, out, src, dst, ttl, rules that matched]."""
    found = []
    packet = None
    for line in lines('xt'):
        if line.startswith('PACKET: '):
            packet = dict(w.split('=', 1) for w in line.split() if '=' in w)
            continue
        m = re.match(r' TRACE: 2 (\S+) (\w+):(\w+):(\w+):', line)
        if not m or packet is None:
            continue
        step = [m.group(3), packet.get('IN', ''), packet.get('OUT', ''),
                packet['SRC'], packet['DST'], int(packet['TTL'])]
        key = (m.group(1), step[:3])
        if not found or found[-1][0] != key:
            found.append((key, step + [[]]))
        # iptables 1.8.9 says "-4" before the rule, 1.8.11 "iptables".
        rule = re.split(' -4 | iptables ', line, maxsplit=1)
        if len(rule) == 2 and not rule[1].strip().endswith(('-j TRACE', '--comment seen')):
            found[-1][1][6].append(rule[1].strip())
    return [f[1] for f in found]


def lookups():
    """What the FIB was asked and has answered: (iif, src, dst, table, dev, gw)."""
    links = dict(l.split()[:2] for l in lines('links'))
    found = []
    for line in lines('fib'):
        m = re.search(r'table (\d+) oif \d+ iif (\d+) proto \d+ ([\d.]+)/\d+ -> ([\d.]+)/\d+ '
                      r'.*==> dev (\S+) gw ([\d.]+)/\S+ err (-?\d+)', line)
        if m and m.group(7) == '0':
            found.append((links.get(m.group(2)), m.group(3), m.group(4),
                          {'254': 'main', '255': 'local'}.get(m.group(1), m.group(1)),
                          m.group(5), m.group(6)))
    return found


def lookup(iif, src, dst):
    """The one for a packet like this; reverse lookups have other addresses.

    Only those that have a gateway name it: else the tracepoint leaves the bytes unset.
    """
    found = [l[3:] for l in lookups() if l[:3] == (iif, src, dst)]
    if len(set(f[:2] for f in found)) != 1:
        die('lookups for iif %s %s -> %s: %r' % (iif, src, dst, found))
    return found[0]


def rule_for(table):
    found = [re.sub(r'^\d+:\s*', '', l).strip() for l in lines('rules') if l.rstrip().endswith(' ' + table)]
    if len(found) != 1:
        die('rules for table %s: %r' % (table, found))
    return found[0]


def captured(name, what):
    """(src, dst, ttl) of the one packet of a kind that was captured."""
    found = []
    ttl = None
    for line in lines(name):
        m = re.search(r'\bttl (\d+)', line)
        if m:
            ttl = int(m.group(1))
            # A tab: what an ICMP error quotes.
            quoted = line.startswith('\t')
        m = re.match(r'\s+([\d.]+) > ([\d.]+): ICMP (.*)', line)
        if m and not quoted and m.group(3).startswith(what):
            found.append((m.group(1), m.group(2), ttl))
    if len(found) != 1:
        die('%s in the capture of %s: %r' % (what, name, found))
    return found[0]


# --- drawing ----------------------------------------------------------------

def esc(s):
    return str(s).replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')


def text(x, y, s, cls, anchor='start'):
    a = '' if anchor == 'start' else ' text-anchor="%s"' % anchor
    out('<text x="%g" y="%g" class="%s"%s>%s</text>' % (x, y, cls, a, esc(s)))


def rect(x, y, w, h, cls, r=6):
    out('<rect x="%g" y="%g" width="%g" height="%g" rx="%g" class="%s"/>' % (x, y, w, h, r, cls))


def arrow(path, tip, way, cls):
    """A line along path, and its head at tip, pointing r, l, u or d."""
    x, y = tip
    head = {'r': (-8, -4.5, -8, 4.5), 'l': (8, -4.5, 8, 4.5),
            'd': (-4.5, -8, 4.5, -8), 'u': (-4.5, 8, 4.5, 8)}[way]
    out('<path d="%s" class="line %s"/>' % (path, cls))
    out('<path d="M%g %gL%g %gL%g %gZ" class="head %s"/>' %
        (x, y, x + head[0], y + head[1], x + head[2], y + head[3], cls))


def card(x, y, title, body, cls, ttl=None, w=134, h=98):
    rect(x, y, w, h, 'card ' + cls, 16 if 'route' in cls else 6)
    for n, s in enumerate(body):
        if len(s) * MONO > w - 14:
            die('too long for its card: ' + s)
    text(x + 10, y + 20, title, 'name')
    if ttl is not None:
        text(x + w - 10, y + h - 10, 'TTL %d' % ttl, 'ttl', 'end')
    for n, s in enumerate(body):
        text(x + 10, y + 38 + 15 * n, s, 'mono')


def way():
    steps = hooks()
    cl, far = steps[0][3], steps[0][4]
    first = [s for s in steps if s[4] == far and s[1] != 'lo' and not (s[1] == '' and s[2] != 'lo')]
    second = [s for s in steps if s[4] == far and s[1] == 'lo']
    reply = [s for s in steps if s[4] != far]
    three = ['PREROUTING', 'FORWARD', 'POSTROUTING']
    want('hooks of pass 1', [s[0] for s in first], three)
    want('hooks of pass 2', [s[0] for s in second], three)
    want('hooks of the reply', [s[0] for s in reply], three)
    want('hooks', len(steps), 9)
    nic, up = first[0][1], second[2][2]
    snat = second[0][3]
    mark = '0x10'
    want('rules of pass 1', [s[6] for s in first],
         [['-t mangle -A PREROUTING -s 198.51.100.0/24 -i %s -j MARK --set-xmark %s/%s' % (nic, mark, mark)], [], ['-t nat -A POSTROUTING -s 198.51.100.0/24 -o lo -j SNAT --to-source ' + snat]])
    want('rules of pass 2', [s[6] for s in second], [['-t raw -A PREROUTING -i lo -j UNHOLE'], [], []])
    r1 = lookup(nic, cl, far)
    r2 = lookup('lo', snat, far)
    r3 = lookup(up, far, cl)
    want('the first lookup leads to', r1[1], 'lo')
    want('the second lookup leads to', r2[1], up)
    want('the reply is routed to', r3[1], nic)
    for s, io in zip(first[1:] + second[1:] + reply[1:],
                     [(nic, 'lo')] * 2 + [('lo', up)] * 2 + [(up, nic)] * 2):
        want('devices at ' + s[0], (s[1], s[2]), io)
    asked = captured('wire', 'echo request')
    answer = captured('wire', 'echo reply')
    heard = captured('client', 'echo reply')
    want('at the peer', asked[:2], (snat, far))
    want('the reply', answer[:2], (far, snat))
    want('the client hears', heard[:2], (far, cl))
    want('passes', lines('passes'), ['1'])
    rule1 = rule_for(r1[0])
    rule2 = rule_for(r2[0])
    want('rule 1', rule1, 'from all fwmark %s/%s iif %s lookup %s' % (mark, mark, nic, r1[0]))
    want('rule 2', rule2, 'from %s iif lo lookup %s' % (snat, r2[0]))

    # The box, and who is left and right of it.
    rect(132, 62, 616, 402, 'panel', 10)
    text(148, 82, 'THE BOX', 'small')
    for x, who, addr in ((14, 'client', cl), (762, 'peer', far)):
        rect(x, 62, 104, 402, 'panel', 10)
        text(x + 52, 84, who, 'name', 'middle')
        text(x + 52, 101, addr, 'mono', 'middle')

    xs = [148 + n * 150 for n in range(4)]
    y1, y2 = 104, 292
    text(732, 92, 'pass 1: a lookup that is only for the NAT', 'label one', 'end')
    card(xs[0], y1, 'PREROUTING', ['in ' + nic, 'MARK ' + mark, 'from ' + cl], 'one', first[0][5])
    card(xs[1], y1, 'first lookup', ['iif ' + nic, 'fwmark ' + mark, 'lookup ' + r1[0], '→ dev ' + r1[1]], 'route one')
    card(xs[2], y1, 'FORWARD', ['in ' + nic, 'out lo'], 'one', first[1][5])
    card(xs[3], y1, 'POSTROUTING', ['out lo', 'SNAT', '→ ' + snat], 'one act', first[2][5])
    for x in xs[:3]:
        arrow('M%g %gH%g' % (x + 134, y1 + 49, x + 146), (x + 150, y1 + 49), 'r', 'one')
    arrow('M76 153H138', (xs[0], y1 + 49), 'r', 'one')
    text(66, 144, 'ping', 'label one', 'middle')
    text(66, 171, 'TTL %d' % first[0][5], 'ttl', 'middle')

    # Loopback: out at the right, in at the left.
    rect(148, 222, 584, 40, 'hole', 20)
    arrow('M665 202V212', (665, 220), 'd', 'one')
    arrow('M700 242H186', (176, 242), 'l', 'holeline')
    rect(254, 228, 372, 28, 'holetext', 14)
    text(440, 239, 'lo', 'holename', 'middle')
    text(440, 252, 'from %s, and still with the route “dev lo”' % snat, 'holesmall', 'middle')
    arrow('M215 262V282', (215, 290), 'd', 'two')

    text(732, 281, 'pass 2: routed again, by the new source', 'label two', 'end')
    card(xs[0], y2, 'PREROUTING', ['-i lo -j UNHOLE', 'drops the route'], 'two act', second[0][5])
    card(xs[1], y2, 'second lookup', ['iif lo', 'from ' + snat, 'lookup ' + r2[0], '→ dev ' + r2[1]], 'route two')
    card(xs[2], y2, 'FORWARD', ['in lo', 'out ' + up], 'two', second[1][5])
    card(xs[3], y2, 'POSTROUTING', ['out ' + up, 'via ' + r2[2]], 'two', second[2][5])
    for x in xs[:3]:
        arrow('M%g %gH%g' % (x + 134, y2 + 49, x + 146), (x + 150, y2 + 49), 'r', 'two')
    arrow('M732 %gH792' % (y2 + 49), (800, y2 + 49), 'r', 'two')
    text(814, 316, 'from', 'label two', 'middle')
    text(814, 331, asked[0], 'mono', 'middle')
    text(814, 359, 'TTL %d' % asked[2], 'ttl', 'middle')

    # The reply.
    y = 430
    arrow('M804 %gH84' % y, (76, y), 'l', 'back')
    text(440, y - 10, 'reply: to %s, in by %s, conntrack → %s, table %s, out by %s; not by lo' %
         (answer[1], up, cl, r3[0], nic), 'label back', 'middle')
    text(66, y + 20, 'TTL %d' % heard[2], 'ttl', 'middle')
    text(814, y + 20, 'TTL %d' % answer[2], 'ttl', 'middle')


def dies(x, title, told, what, heard):
    passes = int(lines('passes')[0])
    steps = [s for s in hooks() if s[0] == 'FORWARD' and s[1] == 'lo']
    if any(s[2] != 'lo' for s in steps):
        die('it leaves the box')
    if any('request' in l for l in lines('wire')):
        die('it is on the wire')
    error = captured('client', what)
    want('the error is for', error[1], captured('client', 'echo request')[0])
    rect(x, 484, 419, 116, 'panel', 10)
    text(x + 16, 508, title, 'name')
    # A ring for lo, with as many turns as fit.
    cx = x + 128
    turns = 3 if passes > 1 else 1
    out('<circle cx="%g" cy="556" r="30" class="hole"/>' % cx)
    for n in range(turns):
        out('<circle cx="%g" cy="556" r="%d" class="turn"/>' % (cx, 25 - 6 * n))
    text(cx, 560, 'lo', 'holename', 'middle')
    arrow('M%g 556H%g' % (x + 58, cx - 40), (cx - 31, 556), 'r', 'one')
    text(x + 16, 560, rule_for('50').split('iif ')[1].split()[0], 'mono')
    text(x + 180, 536, '%d %s through lo' % (passes, 'pass' if passes == 1 else 'passes'), 'big dead')
    last = min([s[5] for s in hooks() if s[1] == 'lo'])
    text(x + 180, 556, told % {'ttl': last}, 'label')
    text(x + 180, 576, 'client hears: ' + heard, 'label')


part = sys.argv[1]
if part == 'way':
    way()
elif part == 'stock':
    dies(14, "No rule, Debian's own kernel", 'routed to lo until the TTL is %(ttl)d', 'time exceeded', 'time exceeded')
elif part == 'patched':
    dies(447, 'No rule, patched kernel', 'stopped: it would leave by lo again', 'net ', 'network unreachable')
else:
    die('no part is called ' + part)
print('\n'.join(OUT))
