# SPDX-License-Identifier: GPL-2.0-only
# nfqueue.py: the program behind an NFQUEUE. /proc/net/netfilter/nfnetlink_queue says that
# it listens, how many packets have come (the eighth column) and how many wait (the third).
#
#   nfqueue.py NUMBER        accepts each packet at once
#   nfqueue.py NUMBER hold   keeps them, until a line or the end comes on standard input;
#                            then it accepts what there is, and ends
import select
import socket
import struct
import sys

QUEUE = 3  # NFNL_SUBSYS_QUEUE
PACKET, VERDICT, CONFIG = 0, 1, 2
REQUEST, ACK = 1, 4


def attr(kind, data, nested=False):
    n = 4 + len(data)
    return struct.pack('HH', n, kind | (0x8000 if nested else 0)) + data + b'\0' * (-n % 4)


class Netlink:
    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER
        self.sock.bind((0, 0))
        self.seq = 0

    def message(self, kind, flags, family, body=b'', res=0):
        self.seq += 1
        return struct.pack('=IHHIIBBH', 20 + len(body), kind, REQUEST | flags, self.seq, 0,
                           family, 0, socket.htons(res)) + body


class Queue(Netlink):
    """Accepts whatever is queued, in the context of this process."""
    def __init__(self, number=0):
        super().__init__()
        self.seen = 0
        self.number = number
        # NFQA_CFG_CMD: bind; NFQA_CFG_PARAMS: no payload, the headers' metadata only
        for body in (attr(1, struct.pack('!BBH', 1, 0, 0)), attr(2, struct.pack('!IB', 0, 1))):
            self.sock.send(self.message(QUEUE << 8 | CONFIG, ACK, 0, body, number))
            answer = self.sock.recv(65536)
            error = -struct.unpack('=i', answer[16:20])[0]
            if error:
                raise OSError(error, f'queue {number}')
        self.sock.setblocking(False)

    def drain(self):
        while True:
            try:
                data = self.sock.recv(65536)
            except BlockingIOError:
                return
            except OSError:
                continue  # the receive buffer was full
            if struct.unpack('=H', data[4:6])[0] == QUEUE << 8 | PACKET:
                self.seen += 1
                number = struct.unpack('!I', data[24:28])[0]
                self.sock.send(self.message(QUEUE << 8 | VERDICT, 0, 0,
                                            attr(2, struct.pack('!II', 1, number)), self.number))


if __name__ == '__main__':
    queue = Queue(int(sys.argv[1]))
    if sys.argv[2:] == ['hold']:
        sys.stdin.readline()
        queue.drain()
    else:
        while True:
            select.select([queue.sock], [], [])
            queue.drain()
