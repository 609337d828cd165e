# SPDX-License-Identifier: GPL-2.0-only
# packets.py: packets that are predicted by unhole-path, then sent, then seen. For the
# scenarios path-random and path-boxes; namespaces as predict.sh has them, and in each a
# table "seen" with what has arrived. Each packet has a source port, or an ICMP id, of its own.
#
#   packets.py     what sends, in whichever namespace: lines of
#                  "proto source|- sport destination dport tos [mark]" on its stdin; it listens
#                  on TCP's ports that are named
import re
import socket
import struct
import subprocess
import sys

FIRST = 10000


def bind(s, family, src, port):
    """To whatever address: one that is none of the host's wants a word more."""
    try:
        s.bind((src, port))
    except OSError:
        if family == socket.AF_INET:
            s.setsockopt(socket.IPPROTO_IP, 19, 1)  # IP_TRANSPARENT
        else:
            s.setsockopt(socket.IPPROTO_IPV6, 75, 1)  # IPV6_TRANSPARENT
        s.bind((src, port))


def send_one(proto, src, sport, dst, dport, tos, mark='0'):
    family = socket.AF_INET6 if ':' in dst else socket.AF_INET
    if proto.startswith('icmp'):
        return ping(family, src, int(sport), dst)
    if proto == 'sctp':
        return sctp(family, src, int(sport), dst, int(dport))
    kind = socket.SOCK_STREAM if proto == 'tcp' else socket.SOCK_DGRAM
    s = socket.socket(family, kind)
    try:
        s.setblocking(False)
        if mark != '0':
            s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(mark))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET:
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, int(tos))
        else:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, int(tos))
        bind(s, family, '' if src == '-' else src, int(sport))
        if proto == 'tcp':
            s.connect_ex((dst, int(dport)))
        else:
            s.sendto(b'x', (dst, int(dport)))
    except OSError:
        pass  # what rules refuse of the box's own is told here
    finally:
        s.close()


def ping(family, src, ident, dst):
    v6 = family == socket.AF_INET6
    s = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP)
    echo = struct.pack('!BBHHH', 128 if v6 else 8, 0, 0, ident, 1)
    if not v6:  # the kernel does it for ICMPv6
        total = sum(struct.unpack('!4H', echo))
        echo = echo[:2] + struct.pack('!H', ~(total + (total >> 16)) & 0xffff) + echo[4:]
    try:
        if src != '-':
            s.bind((src, 0))
        s.sendto(echo, (dst, 0))
    except OSError:
        pass
    finally:
        s.close()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def sctp(family, src, sport, dst, dport):
    """An INIT, which begins an association; for conntrack its checksum has to be right."""
    init = struct.pack('!BBHIIHHI', 1, 0, 20, 0x1234, 65536, 1, 1, 1)
    packet = struct.pack('!HHI', sport, dport, 0)
    s = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_SCTP)
    try:
        if src != '-':
            bind(s, family, src, 0)
        s.sendto(packet + struct.pack('<I', crc32c(packet + bytes(4) + init)) + init, (dst, 0))
    except OSError:
        pass
    finally:
        s.close()


class Sender:
    """Sends from a namespace; "box" is where this runs. Ports: what answers TCP's SYN there."""

    def __init__(self, ns, *ports):
        self.process = ns != 'box' and subprocess.Popen(
            ['ip', 'netns', 'exec', ns, 'python3', __file__, *ports], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, line):
        if not self.process:
            return send_one(*line.split())
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        self.process.stdout.readline()

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


def sender():
    listeners = [socket.create_server(('', int(port)), family=socket.AF_INET6, dualstack_ipv6=True) for port in sys.argv[1:]]
    for line in sys.stdin:
        send_one(*line.split())
        print('sent', flush=True)
    for s in listeners:
        s.close()


# --- asking and looking ------------------------------------------------------------------

def run(command, text=None):
    r = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return None if r.returncode == 0 else r.stdout


def unhole_path(arguments):
    """What it says as JSON, which is kept for json_fits."""
    out = subprocess.run(['unhole-path', '-j'] + arguments, text=True, stdout=subprocess.PIPE).stdout
    with open('/run/json', 'a') as kept:
        kept.write(out)
    return out


def ask(arguments):
    return fate_of(unhole_path(arguments))


def fate_of(out):
    verdict = re.search(r'"verdict":"([a-z]*)"', out)[1]
    egress = re.search(r'"egress":\{"dev":"([^"]*)"', out)
    fate = {'leaves': egress and egress[1], 'local': 'input', 'dies': 'none', 'unknown': 'unknown'}[verdict]
    return fate, re.search(r'"reason":"([^"]*)"', out)[1], re.search(r'"text":"((?:[^"\\]|\\.)*)"', out)[1]


def seen(ns, name, table='seen'):
    prefix = ['ip', 'netns', 'exec', ns] if ns else []
    out = subprocess.run(prefix + ['nft', '-n', 'list', 'table', 'inet', table], text=True, stdout=subprocess.PIPE).stdout
    return {int(p): name for block in re.findall(r'elements = \{([^}]*)\}', out) for p in re.findall(r'\b(\d{5})\b', block)}


def arrivals():
    """Of each source port, where its packet has come to."""
    return {**seen('client', 'cl0'), **seen('two', 'up1'), **seen('one', 'up0'), **seen(None, 'input')}


def answers():
    """The same of answers, by the port that they are for."""
    where = (('client', 'cl0'), ('two', 'up1'), ('one', 'up0'), (None, 'input'))
    return {port: name for ns, name in where for port, name in seen(ns, name, 'answers').items()}


if __name__ == '__main__':
    sender()
