"""Where frames come from: queues, VLAN tags, foreign frames, a whole NIC, memif."""
import dns.message
import pytest
from client import Client, addresses
from network import connect
from process import Process, eventually
from scene import EU4, EU6, SERVICE4, SERVICE6


def outcomes(scene):
    """All workers' counters added up: {"received": n, "positive": n, ...}."""
    raise NotImplementedError


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


def test_queries_with_a_vlan_tag_are_answered_with_it(scene):
    edge, client = scene.edge.host, scene.client.host
    # veth would carry the tag beside the frame; a NIC without offload has it inside.
    for host, interface in ((client, "eth0"), (edge, "service0")):
        host.run("ethtool", "-K", interface, "txvlan", "off", "rxvlan", "off")
    for host, link, addresses_ in ((edge, "service0", ("192.0.3.53/24", "2001:db8:54::53/64")),
                                   (client, "eth0", ("192.0.3.1/24", "2001:db8:54::1/64"))):
        host.run("ip", "link", "add", "link", link, "name", "tagged", "type", "vlan", "id", "100")
        host.address("tagged", *addresses_)
        host.run("ip", "link", "set", "tagged", "up")
    scene.eu.start()
    scene.edge.start_control()
    scene.edge.start_dataplane("--port", "af_xdp:service0", "--address", "192.0.3.53",
                               "--address", "2001:db8:54::53", "--address", SERVICE4)
    tagged = Client(client, "192.0.3.53", "2001:db8:54::53")
    assert tagged.lookup("app.example.com") == [EU4]
    assert tagged.lookup("app.example.com", "AAAA", family=6) == [EU6]
    assert scene.client.lookup("app.example.com") == [EU4], "untagged as well"
    assert outcomes(scene)["positive"] == 3


@pytest.mark.parametrize("queues", [2, 4])
def test_every_queue_is_served_and_every_frame_counted_once(make_scene, queues):
    scene = make_scene(queues=queues).start()
    count = 400
    for number in range(count):  # a new socket, so a new source port, each time
        name = ("app.example.com", "nothing.example.com", "example.net")[number % 3]
        scene.client.answer(name, family=(4, 6)[number % 2])
    counted = outcomes(scene)
    workers = [worker for worker in scene.edge.inspect()["dataplane"]["workers"]
               if "af_xdp" in worker["name"]]
    assert len(workers) == queues and all(worker["received"] > 0 for worker in workers), workers
    assert counted["positive"] == 134 and counted["nxdomain"] == 133 and counted["refused"] == 133
    assert counted["received"] == count


def whole_nic(scene):
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
    scene.edge.start_dataplane("--port", "eal:net_af_packet0,iface=service0", "--tap", "kernel0",
                               "--address", SERVICE4, "--address", SERVICE6)
    edge.run("ip", "link", "set", "kernel0", "up")
    edge.address("kernel0", "192.0.2.60/24", "2001:db8:53::60/64")


def test_a_whole_nic_answers_arp_neighbour_discovery_echo_and_dns(scene):
    whole_nic(scene)
    client = scene.client
    assert client.lookup("app.example.com") == [EU4]
    assert client.lookup("app.example.com", "AAAA", family=6) == [EU6]
    client.host.run("ping", "-c", "3", "-i", "0.05", "-s", "1000", SERVICE4)
    client.host.run("ping", "-c", "3", "-i", "0.05", "-s", "1000", SERVICE6)
    counted = outcomes(scene)
    assert counted["arp_reply"] >= 1 and counted["neighbor_advert"] >= 1
    assert counted["echo_reply"] == 6 and counted["positive"] == 2


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
    counted = outcomes(scene)
    assert counted["to_kernel"] > 10 and counted["from_kernel"] > 10
    scene.eu.stop()
    eventually(lambda: scene.client.lookup("app.example.com") != [EU4], 5, "the secondary")


def test_memif_behind_a_software_switch(scene, tmp_path):
    """testpmd forwards between the client's cable and the memif, as a virtual switch would."""
    edge = scene.edge.host
    edge.run("ip", "address", "flush", "dev", "service0")
    edge.run("ip", "link", "set", "service0", "arp", "off")
    scene.eu.start()
    scene.edge.start_control()
    socket = tmp_path / "memif.sock"
    scene.edge.start_dataplane("--port", f"memif:{socket},id=0,role=server", "--address", SERVICE4,
                               "--address", SERVICE6)
    switch = Process(edge, tmp_path / "switch.log", "dpdk-testpmd", "--no-huge", "-m", "256",
                     "--no-pci", "--file-prefix", "switch", "--lcores", "0@0,1@1",
                     "--vdev", "net_af_packet0,iface=service0",
                     "--vdev", f"net_memif0,role=client,id=0,socket={socket}", "--",
                     "--forward-mode=io", "--auto-start", "--no-mlockall", "--stats-period", "1")
    try:
        eventually(lambda: scene.client.lookup_once("app.example.com", 0.2) == [EU4], 10,
                   lambda: switch.tail() + scene.edge.logs())
        assert scene.client.lookup("app.example.com", "AAAA", family=6) == [EU6]
        big = scene.client.ask(dns.message.make_query("www.example.com", "A"))
        assert len(addresses(big)) == 2
    finally:
        switch.kill()


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
