"""That the comparison sees what it is for, and that a seed gives the same again."""
import random
import types

import comparison
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
import zones

NAME = "a.test."
A = (NAME, 60, "IN", "A", "192.0.2.1")
SOA = ("test.", 60, "IN", "SOA", "ns.test. root.test. 1 2 3 4 60")
CUT = ("b.test.", 60, "IN", "NS", "ns.b.test.")
GLUE = ("ns.b.test.", 60, "IN", "A", "192.0.2.2")


def query_for(name=NAME, rdtype="A"):
    message = dns.message.make_query(name, rdtype)
    wire = message.to_wire()
    return types.SimpleNamespace(
        wire=wire, question_wire=wire[12:], name=dns.name.from_text(name), rdtype=message.question[0].rdtype,
        at_apex=False, is_in=True, edns=False, recursion_desired=True, message=message)


def answer_to(query, answer=(), authority=(), additional=(), rcode=dns.rcode.NOERROR, authoritative=True):
    message = dns.message.make_response(query.message)
    message.set_rcode(rcode)
    message.flags |= dns.flags.AA if authoritative else 0
    for section, records in ((message.answer, answer), (message.authority, authority),
                             (message.additional, additional)):
        section += [dns.rrset.from_text(*record) for record in records]
    return comparison.Answer(message.to_wire(), query)


def differs(ours, referees, query=None):
    """What is said of `ours`, given as the arguments of answer_to, beside the referee's."""
    query = query or query_for()
    referee = answer_to(query, **referees)
    expected = comparison.expectation(referee, query, lambda name: None, lambda name: False)
    return comparison.difference(answer_to(query, **ours), referee, expected, query)


def test_equal_answers_do_not_differ():
    assert differs({"answer": [A]}, {"answer": [A]}) == ""
    assert differs({"answer": [("A.TEST.", *A[1:])]}, {"answer": [A]}) == ""


@pytest.mark.parametrize("ours", [
    {}, {"answer": [(NAME, 61, *A[2:])]}, {"answer": [(*A[:4], "192.0.2.9")]},
    {"answer": [A], "authority": [SOA]}, {"answer": [A], "rcode": dns.rcode.NXDOMAIN},
    {"answer": [A], "authoritative": False}, {"answer": [A], "additional": [GLUE]}])
def test_every_part_of_an_answer_counts(ours):
    assert differs(ours, {"answer": [A]}) != ""


def test_glue_must_be_there_and_true():
    referral = {"authority": [CUT], "additional": [GLUE], "authoritative": False}
    assert differs(referral, referral) == ""
    assert "missing" in differs({**referral, "additional": []}, referral)
    assert "not there" in differs({**referral, "additional": [(*GLUE[:4], "192.0.2.3")]}, referral)


def test_additional_records_of_a_referee_need_not_be_ours():
    assert differs({"answer": [A]}, {"answer": [A], "additional": [GLUE]}) == ""


def test_a_chain_into_another_zone_is_joined():
    query = query_for()
    alias = (NAME, 60, "IN", "CNAME", "b.other.")
    target = ("b.other.", 60, "IN", "A", "192.0.2.7")
    referee = answer_to(query, [alias])

    def again(name):
        shadow = query_for(name.to_text())
        return answer_to(shadow, [target])
    expected = comparison.expectation(referee, query, again, lambda name: True)
    assert comparison.difference(answer_to(query, [alias, target]), referee, expected, query) == ""
    assert comparison.difference(answer_to(query, [alias]), referee, expected, query) == "answer section"


def test_an_answer_to_any_is_a_part_of_all():
    query = query_for(rdtype="ANY")
    other = (NAME, 60, "IN", "TXT", '"x"')
    assert differs({"answer": [A]}, {"answer": [A, other]}, query) == ""
    assert differs({"answer": [(*A[:4], "192.0.2.9")]}, {"answer": [A]}, query) != ""
    assert differs({}, {"answer": [A]}, query) != ""


def test_manners_are_looked_at():
    query = query_for()
    answer = answer_to(query, [A])
    assert comparison.manners(answer, query) == ""
    other = query_for("A.test.")
    other.message.id = query.message.id
    mixed = comparison.Answer(other.message.to_wire(), query)
    assert "octet by octet" in comparison.manners(mixed, query), "the case of the question"
    query.recursion_desired = False
    assert comparison.manners(answer, query) != ""


def test_a_seed_makes_the_same_zones_and_questions():
    made = [zones.make_zones(random.Random("7"), 20) for _ in range(2)]
    assert [zone.text() for zone in made[0]] == [zone.text() for zone in made[1]]
    asked = [[zones.ask_around(random.Random(i), zone) for i in range(50) for zone in each] for each in made]
    assert asked[0] == asked[1]
    assert any(zone.failing_over() for zone in made[0])
    assert made[0][0].text(0) != made[0][0].text(None) or made[0][1].text(0) != made[0][1].text(None)
