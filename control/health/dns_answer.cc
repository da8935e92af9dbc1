#include "control/health/dns_answer.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "control/zone/ldns_headers.h"
#include "control/zone/zone_file.h"

namespace understudy::control {
namespace {

constexpr size_t kHeaderOctets = 12;  // RFC 1035 4.1.1
constexpr size_t kShownText = 120;

const uint8_t* Octets(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

// Printable, and no longer than a reason should be.
std::string Shown(std::string text) {
  text = absl::CHexEscape(text);
  if (text.size() > kShownText) text = text.substr(0, kShownText - 3) + "...";
  return text;
}

std::string RcodeText(uint8_t rcode) {
  const ldns_lookup_table* found = ldns_lookup_by_id(ldns_rcodes, rcode);
  return found != nullptr ? found->name : absl::StrCat("RCODE", rcode);
}

// The record data of `rr` with every name in lower case, so that it can be compared.
std::string CanonicalData(ldns_rr* rr) {
  std::string data;
  for (size_t i = 0; i < ldns_rr_rd_count(rr); ++i) {
    ldns_rdf* rdf = ldns_rr_rdf(rr, i);
    if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME) ldns_dname2canonical(rdf);
    data.append(DataOf(rdf));
  }
  return data;
}

std::string CanonicalData(uint16_t type, const std::string& rdata) {
  std::string framed = {static_cast<char>(rdata.size() >> 8), static_cast<char>(rdata.size())};
  framed += rdata;
  const Rr rr(ldns_rr_new());
  ldns_rr_set_type(rr.get(), static_cast<ldns_rr_type>(type));
  size_t position = 0;
  if (ldns_wire2rdf(rr.get(), Octets(framed), framed.size(), &position) != LDNS_STATUS_OK) {
    return rdata;
  }
  return CanonicalData(rr.get());
}

// Reads a message from its header to the end of its answer section.
class Reader {
 public:
  explicit Reader(std::string_view message) : message_(message) {}

  bool IsAnswerTo(uint16_t id) const {
    return message_.size() >= kHeaderOctets && LDNS_ID_WIRE(Octets(message_)) == id &&
           LDNS_QR_WIRE(Octets(message_)) &&
           LDNS_OPCODE_WIRE(Octets(message_)) == LDNS_PACKET_QUERY;
  }
  uint8_t rcode() const { return static_cast<uint8_t>(LDNS_RCODE_WIRE(Octets(message_))); }
  bool truncated() const { return LDNS_TC_WIRE(Octets(message_)); }

  // Leaves the reader behind the question section.
  bool RepeatsQuestion(const DnsExpectation& asked) {
    // A server that cannot read the query cannot repeat it: FORMERR, NOTIMP (RFC 1035 4.1.1).
    if (LDNS_QDCOUNT(Octets(message_)) == 0) return rcode() != LDNS_RCODE_NOERROR;
    const Rr question = Next(LDNS_SECTION_QUESTION);
    if (LDNS_QDCOUNT(Octets(message_)) != 1 || !question) return false;
    const Rdf name(
        ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, asked.name.size(), asked.name.data()));
    return ldns_rr_get_type(question.get()) == asked.type &&
           ldns_rr_get_class(question.get()) == LDNS_RR_CLASS_IN &&
           ldns_dname_compare(ldns_rr_owner(question.get()), name.get()) == 0;
  }

  // The data of all records of `type` in the answer section, whatever their owner: it may be that
  // of an alias. False when the section cannot be read.
  bool ReadAnswers(uint16_t type, std::vector<std::string>* data) {
    for (uint16_t left = LDNS_ANCOUNT(Octets(message_)); left > 0; --left) {
      const Rr record = Next(LDNS_SECTION_ANSWER);
      if (!record) return false;
      if (ldns_rr_get_type(record.get()) == type &&
          ldns_rr_get_class(record.get()) == LDNS_RR_CLASS_IN) {
        data->push_back(CanonicalData(record.get()));
      }
    }
    return true;
  }

 private:
  // Null when there is no well-formed one.
  Rr Next(ldns_pkt_section section) {
    ldns_rr* record = nullptr;
    if (ldns_wire2rr(&record, Octets(message_), message_.size(), &position_, section) !=
        LDNS_STATUS_OK) {
      return nullptr;
    }
    return Rr(record);
  }

  const std::string_view message_;
  size_t position_ = kHeaderOctets;
};

DnsJudgement Settled(bool success, std::string reason) {
  return {.kind = DnsJudgement::Kind::kSettled, .success = success, .reason = std::move(reason)};
}

// "no 192.0.2.1 among 2 A records"
std::string Missing(uint16_t type, const std::string& rdata, size_t records) {
  const std::string kind = TypeToText(type);
  const std::string what = absl::StrCat("no ", Shown(RdataToText(type, rdata)));
  if (records == 0) return absl::StrCat(what, ": no ", kind, " record in the answer");
  return absl::StrCat(what, " among ", records, " ", kind, records == 1 ? " record" : " records");
}

}  // namespace

std::string DnsQueryText(const DnsExpectation& expectation, uint16_t id) {
  ldns_rdf* name =
      ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, expectation.name.size(), expectation.name.data());
  // Owned by the packet from here on.
  ldns_pkt* packet =
      ldns_pkt_query_new(name, static_cast<ldns_rr_type>(expectation.type), LDNS_RR_CLASS_IN,
                         expectation.recursion_desired ? LDNS_RD : uint16_t{0});
  std::string query;
  if (packet == nullptr) {
    ldns_rdf_deep_free(name);
    return query;
  }
  ldns_pkt_set_id(packet, id);
  uint8_t* wire = nullptr;
  size_t size = 0;
  if (ldns_pkt2wire(&wire, packet, &size) == LDNS_STATUS_OK) {
    query.assign(reinterpret_cast<const char*>(wire), size);
  }
  free(wire);
  ldns_pkt_free(packet);
  return query;
}

DnsJudgement JudgeDnsAnswer(std::string_view message, const DnsExpectation& expectation,
                            uint16_t id, DnsTransport transport) {
  Reader reader(message);
  if (!reader.IsAnswerTo(id) || !reader.RepeatsQuestion(expectation)) return {};
  const std::string rcode = RcodeText(reader.rcode());
  if (reader.rcode() != expectation.rcode) {
    return Settled(false, absl::StrCat(rcode, ", expected ", RcodeText(expectation.rcode)));
  }
  if (expectation.answers.empty()) return Settled(true, rcode);
  if (reader.truncated() && transport == DnsTransport::kUdp) {
    return {.kind = DnsJudgement::Kind::kTruncated};
  }
  std::vector<std::string> records;
  if (!reader.ReadAnswers(expectation.type, &records)) {
    return Settled(false, absl::StrCat(rcode, ", but its answer section is malformed"));
  }
  for (const std::string& expected : expectation.answers) {
    const std::string wanted = CanonicalData(expectation.type, expected);
    if (std::find(records.begin(), records.end(), wanted) == records.end()) {
      return Settled(false, Missing(expectation.type, expected, records.size()));
    }
  }
  return Settled(true, absl::StrCat(rcode, ", ", records.size(), " ", TypeToText(expectation.type),
                                    records.size() == 1 ? " record" : " records"));
}

}  // namespace understudy::control
