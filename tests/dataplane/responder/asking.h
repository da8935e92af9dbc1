// One query to the responder over the zone of cases, from the client of cases.
//
// Used by: the tests of the responder.
#ifndef UNDERSTUDY_TESTS_DATAPLANE_RESPONDER_ASKING_H_
#define UNDERSTUDY_TESTS_DATAPLANE_RESPONDER_ASKING_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/responder/responder.h"
#include "dataplane/wire/checksum.h"
#include "tests/dataplane/frames.h"
#include "tests/dataplane/message_text.h"
#include "tests/dataplane/responder/cases.h"
#include "tests/dataplane/zone_of_cases.h"

namespace understudy::test {

class Node {
 public:
  Node() {
    WriteZoneOfCases(scratch_ / "table.1");
    table_ = OpenTable(scratch_ / "table.1");
  }
  contract::Cut cut() const { return CutOf(*table_); }

 private:
  Scratch scratch_;
  std::unique_ptr<const contract::Table> table_;
};

inline const Node& TheNode() {
  static const Node node;
  return node;
}

struct Spoken {
  contract::Outcome outcome;
  contract::AnsweredBy answered_by;
  std::string answer;
};

inline Spoken Ask(std::string query, responder::Transport transport = responder::Transport::kUdp,
                  const contract::Cut& cut = TheNode().cut(),
                  const responder::ResponderOptions& options = OptionsOfCases()) {
  const std::string client = Address(kClientOfCases);
  // Exactly as large as allowed, on the heap: AddressSanitizer sees any step outside.
  const size_t capacity =
      transport == responder::Transport::kTcp ? 65535 : responder::kMaxUdpMessage;
  std::vector<uint8_t> buffer(std::max(capacity, query.size()));
  std::ranges::copy(query, buffer.begin());
  responder::Exchange exchange;
  exchange.message = buffer.data();
  exchange.query_length = static_cast<uint16_t>(query.size());
  exchange.capacity = static_cast<uint16_t>(buffer.size());
  exchange.transport = transport;
  exchange.client = reinterpret_cast<const uint8_t*>(client.data());
  exchange.client_length = static_cast<uint8_t>(client.size());
  responder::Responder(options).Respond(cut, std::span(&exchange, 1));
  std::string answer(reinterpret_cast<char*>(buffer.data()), exchange.answer_length);
  if (!answer.empty()) {
    EXPECT_EQ(wire::Fold(exchange.sum), wire::Fold(wire::SumOf(buffer.data(), answer.size())))
        << "the sum kept along the way is the sum of the message";
    EXPECT_EQ(answer.substr(0, 2), query.substr(0, 2)) << "the id is the query's";
  }
  return {exchange.outcome, exchange.answered_by, answer};
}

}  // namespace understudy::test

#endif  // UNDERSTUDY_TESTS_DATAPLANE_RESPONDER_ASKING_H_
