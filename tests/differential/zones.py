"""Random small zones that several servers can load, and questions around them.

Everything comes from one random.Random, so a seed gives the same zones and questions again. A zone is a list of
records; some of its record sets fail over: then they have a second list of values.
"""
import dataclasses

import dns.name
import dns.rdatatype

LABELS = ("a", "b", "c", "d", "www", "mail", "ns", "x" * 63, "UPPER", "with\\.dot", "\\000\\255", "_sip._tcp")
OUTSIDE = ("elsewhere.invalid.", "a.b.elsewhere.invalid.")
FAILOVER = ("A", "AAAA", "MX", "TXT", "SRV", "CAA", "PTR", "NAPTR", "SSHFP", "TLSA", "CNAME", "HTTPS")
PLAIN = (*FAILOVER, "TYPE65280", "SPF", "SVCB", "LOC", "HINFO")
ASKED = ("A", "AAAA", "MX", "TXT", "SRV", "CAA", "NS", "SOA", "CNAME", "DNAME", "DS", "PTR", "NAPTR", "HTTPS",
         "TYPE65280", "TYPE65281", "RRSIG", "NSEC", "HINFO", "TLSA", "ANY")


@dataclasses.dataclass
class RecordSet:
    owner: str
    rdtype: str
    ttl: int
    values: list
    other: list | None = None  # the secondary's values, if the set fails over


class Zone:
    def __init__(self, apex):
        self.apex = apex
        self.sets = []

    def text(self, side=0):
        """The master file with every set as that side answers it; side None leaves failing-over sets out."""
        lines = []
        for one in self.sets:
            if one.other is not None and side is None:
                continue
            values = one.other if side == 1 and one.other is not None else one.values
            lines += [f"{one.owner} {one.ttl} IN {one.rdtype} {value}" for value in values]
        return "\n".join(lines) + "\n"

    def failing_over(self):
        return [one for one in self.sets if one.other is not None]


def _below(random, apex, most=3):
    """A name below the apex, of labels that come again and again, so that names meet."""
    labels = [random.choice(LABELS) for _ in range(random.randint(1, most))]
    name = ".".join(labels) + "." + apex.lstrip(".")
    try:
        dns.name.from_text(name)
    except (dns.name.NameTooLong, dns.name.LabelTooLong):
        return _below(random, apex, 1)
    return name


def _wire_key(name):
    return dns.name.from_text(name).canonicalize()


class _Maker:
    """Fills one zone. Keeps to what every server must load: CNAME and DNAME alone, nothing below a DNAME."""

    def __init__(self, random, apex, apexes):
        self.random, self.zone, self.apexes = random, Zone(apex), apexes
        self.used = {}     # canonical owner -> set of types
        self.cuts = set()  # canonical owners of delegations
        self.dnames = set()

    def value(self, rdtype):
        r = self.random
        if rdtype == "A":
            return f"192.0.2.{r.randrange(256)}"
        if rdtype == "AAAA":
            return f"2001:db8::{r.randrange(65536):x}"
        if rdtype == "MX":
            return f"{r.randrange(100)} {self.target()}"
        if rdtype in ("TXT", "SPF"):
            text = "t" * r.choice((0, 1, 20, 200, 255)) if r.random() < 0.3 else f"v{r.randrange(1000)}"
            return " ".join(f'"{text}"' for _ in range(r.choice((1, 1, 1, 2, 5))))
        if rdtype == "SRV":
            return f"{r.randrange(10)} {r.randrange(100)} {r.randrange(65536)} {self.target()}"
        if rdtype == "CAA":
            return f'0 issue "ca{r.randrange(9)}.example.net"'
        if rdtype in ("PTR", "CNAME", "DNAME", "NS"):
            return self.target()
        if rdtype == "NAPTR":
            return f'{r.randrange(100)} 10 "u" "E2U+sip" "!^.*$!sip:a@example.com!" .'
        if rdtype == "SSHFP":
            return f"1 1 {r.getrandbits(160):040x}"
        if rdtype == "TLSA":
            return f"3 1 1 {r.getrandbits(256):064x}"
        if rdtype in ("HTTPS", "SVCB"):
            return f"{r.randrange(1, 9)} . alpn=h2 port={r.randrange(1, 65536)}"
        if rdtype == "LOC":
            return f"{r.randrange(90)} 21 54.000 N 4 {r.randrange(60)} 55.000 E -{r.randrange(9)}.00m 0.00m 0.00m 0.00m"
        if rdtype == "HINFO":
            return f'"cpu{r.randrange(9)}" "os"'
        return "\\# 3 " + f"{r.getrandbits(24):06x}"

    def target(self):
        r = self.random
        pick = r.random()
        if pick < 0.6:
            return _below(r, self.zone.apex)
        if pick < 0.7:
            return self.zone.apex
        return _below(r, r.choice(self.apexes)) if pick < 0.9 else r.choice(OUTSIDE)

    def values(self, rdtype, most=3):
        count = 1 if rdtype in ("CNAME", "DNAME") else self.random.choice((1, 1, 2, most))
        return sorted({self.value(rdtype) for _ in range(count)})

    def add(self, owner, rdtype, values=None, ttl=None, other=None):
        ttl = self.random.choice((0, 1, 60, 300, 3600, 86400, 2147483647)) if ttl is None else ttl
        self.zone.sets.append(RecordSet(owner, rdtype, ttl, values or self.values(rdtype), other))
        self.used.setdefault(_wire_key(owner), set()).add(rdtype)

    def is_free(self, owner, rdtype):
        key = _wire_key(owner)
        types = self.used.get(key, set())
        if rdtype in types or "CNAME" in types or key in self.cuts:
            return False
        if any(key.is_subdomain(dname) and key != dname for dname in self.dnames):
            return False
        # Data at a nested zone's apex and below belongs to that zone.
        nested = [dns.name.from_text(apex).canonicalize() for apex in self.apexes
                  if apex != self.zone.apex and _wire_key(apex).is_subdomain(_wire_key(self.zone.apex))]
        if any(key.is_subdomain(apex) for apex in nested):
            return False
        if rdtype in ("CNAME", "DNAME"):
            if types or key == _wire_key(self.zone.apex):
                return False
        if rdtype == "DNAME":
            below = [other for other in self.used if other.is_subdomain(key) and other != key]
            return not below and not any(apex.is_subdomain(key) for apex in nested)
        return True

    def make(self):
        r, apex = self.random, self.zone.apex
        minimum, soa_ttl = r.choice((0, 60, 3600)), r.choice((0, 30, 300, 86400))
        self.add(apex, "SOA", [f"ns.{apex.lstrip('.')} Root.{apex.lstrip('.')} 1 2 3 4 {minimum}"], soa_ttl)
        self.add(apex, "NS", sorted({f"ns.{apex.lstrip('.')}", r.choice(OUTSIDE)}))
        for nested in self.apexes:
            key, own = _wire_key(nested), _wire_key(apex)
            if key != own and key.is_subdomain(own) and r.random() < 0.7:
                self.add(nested, "NS", [f"ns.{nested}"], 3600)
                self.add(f"ns.{nested}", "A", [self.value("A")], 3600)
                if r.random() < 0.5:
                    self.add(nested, "DS", [f"1 8 2 {r.getrandbits(256):064x}"], 60)
        for _ in range(r.randint(4, 25)):
            self.add_something()
        return self.zone

    def add_something(self):
        r = self.random
        owner = _below(r, self.zone.apex) if r.random() < 0.93 else self.zone.apex
        if r.random() < 0.2 and owner != self.zone.apex:
            owner = "*." + ".".join(owner.split(".")[1:]) if r.random() < 0.7 else "*." + owner
            try:
                dns.name.from_text(owner)
            except dns.exception.DNSException:
                return
        kind = r.choices(("plain", "cname", "dname", "cut"), (60, 20, 8, 12))[0]
        if kind == "plain":
            for rdtype in r.sample(PLAIN, r.choice((1, 1, 2, 3))):
                if rdtype != "CNAME" and self.is_free(owner, rdtype):
                    self.add_set(owner, rdtype)
        elif kind == "cname" and self.is_free(owner, "CNAME"):
            self.add_set(owner, "CNAME")
        elif kind == "dname" and "*" not in owner and self.is_free(owner, "DNAME"):
            self.add(owner, "DNAME", ttl=300)
            self.dnames.add(_wire_key(owner))
        elif kind == "cut" and "*" not in owner and owner != self.zone.apex:
            self.add_cut(owner)

    def add_set(self, owner, rdtype):
        """Sets that can fail over do so half of the time, unless a cut above hides them."""
        key = _wire_key(owner)
        hidden = any(key.is_subdomain(cut) for cut in self.cuts)
        fails_over = rdtype in FAILOVER and not hidden and self.random.random() < 0.5
        values = self.values(rdtype)
        other = self.values(rdtype) if fails_over else None
        self.add(owner, rdtype, values, other=other)

    def add_cut(self, owner):
        r, key = self.random, _wire_key(owner)
        if self.used.get(key) or not self.is_free(owner, "NS"):
            return
        if any(one.other is not None and _wire_key(one.owner).is_subdomain(key) for one in self.zone.sets):
            return  # a group may not stand below a cut
        servers = [r.choice((f"ns.{owner}", f"ns.a.{owner}", _below(r, self.zone.apex), r.choice(OUTSIDE)))
                   for _ in range(r.choice((1, 2)))]
        try:
            servers = [server for server in servers if dns.name.from_text(server)]
        except dns.exception.DNSException:
            servers = [OUTSIDE[0]]
        self.add(owner, "NS", sorted(set(servers)), 3600)
        if r.random() < 0.4:
            self.add(owner, "DS", [f"1 8 2 {r.getrandbits(256):064x}"], 60)
        self.cuts.add(key)
        for server in set(servers):
            below = _wire_key(server).is_subdomain(key)
            if below and r.random() < 0.8 and "A" not in self.used.get(_wire_key(server), ()):
                self.add(server, "A", ttl=60)
                if r.random() < 0.5:
                    self.add(server, "AAAA", ttl=60)
        if r.random() < 0.5:
            hidden = f"hidden.{owner}"
            try:
                dns.name.from_text(hidden)
            except dns.exception.DNSException:
                return
            if not self.used.get(_wire_key(hidden)):
                self.add(hidden, "TXT", ttl=60)


def make_zones(random, count):
    """Zones beside and inside each other; in one run of four the root is among them."""
    apexes = ["."] if random.random() < 0.25 else []
    for number in range(len(apexes), count):
        if apexes and random.random() < 0.2:
            apexes.append(f"{random.choice(('sub', 'a', 'deep.b'))}{number}.{random.choice(apexes).lstrip('.')}")
        else:
            apexes.append(f"z{number}.test.")
    return [_Maker(random, apex, apexes).make() for apex in apexes]


def _case_mixed(random, name):
    return "".join(letter.swapcase() if random.random() < 0.5 else letter for letter in name)


def ask_around(random, zone):
    """(name, type): of the zone's names, beside, above and below them."""
    known = [one.owner for one in zone.sets]
    values = [value.split()[-1] for one in zone.sets for value in one.values
              if one.rdtype in ("CNAME", "DNAME", "NS", "MX", "SRV")]
    pick = random.random()
    base = random.choice(known) if pick < 0.7 or not values else random.choice(values)
    name = base
    way = random.random()
    if way < 0.25:
        name = random.choice(LABELS) + "." + base
    elif way < 0.35:
        name = f"{random.choice(LABELS)}.{random.choice(LABELS)}.{base}"
    elif way < 0.45 and base.count(".") > 2:
        name = base.split(".", 1)[1]
    elif way < 0.5:
        name = _below(random, zone.apex, 4)
    elif way < 0.52:
        label = "y" * random.randint(40, 63)
        name = f"{label}.{label}.{label}.{base}"
    name = name.replace("..", ".") or "."
    try:
        dns.name.from_text(name)
    except dns.exception.DNSException:
        name = base
    if random.random() < 0.3 and "\\" not in name:
        name = _case_mixed(random, name)
    types = [one.rdtype for one in zone.sets if one.owner.lower() == name.lower()]
    rdtype = random.choice(types) if types and random.random() < 0.6 else random.choice(ASKED)
    return name, dns.rdatatype.from_text(rdtype)
