"""A whole NIC beside ssh and BGP: what is not ours reaches the kernel through the TAP, and back."""
import contextlib
import datetime
import socket
import struct
import threading

import dns.message
import pytest
from bird import Bird, router
from client import addresses
from load import Dnsperf
from process import eventually
from scene import EU4, SERVICE4
from test_ports import PACKET_AUXDATA, SOL_PACKET, TP_STATUS_VLAN_VALID, whole_nic

KERNEL4 = "192.0.2.60"  # the host's own address, on the TAP


def transfer(listening, address, connecting, port, octets):
    """TCP from one host to the other and back again; the octets that came back."""
    with listening.socket(kind=1) as server, connecting.socket(kind=1) as client:
        server.bind((address, port))
        server.listen()
        client.settimeout(10)
        client.connect((address, port))
        accepted, _ = server.accept()
        accepted.settimeout(10)
        data = bytes(range(256)) * (octets // 256)

        def echo():
            with contextlib.suppress(OSError), accepted:
                while block := accepted.recv(65536):
                    accepted.sendall(block)

        echoing = threading.Thread(target=echo)
        echoing.start()
        sender = threading.Thread(target=client.sendall, args=(data,))
        sender.start()
        back = bytearray()
        while len(back) < len(data):
            back += client.recv(65536)
        sender.join()
        client.shutdown(1)
        echoing.join()
        return bytes(back) == data


def mtu(host, interface):
    return int(host.run("cat", f"/sys/class/net/{interface}/mtu").stdout)


def ping(host, address, size):
    """Unfragmented, `size` octets of IPv4 packet."""
    host.run("ping", "-c", "3", "-i", "0.05", "-W", "2", "-M", "do", "-s", size - 28, address)


def receive(sock, kind):
    """(tag, rest) of the next frame of that Ethernet type. The kernel puts the tag beside the frame."""
    while True:
        frame, ancillary, _, _ = sock.recvmsg(2048, 256)
        for level, what, data in ancillary:
            status, _, _, _, _, tag, _ = struct.unpack("=IIIHHHH", data)
            if (level, what) == (SOL_PACKET, PACKET_AUXDATA) and status & TP_STATUS_VLAN_VALID \
                    and frame[12:14] == kind:
                return tag, frame[14:]


def test_vlan_tags_pass_to_the_kernel_and_back(scene):
    whole_nic(scene)
    edge, client = scene.edge.host, scene.client.host
    kind, body = b"\x88\xb5", bytes(range(250)) * 6  # for experiments (IEEE 802); the largest frame
    for source, out, target, into in ((client, "eth0", edge, "kernel0"),
                                      (edge, "kernel0", client, "eth0")):
        with source.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender, \
                target.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as receiver:
            receiver.settimeout(3)
            receiver.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            receiver.bind((into, 3))
            addresses_of = bytes.fromhex((target.mac(into) + source.mac(out)).replace(":", ""))
            sender.bind((out, 0))
            sender.send(addresses_of + b"\x81\x00" + struct.pack(">H", 5 << 13 | 100) + kind + body)
            assert receive(receiver, kind) == (5 << 13 | 100, body), f"into {into}"
    ping(client, KERNEL4, 1500)  # untagged as well


def test_the_tap_has_the_mtu_of_the_nic_and_carries_its_largest_frames(scene):
    whole_nic(scene)
    edge, client = scene.edge.host, scene.client.host
    assert mtu(edge, "kernel0") == 1500
    for size in (28, 60, 1499, 1500):
        ping(client, KERNEL4, size)
        ping(edge, "192.0.2.1", size)
    ping(client, SERVICE4, 1500)


def test_several_queues_carry_what_is_the_kernels(scene):
    whole_nic(scene, queues=4)
    edge, client = scene.edge.host, scene.client.host
    for port in range(2200, 2216):
        assert transfer(edge, KERNEL4, client, port, 100_000)
    assert transfer(client, "192.0.2.1", edge, 2300, 100_000), "the other way round"
    assert scene.client.lookup("app.example.com") == [EU4]
    workers = [worker["outcomes"] for worker in scene.edge.workers()]
    assert all(outcomes["to_kernel"] and outcomes["from_kernel"] for outcomes in workers), workers


@pytest.fixture
def birds():
    started = []
    yield started
    for bird in started:
        bird.stop()


def test_a_bgp_session_and_dns_over_tcp_go_on_through_the_tap_under_load(scene, birds, tmp_path):
    edge, client = scene.edge.host, scene.client.host
    edge.address("lo", f"{SERVICE4}/32")
    whole_nic(scene, "--listen", f"{SERVICE4}:53", queues=2)
    birds += [Bird(edge, tmp_path, "edge", f"""
router id {KERNEL4};
protocol device {{ }}
protocol static {{ ipv4; route 203.0.113.128/25 unreachable; }}
protocol bgp router4 {{
  local {KERNEL4} as 64512;
  neighbor 192.0.2.1 as 64511;
  hold time 3;
  connect retry time 1;
  error wait time 1, 2;
  ipv4 {{ import none; export all; }};
}}
"""), Bird(client, tmp_path, "router", router({"edge4": (KERNEL4, 64512)}, hold_s=3))]
    birds[1].meets("edge4")
    since = birds[1].established("edge4")
    with Dnsperf(scene.client, tmp_path, 6, 2000) as load:
        for port in range(2200, 2204):
            assert transfer(edge, KERNEL4, client, port, 200_000)
        for _ in range(20):
            query = dns.message.make_query("app.example.com", "A")
            assert addresses(scene.client.ask_tcp(query)) == [EU4]
    assert load.lost == 0 and load.sent > 6 * 2000 / 2, load.text
    # BIRD reckons it anew each time, to a few microseconds.
    assert abs(birds[1].established("edge4") - since) < datetime.timedelta(seconds=0.5), "one session"
    eventually(lambda: "203.0.113.128/25" in birds[1].ask("show", "route"), 2, "its route is there")
    print(f"{load.sent} queries, none lost; BGP session up since {since}")
