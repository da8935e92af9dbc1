"""Route 53's behaviour, point by point: the reference's conformance checklist (section 6), against real servers.

Points 4, 5, 15 and 16 are about alias trees, weights and the HTTP API of the service, 6 about many checkers:
there is nothing of these here. What 17 says of sizes beyond these tests is in test_dns.py. All checks of this file are configured at once and run side by side.
"""
import re
import time

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest
from edge import OK
from network import run
from process import Process, eventually
from scene import EU4, SERVICE4, Scene

SLOW4 = "198.51.100.77"  # slow_acceptor.py, and a black hole on all other ports
HTTP, HTTPS, OTHER = 80, 443, 8080
FAST = "interval: 300ms, failure_threshold: 1"


def http(path, port=OTHER, more=""):
    return f"{{type: http, address: {EU4}, port: {port}, path: {path}, {FAST}{more}}}"


def match(path, more=""):
    return (f"{{type: http_str_match, address: {EU4}, port: {OTHER}, path: {path}, {FAST}, "
            f"search_string: NEEDLE{more}}}")


def tcp(port):
    return f"{{type: tcp, address: {SLOW4}, port: {port}, {FAST}}}"


def threshold(count, pattern, initial):
    """`count` in a row decide, up as down; the endpoint answers by the pattern, over and over."""
    return (f"{{type: http, address: {EU4}, port: {OTHER}, path: /cycle/{pattern}/{count}-{initial}, "
            f"interval: 100ms, failure_threshold: {count}, success_threshold: {count}, initial: {initial}}}")


def calculated(threshold, more=""):
    return (f"{{type: calculated, children: [status-200, status-204, status-404], "
            f"health_threshold: {threshold}{more}}}")


# name: (check, healthy)
ROWS = {
    # 10: HTTP
    **{f"status-{status}": (http(f"/status/{status}"), False) for status in (400, 404, 500, 503)},
    **{f"status-{status}": (http(f"/status/{status}"), True) for status in (200, 204, 301, 399)},
    "late-1.8": (http("/late/1.8"), True),
    "late-2.1": (http("/late/2.1"), False),
    "http-connect-4.1": (f"{{type: http, address: {SLOW4}, port: 41, {FAST}}}", False),
    "tcp-connect-9.9": (tcp(99), True),
    "tcp-connect-10.1": (tcp(101), False),
    "black-hole": (f"{{type: tcp, address: {SLOW4}, port: 1, {FAST}, timeout: 500ms}}", False),
    "redirect-not-followed": (http("/loop"), True),
    # 11: STR_MATCH
    "needle-5120": (match("/needle/5120"), True),
    "needle-5121": (match("/needle/5121"), False),
    "needle-lower": (match("/needle/100/lower"), False),
    "needle-gzip": (match("/needle/5120/gzip"), True),
    "needle-deflate": (match("/needle/5120/deflate"), True),
    "body-1.8": (match("/late-body/1.8"), True),
    "body-2.1": (match("/late-body/2.1"), False),
    "needle-and-404": (match("/needle-and-status/404"), False),
    # 12: Host, SNI, certificates, header
    "host-80": (http("/host-80", HTTP, ", host: eu.example.com"), True),
    "host-other": (http("/host-other", OTHER, ", host: eu.example.com"), True),
    "no-host-80": (http("/no-host-80", HTTP), True),
    "no-host-other": (http("/no-host-other"), True),
    "https-host": (f"{{type: https, address: {EU4}, path: /https-host, host: eu.example.com, {FAST}}}",
                   True),
    "https-no-sni": (f"{{type: https, address: {EU4}, path: /https-no-sni, host: eu.example.com, "
                     f"enable_sni: false, {FAST}}}", True),
    "https-expired": (f"{{type: https, address: {EU4}, path: /https-expired, {FAST}}}", True),
    "header-16384": (http("/header/16384"), True),
    "header-16385": (http("/header/16385"), False),
    # 13: names
    "name-v4": ("{type: http, host: both.example.com, port: 8080, path: /name-v4, " + FAST + "}", True),
    "name-v6-only": ("{type: http, host: v6only.example.com, port: 8080, " + FAST + "}", False),
    "name-nothing": ("{type: http, host: nothing.example.com, port: 8080, " + FAST + "}", False),
    # 7: thresholds in both directions; one contrary result in between, and the count begins anew
    "fall-1": (threshold(1, "f", "up"), False),
    "fall-3": (threshold(3, "f", "up"), False),
    "fall-3-contrary": (threshold(3, "ffs", "up"), True),
    "fall-10": (threshold(10, "f", "up"), False),
    "fall-10-contrary": (threshold(10, "fffffffffs", "up"), True),
    "rise-1": (threshold(1, "s", "down"), True),
    "rise-3": (threshold(3, "s", "down"), True),
    "rise-3-contrary": (threshold(3, "ssf", "down"), False),
    "rise-10": (threshold(10, "s", "down"), True),
    "rise-10-contrary": (threshold(10, "sssssssssf", "down"), False),
    # 8: healthy until something else is known, unhealthy when inverted; disabled
    "initial": (http("/status/503/initial").replace(FAST, "interval: 10s, failure_threshold: 10"), True),
    "initial-inverted": (http("/status/503/initial-inverted", more=", inverted: true").replace(
        FAST, "interval: 10s, failure_threshold: 10"), False),
    "inverted": (http("/status/503", more=", inverted: true"), True),
    "inverted-well": (http("/status/200", more=", inverted: true"), False),
    "disabled": (http("/status/503/disabled", more=", disabled: true"), True),
    "disabled-inverted": (http("/status/503", more=", disabled: true, inverted: true"), False),
    # 9: calculated, of two healthy ones and a dead one
    "calculated-0": (calculated(0), True),
    "calculated-1": (calculated(1), True),
    "calculated-2": (calculated(2), True),
    "calculated-3": (calculated(3), False),
    "calculated-4": (calculated(4), False),
    "calculated-inverted": (calculated(3, ", inverted: true"), True),
    "calculated-disabled-child": (
        "{type: calculated, children: [disabled, status-404], health_threshold: 1}", True),
    # 14: rhythm
    "rhythm": (f"{{type: http, address: {EU4}, port: {OTHER}, path: /late/0.5, interval: 500ms}}", True),
}
NOT_PROBED = ("disabled", "disabled-inverted")

# Table 1.3, for each type of point 1: primary's check, secondary's check, side answered.
TABLE = [("status-200", "status-204", 0), ("status-200", "status-404", 0), ("status-200", None, 0),
         ("status-404", "status-200", 1), ("status-404", None, 1), ("status-404", "status-500", 0)]
TYPES = {
    "A": ("192.0.2.1", "192.0.2.2"), "AAAA": ("2001:db8::1", "2001:db8::2"),
    "CNAME": ("a.example.net.", "b.example.net."), "MX": ("10 a.example.net.", "20 b.example.net."),
    "TXT": ('"a"', '"b"'), "SRV": ("1 2 3 a.example.net.", "1 2 3 b.example.net."),
    "CAA": ('0 issue "a.example.net"', '0 issue "b.example.net"'),
    "PTR": ("a.example.net.", "b.example.net."),
    "NAPTR": ('1 2 "u" "s" "!a!b!" .', '1 2 "u" "s" "!c!d!" .')}


def groups():
    text = ""
    for number, (primary, secondary, _) in enumerate(TABLE):
        text += f"  row{number}:\n    primary: {{health_check: {primary}}}\n"
        if secondary:
            text += f"    secondary: {{health_check: {secondary}}}\n"
        text += "    records:\n"
        for kind, (left, right) in TYPES.items():
            text += (f"      - {{name: {kind.lower()}.row{number}.example.com, type: {kind}, "
                     f"primary: '{left}', secondary: '{right}'}}\n")
    return text


ZONE = """\
$TTL 60
@ SOA ns1 hostmaster 1 7200 3600 1209600 5
@ NS ns1
ns1 A 192.0.2.53
large TXT "%s" "%s" "%s"
both A 198.51.100.10
v6only AAAA 2001:db8:a::10
""" % (("x" * 200,) * 3)


def configuration():
    checks = "".join(f"  {name}: {check}\n" for name, (check, _) in ROWS.items())
    return ("instance: edge1\nzones:\n  - {name: example.com, file: example.com.zone}\n"
            f"health_checks:\n{checks}failover_groups:\n{groups()}")


def expired_certificate(folder):
    """Ended yesterday."""
    key, request, cert = (folder / f"expired.{kind}" for kind in ("key", "csr", "crt"))
    run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-subj", "/CN=eu.example.com", "-out", request, "-keyout", key)
    run("openssl", "x509", "-req", "-in", request, "-signkey", key, "-days", "-1", "-out", cert)
    return cert, key


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """An edge node whose checks have all been decided; the endpoint servers and their logs."""
    folder = tmp_path_factory.mktemp("route53")
    scene = Scene(folder)
    here = __file__.rsplit("/", 1)[0]
    scene.edge.host.run("ip", "neigh", "add", SLOW4, "lladdr", scene.eu.host.mac("eth0"), "dev", "eu0")
    programs = [
        Process(scene.eu.host, folder / f"{port}.log", "/usr/bin/python3", f"{here}/endpoint_server.py",
                port, *(expired_certificate(folder) if port == HTTPS else ()))
        for port in (HTTP, HTTPS, OTHER)]
    programs.append(Process(scene.eu.host, folder / "slow.log", "/usr/bin/python3",
                            f"{here}/slow_acceptor.py", "eth0", SLOW4, "41=4.1", "99=9.9", "101=10.1"))
    scene.logs = {port: folder / f"{port}.log" for port in (HTTP, HTTPS, OTHER)}
    try:
        for program in programs:
            eventually(lambda: "ready" in program.log.read_text(), 10, "an endpoint is up")
        scene.resolver(SERVICE4)
        scene.edge.configure(configuration(), example_com_zone=ZONE)
        scene.edge.start_control()
        scene.edge.start_dataplane(*scene.port)

        def undecided():
            return [name for name, check in scene.edge.checks().items()
                    if name not in NOT_PROBED and not name.startswith("calculated")
                    and check["successes"] + check["failures"] < 1]
        eventually(lambda: not undecided(), 25, lambda: f"still undecided: {undecided()}")
        eventually(lambda: all(check["failures"] + check["successes"] >= 20
                               for name, check in scene.edge.checks().items()
                               if name.startswith(("fall-10", "rise-10"))),
                   20, "twenty results of the checks that need ten in a row")
        yield scene
    finally:
        for program in programs:
            program.kill()
        scene.remove()


def requests(node, port, path):
    """[(time, host, sni)] of the requests for `path`."""
    lines = [line.split(" ") for line in node.logs[port].read_text().splitlines()]
    return [(float(line[0]), line[1], line[2]) for line in lines if len(line) == 4 and line[3] == path]


@pytest.mark.parametrize("name", ROWS)
def test_points_7_to_13_every_check_says_what_route_53_would(node, name):
    check = node.edge.checks()[name]
    assert check["healthy"] == ROWS[name][1], check["last"]
    if name.startswith(("fall-10", "rise-10")):
        assert check["failures"] + check["successes"] >= 20, "too few to know"
    if name.startswith("initial"):
        assert 1 <= check["failures"] < 10 and not check["successes"], "decided already"
    if name in NOT_PROBED:
        assert check["successes"] + check["failures"] == 0


@pytest.mark.parametrize("kind", TYPES)
def test_point_1_every_row_of_the_table_for_every_type(node, kind):
    for number, (_, _, side) in enumerate(TABLE):
        answer = node.client.answer(f"{kind.lower()}.row{number}.example.com", kind).answer
        data = [record.to_text() for record in answer[0]]
        expected = TYPES[kind][side]
        assert data == [expected], f"row {number}"


def errors_of(node, tmp_path, change):
    """What --check says of a configuration that differs from the good one."""
    (tmp_path / "example.com.zone").write_text(ZONE)
    file = tmp_path / "bad.yaml"
    text = change(configuration())
    assert text != configuration()
    file.write_text(text)
    from edge import CONTROL  # the program under test
    done = run(CONTROL, "--check", "--config", file, check=False)
    assert done.returncode == 2, done.stdout
    return done.stderr


def test_point_2_a_primary_needs_a_check_and_a_secondary_does_not(node, tmp_path):
    told = errors_of(node, tmp_path, lambda text: text.replace("    primary: {health_check: status-200}\n",
                                                               "", 1))
    assert "the primary of a group needs a health check" in told


@pytest.mark.parametrize("description, old, new, told", [
    ("a second primary", "    records:\n", "    primary: {health_check: status-200}\n    records:\n",
     "twice"),
    ("a second secondary", "    records:\n", "    secondary: {health_check: status-404}\n    records:\n",
     "twice"),
    ("a group of a name twice", "  row1:\n", "  row0:\n", "row0"),
    ("a side of a name twice", "    records:\n",
     "    further: [{name: lab}, {name: lab}]\n    records:\n", "twice"),
    ("a record twice in groups", "name: a.row1.example.com", "name: a.row0.example.com", "a.row0"),
    ("failover beside an ordinary record", "name: a.row0.example.com", "name: both.example.com", "both"),
])
def test_point_3_what_stands_twice_is_refused_and_nothing_applied(node, tmp_path, description, old, new, told):
    assert told in errors_of(node, tmp_path, lambda text: text.replace(old, new, 1)), description
    good = node.edge.config.read_text()
    before = node.edge.ctl_json("status")["table"]["generation"]
    node.edge.config.write_text(good.replace(old, new, 1))
    assert node.edge.ctl("reload").returncode != OK
    node.edge.config.write_text(good)
    assert node.edge.ctl_json("status")["table"]["generation"] == before
    assert node.client.lookup("a.row0.example.com") == [TYPES["A"][0]]


def test_point_9_a_calculated_check_of_a_calculated_one_is_refused(node, tmp_path):
    told = errors_of(node, tmp_path, lambda text: text.replace("children: [disabled, status-404]",
                                                               "children: [calculated-2]"))
    assert "calculated" in told


def test_point_10_reasons_say_what_happened(node):
    reasons = {name: check["last"]["reason"] for name, check in node.edge.checks().items()
               if check["last"]}
    assert "503" in reasons["status-503"]
    assert "status line" in reasons["late-2.1"]
    assert "timed out" in reasons["black-hole"] or "500ms" in reasons["black-hole"], reasons["black-hole"]
    assert "5120" in reasons["needle-5121"]
    assert "16384" in reasons["header-16385"]
    assert "DNS resolution failed" in reasons["name-v6-only"]
    assert "DNS resolution failed" in reasons["name-nothing"]


def test_point_12_host_header_and_sni(node):
    hosts = {path: {host for _, host, _ in requests(node, port, path)} for port, path in (
        (HTTP, "/host-80"), (OTHER, "/host-other"), (HTTP, "/no-host-80"), (OTHER, "/no-host-other"),
        (HTTPS, "/https-host"))}
    assert hosts == {"/host-80": {"eu.example.com"}, "/host-other": {f"eu.example.com:{OTHER}"},
                     "/no-host-80": {EU4}, "/no-host-other": {f"{EU4}:{OTHER}"},
                     "/https-host": {"eu.example.com"}}
    assert {sni for _, _, sni in requests(node, HTTPS, "/https-host")} == {"eu.example.com"}
    assert {sni for _, _, sni in requests(node, HTTPS, "/https-no-sni")} == {"None"}


def test_point_13_a_name_is_resolved_again_for_each_attempt(node):
    # The resolver is the node itself, over the kernel's socket; its checks are the only ones to ask it.
    def asked():
        return sum(worker["received"] for worker in node.edge.inspect()["dataplane"]["workers"]
                   if worker["name"].startswith("listen"))

    def attempts():
        return sum(check["successes"] + check["failures"]
                   for name, check in node.edge.checks().items() if name.startswith("name-"))
    asked_before, attempts_before = asked(), attempts()
    eventually(lambda: attempts() >= attempts_before + 12, 10, "the names are probed on and on")
    made = attempts() - attempts_before  # read first: what is under way has asked, but is no result
    assert asked() - asked_before >= made - 3, "an attempt of each may have asked before we looked"


def test_point_14_the_interval_runs_from_the_answer_to_the_next_request(node):
    times = [at for at, _, _ in requests(node, OTHER, "/late/0.5")]
    gaps = [later - earlier for earlier, later in zip(times[1:], times[2:])]  # the first is spread
    assert len(gaps) >= 2 and all(0.95 <= gap <= 1.6 for gap in gaps), gaps


def test_point_17_health_never_makes_a_name_vanish(node):
    for number in range(len(TABLE)):
        for kind in TYPES:
            answer = node.client.answer(f"{kind.lower()}.row{number}.example.com", kind)
            assert answer.rcode() == dns.rcode.NOERROR and answer.answer, f"row {number}, {kind}"


@pytest.mark.parametrize("name, rcode", [("nothing.example.com", "NXDOMAIN"),
                                         ("a.row5.example.com", "NOERROR")])
def test_point_17_what_is_not_there_comes_with_the_soa(node, name, rcode):
    answer = node.client.answer(name, "SRV")
    assert dns.rcode.to_text(answer.rcode()) == rcode and not answer.answer
    assert [records.rdtype for records in answer.authority] == [dns.rdatatype.SOA]


def test_point_17_an_answer_has_512_octets_without_edns_and_the_rest_comes_over_tcp(node):
    cut = node.client.answer("large.example.com", "TXT")
    assert cut.flags & dns.flags.TC and len(cut.to_wire()) <= 512
    assert not node.client.answer("large.example.com", "TXT", use_edns=0, payload=1232).flags & dns.flags.TC


def test_point_18_answers_go_on_without_control_and_a_restart_resets_nothing(node):
    before = node.edge.checks()
    answers = {number: node.client.lookup(f"a.row{number}.example.com") for number in range(len(TABLE))}
    time.sleep(1.2)  # the state file is written every second
    node.edge.control.kill()
    for number, expected in answers.items():
        assert node.client.lookup(f"a.row{number}.example.com") == expected
    node.edge.start_control()
    after = node.edge.checks()
    for name, check in before.items():
        assert after[name]["healthy"] == check["healthy"], name
        assert after[name]["failures"] >= check["failures"], f"{name} counts anew"
        assert after[name]["successes"] >= check["successes"], f"{name} counts anew"
    for number, expected in answers.items():
        assert node.client.lookup(f"a.row{number}.example.com") == expected
    log = node.edge.control_log.read_text()
    assert not re.search(r"group row\d changed side", log.split("control started")[-1])
