#include "tests/dataplane/message_text.h"

#include <arpa/inet.h>

#include <stdexcept>

#include "tests/dataplane/table_builder.h"

namespace understudy::test {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view message) : message_(message) {}

  unsigned U8() { return Take(1)[0] & 0xff; }
  unsigned U16() {
    const unsigned high = U8();
    return high << 8 | U8();
  }
  uint32_t U32() {
    const uint32_t high = U16();
    return high << 16 | U16();
  }
  std::string_view Take(size_t count) {
    if (at_ + count > message_.size()) throw std::runtime_error("ends too early");
    at_ += count;
    return message_.substr(at_ - count, count);
  }
  std::string Name() {
    std::string text;
    size_t back = 0;
    for (int jumps = 0;;) {
      const unsigned length = U8();
      if (length == 0) break;
      if (length >= 0xC0) {
        const size_t target = (length & 0x3f) << 8 | U8();
        if (back == 0) back = at_;
        if (target >= at_ - 2 || ++jumps > 20) throw std::runtime_error("a pointer to nowhere");
        at_ = target;
        continue;
      }
      if (length > 63) throw std::runtime_error("a label of unknown kind");
      text += std::string(Take(length)) + ".";
    }
    if (back != 0) at_ = back;
    return text.empty() ? "." : text;
  }
  size_t at() const { return at_; }
  bool done() const { return at_ == message_.size(); }

 private:
  std::string_view message_;
  size_t at_ = 0;
};

std::string DataText(Reader& reader, unsigned type, size_t length) {
  const size_t end = reader.at() + length;
  std::string text;
  char buffer[64];
  if (type == 1 || type == 28) {
    const std::string_view raw = reader.Take(type == 1 ? 4 : 16);
    text = inet_ntop(type == 1 ? AF_INET : AF_INET6, raw.data(), buffer, sizeof(buffer));
  } else if (type == 2 || type == 5 || type == 39) {
    text = reader.Name();
  } else if (type == 6) {
    text = reader.Name();
    reader.Take(end - reader.at());
  } else if (type == 16) {
    reader.U8();
    text = reader.Take(end - reader.at());
  } else {
    text = "(" + std::to_string(length) + ")";
    reader.Take(length);
  }
  if (reader.at() != end) throw std::runtime_error("record data of another length than it says");
  return text;
}

std::string OptionText(Reader& reader) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = " +" + std::to_string(reader.U16()) + ":";
  for (const char octet : reader.Take(reader.U16())) {
    text += kDigits[octet >> 4 & 0xf];
    text += kDigits[octet & 0xf];
  }
  return text;
}

std::string RecordText(Reader& reader) {
  const std::string owner = reader.Name();
  const unsigned type = reader.U16();
  const unsigned qclass = reader.U16();
  const uint32_t ttl = reader.U32();
  const unsigned length = reader.U16();
  if (type == 41) {
    std::string text = "OPT " + std::to_string(qclass);
    if (ttl >> 24 != 0) text += " rcode+" + std::to_string(ttl >> 24 << 4);
    if ((ttl & 0x8000) != 0) text += " do";
    const size_t end = reader.at() + length;
    while (reader.at() < end) text += OptionText(reader);
    return text;
  }
  static constexpr std::pair<unsigned, const char*> kNames[] = {
      {1, "A"},    {2, "NS"},    {5, "CNAME"},  {6, "SOA"}, {15, "MX"},
      {16, "TXT"}, {28, "AAAA"}, {39, "DNAME"}, {43, "DS"}};
  std::string word = "TYPE" + std::to_string(type);
  for (const auto& [value, name] : kNames) {
    if (value == type) word = name;
  }
  if (qclass != 1) word = (qclass == 3 ? "CH " : "CLASS" + std::to_string(qclass) + " ") + word;
  const std::string data = DataText(reader, type, length);
  return owner + " " + std::to_string(ttl) + " " + word + " " + data;
}

std::string Sections(Reader& reader, std::string text) {
  const unsigned questions = reader.U16();
  unsigned counts[3];
  for (unsigned& count : counts) count = reader.U16();
  if (questions == 0) text += " noquestion";
  for (unsigned i = 0; i < questions; ++i) {
    reader.Name();
    reader.U32();
  }
  for (const unsigned count : counts) {
    text += " |";
    for (unsigned i = 0; i < count; ++i) text += (i == 0 ? " " : ", ") + RecordText(reader);
  }
  if (!reader.done()) throw std::runtime_error("bytes behind the last record");
  return text;
}

}  // namespace

std::string Query(const QueryText& query) {
  std::string message = U16(query.id) + U16(query.flags) + U16(1) + U16(0) + U16(0) +
                        U16(query.edns ? 1 : 0) + Wire(query.name) + U16(query.type) +
                        U16(query.qclass);
  if (query.edns) {
    message += std::string(1, '\0') + U16(41) + U16(query.payload) + U16(query.version) +
               U16((query.dnssec_ok ? 0x8000 : 0) | query.flags_of_opt) +
               U16(static_cast<unsigned>(query.options.size())) + query.options;
  }
  return message + query.trailing;
}

std::string AnswerText(std::string_view message) {
  static constexpr const char* kRcodes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                            "NOTIMP",  "REFUSED", "YXDOMAIN"};
  try {
    Reader reader(message);
    reader.U16();  // id
    const unsigned flags = reader.U16();
    const unsigned rcode = flags & 0xf;
    std::string text = rcode < 7 ? kRcodes[rcode] : "RCODE" + std::to_string(rcode);
    if (rcode == 9) text = "NOTAUTH";
    if ((flags & 0x8000) == 0) text += " query";
    static constexpr std::pair<unsigned, const char*> kFlags[] = {
        {0x0400, " aa"}, {0x0200, " tc"}, {0x0100, " rd"}, {0x0080, " ra"},
        {0x0040, " z"},  {0x0020, " ad"}, {0x0010, " cd"}};
    for (const auto& [bit, word] : kFlags) {
      if ((flags & bit) != 0) text += word;
    }
    return Sections(reader, text);
  } catch (const std::exception& error) {
    return std::string("MALFORMED: ") + error.what();
  }
}

}  // namespace understudy::test
