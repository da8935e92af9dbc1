// Content-Encoding gzip and deflate (RFC 9110 8.4.1) taken off a body that arrives in pieces.
//
// Used by: body_search.
//  1. Output never exceeds the limit given, whatever the input promises.
//  2. Corrupt input is reported, never trusted.
// "deflate" means zlib's format (RFC 1950), but raw deflate (RFC 1951) is sent under that name too:
// both are taken. A gzip body may have several members (RFC 1952 2.2).
#ifndef UNDERSTUDY_CONTROL_HEALTH_CONTENT_DECODER_H_
#define UNDERSTUDY_CONTROL_HEALTH_CONTENT_DECODER_H_

#include <zlib.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace understudy::control {

class ContentDecoder {
 public:
  enum class Coding { kGzip, kDeflate };

  explicit ContentDecoder(Coding coding) : coding_(coding) {}
  ~ContentDecoder();
  ContentDecoder(const ContentDecoder&) = delete;  // zlib points back at its stream
  ContentDecoder& operator=(const ContentDecoder&) = delete;

  // Appends what `in` decodes to until `out` holds `limit` bytes; the rest of `in` is then dropped.
  // False once the input turned out to be corrupt.
  bool Decode(std::string_view in, size_t limit, std::string& out);

 private:
  bool Start(unsigned char first);

  Coding coding_;
  z_stream stream_ = {};
  bool started_ = false;
  bool ended_ = false;  // a complete stream was seen
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_HEALTH_CONTENT_DECODER_H_
