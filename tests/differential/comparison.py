"""Whether our answer to a query is that of a referee (Knot DNS, NSD), and what may differ.

ALLOWED lists every difference that is none, with its reason. What remains is a defect of somebody.
"""
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

ALLOWED = {
    "additional": "Answers are minimal: beside glue nothing is added to them (RFC 9471 wants the glue, RFC 2181 "
                  "5.4.1 leaves the rest open).",
    "any": "ANY is answered with one set of the name (RFC 8482 4.1); Knot and NSD give all of them.",
    "chain": "A CNAME or DNAME into another of our zones is followed there (RFC 1034 4.3.2 step 3a: start "
             "again); Knot and NSD stop at the border of the zone. Their answers are joined here first.",
    "undelegated": "DS at the apex of a zone of ours that its parent, ours too, does not delegate: we say NODATA, as the "
                   "name is there; Knot says NXDOMAIN, NSD refers to the zone between.",
    "loop": "A chain that does not end is given up after 16 steps; Knot gives up after fewer, NSD after the first "
            "synthesized CNAME. Ours must go on from theirs.",
    "truncated": "Who compresses more fits more: where one answer is cut off, the ones over TCP are compared.",
}

MAX_CHAIN = 20
ALIASES = (dns.rdatatype.CNAME, dns.rdatatype.DNAME)
GIVEN_UP_AFTER = 15  # aliases; kMaxChain of the walk


class Answer:
    """What of a message is compared."""

    def __init__(self, wire, query):
        message = dns.message.from_wire(wire, ignore_trailing=False)
        self.message = message
        self.rcode = message.rcode()
        self.truncated = bool(message.flags & dns.flags.TC)
        self.authoritative = bool(message.flags & dns.flags.AA)
        end = 12 + len(query.question_wire)
        self.echoes = wire[12:end] == query.question_wire and wire[:2] == query.wire[:2]
        self.flags = {name: bool(message.flags & bit) for name, bit in
                      (("QR", dns.flags.QR), ("RD", dns.flags.RD), ("RA", dns.flags.RA),
                       ("AD", dns.flags.AD))}
        self.edns = message.edns
        self.answer = _records(message.answer)
        self.authority = _records(message.authority)
        self.additional = _records(message.additional)
        self.aliases = sum(1 for rrset in message.answer if rrset.rdtype == dns.rdatatype.CNAME)
        self.last_target = self._follow(query)

    def _follow(self, query):
        """Where the CNAMEs of the answer lead, when there is nothing of the type asked for there."""
        if query.rdtype in (dns.rdatatype.CNAME, dns.rdatatype.ANY):
            return None
        targets = {rrset.name: rrset[0].target for rrset in self.message.answer
                   if rrset.rdtype == dns.rdatatype.CNAME}
        if not targets:
            return None
        at, steps = query.name, 0
        while at in targets and steps < MAX_CHAIN:
            at, steps = targets[at], steps + 1
        ended = any(rrset.name == at and rrset.rdtype == query.rdtype for rrset in self.message.answer)
        return None if ended or at in targets else at


def _records(section):
    """{(owner, type, TTL, data)}; owners in any case, data as it is on the wire."""
    return frozenset((rrset.name.canonicalize(), rrset.rdtype, rrset.ttl, rdata.to_digestable())
                     for rrset in section for rdata in rrset)


class Expectation:
    """A referee's answer, joined over zones where its chain leads from one into another."""

    def __init__(self, first):
        self.rcode, self.authoritative = first.rcode, first.authoritative
        self.answer, self.authority = set(first.answer), first.authority
        self.additional = first.additional
        self.complete = True

    def join(self, further):
        self.answer |= further.answer
        self.rcode, self.authority, self.additional = further.rcode, further.authority, further.additional


def expectation(answer, query, ask_again, is_served):
    """`ask_again(name)` gives the referee's answer to the same type; `is_served(name)`: some zone has it."""
    joined = Expectation(answer)
    seen, target = {query.name}, answer.last_target
    steps = 0
    while target is not None and is_served(target) and target not in seen and steps < MAX_CHAIN:
        seen.add(target)
        further = ask_again(target)
        if further is None or further.rcode == dns.rcode.REFUSED:
            break
        joined.join(further)
        target, steps = further.last_target, steps + 1
    return joined


def difference(ours, referee, expected, query):
    """In words, or "" when ours is what is expected."""
    if ours.aliases > GIVEN_UP_AFTER and ours.rcode == dns.rcode.NOERROR:
        return "" if referee.answer <= ours.answer else "answer section of a loop"
    if query.is_in and query.rdtype == dns.rdatatype.DS and query.at_apex and not ours.answer and not expected.answer:
        return "" if ours.rcode == dns.rcode.NOERROR else "rcode of DS at an apex"
    if ours.rcode != expected.rcode:
        return f"rcode {dns.rcode.to_text(ours.rcode)}, expected {dns.rcode.to_text(expected.rcode)}"
    if ours.authoritative != expected.authoritative:
        return f"AA {ours.authoritative}, expected {expected.authoritative}"
    if query.rdtype == dns.rdatatype.ANY:
        aliases = {record for record in ours.answer if record[1] in ALIASES}
        if aliases:  # a DNAME on the way: the referees end the chain in different places
            return "" if aliases >= {record for record in referee.answer if record[1] in ALIASES} else "aliases of ANY"
        if not ours.answer <= expected.answer:
            return "answer to ANY has records that are not there"
        if bool(ours.answer) != bool(expected.answer):
            return "answer to ANY is empty on one side"
    elif ours.answer != expected.answer:
        return "answer section"
    if ours.authority != expected.authority:
        return "authority section"
    is_referral = any(record[1] == dns.rdatatype.NS for record in ours.authority)
    if not is_referral and ours.additional:
        return "additional section of what is no referral"
    if is_referral and not ours.additional <= expected.additional:
        return "glue that is not there"
    if is_referral and _glue(expected, ours) - ours.additional:
        return "glue is missing"
    return ""


def _glue(expected, ours):
    """Of the referee's additional section what lies below the cut: only that is glue."""
    cuts = {record[0] for record in ours.authority if record[1] == dns.rdatatype.NS}
    return {record for record in expected.additional
            if any(record[0].is_subdomain(cut) for cut in cuts)}


def manners(ours, query):
    """What is wrong with our answer, whatever the data."""
    if not ours.echoes:
        return "id or question is not that of the query, octet by octet"
    wanted = {"QR": True, "RD": query.recursion_desired, "RA": False, "AD": False}
    if ours.flags != wanted:
        return f"flags {ours.flags}, expected {wanted}"
    if (ours.edns >= 0) != query.edns:
        return "EDNS without being asked, or none although asked"
    return ""
