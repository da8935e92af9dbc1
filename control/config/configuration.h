// The texts a configuration was read from: its YAML and every master file it names, by the paths
// written there. Kept packed, so that what is served can be written back byte for byte, compared
// with what shall be served next, and stored.
//
// Used by: config (makes it beside the DesiredState), state (stores it), engine (applies it), api.
#ifndef UNDERSTUDY_CONTROL_CONFIG_CONFIGURATION_H_
#define UNDERSTUDY_CONTROL_CONFIG_CONFIGURATION_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace understudy::control {

// Of YAML and zones together. What is read from disk may be larger, and is then not kept.
inline constexpr size_t kMaxTextsOctets = size_t{256} << 20;

struct ConfigTexts {
  std::string file;  // what the operator calls the YAML file; relative zones are beside it
  std::string yaml;
  std::map<std::string, std::string> zones;  // by the path written in the YAML
};

// A text, packed (zlib, RFC 1950) if it is large and that makes it smaller.
struct PackedText {
  uint64_t octets = 0;  // of the text
  std::string bytes;    // the text itself when there are as many
};
PackedText Pack(std::string_view text);
// DataLoss: these bytes are not what Pack made.
absl::StatusOr<std::string> Unpack(const PackedText& packed);

enum class Origin : uint8_t {
  kFile,     // read from --config
  kApplied,  // handed in by understudyctl apply; outlives restarts
};

struct Configuration {
  Origin origin = Origin::kFile;
  absl::Time at = absl::InfinitePast();  // when it was read or applied
  std::string author;                    // of an applied one
  std::string file;
  std::string id;        // SHA-256 of all texts, hexadecimal: equal for equal texts
  uint64_t octets = 0;   // of all texts
  bool is_kept = false;  // the texts are below
  PackedText yaml;
  std::map<std::string, PackedText> zones;
};

// "was applied 2026-01-31 12:00:00 UTC by alice (uid 0), and no file is read: ...", with both ways
// out of it.
std::string AppliedText(const Configuration& configuration);

// Packs text by text, so that only one of them is held unpacked.
class TextsPacker {
 public:
  void AddYaml(std::string_view text);
  void AddZone(const std::string& path, std::string_view text);  // the first of a path counts
  Configuration Take();

 private:
  PackedText Keep(std::string_view text, std::string* digest);

  Configuration configuration_;
  std::string yaml_digest_;
  std::map<std::string, std::string> zone_digests_;
};

Configuration PackTexts(const ConfigTexts& texts);
// FailedPrecondition: they are not kept. DataLoss: they are not those of the id.
absl::StatusOr<ConfigTexts> UnpackTexts(const Configuration& configuration);

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_CONFIGURATION_H_
