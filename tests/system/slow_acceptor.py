#!/usr/bin/python3
"""Accepts TCP connections late, to the tenth of a second: what no kernel does on purpose.

usage: slow_acceptor.py INTERFACE ADDRESS PORT=SECONDS...

ADDRESS is an IPv4 address that this host does not have (its kernel would answer at once); the asker
needs a static neighbour entry for it. Every first SYN to PORT is answered SECONDS later; all other
ports stay silent: a black hole.
"""
import heapq
import select
import socket
import struct
import sys
import time

INTERFACE, ADDRESS = sys.argv[1], socket.inet_aton(sys.argv[2])
DELAYS = {int(port): float(seconds) for port, seconds in (arg.split("=") for arg in sys.argv[3:])}
SYN, ACK = 0x02, 0x10


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def syn_ack(frame, port, peer_port, sequence):
    """The answer to the SYN in `frame` (RFC 9293 3.5)."""
    peer = frame[26:30]
    tcp = struct.pack(">HHIIBBHHH", port, peer_port, 1, sequence + 1 & 0xffffffff, 5 << 4, SYN | ACK,
                      65535, 0, 0)
    pseudo = ADDRESS + peer + struct.pack(">BBH", 0, socket.IPPROTO_TCP, len(tcp))
    tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, socket.IPPROTO_TCP, 0)
    ip = ip[:10] + struct.pack(">H", checksum(ip + ADDRESS + peer)) + ADDRESS + peer
    return frame[6:12] + frame[0:6] + b"\x08\x00" + ip + tcp


wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
wire.bind((INTERFACE, 0))
seen, due = set(), []
print("ready", flush=True)
while True:
    wait_s = max(0, due[0][0] - time.monotonic()) if due else None
    if select.select([wire], [], [], wait_s)[0]:
        frame, where = wire.recvfrom(2048)
        # IPv4 without options, TCP, to us, from the outside.
        if (where[2] == socket.PACKET_OUTGOING or frame[14] != 0x45 or
                frame[23] != socket.IPPROTO_TCP or frame[30:34] != ADDRESS):
            continue
        peer_port, port, sequence = struct.unpack(">HHI", frame[34:42])
        key = (frame[26:30], peer_port, port, sequence)
        if frame[47] & (SYN | ACK) == SYN and port in DELAYS and key not in seen:
            seen.add(key)
            heapq.heappush(due, (time.monotonic() + DELAYS[port],
                                 syn_ack(frame, port, peer_port, sequence)))
    while due and due[0][0] <= time.monotonic():
        wire.send(heapq.heappop(due)[1])
