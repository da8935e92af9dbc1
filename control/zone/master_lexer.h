// Splits a master file into entries and tokens (RFC 1035 5.1): quotes, comments, parentheses over
// several lines, with the line on which each entry begins.
//
// Used by: zone_file.cc, and rdata.cc for values written in the configuration.
// ldns has a reader of its own; it is not used because it loses count of lines after comments, cuts
// entries of more than 65,535 characters, reads a wrong TTL as 3600 and takes missing parentheses,
// all without a word.
//
// Invariant: tokens are views into the text, which outlives them.
#ifndef UNDERSTUDY_CONTROL_ZONE_MASTER_LEXER_H_
#define UNDERSTUDY_CONTROL_ZONE_MASTER_LEXER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::control {

struct Token {
  std::string_view text;  // without the quotes around it; escapes are kept
  bool quoted = false;
};

struct Entry {
  int line = 0;
  bool owner_left_out = false;  // begins with white space: the owner of the entry before
  bool comment = false;         // has one
  std::vector<Token> tokens;    // never empty, unless `error` says why
  std::string error;
};

class MasterLexer {
 public:
  explicit MasterLexer(std::string_view text) : text_(text) {}

  // The next entry that is not blank; false at the end of the text.
  bool Next(Entry* entry);

 private:
  // True when the entry ends here.
  bool Step(Entry* entry);
  bool EndOfLine();
  void TakeQuoted(Entry* entry);
  void TakePlain(Entry* entry);

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
  int depth_ = 0;        // open parentheses
  int opened_line_ = 0;  // line of the first of them
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ZONE_MASTER_LEXER_H_
