# SPDX-License-Identifier: GPL-2.0-only
# random_rules.py SEED PACKETS NFT|LEGACY...: rulesets by chance, of the front ends that are
# named; for each, packets by chance. unhole-path says where each goes; it is sent, and
# seen where it goes. Prints a line for each that differs, or is not known, and the sums.
import re
import sys

import chance
from chance import percent, pick, rnd
from packets import FIRST, Sender, arrivals, ask, run

# --- rules, by chance ----------------------------------------------------------------------

V4 = {'far': '203.0.113.7', 'far2': '203.0.113.9', 'client': '198.51.100.2', 'client2': '10.9.9.9', 'box': '192.0.2.1',
      'two': '198.18.0.2', 'snat': '192.0.2.9', 'net': '203.0.113.0/24', 'clients': '198.51.100.0/24'}
V6 = {'far': '2001:db8:3::7', 'far2': '2001:db8:3::9', 'client': '2001:db8:1::2', 'client2': '2001:db8:9::9',
      'box': '2001:db8:2::1', 'two': '2001:db8:4::2', 'snat': '2001:db8:2::9', 'net': '2001:db8:3::/64',
      'clients': '2001:db8:1::/64'}
PORTS = [53, 80, 443, 5353, 8080]
MARKS = ['0x1/0xf', '0x2/0xf', '0x3/0xf', '0x0/0xf', '0x10/0xf0', '0x20/0xf0', '0x0/0xf0', '0x100/0xf00', '0x200/0xf00']


class Nft:
    """One ruleset of nftables."""

    def __init__(self, v6, hole, rare):
        self.v6, self.hole, self.rare, self.n = v6, hole, rare, 0
        self.a = V6 if v6 else V4
        self.ip = 'ip6' if v6 else 'ip'
        self.tables = []

    def match(self, hook):
        a, ip = self.a, self.ip
        some = [
            f'{ip} saddr {pick(a["client"], a["clients"], a["client2"], a["box"])}',
            f'{ip} daddr {pick("", "!= ")}{pick(a["far"], a["net"], a["far2"], a["box"])}',
            f'th dport {pick("", "!= ")}{pick(*PORTS)}',
            f'th dport {{ {pick(*PORTS)}, {pick(*PORTS)} }}',
            f'th dport {pick("50-100", "< 443", ">= 5353")}',
            f'meta l4proto {pick("tcp", "udp", "{ tcp, udp }")}',
            f'meta mark & {pick("0xf", "0xf0", "0xf00")} {pick("==", "!=")} {pick("0x1", "0x10", "0x0", "0x100")}',
            f'ct state {pick("new", "established,related", "invalid", "untracked", "new,untracked", "!= new")}',
            f'ct mark {pick("", "!= ")}{pick("0x0", "0x100")}',
            f'{ip} daddr . th dport {{ {a["far"]} . {pick(*PORTS)}, {a["far2"]} . {pick(*PORTS)} }}',
            f'{ip} daddr {{ {a["net"]}, {a["clients"]} }}',
            f'{ip} saddr @nets{self.n}',
            f'{ip} dscp {pick("0x00", "0x04", "!= 0x00")}',
            f'ct status & dnat {pick("==", "!=")} dnat',
            f'meta nfproto {pick("ipv4", "ipv6")}' if self.family == 'inet' else 'meta mark 0x0',
            'tcp flags & (fin|syn|rst|ack) == syn',
        ]
        if hook in ('prerouting', 'input', 'forward'):
            some += [f'iifname {pick("", "!= ")}{pick("cl0", self.hole, "lo", "up*")}',
                     f'iifname {{ cl0, {self.hole} }}', f'iifname . th dport {{ cl0 . {pick(*PORTS)} }}']
        if hook in ('forward', 'output', 'postrouting'):
            some += [f'oifname {pick("", "!= ")}{pick("up0", "up1", self.hole, "up*")}', 'oifname { up0, up1 }']
        if self.rare:
            some.append(f'fib daddr type {pick("local", "unicast", "!= local")}')
            if hook == 'prerouting':
                some.append('fib saddr . iif oif missing')
        if percent(3):
            some = [pick('limit rate 10/second', f'{ip} length > 100' if not self.v6 else 'ip6 length > 100')]
        return pick(*some)

    def verdict(self, hook, kind, chains):
        say = ['accept', 'return', 'drop', 'continue', 'counter', 'accept', 'return']
        say += [f'jump {c}' for c in chains] * 2 + [f'goto {c}' for c in chains]
        if chains and percent(30):
            return f'th dport vmap {{ {pick(*PORTS[:3])} : jump {pick(*chains)}, {pick(*PORTS[3:])} : {pick("drop", "accept", "return")} }}'
        a = self.a
        if kind == 'nat':
            if hook in ('prerouting', 'output'):
                return pick(f'dnat {"" if self.family != "inet" else self.ip + " "}to {pick(a["far2"], a["two"], a["far"])}',
                            *say, *([f'redirect to :{pick(*PORTS)}'] if self.rare and hook == 'prerouting' else []))
            return pick(f'snat {"" if self.family != "inet" else self.ip + " "}to {a["snat"]}', 'masquerade', *say)
        say += [f'meta mark set meta mark & {pick("0xfffffff0", "0xffffff0f")} | {pick("0x1", "0x10", "0x20", "0x100")}',
                f'meta mark set {pick("0x0", "0x1", "0x2", "0x10", "0x100")}',
                f'ct mark set {pick("0x100", "meta mark")}', 'meta mark set ct mark', f'{self.ip} dscp set {pick("0x04", "0x02")}']
        if hook in ('prerouting', 'output') and self.prio == -300:
            say.append('notrack')
        if hook in ('input', 'forward', 'output'):
            say.append('reject')
        return pick(*say)

    def rules(self, hook, kind, chains):
        out = []
        for _ in range(rnd(4) + (1 if hook == 'any' else 0)):
            where = pick('prerouting', 'forward', 'output', 'postrouting') if hook == 'any' else hook
            m = ' '.join(self.match('none' if hook == 'any' else where) for _ in range(rnd(3)))
            out.append(f'    {m} {self.verdict("none" if hook == "any" else where, kind, chains)}')
        return out

    def table(self, number):
        self.n, self.family, self.prio = number, pick(self.ip, self.ip, 'inet'), 0
        name = f'{self.family} r{number}'
        self.tables.append(name)
        out = [f'table {name} {{', f'  set nets{number} {{', f'    type {"ipv6" if self.v6 else "ipv4"}_addr',
               '    flags interval', f'    elements = {{ {self.a["clients"]}, {self.a["box"]} }}', '  }']
        users = [f'u{i}' for i in range(rnd(4))]
        for i in range(len(users) - 1, -1, -1):
            out += [f'  chain u{i} {{', *self.rules('any', 'filter', users[i + 1:]), '  }']
        for i in range(1 + rnd(3)):
            hook = pick('prerouting', 'prerouting', 'input', 'forward', 'output', 'postrouting')
            kind = pick('filter', 'filter', 'nat') if hook != 'output' else pick('filter', 'route', 'nat')
            if hook == 'forward':
                kind = 'filter'
            self.prio = pick(-300, -150, -150, 0, 0, 50) if kind != 'nat' else -100 + rnd(20)
            if self.hole == 'lo' and self.prio == -300:
                self.prio = -150
            if kind == 'nat' and hook in ('input', 'postrouting'):
                self.prio = 90 + rnd(20)
            policy = 'drop' if kind != 'nat' and percent(15) else 'accept'
            out += [f'  chain b{i} {{', f'    type {kind} hook {hook} priority {self.prio}; policy {policy};',
                    *self.rules(hook, kind, users if kind != 'nat' else []), '  }']
        return '\n'.join(out + ['}'])

    def load(self):
        text = '\n'.join(self.table(i) for i in range(1 + rnd(3)))
        return text, run(['nft', '-f', '-'], text)

    def unload(self):
        for t in self.tables:
            run(['nft', 'delete', 'table'] + t.split())


class Iptables:
    """One ruleset of iptables, by either front end."""

    def __init__(self, v6, hole, rare, legacy):
        self.a, self.v6, self.hole, self.rare = (V6 if v6 else V4), v6, hole, rare
        self.tool = ('ip6tables' if v6 else 'iptables') + ('-legacy' if legacy else '-nft') + '-restore'

    HOOKS = {'raw': ['PREROUTING', 'OUTPUT'], 'mangle': ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
             'filter': ['INPUT', 'FORWARD', 'OUTPUT'], 'nat': ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING']}

    def match(self, chain):
        a = self.a
        some = [
            f'{pick("", "! ")}-s {pick(a["client"], a["clients"], a["client2"], a["box"])}',
            f'{pick("", "! ")}-d {pick(a["far"], a["net"], a["far2"], a["box"])}',
            f'-p {pick("udp", "tcp")} {pick("", "! ")}--dport {pick(*PORTS)}',
            f'-p udp -m multiport {pick("", "! ")}--dports {pick(*PORTS)},{pick("50:100", "5000:9000")}',
            f'-p {pick("udp", "tcp")}', '! -p tcp',
            '-p tcp --syn',
            f'-m mark {pick("", "! ")}--mark {pick(*MARKS)}',
            f'-m connmark {pick("", "! ")}--mark {pick("0x100/0xf00", "0x0/0xf00")}',
            f'-m conntrack {pick("", "! ")}--ctstate {pick("NEW", "ESTABLISHED,RELATED", "INVALID", "UNTRACKED", "DNAT", "SNAT,NEW")}',
            f'-m comment --comment "a comment" -m conntrack --ctorigdst {a["far"]}',
        ]
        if not self.v6:
            some.append('-m iprange --dst-range 203.0.113.5-203.0.113.8')
        if chain not in ('OUTPUT', 'POSTROUTING', 'user'):
            some += [f'{pick("", "! ")}-i {pick("cl0", self.hole, "lo", "up+")}'] * 2
        if chain in ('OUTPUT', 'POSTROUTING', 'FORWARD'):
            some += [f'{pick("", "! ")}-o {pick("up0", "up1", self.hole, "up+")}'] * 2
        if self.rare:
            some += [f'-m addrtype {pick("", "! ")}--dst-type {pick("LOCAL", "UNICAST")}', f'-m dscp {pick("", "! ")}--dscp {pick("0x00", "0x04")}']
        if percent(3):
            some = [pick('-m limit --limit 10/second', '-m length --length 100:200')]
        return pick(*some)

    def target(self, table, chain, chains):
        a = self.a
        say = ['-j ACCEPT', '-j RETURN', '-j DROP', '', '-j ACCEPT']
        say += [f'-j {c}' for c in chains] * 2 + [f'-g {c}' for c in chains]
        if table == 'nat':
            if chain in ('PREROUTING', 'OUTPUT'):
                say = [s for s in say if s != '-j DROP'] + [f'-j DNAT --to-destination {pick(a["far2"], a["two"], a["far"])}'] * 3
            elif chain in ('POSTROUTING', 'INPUT'):
                say = [s for s in say if s != '-j DROP'] + [f'-j SNAT --to-source {a["snat"]}'] * 3
                if chain == 'POSTROUTING':
                    say.append('-j MASQUERADE')
            else:
                say = ['-j ACCEPT', '-j RETURN', '']
        if table == 'mangle':
            say += [f'-j MARK --set-xmark {pick(*MARKS)}'] * 4
            say += ['-j CONNMARK --save-mark', '-j CONNMARK --restore-mark', '-j CONNMARK --set-xmark 0x100/0xf00',
                    *([f'-j TOS --set-tos {pick("0x10/0xff", "0x00/0x10")}', f'-j DSCP --set-dscp {pick("0x04", "0x02")}'] if self.rare else [])]
        if table == 'raw':
            say.append('-j CT --notrack')
        return pick(*say)

    def line(self, table, chain, chains):
        m = ' '.join(self.match(chain) for _ in range(rnd(3)))
        # One -i, one -d and so on; the protocol before its ports
        if len(re.findall(r'(?:^| )-p ', m)) > 1 or any(len(re.findall(f'(?:^| )-{x} ', m)) > 1 for x in 'iosd'):
            m = self.match(chain)
        return f'-A {chain} {m} {self.target(table, chain, chains)}'.replace('-A user ', '-A ')

    def load(self):
        out = []
        for table in self.HOOKS:
            if table == 'raw' and self.hole == 'lo':
                continue
            out.append(f'*{table}')
            users = [f'u{i}' for i in range(rnd(4))] if table != 'nat' else []
            hooks = self.HOOKS[table]
            out += [f':{h} {"DROP" if table == "filter" and percent(15) else "ACCEPT"}' for h in hooks]
            out += [f':{u} -' for u in users]
            for i, u in enumerate(users):
                out += [self.line(table, 'user', users[i + 1:]).replace('-A ', f'-A {u} ', 1) for _ in range(rnd(4))]
            for h in hooks:
                out += [self.line(table, h, users) for _ in range(rnd(3))]
            out.append('COMMIT')
        text = '\n'.join(out) + '\n'
        return text, run([self.tool], text)

    def unload(self):
        out = []
        for table, hooks in self.HOOKS.items():
            if table == 'raw' and self.hole == 'lo':
                continue
            out += [f'*{table}', *[f':{h} ACCEPT' for h in hooks]]
            # The rule that leads out of loopback is there, too
            if table == 'raw' and 'legacy' in self.tool:
                out.append('-A PREROUTING -i lo -j UNHOLE --set-xmark 0x40/0xf0')
            out.append('COMMIT')
        run([self.tool], '\n'.join(out) + '\n')


# --- a round ---------------------------------------------------------------------------------

# Of a kernel that has all modules that Debian's has
RARE = """*mangle
-A PREROUTING -m addrtype --dst-type LOCAL -m dscp --dscp 0x04 -j TOS --set-tos 0x10/0xff
-A PREROUTING -j DSCP --set-dscp 0x04
COMMIT
"""
RARE_NFT = 'table ip rare { chain c { fib daddr type local; }; }'


def has_rare():
    yes = run(['iptables-restore'], RARE) is None and run(['nft', '-f', '-'], RARE_NFT) is None
    run(['iptables', '-t', 'mangle', '-F'])
    run(['nft', 'delete', 'table', 'ip', 'rare'])
    return yes


def packet(a, port):
    own = percent(30)
    proto, dport = pick('udp', 'udp', 'tcp'), pick(*PORTS)
    dst = pick(a['far'], a['far'], a['far'], a['far2'], a['box'])
    src = '-' if own else pick(a['client'], a['client'], a['client2'])
    tos = pick(0, 0, 0, 16)
    question = ['to', dst, 'ipproto', proto, 'sport', str(port), 'dport', str(dport)]
    if tos:
        question += ['tos', str(tos)]
    if not own:
        question += ['from', src, 'iif', 'cl0']
    return own, question, f'{proto} {src} {port} {dst} {dport} {tos}'


def main():
    packets, front_ends = int(sys.argv[2]), sys.argv[3:]
    chance.seed(int(sys.argv[1]))
    client, box = Sender('client'), Sender('box')
    port, asked, refused, loaded = FIRST, [], 0, 0
    rare = has_rare()
    while port < FIRST + packets:
        number, front, v6, hole = chance.state, pick(*front_ends), percent(40), pick('nvi0', 'nvi0', 'lo')
        rules = Nft(v6, hole, rare) if front == 'nft' else Iptables(v6, hole, rare, front == 'legacy')
        text, error = rules.load()
        if error is not None:
            refused += 1
            if refused > 5 + loaded:
                sys.exit(f'{front} refuses too much: {error}\n{text}')
            rules.unload()
            continue
        loaded += 1
        run(['ip', '-6' if v6 else '-4', 'route', 'replace', 'default', *(['nhid', '56'] if v6 and hole == 'lo' else ['dev', hole]),
             'table', '50'])
        for _ in range(12):
            own, question, line = packet(V6 if v6 else V4, port)
            fate, reason, why = ask(question)
            asked.append((port, fate, reason, why, number, front, question, text))
            (box if own else client).send(line)
            port += 1
        rules.unload()
    client.close()
    judge(asked, loaded)


def judge(asked, loaded):
    arrived = arrivals()
    wrong = unknown = 0
    kinds, shown = set(), set()
    for port, fate, reason, why, number, front, question, text in asked:
        real = arrived.get(port, 'none')
        kinds.add((fate, reason))
        if fate == 'unknown':
            unknown += 1
            print(f'unknown: {why}')
        elif fate != real:
            wrong += 1
            print(f'WRONG (seed {number}, {front}): it said {fate}, {reason} ({why}), and the packet: {real}')
            print('   unhole-path ' + ' '.join(question))
            if number not in shown and len(shown) < 8:
                print(text)
            shown.add(number)
    print(f'rulesets {loaded} packets {len(asked)} wrong {wrong} unknown {unknown} fates {len(kinds)}')


main()
