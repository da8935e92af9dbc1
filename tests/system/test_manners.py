"""What other people's clients ask beside names: EDNS, who answers, cookies, and too much of it."""
import re

import dns.flags
import dns.message
import pytest
from scene import SERVICE4, SERVICE6, Scene

SAYS = ("--nsid", "edge1", "--identity", "node one", "--version-text", "2.5")


@pytest.fixture(scope="module")
def polite(tmp_path_factory):
    """A running scene whose dataplane says who it is."""
    scene = Scene(tmp_path_factory.mktemp("polite"))
    scene.port = (*Scene.port, *SAYS)
    try:
        yield scene.start()
    finally:
        scene.remove()


def dig(scene, *arguments, server=SERVICE4):
    return scene.client.host.run("dig", "+norecurse", f"@{server}", *arguments).stdout


# {description, arguments of dig, what its output holds, what not}: RFC 8906 8 and friends
DIG = [
    ("another EDNS version", ["+edns=1", "+noednsneg"], ["BADVERS", "version: 0"], ["ANSWER: 1"]),
    ("another EDNS version with an option", ["+edns=1", "+noednsneg", "+ednsopt=100"],
     ["BADVERS", "version: 0"], ["OPT=100"]),
    ("an unknown option", ["+ednsopt=100"], ["NOERROR", "version: 0"], ["OPT=100"]),
    ("an unknown flag", ["+ednsflags=0x80"], ["NOERROR", "flags:; udp: 1232"], ["MBZ"]),
    ("DO", ["+dnssec"], ["NOERROR", "flags: do; udp: 1232"], []),
    ("no EDNS", ["+noedns"], ["NOERROR"], ["EDNS:"]),
    ("another opcode", ["+noedns", "+opcode=15", "+header-only"], ["NOTIMP", "opcode: RESERVED15"],
     [" aa"]),
    ("NSID", ["+nsid"], ['("edge1")'], []),
    ("a cookie", ["+cookie=0102030405060708"], ["COOKIE: 0102030405060708", "(good)"], []),
    ("a cookie without a question", ["+header-only", "+cookie"], ["NOERROR", "(good)"], []),
    ("a TCP keepalive", ["+tcp", "+keepalive"], ["TCP KEEPALIVE: 10.0 secs"], []),
    ("a TCP keepalive over UDP", ["+keepalive"], ["NOERROR"], ["KEEPALIVE"]),
]


@pytest.mark.parametrize("server", [SERVICE4, SERVICE6])
@pytest.mark.parametrize("arguments, there, missing", [row[1:] for row in DIG],
                         ids=[row[0] for row in DIG])
def test_dig_finds_the_manners_it_expects(polite, arguments, there, missing, server):
    output = dig(polite, *arguments, "www.example.com", "A", server=server)
    for words in there:
        assert words in output, output
    for words in missing:
        assert words not in output, output


@pytest.mark.parametrize("name, says", [
    ("id.server", "node one"), ("hostname.bind", "node one"),
    ("version.server", "2.5"), ("version.bind", "2.5")])
def test_the_names_of_class_ch_say_who_answers(polite, name, says):
    assert dig(polite, "+short", "CH", "TXT", name).strip() == f'"{says}"'
    assert dig(polite, "+short", "+tcp", "CH", "TXT", name).strip() == f'"{says}"'


def test_kdig_is_told_the_same(polite):
    host = polite.client.host
    output = host.run("kdig", "+nsid", "+norec", f"@{SERVICE6}", "nobody.example.net").stdout
    assert "edge1" in output and "status: REFUSED" in output
    assert "EDE: 20 (Not Authoritative)" in output


def test_a_cookie_is_good_for_udp_and_tcp(polite):
    """Packet path and sockets share their secrets: a good cookie comes back as it is."""
    def cookie_of(*arguments):
        return re.search(r"COOKIE: ([0-9a-f]{48}) \(good\)", dig(polite, *arguments)).group(1)
    cookie = cookie_of("+cookie=0102030405060708", "www.example.com")
    assert cookie_of(f"+cookie={cookie}", "www.example.com") == cookie
    assert cookie_of("+tcp", f"+cookie={cookie}", "www.example.com") == cookie


def test_a_flood_is_limited_counted_and_gets_past_with_a_cookie(make_scene):
    scene = make_scene()
    scene.port = (*Scene.port, "--rate-limit", "20", "--rate-limit-slip", "2")
    scene.start()
    queries = 200
    with scene.client.host.socket() as sock:
        sock.settimeout(0.5)
        sock.connect((SERVICE4, 53))
        for number in range(queries):
            sock.send(dns.message.make_query("www.example.com", "A", id=number).to_wire())
        answers = []
        try:
            while True:
                answers.append(dns.message.from_wire(sock.recv(4096)))
        except TimeoutError:
            pass
        empty = [answer for answer in answers if answer.flags & dns.flags.TC]
        whole = [answer for answer in answers if answer.answer]
        assert len(whole) + len(empty) == len(answers)
        assert 20 <= len(whole) <= 60  # a second's worth at once, and what the sending took
        assert abs(len(empty) - (queries - len(whole)) / 2) <= 1
        for number in range(50):  # used up again
            sock.send(dns.message.make_query("www.example.com", "A", id=number).to_wire())
    assert "status: NOERROR" in dig(scene, "+cookie", "+tries=10", "+timeout=1", "www.example.com")
    outcomes = scene.edge.outcomes()
    assert outcomes["slipped"] > len(empty) and outcomes["dropped_rate_limited"] > 0
    assert "rate limit: at most 20 UDP answers a second" in scene.edge.dataplane_log.read_text()
