#include "control/health/content_decoder.h"

#include <algorithm>
#include <array>

namespace understudy::control {

ContentDecoder::~ContentDecoder() {
  if (started_) inflateEnd(&stream_);
}

bool ContentDecoder::Start(unsigned char first) {
  constexpr int kWindowBits = 15;
  int window_bits = kWindowBits + 16;  // + 16: gzip (zlib.h, inflateInit2)
  if (coding_ == Coding::kDeflate) {
    // RFC 1950 2.2: the first byte of zlib's format is 8 (deflate) in its low half and at most 7 in
    // its high half. In raw deflate that would be a stored block with bits set in its padding.
    const bool zlib_format = (first & 0x0f) == 8 && (first >> 4) <= 7;
    window_bits = zlib_format ? kWindowBits : -kWindowBits;
  }
  started_ = inflateInit2(&stream_, window_bits) == Z_OK;
  return started_;
}

bool ContentDecoder::Decode(std::string_view in, size_t limit, std::string& out) {
  if (in.empty()) return true;
  if (!started_ && !Start(static_cast<unsigned char>(in.front()))) return false;
  std::array<char, 2048> chunk;
  // zlib reads through a pointer that is not const, but does not write.
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream_.avail_in = static_cast<uInt>(in.size());
  while (out.size() < limit) {
    if (ended_) {
      // What follows the end: another gzip member, or nothing that counts.
      if (coding_ != Coding::kGzip || stream_.avail_in == 0) return true;
      if (inflateReset(&stream_) != Z_OK) return false;
      ended_ = false;
    }
    stream_.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream_.avail_out = static_cast<uInt>(std::min(chunk.size(), limit - out.size()));
    const uInt room = stream_.avail_out;
    const int result = inflate(&stream_, Z_SYNC_FLUSH);
    out.append(chunk.data(), room - stream_.avail_out);
    if (result == Z_BUF_ERROR) return true;  // needs more input
    if (result != Z_OK && result != Z_STREAM_END) return false;
    ended_ = result == Z_STREAM_END;
  }
  return true;
}

}  // namespace understudy::control
