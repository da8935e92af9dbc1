"""Where frames come from: queues, VLAN tags, foreign frames, a whole NIC, memif."""
import contextlib
import os
import socket
import struct
import time

import dns.message
import pytest
from client import Client, addresses
from network import connect
from process import Process, eventually
from scene import EU4, EU6, SERVICE4, SERVICE6


# <linux/if_packet.h>
SOL_PACKET, PACKET_AUXDATA, TP_STATUS_VLAN_VALID = 263, 8, 1 << 4


def counted(scene, **expected):
    """Waits until the ports' counters are these (a burst is counted after it was sent)."""
    def matches():
        outcomes = scene.edge.outcomes()
        return all(outcomes[word] == count for word, count in expected.items()) and outcomes
    return eventually(matches, 2, lambda: f"{expected}, they are {scene.edge.outcomes()}")


def test_all_else_than_dns_stays_with_the_kernel(running):
    host = running.client.host
    host.run("ping", "-c", "3", "-i", "0.05", SERVICE4)
    host.run("ping", "-c", "3", "-i", "0.05", SERVICE6)
    # Another UDP port and another address of the same interface are not ours.
    with running.edge.host.socket() as other:
        other.bind((SERVICE4, 5300))
        other.settimeout(2)
        with host.socket() as sender:
            sender.sendto(b"not dns", (SERVICE4, 5300))
        assert other.recv(100) == b"not dns"
    running.edge.host.address("service0", "192.0.2.99/24")
    with running.edge.host.socket() as other:
        other.bind(("192.0.2.99", 53))
        other.settimeout(2)
        with host.socket() as sender:
            sender.sendto(b"not ours", ("192.0.2.99", 53))
        assert other.recv(100) == b"not ours"
    assert running.client.lookup("app.example.com") == [EU4]


def test_the_xdp_program_is_gone_after_a_planned_end_and_taken_over_after_a_kill(running):
    def program():
        text = running.edge.host.run("ip", "-d", "link", "show", "service0").stdout
        return "prog/xdp" in text

    assert program()
    running.edge.dataplane.kill()
    assert program(), "a killed process leaves its program"
    running.edge.start_dataplane()
    assert running.client.lookup("app.example.com") == [EU4]
    assert running.edge.dataplane.terminate() == 0
    assert not program()
    running.client.host.run("ping", "-c", "1", SERVICE4)


def tagged_frame(source, target, tag, payload):
    """Ethernet, 802.1Q, IPv4, UDP around `payload`, from 192.0.2.1 to the service address."""
    udp = struct.pack(">4H", 40000, 53, 8 + len(payload), 0)  # no checksum: RFC 768
    ip = bytearray(struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp) + len(payload), 0, 0, 64, 17,
                               0, socket.inet_aton("192.0.2.1"), socket.inet_aton(SERVICE4)))
    total = sum(struct.unpack(">10H", ip))
    total = (total & 0xFFFF) + (total >> 16)
    ip[10:12] = struct.pack(">H", 0xFFFF - total)
    ethernet = bytes.fromhex((target + source).replace(":", ""))
    return ethernet + struct.pack(">3H", 0x8100, tag, 0x0800) + bytes(ip) + udp + payload


def receive_tagged(sock, within_s):
    """(tag, frame) of the next DNS answer. The kernel puts the tag beside the frame (packet(7))."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        frame, ancillary, _, _ = sock.recvmsg(2048, 256)
        for level, kind, data in ancillary:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and frame[23:24] == b"\x11":
                status, _, _, _, _, tag, _ = struct.unpack("=IIIHHHH", data)
                return (tag if status & TP_STATUS_VLAN_VALID else None), frame
    raise AssertionError(f"no answer within {within_s} s")


def test_a_query_with_a_vlan_tag_is_answered_with_it(running):
    host = running.client.host
    query = dns.message.make_query("app.example.com", "A")
    frame = tagged_frame(host.mac("eth0"), running.edge.host.mac("service0"), 3 << 13 | 100,
                         query.to_wire())
    with host.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as sock:
        sock.settimeout(3)
        sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        sock.bind(("eth0", 3))
        sock.send(frame)
        tag, answer = receive_tagged(sock, 3)
    assert tag == 3 << 13 | 100, "priority and VLAN are kept"
    assert addresses(dns.message.from_wire(answer[14 + 20 + 8:])) == [EU4]
    assert running.client.lookup("app.example.com") == [EU4], "untagged as well"
    counted(running, positive=2)


def test_every_frame_is_counted_once(running):
    count = 300
    for number in range(count):
        name = ("app.example.com", "nothing.example.com", "example.net")[number % 3]
        running.client.answer(name, family=(4, 6)[number % 2])
    counted(running, received=count, positive=100, nxdomain=100, refused=100)

    def sides():
        return {side: count for side, count in running.edge.workers()[0]["answered_by"].items() if count}
    eventually(lambda: sides() == {"primary": 100}, 2, sides)


def whole_nic(scene, *arguments, queues=1):
    """The service interface without kernel addresses, handed to the dataplane as a whole.

    The stand-in for a NIC is a packet socket, beside which the kernel sees the frames too: without
    an address and without ARP it stays silent, as it would for a NIC that is not its own.
    """
    edge = scene.edge.host
    edge.run("ip", "address", "flush", "dev", "service0")
    edge.run("ip", "link", "set", "service0", "arp", "off")
    edge.run("sysctl", "-qw", "net.ipv6.conf.service0.disable_ipv6=1")
    scene.eu.start()
    scene.us.start()
    scene.edge.start_control()
    scene.edge.start_dataplane("--port", f"eal:net_af_packet0,iface=service0,qpairs={queues}",
                               "--queues", queues, "--tap", "kernel0",
                               "--address", SERVICE4, "--address", SERVICE6, *arguments)
    edge.run("ip", "link", "set", "kernel0", "up")
    edge.address("kernel0", "192.0.2.60/24", "2001:db8:53::60/64")


def test_a_whole_nic_answers_arp_neighbour_discovery_echo_and_dns(scene):
    whole_nic(scene)
    client = scene.client
    assert client.lookup("app.example.com") == [EU4]
    assert client.lookup("app.example.com", "AAAA", family=6) == [EU6]
    client.host.run("ping", "-c", "3", "-i", "0.05", "-s", "1000", SERVICE4)
    client.host.run("ping", "-c", "3", "-i", "0.05", "-s", "1000", SERVICE6)
    outcomes = counted(scene, echo_reply=6, positive=2)
    assert outcomes["arp_reply"] >= 1 and outcomes["neighbor_advert"] >= 1


def test_a_whole_nic_leaves_the_rest_to_the_kernel_behind_a_tap(scene):
    whole_nic(scene)
    host = scene.client.host
    host.run("ping", "-c", "3", "-i", "0.05", "192.0.2.60")
    host.run("ping", "-c", "3", "-i", "0.05", "2001:db8:53::60")
    with scene.edge.host.socket(kind=1) as server, host.socket(kind=1) as client:
        server.bind(("192.0.2.60", 2222))  # a stand-in for ssh
        server.listen()
        client.settimeout(3)
        client.connect(("192.0.2.60", 2222))
        accepted, _ = server.accept()
        client.sendall(b"x" * 100_000 + b".")
        received = b""
        while not received.endswith(b"."):
            received += accepted.recv(65536)
        accepted.close()
    assert len(received) == 100_001
    outcomes = scene.edge.outcomes()
    assert outcomes["to_kernel"] > 10 and outcomes["from_kernel"] > 10
    scene.eu.stop()
    eventually(lambda: scene.client.lookup("app.example.com") != [EU4], 5, "the secondary")


@pytest.mark.parametrize("queues", [2, 4])
def test_every_queue_is_served(scene, queues):
    """A veth has no combined channels, so AF_XDP serves one queue of it: a packet socket has more."""
    whole_nic(scene, queues=queues)
    count = 400
    for number in range(count):  # a new socket, so a new source port, each time
        name = ("app.example.com", "nothing.example.com")[number % 2]
        scene.client.answer(name, family=(4, 6)[number // 2 % 2])
    counted(scene, positive=count // 2, nxdomain=count // 2)
    workers = [worker for worker in scene.edge.workers() if worker["outcomes"]["positive"]]
    assert len(workers) == min(queues, os.cpu_count()), scene.edge.workers()


def test_an_interface_with_queues_that_would_not_be_served_is_refused(make_scene):
    scene = make_scene(queues=2)
    dataplane = scene.edge.start_dataplane(*scene.port, wait=False)
    assert dataplane.exit_code() == 1
    assert "ethtool -L service0" in dataplane.tail(), "it says what to do"


@contextlib.contextmanager
def behind_a_switch(scene, folder):
    """testpmd forwards between the client's cable and a memif, as a virtual switch would."""
    edge = scene.edge.host
    edge.run("ip", "address", "flush", "dev", "service0")
    edge.run("ip", "link", "set", "service0", "arp", "off")
    scene.eu.start()
    scene.edge.start_control()
    memif = folder / "memif.sock"
    scene.edge.start_dataplane("--port", f"memif:{memif},id=0,role=server", "--address", SERVICE4,
                               "--address", SERVICE6)
    switch = Process(edge, folder / "switch.log", "dpdk-testpmd", "--no-huge", "-m", "256",
                     "--no-pci", "--no-shconf", "--no-telemetry", "--lcores", "0@(0,1),1@(0,1)",
                     "--vdev", "net_af_packet0,iface=service0",
                     "--vdev", f"net_memif0,role=client,id=0,socket={memif},"
                     "socket-abstract=no", "--",
                     "--forward-mode=io", "--auto-start", "--no-mlockall", "--total-num-mbufs=8192",
                     "--stats-period=1")
    try:
        eventually(lambda: scene.client.lookup_once("app.example.com", 0.2) == [EU4], 10,
                   lambda: switch.tail() + scene.edge.logs())
        yield switch
    finally:
        switch.kill()


def test_memif_behind_a_software_switch(scene, tmp_path):
    with behind_a_switch(scene, tmp_path):
        assert scene.client.lookup("app.example.com", "AAAA", family=6) == [EU6]
        big = scene.client.ask(dns.message.make_query("www.example.com", "A"))
        assert len(addresses(big)) == 2


def test_a_node_without_any_nic_serves_kernel_sockets(scene):
    scene.eu.start()
    scene.edge.start_control()
    scene.edge.start_dataplane("--listen", f"{SERVICE4}:53", "--listen", f"[{SERVICE6}]:53")
    assert scene.client.lookup("app.example.com") == [EU4]
    assert scene.client.lookup("app.example.com", "AAAA", family=6) == [EU6]
    query = dns.message.make_query("app.example.com", "A")
    assert addresses(scene.client.ask_tcp(query)) == [EU4]


def test_two_ports_of_one_dataplane(scene):
    connect(scene.edge.host, "service1", scene.client.host, "eth1")
    scene.edge.host.address("service1", "192.0.9.53/24")
    scene.client.host.address("eth1", "192.0.9.1/24")
    scene.eu.start()
    scene.edge.start_control()
    scene.edge.start_dataplane("--port", "af_xdp:service0", "--port", "af_xdp:service1",
                               "--address", SERVICE4, "--address", "192.0.9.53")
    assert scene.client.lookup("app.example.com") == [EU4]
    assert Client(scene.client.host, "192.0.9.53").lookup("app.example.com") == [EU4]
