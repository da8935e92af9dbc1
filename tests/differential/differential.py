#!/usr/bin/python3
"""Asks Understudy, Knot DNS and NSD the same questions about the same random zones, on loopback; and Understudy
again over AF_XDP in namespaces of its own, where frames take the fast path, with vectors of every width.

  tests/differential/differential.py --build DIR [--cases N] [--zones N] [--seed N] [--only PLACE] [--json]

Where the two referees agree, ours must agree with them; where they do not, with one of them. comparison.ALLOWED
lists what may differ all the same. A seed gives the same zones and questions again; --only shows one question in full.
"""
import argparse
import json
import pathlib
import random
import signal
import sys
import tempfile
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "system"))  # network.py

import comparison
import servers
import zones as zone_maker

BATCH = 64
SIDES = ("primary", "secondary")


class Query:
    """A question as it goes out, and what it is about."""

    def __init__(self, chance, zones, number):
        self.zone = zone = chance.choice(zones)
        text, self.rdtype = zone_maker.ask_around(chance, zone)
        self.name = dns.name.from_text(text)
        self.at_apex = any(self.name == dns.name.from_text(each.apex) for each in zones)
        self.rdclass = dns.rdataclass.IN if chance.random() < 0.99 else chance.choice(
            (dns.rdataclass.CH, dns.rdataclass.HS, dns.rdataclass.NONE))
        self.is_in = self.rdclass == dns.rdataclass.IN
        self.recursion_desired = chance.random() < 0.5
        self.edns = chance.random() < 0.5
        self.payload = chance.choice((512, 1232, 1400, 4096))
        self.want_dnssec = self.edns and chance.random() < 0.3
        self.over_tcp = chance.random() < 0.1
        self.wire = self.to_wire(self.name, number)
        self.question_wire = self.wire[12:12 + len(self.name.to_wire()) + 4]

    def to_wire(self, name, number):
        message = dns.message.Message(id=number & 0xffff)
        message.flags = dns.flags.RD if self.recursion_desired else 0
        message.question.append(dns.rrset.RRset(name, self.rdclass, self.rdtype))
        if self.edns:
            message.use_edns(0, dns.flags.DO if self.want_dnssec else 0, self.payload)
        return message.to_wire()

    def __str__(self):
        return (f"{self.name} {dns.rdataclass.to_text(self.rdclass)} {dns.rdatatype.to_text(self.rdtype)}"
                f"{' +tcp' if self.over_tcp else ''}{f' +bufsize={self.payload}' if self.edns else ''}"
                f"{' +dnssec' if self.want_dnssec else ''}{' +rd' if self.recursion_desired else ''}")


class Court:
    """Compares query by query."""

    def __init__(self, ours, referees, zones):
        self.ours, self.referees = ours, referees
        self.apexes = [dns.name.from_text(zone.apex) for zone in zones]

    def is_served(self, name):
        return any(name.is_subdomain(apex) for apex in self.apexes)

    def ask(self, server, query, wire=None):
        """One answer over TCP, which no size cuts off."""
        answer = server.ask_tcp(wire or query.wire)
        return None if answer is None else comparison.Answer(answer, query)

    def expect(self, referee, answer, query):
        def again(name):
            wire = query.to_wire(name, 0)
            followed = referee.ask_tcp(wire)
            if followed is None:
                return None
            shadow = _Shadow(name, query.rdtype, wire)
            return comparison.Answer(followed, shadow)
        return comparison.expectation(answer, query, again, self.is_served)

    def judge(self, query, wires):
        """"" when ours is as good as a referee's; `wires` are the answers over UDP, ours first."""
        if wires[0] is None:
            return "no answer from us"
        # A referee that is silent, over TCP too, is not asked on (NSD drops some of class NONE).
        wires = [wires[0], *(wire or referee.ask_tcp(query.wire)
                             for referee, wire in zip(self.referees, wires[1:]))]
        referees = [referee for referee, wire in zip(self.referees, wires[1:]) if wire]
        wires = [wire for wire in wires if wire]
        if not referees:
            return "no answer from any referee"
        try:
            answers = [comparison.Answer(wire, query) for wire in wires]
        except (dns.exception.DNSException, ValueError) as error:
            return f"an answer cannot be read: {error!r}"
        wrong = comparison.manners(answers[0], query)
        if wrong:
            return wrong
        if any(answer.truncated for answer in answers):
            answers = [self.ask(server, query) for server in (self.ours, *referees)]
            if None in answers:
                return "no answer over TCP"
            wrong = comparison.manners(answers[0], query)
            if wrong:
                return "over TCP: " + wrong
        found = []
        for referee, answer in zip(referees, answers[1:]):
            expected = self.expect(referee, answer, query)
            differs = comparison.difference(answers[0], answer, expected, query)
            if not differs:
                return ""
            found.append(f"{referee.name}: {differs}")
        return "; ".join(found)

    def judge_all(self, queries):
        """[(query, what differs)] of those that differ."""
        failures = []
        everyone = (self.ours, *self.referees)
        for begin in range(0, len(queries), BATCH):
            batch = queries[begin:begin + BATCH]
            by_udp = [query for query in batch if not query.over_tcp]
            answers = dict(zip(map(id, by_udp), zip(*(server.ask_all([query.wire for query in by_udp])
                                                      for server in everyone))))
            for query in batch:
                wires = answers.get(id(query))
                if wires is None:
                    wires = [server.ask_tcp(query.wire) for server in everyone]
                differs = self.judge(query, wires)
                if differs:
                    failures.append((query, differs))
        return failures


class _Shadow:
    """The question that follows a chain: only what Answer looks at."""

    def __init__(self, name, rdtype, wire):
        self.name, self.rdtype, self.wire = name, rdtype, wire
        self.question_wire = wire[12:12 + len(name.to_wire()) + 4]


def make_queries(seed, side, zones, count):
    chance = random.Random(f"{seed}/{side}/queries")
    return [Query(chance, zones, number) for number in range(count)]


def show(court, query, differs, seed, side, place):
    lines = [f"DIFFERENT {differs}", f"  {query}   (zone {query.zone.apex}, {SIDES[side]} side, "
             f"again: --seed {seed} --only {SIDES[side]}:{place})"]
    for server in (court.ours, *court.referees):
        answer = server.ask_tcp(query.wire)
        text = "no answer" if answer is None else dns.message.from_wire(answer).to_text()
        lines.append(f"  {server.name} (over TCP):\n" + "\n".join("    " + line for line in text.splitlines()))
    return "\n".join(lines)


def run_side(side, options, zones, folder, ours, result):
    referees = [servers.Knot(folder), servers.Nsd(folder)]
    try:
        for referee in referees:
            referee.serve(zones, side)
        if any(zone.failing_over() for zone in zones):
            ours.answer_side(side)
        court = Court(ours, referees, zones)
        queries = make_queries(options.seed, side, zones, options.cases // len(SIDES))
        if options.only:
            queries = [queries[options.only[1]]] if options.only[0] == SIDES[side] else []
        failures = court.judge_all(queries)
        for width in servers.SIMD_WIDTHS:
            ours.answer_over_packets(width)
            failures += court.judge_all(queries)
        ours.answer_over_sockets()
        for server in (ours, *referees):
            server.require_alive()
        result["cases"] += len(queries) * (1 + len(servers.SIMD_WIDTHS))
        places = {id(query): place for place, query in enumerate(queries)}
        for zone in zones:
            of_zone = [(query, differs) for query, differs in failures if query.zone is zone]
            result["zones"].append({"name": f"{zone.apex} {SIDES[side]}", "failed": len(of_zone)})
            for query, differs in of_zone[:3]:
                place = options.only[1] if options.only else places[id(query)]
                print(show(court, query, differs, options.seed, side, place), file=sys.stderr)
        if options.only and queries:
            print(queries[0].zone.text(side))
            print(show(court, queries[0], failures[0][1] if failures else "nothing", options.seed, side,
                       options.only[1]))
    finally:
        for referee in referees:
            referee.stop()


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--zones", type=int, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1_000_000 % 10**9)
    parser.add_argument("--only", metavar="SIDE:PLACE", help="one question, shown whatever comes of it")
    parser.add_argument("--json", action="store_true", help="the result as one JSON object")
    options = parser.parse_args()
    options.build = options.build.resolve()
    if options.only:
        side, place = options.only.split(":")
        options.only = (side, int(place))
    return options


def main():
    # An end by signal, too, stops the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = parse()
    zones = zone_maker.make_zones(random.Random(f"{options.seed}/zones"), options.zones)
    result = {"seed": options.seed, "cases": 0, "zones": []}
    with tempfile.TemporaryDirectory(prefix="understudy-differential-") as name:
        folder = pathlib.Path(name)
        ours = servers.Understudy(folder, options.build)
        try:
            ours.serve(zones)
            for side in range(len(SIDES)):
                run_side(side, options, zones, folder, ours, result)
        finally:
            ours.stop()
    failed = sum(zone["failed"] for zone in result["zones"])
    print(json.dumps(result) if options.json else
          f"seed {options.seed}: {result['cases']} cases over {len(zones)} zones, {failed} different")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
