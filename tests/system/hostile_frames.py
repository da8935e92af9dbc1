"""Frames that no resolver sends: built, taken from the fuzzers' corpus, and damaged at random."""
import pathlib
import random
import socket
import struct

import dns.message

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "fuzz/corpus/frame"
QUERY = dns.message.make_query("app.example.com", "A", use_edns=0).to_wire()
SPOOFED4 = ("224.0.0.1", "255.255.255.255", "127.0.0.1", "0.0.0.0", "192.0.2.255", "192.0.2.53",
            "240.0.0.1", "198.51.100.10")
SPOOFED6 = ("::", "::1", "ff02::1", "fe80::1", "2001:db8:53::53", "::ffff:192.0.2.1")
HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60


def udp(payload, length_error=0, destination=53):
    return struct.pack(">4H", 40000, destination, 8 + len(payload) + length_error & 0xFFFF,
                       0) + payload


def ipv4(payload, source="192.0.2.1", options=b"", fragment=0, length_error=0, version=4):
    header = bytearray(struct.pack(
        ">BBHHHBBH4s4s", version << 4 | (20 + len(options)) // 4, 0,
        20 + len(options) + len(payload) + length_error & 0xFFFF, 7, fragment, 64, 17, 0,
        socket.inet_aton(source), socket.inet_aton("192.0.2.53")) + options)
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    header[10:12] = struct.pack(">H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
    return 0x0800, bytes(header) + payload


def ipv6(payload, source="2001:db8:53::1", extensions=(), length_error=0):
    kinds, chain = [*extensions, 17], b""
    for following in kinds[1:]:
        chain += struct.pack(">BB6x", following, 0)
    return 0x86DD, struct.pack(
        ">IHBB16s16s", 6 << 28, len(chain) + len(payload) + length_error & 0xFFFF, kinds[0], 64,
        socket.inet_pton(socket.AF_INET6, source),
        socket.inet_pton(socket.AF_INET6, "2001:db8:53::53")) + chain + payload


def built():
    """(EtherType, packet) of everything that is wrong on purpose."""
    good = udp(QUERY)
    yield ipv4(good)
    yield ipv6(good)
    for error in (-60, -20, -1, 1, 8, 1000, 40000):
        yield ipv4(good, length_error=error)
        yield ipv4(udp(QUERY, length_error=error))
        yield ipv6(good, length_error=error)
        yield ipv6(udp(QUERY, length_error=error))
    for fragment in (0x2000, 0x2001, 0x0001, 0x1FFF, 0x8000, 0xC000):
        yield ipv4(good, fragment=fragment)
    for options in (b"\x01" * 4, b"\x44\x28" + b"\x05" * 38, b"\x83\x03\x00\x00", b"\x07\xff\x00\x00"):
        yield ipv4(good, options=options)
    for extensions in ((HOP_BY_HOP,), (ROUTING,), (FRAGMENT,), (DESTINATION, DESTINATION),
                       (HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION), (59,), (255,)):
        yield ipv6(good, extensions=extensions)
    for source in SPOOFED4:
        yield ipv4(good, source=source)
    for source in SPOOFED6:
        yield ipv6(good, source=source)
    for size in (0, 1, 11, 12, 13, 500, 1400):
        yield ipv4(udp(bytes(size)))
        yield ipv6(udp(b"\xff" * size))
    yield ipv4(good, version=5)
    yield 0x0800, b""
    yield 0x0800, b"\x45"
    yield 0x86DD, b"\x60" * 7
    yield 0x0806, bytes(28)


def frames(source_mac, target_mac):
    """All of them, behind up to four VLAN tags, and short ones."""
    addresses = bytes.fromhex((target_mac + source_mac).replace(":", ""))
    for kind, packet in built():
        for tags in ((), (0x8100,), (0x88A8, 0x8100), (0x8100,) * 4):
            between = b"".join(struct.pack(">HH", tag, 100) for tag in tags)
            yield addresses + between + struct.pack(">H", kind) + packet
    for file in sorted(CORPUS.iterdir()):
        yield addresses + file.read_bytes()[12:]


def damaged(frame, chance):
    """Some octets changed behind the addresses, or the end cut off or made longer."""
    frame = bytearray(frame)
    for _ in range(chance.randrange(4)):
        if len(frame) > 14:
            frame[chance.randrange(12, len(frame))] = chance.randrange(256)
    if chance.random() < 0.2:
        del frame[chance.randrange(14, len(frame) + 1):]
    if chance.random() < 0.1:
        frame += chance.randbytes(chance.randrange(1400))
    return bytes(frame[:1514])


def everything(source_mac, target_mac, seed):
    chance = random.Random(seed)
    all_frames = [frame[:1514] for frame in frames(source_mac, target_mac)]
    return all_frames + [damaged(chance.choice(all_frames), chance) for _ in range(20_000)]
