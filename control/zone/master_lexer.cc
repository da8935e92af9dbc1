#include "control/zone/master_lexer.h"

#include <algorithm>

namespace understudy::control {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

bool EndsPlain(char c) { return IsBlank(c) || c == '\n' || c == '(' || c == ')' || c == ';'; }

}  // namespace

bool MasterLexer::Next(Entry* entry) {
  entry->tokens.clear();
  entry->error.clear();
  entry->comment = false;
  bool at_line_start = true;
  while (at_ < text_.size()) {
    if (at_line_start) {
      entry->line = line_;
      entry->owner_left_out = IsBlank(text_[at_]);
      at_line_start = false;
    }
    if (!Step(entry)) continue;
    if (!entry->tokens.empty() || !entry->error.empty()) return true;
    at_line_start = true;
  }
  if (depth_ > 0) {
    entry->line = opened_line_;
    entry->error = "a '(' is not closed before the end of the file";
    depth_ = 0;
    return true;
  }
  return !entry->tokens.empty() || !entry->error.empty();
}

bool MasterLexer::Step(Entry* entry) {
  const char c = text_[at_];
  if (c == '\n') return EndOfLine();
  if (IsBlank(c)) {
    ++at_;
  } else if (c == ';') {
    entry->comment = true;
    at_ = std::min(text_.find('\n', at_), text_.size());
  } else if (c == '(') {
    if (depth_++ == 0) opened_line_ = line_;
    ++at_;
  } else if (c == ')') {
    ++at_;
    if (depth_ > 0) {
      --depth_;
    } else {
      entry->error = "a ')' has no '(' before it";
    }
  } else if (c == '"') {
    TakeQuoted(entry);
  } else {
    TakePlain(entry);
  }
  return false;
}

bool MasterLexer::EndOfLine() {
  ++at_;
  ++line_;
  return depth_ == 0;
}

// A quoted string ends on its line: a forgotten quote would else swallow the file.
void MasterLexer::TakeQuoted(Entry* entry) {
  const size_t begin = ++at_;
  while (at_ < text_.size() && text_[at_] != '\n') {
    if (text_[at_] == '"') {
      entry->tokens.push_back({text_.substr(begin, at_ - begin), true});
      ++at_;
      return;
    }
    const bool escape = text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n';
    at_ += escape ? 2 : 1;
  }
  entry->error = "a '\"' is not closed before the end of its line";
}

// Quotes inside a plain token belong to it: alpn="h2,h3" (RFC 9460 2.1).
void MasterLexer::TakePlain(Entry* entry) {
  const size_t begin = at_;
  bool quotes = false;
  while (at_ < text_.size() && text_[at_] != '\n' && (quotes || !EndsPlain(text_[at_]))) {
    if (text_[at_] == '"') quotes = !quotes;
    const bool escape = text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n';
    at_ += escape ? 2 : 1;
  }
  if (quotes) entry->error = "a '\"' is not closed before the end of its line";
  entry->tokens.push_back({text_.substr(begin, at_ - begin), false});
}

}  // namespace understudy::control
