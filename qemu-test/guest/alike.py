# SPDX-License-Identifier: GPL-2.0-only
# alike.py FAMILY: sends the same packets through plain forwarding and through nvi0,
# and compares all that comes of them. Driven by nvi-alike.sh, a row at a time: a line
# "row NAME OPTIONS PACKETS DIFFERS" (separated by tabs) on stdin, results on stdout,
# a line "." behind them.
#
# A packet meets nvi0 where rule 5 leads it there. It is sent with a TTL one higher
# then, since each lookup lowers it, so that what arrives must be the same to the byte.
import errno, os, re, select, socket, struct, subprocess, sys, time

F = int(sys.argv[1])
AF = socket.AF_INET if F == 4 else socket.AF_INET6
ETH = 0x0800 if F == 4 else 0x86dd
SLOW = int(os.environ.get('SLOW', '1'))
TRACE = '/sys/kernel/tracing/'

# --- sockets of the far ends -------------------------------------------------

# Where nothing has an address: the far ends of the box's links, by the box's name.
FAR_ENDS = ('cl0', 'mk0', 'up0', 'up1')

if sys.argv[2:3] == ['sockets']:
    pair = socket.socket(fileno=int(sys.argv[3]))
    fds = []
    for name in FAR_ENDS:
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        s.setsockopt(263, 15, 1)                                # PACKET_VNET_HDR
        s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)            # SO_RCVBUFFORCE
        s.bind(('f' + name, 3))
        fds.append(s)
    socket.send_fds(pair, [b'.'], [s.fileno() for s in fds])
    sys.exit()

here, there = socket.socketpair()
subprocess.run(['ip', 'netns', 'exec', 'far', sys.executable, sys.argv[0], str(F), 'sockets',
                str(there.fileno())], pass_fds=[there.fileno()], check=True)
FD = {}
for name, fd in zip(FAR_ENDS, socket.recv_fds(here, 1, 9)[1]):
    FD[name] = socket.socket(fileno=fd)
    FD[name].setblocking(False)


def mac_of(dev):
    with open('/sys/class/net/%s/address' % dev) as f:
        return bytes.fromhex(f.read().strip().replace(':', ''))


MAC = {dev: mac_of(dev) for dev in FAR_ENDS}

# --- addresses ----------------------------------------------------------------

NAMES = {
    4: dict(box='192.0.2.1', box1='192.0.3.1', boxcl='198.51.100.1', boxmk='192.0.4.1', peer='192.0.2.2',
            peer1='192.0.3.2', far='203.0.113.7', far2='203.0.113.8', mark='192.0.4.9', mk='192.0.4.2',
            loop='127.0.0.5', zero='0.0.0.0', mcast='239.1.2.3', bcast='255.255.255.255',
            classe='240.1.2.3', net='192.0.2.0', netb='192.0.2.255', nowhere='10.77.0.1',
            near='198.51.100.3', spoof='203.0.113.99'),
    6: dict(box='2001:db8:2::1', box1='2001:db8:4::1', boxcl='2001:db8:1::1', boxmk='2001:db8:5::1',
            peer='2001:db8:2::2', peer1='2001:db8:4::2', far='2001:db8:3::7', far2='2001:db8:3::8',
            mark='2001:db8:5::9', mk='2001:db8:5::2', loop='::1', zero='::', mcast='ff0e::1234',
            mlink='ff02::1234', link='fe80::1234', mapped='::ffff:192.0.2.9', nowhere='2001:db8:ffff::1',
            near='2001:db8:1::3', net='2001:db8:2::', spoof='2001:db8:3::99'),
}[F]
OURS = {socket.inet_pton(AF, NAMES[n]) for n in ('box', 'box1', 'boxcl')}


def addr(text):
    return socket.inet_pton(AF, NAMES.get(text, text))


def client(n):
    return addr(('198.51.100.%d' if F == 4 else '2001:db8:1::%x') % n)


# --- packets ------------------------------------------------------------------

def checksum(data):
    if len(data) % 2:
        data += b'\0'
    s = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s


def pseudo(src, dst, proto, length):
    if F == 4:
        return src + dst + struct.pack('!BBH', 0, proto, length)
    return src + dst + struct.pack('!II', length, proto)


def filled(head, where, src, dst, proto, how):
    """head with its checksum at where: ok, bad, zero, or partial, for a device to make."""
    s = checksum(pseudo(src, dst, proto, len(head)) if proto != 1 else b'')
    if how == 'partial':
        v = s
    elif how == 'zero':
        v = 0
    else:
        v = 0xffff ^ checksum(head + struct.pack('!H', s))
        if len(head) % 2:
            v = 0xffff ^ checksum(head + b'\0' + struct.pack('!H', s))
        v = v or 0xffff
        if how == 'bad':
            v ^= 0x0101
    return head[:where] + struct.pack('!H', v) + head[where + 2:]


def header4(src, dst, proto, body, ttl, o, ident, off=0, total=None):
    opts = bytes.fromhex(o.get('opts', ''))
    opts += b'\0' * (-len(opts) % 4)
    h = struct.pack('!BBHHHBBH', 0x45 + len(opts) // 4, int(o.get('tos', '0'), 0),
                    20 + len(opts) + len(body), ident, off | (0x4000 if 'df' in o else 0), ttl, proto, 0)
    h += src + dst + opts
    c = 0xffff ^ checksum(h)
    if 'badhdr' in o:
        c ^= 1
    return h[:10] + struct.pack('!H', c) + h[12:] + body


def header6(src, dst, proto, body, ttl, o):
    exts = [(int(e.split(':')[0]), bytes.fromhex(e.split(':')[1])) for e in o.get('ext', '').split(',') if e]
    for kind, data in reversed(exts):
        if kind != 44:
            data += b'\1' + bytes([(-len(data) - 4) % 8]) + bytes((-len(data) - 4) % 8) if (len(data) + 2) % 8 else b''
            data = bytes([proto, (len(data) + 2) // 8 - 1]) + data
        else:
            data = bytes([proto]) + data
        body, proto = data + body, kind
    flow = 6 << 28 | int(o.get('tos', '0'), 0) << 20 | int(o.get('flow', '0'), 0)
    return struct.pack('!IHBB', flow, len(body), proto, ttl) + src + dst + body


def build(o, src, up):
    """One spec's packets: (IP packet, vnet header) each. up: the TTL one higher."""
    src = addr(o['src']) if 'src' in o else src
    dst = addr(o.get('dst', 'far'))
    ttl = int(o.get('ttl', '64')) + up
    how = o.get('csum', 'ok')
    out = []
    for i in range(int(o.get('flows', '1'))):
        sport, dport = int(o.get('sport', '1000')) + i * 7, int(o.get('dport', '2000'))
        data = bytes((i + j) & 0xff for j in range(int(o.get('len', '32'))))
        kind, where = o['kind'], None
        if 'dsts' in o:
            dst = dst[:-1] + bytes([i + 1])
        if kind == 'udp':
            proto, where = 17, 6
            l4 = struct.pack('!HHHH', sport, dport, 8 + len(data), 0) + data
        elif kind == 'tcp':
            proto, where = 6, 16
            opts = bytes.fromhex(o.get('tcpopts', ''))
            l4 = struct.pack('!HHIIBBHHH', sport, dport, int(o.get('seq', '100')), int(o.get('ack', '0')),
                             (5 + len(opts) // 4) << 4, int(o.get('flags', '2')), 1000, 0, 0) + opts + data
        elif kind == 'icmp':
            proto, where = (1 if F == 4 else 58), 2
            l4 = struct.pack('!BBHHH', int(o.get('type', '8' if F == 4 else '128')), 0, 0, 77 + i, 1) + data
        elif kind == 'raw':
            proto, l4 = int(o['proto']), data
        if where is not None:
            l4 = filled(l4, where, src, dst, proto, how)
        if 'frag' in o:
            size = int(o['frag'])
            pieces = [(x, l4[x:x + size], x + size < len(l4)) for x in range(0, len(l4), size)]
            pick = o.get('pick', 'all')
            pieces = {'all': pieces, 'first': pieces[:1], 'later': pieces[1:], 'back': pieces[::-1],
                      'over': [(x, l4[x:x + size + 8 * more], more) for x, p, more in pieces]}[pick]
            for x, p, more in pieces:
                if F == 4:
                    out.append((header4(src, dst, proto, p, ttl, o, 0x4321 + i, x // 8 | 0x2000 * more), None))
                else:
                    fh = '44:00%04x%08x' % (x | more, 0x4321 + i)
                    out.append((header6(src, dst, proto, p, ttl, dict(o, ext=','.join(
                        [e for e in (o.get('ext', ''), fh) if e]))), None))
            continue
        pkt = header4(src, dst, proto, l4, ttl, o, int(o.get('id', str(0x1234 + i)))) if F == 4 \
            else header6(src, dst, proto, l4, ttl, o)
        if 'cut' in o:
            pkt = pkt[:int(o['cut'])]
        vnet = None
        if how == 'partial':
            start = 14 + len(pkt) - len(l4)
            gso = int(o.get('gso', '0'))
            kinds = {6: 1 if F == 4 else 4, 17: 3}
            vnet = struct.pack('=BBHHHH', 1, kinds[proto] if gso else 0, start + (20 if proto == 6 else 8), gso, start, where)
        out.append((pkt, vnet))
    return out


def frame(port, pkt, vnet=None, proto=None):
    """From the far end of a link into the box."""
    return (vnet or bytes(10)) + MAC[port] + b'\2\0\0\0\0\x0c' + struct.pack('!H', proto or ETH) + pkt


# --- netlink --------------------------------------------------------------------

def nl(family, kind, body, flags=0x405):
    s = socket.socket(16, socket.SOCK_RAW, family)
    s.send(struct.pack('=IHHII', 16 + len(body), kind, flags, 1, 0) + body)
    got = b''
    while True:
        data = s.recv(1 << 18)
        got += data
        at = 0
        while at < len(data):
            size, what = struct.unpack_from('=IH', data, at)
            if what == 2:
                s.close()
                return struct.unpack_from('=i', data, at + 16)[0]
            if what == 3:
                s.close()
                return got
            at += size + 3 & ~3


def attribute(kind, data):
    return struct.pack('=HH', 4 + len(data), kind) + data + bytes(-len(data) % 4)


def switch(on, iif):
    """Rule 5: what comes in by iif is led into nvi0, or no longer."""
    # The box's own only to hosts, not what tunnels make of them
    bits = (24 if F == 4 else 64) if iif == 'lo' else 0
    body = struct.pack('=BBBBBBBBI', AF, bits, 0, 0, 50, 0, 0, 1, 0) + attribute(6, struct.pack('=I', 5)) + \
        attribute(3, iif.encode() + b'\0') + (attribute(1, addr('far')) if bits else b'')
    r = nl(0, 32 if on else 33, body, 0x605 if on else 5)
    if r:
        raise OSError(-r, 'rule')


def forget():
    """Conntrack's entries."""
    nl(12, 0x102, struct.pack('=BBH', 0, 0, 0), 5)


def neighbours():
    got, n, at = nl(0, 30, struct.pack('=BBHiHBB', AF, 0, 0, 0, 0, 0, 0), 0x301), 0, 0
    while at < len(got):
        size, what = struct.unpack_from('=IH', got, at)
        n += what == 28
        at += size + 3 & ~3
    return n


# --- counters ---------------------------------------------------------------------

# Not what counts how much goes by: the second lookup counts it again.
TRAFFIC = re.compile(r'''Ip(Ext)?(In|Out)(Receives|Requests|Octets|Delivers|Transmits|.*Pkts|.*Octets)$|Ip6In6?NoECTPkts
    |Ip6?Forw|Ip(Forwarding|DefaultTTL)|Ip6(In|Out).*(Forw|Octets|Receives|Delivers|Requests|Transmits|Pkts)
    |Ip6OutMcast|Ip6InMcast|Icmp6.*(Type1[345]|MLD|Neighbor|Router|Group)|Icmp6?(In|Out)Msgs|Icmp6OutMLD
    |Tcp|Udp|MPTcp|XfrmAcquire$''', re.X)
KEPT = re.compile('TcpExtIPReversePathFilter|IpExtInTruncatedPkts|Ip6InTruncatedPkts')


def counters():
    c = {}
    for name in ('snmp', 'netstat'):
        with open('/proc/net/' + name) as f:
            lines = [x.split() for x in f]
        for a, b in zip(lines[::2], lines[1::2]):
            for k, v in zip(a[1:], b[1:]):
                c[a[0][:-1] + k] = int(v)
    for name in ('snmp6', 'xfrm_stat'):
        try:
            with open('/proc/net/' + name) as f:
                c.update((k, int(v)) for k, v in (x.split() for x in f))
        except FileNotFoundError:
            pass
    return {k: v for k, v in c.items() if not TRAFFIC.match(k) or KEPT.match(k)}


def drop_reasons():
    try:
        with open(TRACE + 'trace') as f:
            text = f.read()
        with open(TRACE + 'trace', 'w'):
            pass
    except OSError:
        return {}
    got = {}
    for proto, reason in re.findall(r'protocol=(\d+) .*reason: (\w+)', text):
        if int(proto) == ETH and reason != 'OTHERHOST':
            got[reason] = got.get(reason, 0) + 1
    return got


def seen_by_rules(track):
    """What the sets of nvi-alike.sh's rules have seen so far."""
    sets = [('forwarding', 'seen_forward'), ('postrouting', 'seen_postrouting')] + ([('states', 'states')] if track else [])
    text = subprocess.run(['nft', 'list', 'ruleset'], check=True, stdout=subprocess.PIPE, text=True).stdout
    got = {}
    for name, s in sets:
        body = re.search(r'\tset %s \{(.*?)\n\t\}' % s, text, re.S).group(1)
        got[name] = {}
        for key, n in re.findall(r'([^{},]*?) counter packets (\d+) bytes \d+', body):
            got[name][' '.join(key.split())] = int(n)
    return got


# --- a phase ----------------------------------------------------------------------

SEQ = 0
CAUGHT = {}


def read():
    """What has arrived, but for markers and what hosts say by themselves."""
    marks = set()
    for port, s in FD.items():
        while True:
            try:
                data, where = s.recvfrom(1 << 17)
            except BlockingIOError:
                break
            except OSError as e:
                CAUGHT.setdefault(port, []).append((errno.errorcode[e.errno], b''))
                continue
            if where[2] == 4 or where[1] not in (0x0800, 0x86dd, 0x8847):
                continue
            pkt = data[24:]
            if where[1] not in (ETH, 0x8847) or (F == 6 and where[1] == ETH and (pkt[24] == 255 and pkt[25] & 15 == 2 or pkt[8:10] == b'\xfe\x80' and pkt[6] in (0, 58))):
                continue
            if port == 'mk0':
                marks.add(struct.unpack('!I', pkt[-4:])[0])
                continue
            CAUGHT.setdefault(port, []).append((data[:10], pkt))
    return marks


def settle():
    """All that was sent before has been dealt with: so many markers, one behind the
    other, each by way of nvi0's queue, have come back."""
    global SEQ
    for _ in range(3):
        end, mine = time.time() + 20 * SLOW, set()
        while True:
            SEQ += 1
            mine.add(SEQ)
            o = {'opts': '01010101'} if F == 4 else {'ext': '0:01020000'}
            body = struct.pack('!HHHHI', 9, 9, 12, 0, SEQ)
            pkt = header4(addr('mk'), addr('mark'), 253, body, 64, o, 1) if F == 4 else \
                header6(addr('mk'), addr('mark'), 253, body, 64, o)
            FD['mk0'].send(frame('mk0', pkt))
            again = time.time() + 0.5
            while not read() & mine and time.time() < again:
                select.select([FD['mk0']], [], [], 0.1)
            else:
                if time.time() < again:
                    break
            if time.time() > end:
                return False
    return True


def sent_own(o, src, up):
    """By a socket of the box."""
    kind = o['kind']
    errors = []
    src6 = o.get('src', 'box')
    if kind in ('usock', 'tsock'):
        if 'uid' in o:
            os.seteuid(int(o['uid']))
        s = socket.socket(AF, socket.SOCK_DGRAM if kind == 'usock' else socket.SOCK_STREAM)
        if 'uid' in o:
            os.seteuid(0)
        KEEP.append(s)
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((NAMES.get(src6, src6), int(o.get('sport', '1000'))))
        lev = 0 if F == 4 else 41
        s.setsockopt(lev, 2 if F == 4 else 16, int(o.get('ttl', '64')) + up)
        if 'tos' in o:
            s.setsockopt(lev, 1 if F == 4 else 67, int(o['tos'], 0))
        for k, opt in (('prio', 12), ('mark', 36), ('buf', 7), ('nocheck', 11)):
            if k in o:
                s.setsockopt(1, opt, int(o[k], 0))
        if 'pmtudisc' in o:
            s.setsockopt(lev, 10 if F == 4 else 23, int(o['pmtudisc']))
        if 'opts' in o:
            s.setsockopt(0, 4, bytes.fromhex(o['opts']))
        if 'gso' in o:
            s.setsockopt(17, 103, int(o['gso']))
        if 'stamp' in o:
            s.setsockopt(1, 37, 2 | 16 | 128)    # software, of transmission, asked by number
        to = (NAMES.get(o.get('dst', 'far'), o.get('dst')), int(o.get('dport', '2000')))
        try:
            s.connect(to)
        except BlockingIOError:
            pass
        except OSError as e:
            return ['connect ' + errno.errorcode[e.errno]]
        data = bytes(j & 0xff for j in range(int(o.get('len', '32'))))
        if kind == 'usock':
            n = 0
            for n in range(int(o.get('times', '1'))):
                try:
                    if 'later' in o:
                        s.setsockopt(1, 61, struct.pack('=II', 1, 0))   # SO_TXTIME, monotonic
                        s.sendmsg([data], [(1, 61, struct.pack('=Q', time.monotonic_ns() + 5 * 10**9))])
                    else:
                        s.send(data)
                except OSError as e:
                    errors.append('send ' + errno.errorcode[e.errno])
                    break
            if 'times' in o:
                errors.append('stopped after %d' % (n // 3))
        ASKED.append((s, o))
        return errors
    for pkt, _ in build(dict(o), addr('box'), up):
        s = socket.socket(AF, socket.SOCK_RAW, 255)
        if F == 6:
            s.setsockopt(41, 36, 1)
        if 'mark' in o:
            s.setsockopt(1, 36, int(o['mark'], 0))
        if 'prio' in o:
            s.setsockopt(1, 12, int(o['prio'], 0))
        try:
            s.sendto(pkt, (socket.inet_ntop(AF, pkt[16:20] if F == 4 else pkt[24:40]), 0))
        except OSError as e:
            errors.append('send ' + errno.errorcode[e.errno])
        KEEP.append(s)
    return errors


KEEP, ASKED = [], []
# While somebody wants times of arrival, each packet gets one.
STAMPS = socket.socket(AF, socket.SOCK_DGRAM)
STAMPS.setsockopt(1, 29, 1)


def answer(o, up):
    """What the far end of up0 says to the last packet that it has got."""
    settle()
    if not CAUGHT.get('up0'):
        return
    pkt = CAUGHT['up0'][-1][1]
    src, dst = (pkt[12:16], pkt[16:20]) if F == 4 else (pkt[8:24], pkt[24:40])
    if o['kind'] == 'error':
        kind, code, word = [int(x) for x in o['is'].split(',')]
        quote = pkt[:28 + 20] if F == 4 else pkt[:1200]
        body = struct.pack('!BBHI', kind, code, 0, word) + quote
        proto = 1 if F == 4 else 58
        src, dst = addr('peer'), src
        body = filled(body, 2, src, dst, proto, 'ok')
    else:
        at = 20 if F == 4 else 40
        proto = pkt[9] if F == 4 else pkt[6]
        l4 = pkt[at:]
        src, dst = dst, src
        if proto == 17:
            body = filled(l4[2:4] + l4[:2] + l4[4:6] + b'\0\0' + l4[8:], 6, src, dst, proto, 'ok')
        else:
            body = filled(l4[2:4] + l4[:2] + l4[8:12] + struct.pack('!I', struct.unpack('!I', l4[4:8])[0] + 1) +
                          b'\x50\x12' + l4[14:16] + b'\0\0\0\0', 16, src, dst, proto, 'ok')
    pkt = header4(src, dst, proto, body, 64, {}, 99) if F == 4 else header6(src, dst, proto, body, 64, {})
    FD['up0'].send(frame('up0', pkt))


def specs(text):
    out = []
    for part in text.split(';'):
        words = part.split()
        if words:
            o = {'kind': words[0]}
            for w in words[1:]:
                k, _, v = w.partition('=')
                o[k] = v or '1'
            out.append(o)
    return out


def transmit(text, options, src, up):
    errors = []
    for o in specs(text) * (1 if 'once' in options else 2):
        if o['kind'] in ('error', 'reply'):
            answer(o, up)
        elif 'own' in options:
            errors += sent_own(o, src, up)
        else:
            for pkt, vnet in build(o, src, up):
                FD['cl0'].send(frame('cl0', pkt, vnet))
    return errors


def stat(name):
    with open('/sys/class/net/nvi0/statistics/' + name) as f:
        return int(f.read())


def phase(on, text, options, src):
    global KEEP, ASKED
    KEEP, ASKED = [], []
    track = 'ct' in options
    if on:
        switch(True, 'lo' if 'own' in options else 'cl0')
    try:
        ok = settle()
        if track:
            forget()
        CAUGHT.clear()
        drop_reasons()
        rules = seen_by_rules(track)
        before, sent, marks, near = counters(), stat('tx_packets'), SEQ, neighbours()
        errors = transmit(text, options, src, on and 'early' not in options)
        ok = settle() and ok
        wait = [o for o in options if o.startswith('wait=')]
        if wait:
            port, n = wait[0][5:].split(':')
            end = time.time() + 10 * SLOW
            while len(CAUGHT.get(port, [])) < int(n) and time.time() < end:
                select.select([FD[port]], [], [], 0.1)
                read()
        res = {'settled': ok, 'by nvi': stat('tx_packets') - sent - (SEQ - marks)}
        after = counters()
        res['counters'] = {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}
        if 'neigh' in options:
            res['new neighbours'] = neighbours() - near
        res['drop reasons'] = drop_reasons()
        for name, now in seen_by_rules(track).items():
            res[name] = {k: v - rules[name].get(k, 0) for k, v in now.items() if v != rules[name].get(k, 0)}
        for s, o in ASKED:
            e = s.getsockopt(1, 4)
            if e:
                errors.append('SO_ERROR ' + errno.errorcode[e])
            if 'stamp' in o:
                try:
                    _, anc, _, _ = s.recvmsg(2000, 1000, 0x2000 | 0x40)
                    errors.append('stamped' if any(x[1] == 37 for x in anc) else 'no stamp in it')
                except OSError:
                    errors.append('not stamped')
        res['socket'] = sorted(errors)
        for port in ('cl0', 'up0', 'up1'):
            res[port] = sorted(normal(v, p, options) for v, p in CAUGHT.get(port, []))
        return res
    finally:
        for s in KEEP:
            s.close()
        if on:
            switch(False, 'lo' if 'own' in options else 'cl0')


# --- comparing --------------------------------------------------------------------

def bare(pkt, options):
    """Without what is chosen anew for each packet: the identification and sequence
    numbers of what the box itself makes."""
    if len(pkt) < 20:
        return pkt
    b = bytearray(pkt)
    if F == 4 and b[0] >> 4 == 4:
        at, proto, ours = (b[0] & 15) * 4, b[9], bytes(b[12:16]) in OURS
        if ours or 'newid' in options:
            b[4:6] = b[10:12] = b'\0\0'
        if struct.unpack('!H', b[6:8])[0] & 0x1fff:
            return bytes(b)
    elif b[0] >> 4 == 6 and len(b) >= 40:
        at, proto = 40, b[6]
        while proto in (0, 43, 44, 60) and at + 8 <= len(b):
            kind, proto = proto, b[at]
            if kind == 44:
                b[at + 4:at + 8] = bytes(4)
                if struct.unpack('!H', b[at + 2:at + 4])[0] & 0xfff8:
                    return bytes(b)
            at += 8 if kind == 44 else 8 + 8 * b[at + 1]
    else:
        return pkt
    if proto == 50:
        b[at + 4:at + 8] = bytes(4)
        pad = b[-2]
        inner = bytes(b[at + 8:len(b) - 2 - pad])
        if b[-1] in (4, 41):
            return bytes(b[:at + 8]) + bare(inner, options) + bytes(b[len(b) - 2 - pad:])
    elif 'ports' in options and proto == 1 + 57 * (F == 6):
        # Of an error: the addresses and ports that it quotes
        q = at + 8
        return bytes(b[q + 12:q + 24] if F == 4 else b[q + 8:q + 44])
    elif proto in (4, 41):
        return bytes(b[:at]) + bare(bytes(b[at:]), options)
    elif proto == 6 and 'tcp' in options:
        b[at + 4:at + 8] = bytes(4)
        b[at + 16:at + 18] = bytes(2)
        del b[at + 20 + 4:]
    return bytes(b)


def normal(vnet, pkt, options):
    if not pkt:
        return str(vnet)
    flags, gso, _, size = struct.unpack_from('=BBHH', vnet)
    return '%s%s%s' % (bare(pkt, options).hex(), ' partial' if flags & 1 else '', ' gso %d/%d' % (gso, size) if gso else '')


def brief(text):
    """A packet in a few words."""
    h, _, more = text.partition(' ')
    try:
        b = bytes.fromhex(h)
    except ValueError:
        return text
    if len(b) < 40:
        return text
    more = more and ' ' + more
    if b[0] >> 4 == 4:
        at = (b[0] & 15) * 4
        s = '%s>%s proto %d len %d ttl %d tos %#x off %#x' % (socket.inet_ntop(2, b[12:16]), socket.inet_ntop(2, b[16:20]), b[9],
                                                       len(b), b[8], b[1], struct.unpack('!H', b[6:8])[0])
        if at > 20:
            s += ' opts ' + b[20:at].hex()
    else:
        at = 40
        s = '%s>%s next %d len %d hlim %d' % (socket.inet_ntop(10, b[8:24]), socket.inet_ntop(10, b[24:40]), b[6], len(b), b[7])
    return '%s [%s]%s' % (s, b[at:at + 8].hex(), more)


def many(d):
    return dict(sorted(d.items())) if isinstance(d, dict) else d


def compare(a, b, options):
    """The observations that are not the same: (what, text)."""
    own = 'own' in options
    diff = []
    for key in ('socket', 'cl0', 'up0', 'up1', 'counters', 'new neighbours', 'forwarding', 'postrouting', 'states'):
        if key not in a and key not in b or 'only-socket' in options and key != 'socket':
            continue
        x, y = a.get(key), b.get(key)
        if key == 'forwarding' and own:
            continue        # the box's own packets cross FORWARD by nvi0 only
        if key in ('forwarding', 'postrouting', 'states'):
            if own:
                y = {k.replace('"nvi0" .', '"" .', 1): v for k, v in y.items()}
            elif 'rx' in options or 'rx2' in options:
                if 'rx' in options and not any(k.startswith('"nvi0"') for k in y):
                    diff.append((key, '%s: nothing has come in by nvi0: %s' % (key, many(y))))
                    continue
                z = {}
                for k, v in y.items():
                    k = k.replace('"nvi0" .', '"cl0" .', 1)
                    z[k] = z.get(k, 0) + v
                y = z
        if x == y:
            continue
        if isinstance(x, list):
            only = [list(x), list(y)]
            for p in x:
                if p in only[1]:
                    only[0].remove(p)
                    only[1].remove(p)
            near = ['%d more: %s' % (len(o), brief(o[0])) if o else 'none' for o in only]
            if only[0] and only[1] and len(only[0][0]) == len(only[1][0]):
                at = next((i for i in range(len(only[0][0])) if only[0][0][i] != only[1][0][i]), 0) // 2
                near[1] += ' (byte %d: %s, %s)' % (at, only[0][0][2 * at:2 * at + 16], only[1][0][2 * at:2 * at + 16])
            diff.append((key, '%s: plain %d, %s; nvi %d, %s' % (key, len(x), near[0], len(y), near[1])))
        elif isinstance(x, dict):
            keys = [k for k in sorted(set(x) | set(y)) if x.get(k, 0) != y.get(k, 0)]
            diff.append((key, '%s: %s' % (key, ', '.join('%s plain %d nvi %d' % (k, x.get(k, 0), y.get(k, 0)) for k in keys))))
        else:
            diff.append((key, '%s: plain %s, nvi %s' % (key, x, y)))
    return diff


def row(n, name, options, text, differs):
    src = client(20 + n % 200)
    what = '%s: ' % name
    a = phase(False, text, options, src)
    b = phase(True, text, options, src)
    bad = []
    if not (a['settled'] and b['settled']):
        bad.append('what was sent did not settle')
    if not 'early' in options and b['by nvi'] <= 0:
        bad.append('nothing was routed to nvi0')
    if not (a['cl0'] or a['up0'] or a['up1'] or a['counters'] or a['socket'] or 'silent' in options or a['drop reasons']):
        bad.append('nothing came of it')
    if (a['up0'] or a['up1']) and not a['postrouting']:
        bad.append('rules have seen nothing')
    diff = compare(a, b, options)
    fields, _, reason = differs.partition(':')
    fields = [f for f in fields.split(',') if f]
    for key, line in diff:
        if key not in fields:
            bad.append(line)
    for f in fields:
        if f not in [k for k, _ in diff]:
            bad.append('%s: alike, though a difference is expected' % f)
    if reason and reason.strip() not in PAGE:
        bad.append('nvi(8) does not say: ' + reason.strip())
    if bad:
        print('not ok %s' % what + '; '.join(bad))
    else:
        print('ok %s%d and %d packets%s' % (what, len(a['cl0']), len(a['up0'] + a['up1']), ', as nvi(8) says' if fields else ''))
    if 'show' in options:
        for k in a:
            if a[k]:
                print('#   %s: %s' % (k, a[k] if not isinstance(a[k], list) else [brief(p) for p in a[k]]))
    if 'reasons' in options and os.path.exists(TRACE):
        what = '%s: drop reasons' % name
        if a['drop reasons'] == b['drop reasons'] and a['drop reasons']:
            print('ok %s: %s' % (what, ' '.join(a['drop reasons'])))
        else:
            print('not ok %s: plain %s, nvi %s' % (what, a['drop reasons'], b['drop reasons']))


def roff(text):
    """A manual page's words, in one line."""
    text = re.sub(r'\\f[BIRP]|\\&', '', text).replace('\\-', '-').replace("\\(aq", "'")
    return ' '.join(re.sub(r'^\.(BR|IR|B|I|RB|RI) ', '', line) if line.startswith('.') else line for line in text.split('\n')).replace('  ', ' ')


with open('/unhole/nvi.8') as f:
    PAGE = roff(f.read())
try:
    with open(TRACE + 'events/skb/kfree_skb/enable', 'w') as f:
        f.write('1')
except OSError:
    TRACE = '/none/'
n = 0
for line in sys.stdin:
    what, name, options, text, differs = line.rstrip('\n').split('\t')
    options = options.split()
    try:
        if what == 'says':
            print(('ok ' if text in PAGE else 'not ok ') + 'nvi(8) says: ' + text)
        elif what == 'row':
            n += 1
            row(n, name, options, text, differs)
        elif what == 'prepare':
            CAUGHT.clear()
            KEEP, ASKED = [], []
            transmit(text, options + ['once'], client(20 + (n + 1) % 200), 0)
            settle()
            for s in KEEP:
                s.close()
    except Exception as e:
        import traceback
        print('not ok %s: %s' % (name, ' '.join(traceback.format_exc().split())[-300:]))
    print('.', flush=True)
