#include "control/health/body_search.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

bool Is(std::string_view text, std::string_view name) {
  return absl::EqualsIgnoreCase({text.data(), text.size()}, {name.data(), name.size()});
}

}  // namespace

void BodySearch::SetContentEncoding(std::string_view coding) {
  if (Is(coding, "gzip") || Is(coding, "x-gzip")) {
    decoder_.emplace(ContentDecoder::Coding::kGzip);
  } else if (Is(coding, "deflate")) {
    decoder_.emplace(ContentDecoder::Coding::kDeflate);
  } else if (!coding.empty() && !Is(coding, "identity")) {
    unknown_coding_ = coding.substr(0, 20);
  }
}

void BodySearch::Add(std::string_view bytes) {
  if (settled()) return;
  const size_t before = window_.size();
  if (decoder_.has_value()) {
    corrupt_ = !decoder_->Decode(bytes, kWindow, window_);
  } else {
    window_.append(bytes.substr(0, kWindow - before));
  }
  // Only an end in the new bytes can be new.
  const size_t overlap = std::min(before, needle_.size());
  found_ = window_.find(needle_, before - overlap) != std::string::npos;
}

std::string BodySearch::Why() const {
  std::string why =
      window_.size() >= kWindow
          ? absl::StrCat("string not found in the first ", kWindow, " bytes")
          : absl::StrCat("string not found in the ", window_.size(), " bytes of body received");
  if (corrupt_) absl::StrAppend(&why, ", after which the compressed body is corrupt");
  if (!unknown_coding_.empty()) {
    absl::StrAppend(&why, " (Content-Encoding \"", absl::CHexEscape(unknown_coding_),
                    "\" is not decoded)");
  }
  return why;
}

}  // namespace understudy::control
