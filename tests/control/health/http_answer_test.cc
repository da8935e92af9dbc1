#include "control/health/http_answer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/control/health/compressed.h"

namespace understudy::control {
namespace {

constexpr std::string_view kNeedle = "all is well";

HealthCheck Check(CheckType type) {
  HealthCheck check;
  check.type = type;
  check.search_string = kNeedle;
  return check;
}

struct Case {
  std::string description;
  CheckType type;
  std::string bytes;
  bool success;
  std::string reason;  // a part of it
};

std::string Repeat(std::string_view text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

// A header block of exactly `size` bytes.
std::string HeaderOf(size_t size) {
  const std::string start = "HTTP/1.1 200 OK\r\n";
  std::string header = start;
  while (header.size() + 100 < size) {
    const size_t room = std::min<size_t>(size - header.size() - 50, 1000);
    header += absl::StrCat("X: ", std::string(room - 5, 'x'), "\r\n");
  }
  header += absl::StrCat("Y: ", std::string(size - header.size() - 7, 'y'), "\r\n\r\n");
  return header;
}

// `body` with the needle so placed that its last byte is byte `end` (counted from 1).
std::string BodyWithNeedleEndingAt(size_t end) {
  return absl::StrCat(std::string(end - kNeedle.size(), '.'),
                      absl::string_view(kNeedle.data(), kNeedle.size()), std::string(100, '.'));
}

std::string Answer(const std::string& header, const std::string& body) {
  return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n", header, "\r\n",
                      body);
}

std::string Chunked(const std::string& header, const std::string& body, size_t chunk) {
  std::string text =
      absl::StrCat("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", header, "\r\n");
  for (size_t at = 0; at < body.size(); at += chunk) {
    const std::string piece = body.substr(at, chunk);
    absl::StrAppend(&text, absl::Hex(piece.size()), ";ext=1\r\n", piece, "\r\n");
  }
  return text + "0\r\nTrailer: x\r\n\r\n";
}

std::vector<Case> StatusCases() {
  std::vector<Case> cases;
  for (const int status : {200, 201, 204, 299, 301, 302, 304, 399}) {
    cases.push_back({absl::StrCat(status, " passes"), CheckType::kHttp,
                     absl::StrCat("HTTP/1.1 ", status, " Word\r\nLocation: /\r\n\r\n"), true,
                     absl::StrCat("HTTP ", status)});
  }
  for (const int status : {101, 400, 404, 499, 500, 503, 999}) {
    cases.push_back({absl::StrCat(status, " fails"), CheckType::kHttps,
                     absl::StrCat("HTTP/1.1 ", status, " Word\r\n\r\n"), false,
                     absl::StrCat("HTTP ", status)});
  }
  return cases;
}

std::vector<Case> HeaderCases() {
  const CheckType http = CheckType::kHttp;
  return {
      {"HTTP/1.0 without any field", http, "HTTP/1.0 200 OK\r\n\r\n", true, "HTTP 200"},
      {"no reason phrase", http, "HTTP/1.1 200 \r\n\r\n", true, "HTTP 200"},
      {"interim answers are passed over", http,
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
       "HTTP/1.1 200 OK\r\n\r\n",
       true, "HTTP 200"},
      {"an interim answer before a failure", http, "HTTP/1.1 199 Hm\r\n\r\nHTTP/1.1 503 No\r\n\r\n",
       false, "HTTP 503"},
      {"header block of 16,384 bytes", http, HeaderOf(16384), true, "HTTP 200"},
      {"header block of 16,385 bytes", http, HeaderOf(16385), false, "more than 16384 bytes"},
      {"header block without an end", http, "HTTP/1.1 200 OK\r\n" + Repeat("A: b\r\n", 5000), false,
       "more than 16384 bytes"},
      {"interim answers without an end", http, Repeat("HTTP/1.1 100 C\r\n\r\n", 2000), false,
       "more than 16384 bytes"},
      {"status line without an end", http, "HTTP/1.1 200 " + std::string(20000, 'x'), false,
       "more than 16384 bytes"},
      {"a promised body of any length", http,
       "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", true, "HTTP 200"},
      {"the greeting of ssh", http, "SSH-2.0-OpenSSH_9.2p1\r\n", false,
       "not an HTTP/1 answer: it starts with \"S"},
      {"binary garbage", http, std::string("\x15\x03\x01\x00\x02\x02\x16\x00\x00\x00", 10), false,
       "it starts with \"\\x15"},
      {"a line too short for a status", http, "hi\r\n", false, "not an HTTP/1 answer"},
      {"HTTP/2", http, "HTTP/2.0 200 OK\r\n\r\n", false, "not an HTTP/1 answer"},
      {"a status of two digits", http, "HTTP/1.1 20 OK\r\n\r\n", false, "not an HTTP/1 answer"},
      {"a space before the colon", http, "HTTP/1.1 200 OK\r\nBad : x\r\n\r\n", false,
       "HTTP 200, but not valid HTTP"},
      {"a field without a colon", http, "HTTP/1.1 200 OK\r\nBad\r\n\r\n", false,
       "HTTP 200, but not valid HTTP"},
      {"two lengths that differ", http,
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", false,
       "HTTP 200, but not valid HTTP"},
  };
}

std::vector<Case> BodyCases() {
  const CheckType match = CheckType::kHttpStrMatch;
  const std::string body = BodyWithNeedleEndingAt(2000);
  const std::string at_limit = BodyWithNeedleEndingAt(5120);
  const std::string beyond = BodyWithNeedleEndingAt(5121);
  const std::string needle(kNeedle);
  return {
      {"string in a short body", match, Answer("", needle), true, "HTTP 200, string found"},
      {"string in a body up to the end of the connection", match, "HTTP/1.1 200 OK\r\n\r\n" + body,
       true, "string found"},
      {"string ends at byte 5120", match, Answer("", at_limit), true, "string found"},
      {"string ends at byte 5121", match, Answer("", beyond), false,
       "HTTP 200, but string not found in the first 5120 bytes"},
      {"other case", match, Answer("", "All Is Well"), false, "not found in the 11 bytes"},
      {"no body", match, Answer("", ""), false, "not found in the 0 bytes"},
      {"204 has no body", match, "HTTP/1.1 204 No\r\n\r\n", false,
       "HTTP 204, but string not found"},
      {"string in the header only", match, Answer("X: " + needle + "\r\n", "no"), false,
       "not found"},
      {"string with 404", match, "HTTP/1.1 404 No\r\nContent-Length: 11\r\n\r\n" + needle, false,
       "HTTP 404"},
      {"string in the body of a redirect", match,
       "HTTP/1.1 302 Go\r\nLocation: /\r\nContent-Length: 11\r\n\r\n" + needle, true,
       "HTTP 302, string found"},
      {"string behind an interim answer", match, "HTTP/1.1 100 C\r\n\r\n" + Answer("", needle),
       true, "string found"},
      {"chunks smaller than the string", match, Chunked("", body, 3), true, "string found"},
      {"chunks, string ends at byte 5120", match, Chunked("", at_limit, 1000), true, "found"},
      {"chunks, string ends at byte 5121", match, Chunked("", beyond, 1000), false, "5120 bytes"},
      {"chunks without the string", match, Chunked("", "nothing", 4), false,
       "string not found in the 7 bytes of body received"},
      {"a chunk of an impossible size", match,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", false, "not valid HTTP"},
      {"gzip", match, Answer("Content-Encoding: gzip\r\n", Gzip(body)), true, "string found"},
      {"x-gzip in any case", match, Answer("content-encoding: X-GZip\r\n", Gzip(body)), true,
       "found"},
      {"gzip, string ends at byte 5120 of the text", match,
       Answer("Content-Encoding: gzip\r\n", Gzip(at_limit)), true, "string found"},
      {"gzip, string ends at byte 5121 of the text", match,
       Answer("Content-Encoding: gzip\r\n", Gzip(beyond)), false, "first 5120 bytes"},
      {"gzip in chunks", match, Chunked("Content-Encoding: gzip\r\n", Gzip(body), 5), true,
       "found"},
      {"gzip of two members", match,
       Answer("Content-Encoding: gzip\r\n", Gzip("all is") + Gzip(" well")), true, "found"},
      {"deflate in zlib's format", match, Answer("Content-Encoding: deflate\r\n", Zlib(body)), true,
       "string found"},
      {"raw deflate", match, Answer("Content-Encoding: deflate\r\n", RawDeflate(body)), true,
       "string found"},
      {"corrupt gzip", match, Answer("Content-Encoding: gzip\r\n", "this is not gzip"), false,
       "corrupt"},
      {"a gzip bomb is not unpacked", match,
       // NOLINTNEXTLINE(bugprone-string-constructor): a bomb is as large as that
       Answer("Content-Encoding: gzip\r\n", Gzip(std::string(50'000'000, ' '))), false,
       "first 5120 bytes"},
      {"brotli is searched as it is", match, Answer("Content-Encoding: br\r\n", "\x8b\x02"), false,
       "Content-Encoding \"br\" is not decoded"},
  };
}

std::vector<Case> AllCases() {
  std::vector<Case> cases = StatusCases();
  for (const Case& one : HeaderCases()) cases.push_back(one);
  for (const Case& one : BodyCases()) cases.push_back(one);
  return cases;
}

void Expect(const HttpAnswer& answer, const Case& expected) {
  ASSERT_TRUE(answer.settled());
  EXPECT_EQ(answer.success(), expected.success) << answer.reason();
  EXPECT_TRUE(absl::StrContains(answer.reason(), expected.reason)) << answer.reason();
}

TEST(HttpAnswer, IsJudgedByTheReferenceWhenItComesInOnePiece) {
  for (const Case& one : AllCases()) {
    SCOPED_TRACE(one.description);
    HttpAnswer answer(Check(one.type));
    answer.Feed(one.bytes);
    Expect(answer, one);
  }
}

TEST(HttpAnswer, IsJudgedTheSameByteByByte) {
  for (const Case& one : AllCases()) {
    SCOPED_TRACE(one.description);
    HttpAnswer answer(Check(one.type));
    for (size_t i = 0; i < one.bytes.size() && !answer.settled(); ++i) {
      answer.Feed(one.bytes.substr(i, 1));
    }
    Expect(answer, one);
  }
}

TEST(HttpAnswer, IsSettledWhateverIsCutOffOrBentAndHoweverItComes) {
  const char* given = std::getenv("UNDERSTUDY_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "UNDERSTUDY_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  const std::vector<Case> cases = AllCases();
  for (int round = 0; round < 5000; ++round) {
    const Case& one = cases[random() % cases.size()];
    std::string bytes = one.bytes.substr(0, random() % (one.bytes.size() + 1));
    for (size_t bends = random() % 4; bends > 0 && !bytes.empty(); --bends) {
      bytes[random() % bytes.size()] = static_cast<char>(random() & 0xff);
    }
    HttpAnswer whole(Check(one.type));
    whole.Feed(bytes);
    whole.End("connection closed");
    HttpAnswer pieces(Check(one.type));
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = 1 + random() % 600;
      pieces.Feed(bytes.substr(at, size));
      at += size;
    }
    pieces.End("connection closed");
    ASSERT_TRUE(whole.settled());
    ASSERT_TRUE(pieces.settled());
    ASSERT_EQ(whole.success(), pieces.success()) << one.description << ", round " << round << ": "
                                                 << whole.reason() << " / " << pieces.reason();
    ASSERT_LT(whole.reason().size(), 300u);
  }
}

struct Unfinished {
  std::string description;
  CheckType type;
  std::string bytes;
  std::string when_closed;
  std::string when_late;
};

TEST(HttpAnswer, ThatDoesNotComeToItsEndSaysHowFarItCame) {
  const CheckType http = CheckType::kHttp;
  const CheckType match = CheckType::kHttpStrMatch;
  const std::vector<Unfinished> cases = {
      {"nothing", http, "", "connection closed before a status line",
       "no status line within 500ms after connecting"},
      {"half a status line", http, "HTTP/1.1 2", "connection closed within the status line",
       "no status line within 500ms after connecting"},
      {"an interim answer only", http, "HTTP/1.1 103 Hints\r\n\r\n",
       "connection closed within the status line", "no status line within 500ms after connecting"},
      {"half a header", http, "HTTP/1.1 200 OK\r\nA: b\r\n",
       "HTTP 200, but connection closed before the end of the header",
       "HTTP 200, but the header did not end within 500ms after the status line"},
      {"half a body", match, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nall is",
       "HTTP 200, but string not found in the 6 bytes of body received, then connection closed",
       "HTTP 200, but string not found in the 6 bytes of body received within 500ms after the "
       "status line"},
  };
  for (const Unfinished& one : cases) {
    SCOPED_TRACE(one.description);
    HttpAnswer closed(Check(one.type));
    closed.Feed(one.bytes);
    EXPECT_FALSE(closed.settled());
    closed.End("connection closed");
    EXPECT_FALSE(closed.success());
    EXPECT_EQ(closed.reason(), one.when_closed);
    HttpAnswer late(Check(one.type));
    late.Feed(one.bytes);
    late.TimeOut(absl::Milliseconds(500));
    EXPECT_FALSE(late.success());
    EXPECT_EQ(late.reason(), one.when_late);
  }
}

TEST(HttpAnswer, TellsAFinalStatusLineFromAnInterimOne) {
  HttpAnswer answer(Check(CheckType::kHttp));
  answer.Feed("HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 20");
  EXPECT_FALSE(answer.has_status_line());
  answer.Feed("0 OK\r\n");
  EXPECT_TRUE(answer.has_status_line());
  EXPECT_FALSE(answer.settled());
}

TEST(HttpAnswer, GivesUpOnAnAnswerThatNeverComesToThePoint) {
  const std::string endless_extension = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;";
  HttpAnswer extension(Check(CheckType::kHttpStrMatch));
  extension.Feed(endless_extension);
  for (int i = 0; i < 1000 && !extension.settled(); ++i) extension.Feed(std::string(100, 'x'));
  EXPECT_TRUE(extension.settled());
  EXPECT_FALSE(extension.success());

  // Empty stored blocks (RFC 1951 3.2.4): valid deflate that never yields a byte.
  HttpAnswer empty_blocks(Check(CheckType::kHttpStrMatch));
  empty_blocks.Feed("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n");
  const std::string block("\x00\x00\x00\xff\xff", 5);
  for (int i = 0; i < 3000 && !empty_blocks.settled(); ++i) empty_blocks.Feed(Repeat(block, 100));
  EXPECT_TRUE(empty_blocks.settled());
  EXPECT_FALSE(empty_blocks.success());
  EXPECT_TRUE(absl::StrContains(empty_blocks.reason(), "after reading")) << empty_blocks.reason();
}

TEST(HttpAnswer, TheStatusesOfTheCheckReplaceRoute53s) {
  HealthCheck check = Check(CheckType::kHttp);
  check.http.statuses = {{204, 204}, {301, 302}, {404, 404}};
  for (const int status : {204, 301, 302, 404}) {
    HttpAnswer answer(check);
    answer.Feed(absl::StrCat("HTTP/1.1 ", status, " Word\r\n\r\n"));
    EXPECT_TRUE(answer.settled() && answer.success()) << status;
  }
  for (const int status : {200, 205, 300, 303, 500}) {
    HttpAnswer answer(check);
    answer.Feed(absl::StrCat("HTTP/1.1 ", status, " Word\r\n\r\n"));
    EXPECT_TRUE(answer.settled() && !answer.success()) << status;
    EXPECT_EQ(answer.reason(), absl::StrCat("HTTP ", status, ", expected 204 or 301-302 or 404"));
  }
  check.type = CheckType::kHttpStrMatch;
  HttpAnswer found(check);
  found.Feed("HTTP/1.1 404 Word\r\n\r\nall is well");
  EXPECT_TRUE(found.success());
}

}  // namespace
}  // namespace understudy::control
