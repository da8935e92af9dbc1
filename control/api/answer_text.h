// The records of an answer in a table, from wire form to text lines as in a master file.
//
// Used by: explain.
#ifndef UNDERSTUDY_CONTROL_API_ANSWER_TEXT_H_
#define UNDERSTUDY_CONTROL_API_ANSWER_TEXT_H_

#include <boost/json/array.hpp>
#include <string>

#include "dataplane/contract/table.h"

namespace understudy::control {

struct AnswerText {
  boost::json::array answer;
  boost::json::array authority;
  boost::json::array additional;
};

// Appends the records of `record` to `text`. `owner` (wire form) is the name behind the compression
// pointer that all records but glue begin with.
void AppendRecords(const contract::AnswerRecord& record, const std::string& owner,
                   AnswerText& text);

// "app.example.com. 30 IN A 192.0.2.10"
std::string RecordText(const std::string& owner, uint32_t ttl_s, uint16_t type,
                       std::string_view rdata);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_ANSWER_TEXT_H_
