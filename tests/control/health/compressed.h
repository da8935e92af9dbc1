// Bodies compressed by zlib for the tests of the probe: the three forms met under gzip and deflate.
//
// Used by: http_answer_test, http_probe_test.
#ifndef UNDERSTUDY_TESTS_CONTROL_HEALTH_COMPRESSED_H_
#define UNDERSTUDY_TESTS_CONTROL_HEALTH_COMPRESSED_H_

#include <zlib.h>

#include <stdexcept>
#include <string>

namespace understudy::control {

inline std::string Compress(const std::string& text, int window_bits) {
  z_stream stream = {};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("deflate");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string Gzip(const std::string& text) { return Compress(text, 15 + 16); }
inline std::string Zlib(const std::string& text) { return Compress(text, 15); }
inline std::string RawDeflate(const std::string& text) { return Compress(text, -15); }

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_HEALTH_COMPRESSED_H_
