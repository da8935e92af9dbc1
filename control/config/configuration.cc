#include "control/config/configuration.h"

#include <openssl/sha.h>
#include <zlib.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

// A smaller text stays as it is, so that the sqlite3 shell can show it.
constexpr size_t kPackedFromOctets = size_t{64} * 1024;

std::string DigestOf(std::string_view text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string IdOf(const std::string& yaml_digest,
                 const std::map<std::string, std::string>& zone_digests) {
  std::string all = yaml_digest;
  // Sizes before the paths, so that no two sets of files run together.
  for (const auto& [path, digest] : zone_digests) {
    absl::StrAppend(&all, path.size(), ":", path, digest);
  }
  const std::string id = DigestOf(all);
  return absl::BytesToHexString(absl::string_view(id.data(), id.size()));
}

}  // namespace

PackedText Pack(std::string_view text) {
  PackedText packed{.octets = text.size(), .bytes = {}};
  if (text.size() >= kPackedFromOctets) {
    uLongf size = compressBound(text.size());
    packed.bytes.resize(size);
    const int code =
        compress2(reinterpret_cast<Bytef*>(packed.bytes.data()), &size,
                  reinterpret_cast<const Bytef*>(text.data()), text.size(), Z_BEST_SPEED);
    if (code == Z_OK && size < text.size()) {
      packed.bytes.resize(size);
      packed.bytes.shrink_to_fit();
      return packed;
    }
  }
  packed.bytes = text;
  return packed;
}

absl::StatusOr<std::string> Unpack(const PackedText& packed) {
  if (packed.bytes.size() == packed.octets) return packed.bytes;
  if (packed.octets > kMaxTextsOctets || packed.bytes.size() > packed.octets) {
    return absl::DataLossError("a packed text has an impossible size");
  }
  std::string text(packed.octets, '\0');
  uLongf size = packed.octets;
  const int code =
      uncompress(reinterpret_cast<Bytef*>(text.data()), &size,
                 reinterpret_cast<const Bytef*>(packed.bytes.data()), packed.bytes.size());
  if (code != Z_OK || size != packed.octets) {
    return absl::DataLossError("a packed text does not unpack");
  }
  return text;
}

std::string AppliedText(const Configuration& configuration) {
  return absl::StrCat(
      "was applied ",
      absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", configuration.at, absl::UTCTimeZone()), " by ",
      configuration.author,
      ", and no file is read: apply another one (understudyctl apply -f FILE), or forget it and "
      "read the file again (understudyctl reload --from-file)");
}

PackedText TextsPacker::Keep(std::string_view text, std::string* digest) {
  *digest = DigestOf(text);
  configuration_.octets += text.size();
  // Beyond the limit nothing is kept, so nothing more needs packing.
  if (configuration_.octets > kMaxTextsOctets) return {};
  return Pack(text);
}

void TextsPacker::AddYaml(std::string_view text) {
  configuration_.yaml = Keep(text, &yaml_digest_);
}

void TextsPacker::AddZone(const std::string& path, std::string_view text) {
  const auto [digest, is_new] = zone_digests_.try_emplace(path);
  if (is_new) configuration_.zones[path] = Keep(text, &digest->second);
}

Configuration TextsPacker::Take() {
  configuration_.id = IdOf(yaml_digest_, zone_digests_);
  configuration_.is_kept = configuration_.octets <= kMaxTextsOctets;
  if (!configuration_.is_kept) {
    configuration_.yaml = {};
    configuration_.zones.clear();
  }
  return std::move(configuration_);
}

Configuration PackTexts(const ConfigTexts& texts) {
  TextsPacker packer;
  packer.AddYaml(texts.yaml);
  for (const auto& [path, text] : texts.zones) packer.AddZone(path, text);
  Configuration configuration = packer.Take();
  configuration.file = texts.file;
  return configuration;
}

absl::StatusOr<ConfigTexts> UnpackTexts(const Configuration& configuration) {
  if (!configuration.is_kept) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the configuration has ", configuration.octets, " octets with its zones, and of more than ",
        kMaxTextsOctets, " the texts are not kept"));
  }
  ConfigTexts texts{.file = configuration.file, .yaml = {}, .zones = {}};
  absl::StatusOr<std::string> text = Unpack(configuration.yaml);
  if (!text.ok()) return text.status();
  texts.yaml = *std::move(text);
  for (const auto& [path, packed] : configuration.zones) {
    text = Unpack(packed);
    if (!text.ok()) return text.status();
    texts.zones.emplace(path, *std::move(text));
  }
  std::map<std::string, std::string> digests;
  for (const auto& [path, zone] : texts.zones) digests[path] = DigestOf(zone);
  if (IdOf(DigestOf(texts.yaml), digests) != configuration.id) {
    return absl::DataLossError(
        absl::StrCat("the texts of configuration ", configuration.id, " are not those it had"));
  }
  return texts;
}

}  // namespace understudy::control
