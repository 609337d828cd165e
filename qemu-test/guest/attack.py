# SPDX-License-Identifier: GPL-2.0-only
# attack.py: leads packets to the UNHOLE target in every way that nf_tables offers to
# whoever owns a network namespace. It speaks netlink, since the tools refuse part of
# it: a table of any name, a base chain of any type, hook and priority, the target in it
# or behind jumps, with any option, followed by a rule that translates; a queue to user
# space in front. Then it sends packets of each kind that meets a conntrack entry in
# another state, and goes on to the next combination.
#
#   attack.py                all combinations
#   attack.py TYPE HOOK PRIORITY   one chain, to read a fault by
#
# The namespace has 10.9.9.1 and fd09::1 on lo, routes into lo to 10.7.7.0/24 and
# fd07::/64, and another way for mark 1. Prints "tried N accepted N queued N"; a crash is for the caller to see.
import itertools
import os
import socket
import struct
import sys

from nfqueue import ACK, Netlink, Queue, attr

NFT = 10
TABLE, DELTABLE, CHAIN, RULE = 0, 2, 3, 6
CREATE, APPEND = 0x400, 0x800
HOOKS = {'prerouting': 0, 'input': 1, 'forward': 2, 'output': 3, 'postrouting': 4}
# Before and behind each of the kernel's own: defrag -400, raw -300, conntrack -200,
# mangle -150, NAT -100, filter 0.
PRIORITIES = [-2**31, -401, -399, -300, -201, -199, -150, -101, -100, -99, 0, 300]
NOTRACK, RESET_CT, ALLOW_LOCAL = 1, 2, 4
OPTIONS = [0, NOTRACK, RESET_CT, RESET_CT | ALLOW_LOCAL]


def nest(kind, *attrs):
    return attr(kind, b''.join(attrs), True)


def text(kind, s):
    return attr(kind, s.encode() + b'\0')


def be32(kind, n):
    return attr(kind, struct.pack('!I', n & 0xffffffff))


def be16(kind, n):
    return attr(kind, struct.pack('!H', n))


def expr(name, *attrs):
    return nest(1, text(1, name), nest(2, *attrs))


def load(register, value):
    return expr('immediate', be32(1, register), nest(2, attr(1, value)))


def target(flags):
    # --set-xmark 1/1: the second lookup is to lead elsewhere. Padded as x_tables wants it.
    return expr('target', text(1, 'UNHOLE'), be32(2, 0), attr(3, struct.pack('IIII', 1, 1, flags, 0)))


def jump(chain):
    return expr('immediate', be32(1, 0), nest(2, nest(2, be32(1, -3), text(2, chain))))


def dnat(family):
    address = socket.inet_pton(family, '10.9.9.1' if family == socket.AF_INET else 'fd09::1')
    return load(1, address) + expr('nat', be32(1, 1), be32(2, family), be32(3, 1))


def zone(n):
    return load(1, struct.pack('H', n)) + expr('ct', be32(2, 17), be32(4, 1))


class Batches(Netlink):
    def batch(self, messages):
        """0, or the first error that the kernel has with it."""
        data = self.message(0x10, 0, 0, res=NFT)
        first = self.seq + 1
        for kind, flags, family, body in messages:
            data += self.message(NFT << 8 | kind, flags | ACK, family, body)
        last = self.seq
        data += self.message(0x11, 0, 0, res=NFT)
        self.sock.send(data)
        error, left = 0, last - first + 1
        while left:
            answer = self.sock.recv(65536)
            while answer:
                length, kind, _, seq, _ = struct.unpack('=IHHII', answer[:16])
                if kind == 2:
                    error = error or -struct.unpack('=i', answer[16:20])[0]
                    # An error for the batch as a whole is the only answer.
                    left = left - 1 if first <= seq <= last else 0
                answer = answer[(length + 3) & ~3:]
        return error


def rules(family, *more):
    return [(RULE, CREATE | APPEND, family, text(1, table) + text(2, chain) +
             nest(4, *expressions) + nest(5, be32(1, 0), be32(2, 0)))
            for table, chain, expressions in more]


def base(family, table, chain, kind, hook, priority):
    return (CHAIN, CREATE, family, text(1, table) + text(3, chain) +
            nest(4, be32(1, HOOKS[hook]), be32(2, priority)) + text(7, kind))


class Traffic:
    """Packets into the hole: new and unconfirmed, new, established, untracked, template."""
    def __init__(self):
        self.port = 1024
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.raw.setsockopt(socket.IPPROTO_IP, 22, 1)  # IP_NODEFRAG
        # To itself, behind all that was sent before: see settle().
        self.mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.mark.bind(('127.0.0.1', 0))
        self.mark.setblocking(False)
        self.udp = {f: socket.socket(f, socket.SOCK_DGRAM) for f in (socket.AF_INET, socket.AF_INET6)}

    def fragments(self):
        """Not reassembled, and so not tracked, before they come out of lo."""
        src, dst = socket.inet_aton('10.9.9.1'), socket.inet_aton('10.7.7.7')
        data = struct.pack('!HHHH', self.port, 2222, 40, 0) + b'x' * 32
        for offset, more, part in ((0, 0x2000, data[:24]), (24, 0, data[24:])):
            self.raw.sendto(struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(part), self.port,
                                        more | offset // 8, 64, 17, 0, src, dst) + part, ('10.7.7.7', 0))

    def send(self, family):
        self.port = self.port + 1 if self.port < 60000 else 1024
        to = '10.7.7.7' if family == socket.AF_INET else 'fd07::7'
        jobs = [lambda p=p: self.udp[family].sendto(b'x', (to, p)) for p in (self.port, self.port, 9, 10)]
        if family == socket.AF_INET:
            jobs.append(self.fragments)
        for job in jobs:
            try:
                job()
            except OSError:
                pass  # an ICMP error for the packet before, or a chain that drops


    def settle(self, queue):
        """Nothing is under way any more: lo is first in, first out. (Some chains translate
        what this sends, and then it gives up; nor does the kernel like chains to go while
        packets wait for user space.)"""
        for _ in range(2):
            self.mark.sendto(b'x', self.mark.getsockname())
            for _ in range(100):
                queue.drain()
                try:
                    self.mark.recv(1)
                    break
                except OSError:
                    os.sched_yield()


def combinations():
    for family, kind, hook, priority, flags, depth, queued in itertools.product(
            (socket.AF_INET, socket.AF_INET6), ('filter', 'nat', 'route'), HOOKS, PRIORITIES, OPTIONS,
            (0, 1, 15), (False, True)):
        # The rest would say nothing new: a queue, and jumps, in PREROUTING only.
        if hook != 'prerouting' and (depth or queued or flags not in (0, RESET_CT)):
            continue
        if depth == 15 and (queued or flags == RESET_CT | ALLOW_LOCAL):
            continue
        yield family, kind, hook, priority, flags, depth, queued


def main():
    only = sys.argv[1:]
    nl, queue, traffic = Batches(), Queue(), Traffic()
    tried, accepted, errors = 0, 0, {}
    for family, kind, hook, priority, flags, depth, queued in combinations():
        if only and (kind, hook, priority) != (only[0], only[1], int(only[2])):
            continue
        tried += 1
        table = 'mangle' if flags == 0 or (flags == NOTRACK and depth == 1) else 'raw'
        behind = [dnat(family)] if kind == 'nat' else []
        batch = [(TABLE, CREATE, family, text(1, table)),
                 base(family, table, 'base', kind, hook, priority)]
        if queued:
            batch.append(base(family, table, 'queue', 'filter', hook, max(priority - 1, -2**31)))
            batch += rules(family, (table, 'queue', [expr('queue', be16(1, 0), be16(2, 1), be16(3, 2))]))
        # Ports 9 and 10: untracked on their way in, and a template in front of conntrack.
        batch += [base(family, table, 'out', 'filter', 'output', -300),
                  base(family, table, 'zone', 'filter', 'prerouting', -450)]
        port = lambda p: [expr('payload', be32(1, 1), be32(2, 2), be32(3, 2), be32(4, 2)),
                          expr('cmp', be32(1, 1), be32(2, 0), nest(3, attr(1, struct.pack('!H', p))))]
        batch += rules(family, (table, 'out', port(9) + [expr('notrack')]),
                       (table, 'zone', port(10) + [zone(5)]))
        chains = ['c%d' % i for i in range(depth)]
        batch += [(CHAIN, CREATE, family, text(1, table) + text(3, c)) for c in chains]
        for at, to in zip(['base'] + chains, chains):
            batch += rules(family, (table, at, [jump(to)]))
        batch += rules(family, (table, (['base'] + chains)[-1], [target(flags)]))
        # Where NAT would look for the entry that was there a rule ago.
        batch += [r for b in behind for r in rules(family, (table, (['base'] + chains)[-1], [b]))]
        error = nl.batch(batch)
        if error:
            errors[error] = errors.get(error, 0) + 1
            continue
        accepted += 1
        for _ in range(2):
            traffic.send(family)
            traffic.settle(queue)
        nl.batch([(DELTABLE, 0, family, text(1, table))])
        queue.drain()
    print('tried', tried, 'accepted', accepted, 'queued', queue.seen,
          'refused', ' '.join('%d:%d' % e for e in sorted(errors.items())))


main()
