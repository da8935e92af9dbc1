#include "dataplane/responder/identity.h"

#include <algorithm>

#include "dataplane/wire/message.h"

namespace understudy::responder {
namespace {

using namespace std::string_view_literals;

void Append16(std::string& bytes, size_t value) {
  bytes += static_cast<char>(value >> 8);
  bytes += static_cast<char>(value);
}

std::string TextRecord(const std::string& text) {
  if (text.empty()) return "";
  std::string record;
  Append16(record, wire::kPointer | wire::kQuestionOffset);
  Append16(record, wire::kTypeTxt);
  Append16(record, wire::kClassCh);
  Append16(record, 0);  // TTL 0: it is about the server that answers, not about a name
  Append16(record, 0);
  const size_t length = std::min(text.size(), kMaxText);
  Append16(record, 1 + length);
  record += static_cast<char>(length);
  return record.append(text, 0, length);
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool IsName(std::string_view name, std::string_view lower) {
  return std::ranges::equal(name, lower, {}, Lower);
}

}  // namespace

Identity::Identity(const IdentityText& text)
    : identity_(TextRecord(text.identity)), version_(TextRecord(text.version)) {
  if (text.nsid.empty()) return;
  const size_t length = std::min(text.nsid.size(), kMaxNsid);
  Append16(nsid_option_, wire::kOptionNsid);
  Append16(nsid_option_, length);
  nsid_option_.append(text.nsid, 0, length);
}

std::string_view Identity::AnswerTo(const wire::Query& query) const noexcept {
  if (query.type != wire::kTypeTxt && query.type != wire::kTypeAny) return {};
  const std::string_view name(reinterpret_cast<const char*>(query.name), query.name_length);
  if (IsName(name, "\2id\6server\0"sv) || IsName(name, "\10hostname\4bind\0"sv)) return identity_;
  if (IsName(name, "\7version\6server\0"sv) || IsName(name, "\7version\4bind\0"sv)) return version_;
  return {};
}

}  // namespace understudy::responder
