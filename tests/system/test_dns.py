"""What the zone of example.com.zone looks like over the wire: UDP through AF_XDP, TCP by --listen."""
import random
import struct

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

NEGATIVE_TTL_S = 300  # min(SOA TTL, SOA minimum), RFC 2308 3


def text(records):
    """Sections as comparable text: {"www.example.com. 3600 IN A 192.0.2.80", ...}."""
    return {line for record_set in records for line in record_set.to_text().splitlines()}


def header(message):
    return (dns.rcode.to_text(message.rcode()), bool(message.flags & dns.flags.AA))


@pytest.fixture(params=["udp", "tcp"])
def ask(request, served):
    """Asks over UDP (the packet path) and over TCP (the socket path): the same answers."""
    def send(name, rdtype="A", **options):
        query = dns.message.make_query(name, rdtype, **options)
        client = served.client
        return client.ask(query) if request.param == "udp" else client.ask_tcp(query)
    return send


def assert_soa(message):
    [soa] = message.authority
    assert soa.rdtype == dns.rdatatype.SOA and soa.ttl == NEGATIVE_TTL_S
    assert soa.name.to_text() == "example.com."


# {description, name, type, the answer section}
POSITIVE = [
    ("all addresses of a name", "www.example.com", "A",
     {"www.example.com. 3600 IN A 192.0.2.80", "www.example.com. 3600 IN A 192.0.2.81"}),
    ("IPv6", "www.example.com", "AAAA", {"www.example.com. 3600 IN AAAA 2001:db8::80"}),
    ("the apex", "example.com", "MX", {"example.com. 3600 IN MX 10 mail.example.com."}),
    ("SOA", "example.com", "SOA",
     {"example.com. 3600 IN SOA ns1.example.com. hostmaster.example.com. 2024010101 7200 3600 "
      "1209600 300"}),
    ("NS at the apex", "example.com", "NS",
     {"example.com. 3600 IN NS ns1.example.com.", "example.com. 3600 IN NS ns2.example.com."}),
    ("CAA", "example.com", "CAA", {'example.com. 3600 IN CAA 0 issue "ca.example.net"'}),
    ("TXT", "txt.example.com", "TXT", {'txt.example.com. 3600 IN TXT "one string" "and another"'}),
    ("SRV", "srv.example.com", "SRV", {"srv.example.com. 3600 IN SRV 0 5 443 www.example.com."}),
    ("a type nobody knows (RFC 3597)", "unknown.example.com", "TYPE65280",
     {"unknown.example.com. 3600 IN TYPE65280 \\# 4 c0000201"}),
    ("the CNAME itself", "alias.example.com", "CNAME",
     {"alias.example.com. 3600 IN CNAME www.example.com."}),
    ("a CNAME, followed", "alias.example.com", "AAAA",
     {"alias.example.com. 3600 IN CNAME www.example.com.",
      "www.example.com. 3600 IN AAAA 2001:db8::80"}),
    ("a CNAME of a CNAME", "chain.example.com", "AAAA",
     {"chain.example.com. 3600 IN CNAME alias.example.com.",
      "alias.example.com. 3600 IN CNAME www.example.com.",
      "www.example.com. 3600 IN AAAA 2001:db8::80"}),
    ("a CNAME that leaves our zones", "outside.example.com", "A",
     {"outside.example.com. 3600 IN CNAME www.example.net."}),
    ("a wildcard (RFC 4592)", "any.name.wild.example.com", "A",
     {"any.name.wild.example.com. 3600 IN A 192.0.2.99"}),
    ("beside a wildcard", "real.wild.example.com", "A",
     {"real.wild.example.com. 3600 IN A 192.0.2.98"}),
    ("a DNAME (RFC 6672)", "host.moved.example.com", "A",
     {"moved.example.com. 3600 IN DNAME target.example.com.",
      "host.moved.example.com. 3600 IN CNAME host.target.example.com.",
      "host.target.example.com. 3600 IN A 192.0.2.96"}),
    ("a failover group", "app.example.com", "A", {"app.example.com. 30 IN A 198.51.100.10"}),
    ("a failover group, IPv6", "app.example.com", "AAAA",
     {"app.example.com. 30 IN AAAA 2001:db8:a::10"}),
    ("a failover group at the apex", "example.com", "TXT",
     {'example.com. 30 IN TXT "eu" "site"'}),
    ("a failover group at a wildcard, several values", "a.b.pop.example.com", "MX",
     {"a.b.pop.example.com. 30 IN MX 10 eu1.example.net.",
      "a.b.pop.example.com. 30 IN MX 20 eu2.example.net."}),
    ("a CNAME that fails over, to a name that does", "move.example.com", "AAAA",
     {"move.example.com. 30 IN CNAME app.example.com.",
      "app.example.com. 30 IN AAAA 2001:db8:a::10"}),
    ("a failover group of service parameters (RFC 9460)", "svc.example.com", "HTTPS",
     {'svc.example.com. 30 IN HTTPS 1 . alpn="h2,h3" ipv4hint="198.51.100.10"'}),
]


@pytest.mark.parametrize("name, rdtype, expected", [row[1:] for row in POSITIVE],
                         ids=[row[0] for row in POSITIVE])
def test_answers(ask, name, rdtype, expected):
    message = ask(name, rdtype)
    assert header(message) == ("NOERROR", True)
    assert text(message.answer) == expected
    assert message.authority == []


# {description, name, type, what stands in the answer section}
NODATA = [
    ("the name has other types", "www.example.com", "TXT", set()),
    ("an empty non-terminal (RFC 8020)", "below.empty.example.com", "A", set()),
    ("the wildcard has other types", "any.wild.example.com", "AAAA", set()),
    ("beside a wildcard", "real.wild.example.com", "TXT", set()),
    ("at the end of a CNAME", "alias.example.com", "TXT",
     {"alias.example.com. 3600 IN CNAME www.example.com."}),
]


@pytest.mark.parametrize("name, rdtype, answer", [row[1:] for row in NODATA],
                         ids=[row[0] for row in NODATA])
def test_no_data_says_so_with_the_soa(ask, name, rdtype, answer):
    message = ask(name, rdtype)
    assert header(message) == ("NOERROR", True)
    assert text(message.answer) == answer
    assert_soa(message)


@pytest.mark.parametrize("name, answer", [
    ("nothing.example.com", set()),
    ("below.www.example.com", set()),
    ("dangling.example.com", {"dangling.example.com. 3600 IN CNAME nothing.example.com."}),
])
def test_a_name_that_does_not_exist_is_nxdomain_with_the_soa(ask, name, answer):
    message = ask(name)
    assert header(message) == ("NXDOMAIN", True)
    assert text(message.answer) == answer
    assert_soa(message)


@pytest.mark.parametrize("name, rdtype", [
    ("sub.example.com", "A"), ("host.sub.example.com", "AAAA"), ("sub.example.com", "NS")])
def test_below_a_zone_cut_is_a_referral_with_glue(ask, name, rdtype):
    message = ask(name, rdtype)
    assert header(message) == ("NOERROR", False)
    assert message.answer == []
    assert text(message.authority) == {"sub.example.com. 3600 IN NS ns.sub.example.com.",
                                       "sub.example.com. 3600 IN NS ns.example.net."}
    assert text(message.additional) == {"ns.sub.example.com. 3600 IN A 192.0.2.100",
                                        "ns.sub.example.com. 3600 IN AAAA 2001:db8::100"}


def test_ds_at_a_zone_cut_is_answered_by_the_parent(ask):
    message = ask("sub.example.com", "DS")  # RFC 4035 3.1.4.1
    assert header(message) == ("NOERROR", True)
    assert_soa(message)


@pytest.mark.parametrize("name", ["example.net", "com", ".", "xexample.com"])
def test_names_outside_our_zones_are_refused(ask, name):
    message = ask(name)
    assert header(message) == ("REFUSED", False)
    assert not message.answer and not message.authority


def test_any_is_answered_without_everything(ask):
    message = ask("www.example.com", "ANY")  # RFC 8482
    assert header(message) == ("NOERROR", True)
    assert len(message.to_wire()) < 512


@pytest.mark.parametrize("rdtype, rcode", [("AXFR", dns.rcode.NOTIMP), ("IXFR", dns.rcode.NOTAUTH)])
def test_transfers_are_refused(served, rdtype, rcode):
    wire = bytearray(dns.message.make_query("example.com", "A").to_wire())
    wire[-4:-2] = struct.pack(">H", dns.rdatatype.from_text(rdtype))
    answer = served.client.send_bytes(bytes(wire))
    assert answer[3] & 0xF == rcode


def test_another_class_is_refused(served):
    query = dns.message.make_query("www.example.com", "A", dns.rdataclass.CH)
    assert served.client.ask(query).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("opcode", [dns.opcode.NOTIFY, dns.opcode.UPDATE, dns.opcode.STATUS, 14])
def test_another_opcode_is_not_implemented(served, opcode):
    wire = bytearray(dns.message.make_query("www.example.com", "A").to_wire())
    wire[2] |= opcode << 3
    answer = served.client.send_bytes(bytes(wire))
    assert answer[3] & 0xF == dns.rcode.NOTIMP
    assert answer[2] & 0x80 and answer[2] >> 3 & 0xF == opcode


QUERY = dns.message.make_query("www.example.com", "A", id=0x1234).to_wire()
# {description, the datagram}
MALFORMED = [
    ("the question ends early", QUERY[:-1]),
    ("no question", QUERY[:4] + struct.pack(">4H", 0, 0, 0, 0)),
    ("two questions", QUERY[:4] + struct.pack(">4H", 2, 0, 0, 0) + QUERY[12:] * 2),
    ("an answer in a query", QUERY[:4] + struct.pack(">4H", 1, 1, 0, 0) + QUERY[12:]),
    ("a label that leaves the message", QUERY[:12] + b"\x3fwww"),
    ("a compression pointer to itself", QUERY[:12] + b"\xc0\x0c\x00\x01\x00\x01"),
    ("a label of a reserved kind", QUERY[:12] + b"\x80www\x00\x00\x01\x00\x01"),
    ("a name of more than 255 octets",
     QUERY[:12] + (b"\x3f" + b"a" * 63) * 5 + b"\x00\x00\x01\x00\x01"),
]


@pytest.mark.parametrize("payload", [row[1] for row in MALFORMED],
                         ids=[row[0] for row in MALFORMED])
def test_a_malformed_query_is_a_format_error(served, payload):
    answer = served.client.send_bytes(payload)
    assert answer is not None and answer[:2] == b"\x12\x34"
    assert answer[2] & 0x80 and answer[3] & 0xF == dns.rcode.FORMERR


@pytest.mark.parametrize("payload", [
    pytest.param(QUERY[:2] + bytes([QUERY[2] | 0x80]) + QUERY[3:], id="a response"),
    pytest.param(QUERY[:11], id="less than a header"),
    pytest.param(b"", id="nothing at all"),
])
def test_what_is_no_query_is_never_answered(served, payload):
    assert served.client.send_bytes(payload, timeout_s=0.5) is None
    assert served.client.lookup("app.example.com")


def test_the_case_of_the_question_is_kept(ask):
    message = ask("wWw.ExAmPlE.cOm", "AAAA")
    assert message.question[0].name.to_text() == "wWw.ExAmPlE.cOm."
    assert str(message.answer[0].name) == "wWw.ExAmPlE.cOm."
    assert message.answer[0][0].address == "2001:db8::80"


def test_id_and_rd_are_returned_and_ra_is_not_claimed(served):
    for identity in (0, 1, 0xFFFF):
        for flags in (0, dns.flags.RD):
            query = dns.message.make_query("www.example.com", "A", id=identity, flags=flags)
            answer = served.client.ask(query)
            assert answer.id == identity
            assert answer.flags & dns.flags.RD == flags
            assert not answer.flags & (dns.flags.RA | dns.flags.AD)


# --- EDNS (RFC 6891)

def test_without_edns_in_the_query_there_is_none_in_the_answer(ask):
    assert ask("www.example.com", use_edns=False).edns == -1


def test_edns_is_answered_with_our_size_and_without_do(ask):
    message = ask("www.example.com", use_edns=0, payload=4096)
    assert message.edns == 0 and message.payload == 1232
    assert not message.ednsflags & dns.flags.DO


def test_do_is_returned(ask):
    assert ask("www.example.com", want_dnssec=True).ednsflags & dns.flags.DO  # RFC 3225 3


def test_an_edns_version_above_0_is_badvers(served):
    query = dns.message.make_query("www.example.com", "A")
    query.use_edns(1)
    message = served.client.ask(query)
    assert message.rcode() == dns.rcode.BADVERS
    assert message.edns == 0 and not message.answer


def test_unknown_options_are_ignored(ask):
    options = [dns.edns.GenericOption(65001, b"hello"), dns.edns.GenericOption(10, b"12345678"),
               dns.edns.ECSOption("192.0.2.0", 24)]
    message = ask("www.example.com", "AAAA", use_edns=0, options=options)
    assert header(message) == ("NOERROR", True) and message.answer
    assert 65001 not in [option.otype for option in message.options]


def test_two_opt_records_are_a_format_error(served):
    wire = bytearray(dns.message.make_query("www.example.com", "A", use_edns=0).to_wire())
    wire[11] = 2
    answer = served.client.send_bytes(bytes(wire) + bytes(wire[-11:]))
    assert answer[3] & 0xF == dns.rcode.FORMERR


# --- truncation, TCP

@pytest.mark.parametrize("edns, limit", [({"use_edns": False}, 512), ({"payload": 700}, 700),
                                         ({"payload": 100}, 512)])
def test_an_answer_that_does_not_fit_is_truncated_and_complete_over_tcp(served, edns, limit):
    query = dns.message.make_query("big.example.com", "TXT", **edns)
    cut = served.client.ask(query)
    assert cut.flags & dns.flags.TC and len(cut.to_wire()) <= limit
    assert header(cut) == ("NOERROR", True)
    whole = served.client.ask_tcp(query)
    assert not whole.flags & dns.flags.TC and len(whole.answer[0]) == 6


def test_never_more_than_our_own_size_over_udp(served):
    query = dns.message.make_query("big.example.com", "TXT", payload=4096)
    assert served.client.ask(query).flags & dns.flags.TC


def test_many_queries_on_one_tcp_connection_pipelined_and_in_pieces(served):
    queries = [dns.message.make_query(name, "A", id=number) for number, name in
               enumerate(["www.example.com", "nothing.example.com", "app.example.com"] * 20)]
    stream = b"".join(struct.pack(">H", len(query.to_wire())) + query.to_wire()
                      for query in queries)
    with served.client.stream() as sock:
        while stream:
            size = random.randint(1, 200)
            sock.sendall(stream[:size])
            stream = stream[size:]
        reader = sock.makefile("rb")
        answers = {}
        for _ in queries:
            length, = struct.unpack(">H", reader.read(2))
            message = dns.message.from_wire(reader.read(length))
            answers[message.id] = message
    assert sorted(answers) == list(range(len(queries)))
    assert all(query.is_response(answers[query.id]) for query in queries)


def test_a_tcp_peer_that_sends_nothing_or_nonsense_harms_nobody(served):
    with served.client.stream() as silent, served.client.stream() as cut_short:
        cut_short.sendall(b"\x00\x40half a query")
        with served.client.stream() as nonsense:
            nonsense.sendall(b"\xff\xff" + b"x" * 3000)
        assert served.client.ask_tcp(dns.message.make_query("www.example.com", "A")).answer
        assert silent


# --- IPv6

def test_everything_works_over_ipv6_too(served):
    client = served.client
    assert client.lookup("app.example.com", "AAAA", family=6) == ["2001:db8:a::10"]
    assert client.answer("nothing.example.com", family=6).rcode() == dns.rcode.NXDOMAIN
    query = dns.message.make_query("big.example.com", "TXT")
    assert client.ask(query, family=6).flags & dns.flags.TC
    assert len(client.ask_tcp(query, family=6).answer[0]) == 6


# --- other people's clients

def test_dig_and_kdig_agree(served):
    host = served.client.host
    dig = host.run("dig", "+noall", "+answer", "+norecurse", "@192.0.2.53", "chain.example.com",
                   "AAAA").stdout
    kdig = host.run("kdig", "+noall", "+answer", "+norec", "@2001:db8:53::53",
                    "chain.example.com", "AAAA").stdout
    assert [line.split() for line in dig.splitlines() if line] == \
        [line.split() for line in kdig.splitlines() if line and not line.startswith(";;")]
    assert "2001:db8::80" in dig


def test_dig_falls_back_to_tcp_by_itself(served):
    done = served.client.host.run("dig", "+noedns", "@192.0.2.53", "big.example.com", "TXT")
    assert "Truncated, retrying in TCP mode" in done.stdout
    assert "ANSWER: 6" in done.stdout
