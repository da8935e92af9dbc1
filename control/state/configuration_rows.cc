#include "control/state/configuration_rows.h"

#include <string>
#include <utility>

#include "control/state/statement.h"

namespace understudy::control {
namespace {

// Whether these rows are there already: the same texts, applied in the same instant.
absl::StatusOr<bool> IsThere(sqlite3* handle, const Configuration& configuration) {
  Statement query(handle, "SELECT count(*) FROM configuration WHERE id = ? AND applied_at = ?");
  query.Bind(configuration.id).Bind(configuration.at);
  if (!query.Next()) return query.status();
  return query.Integer() != 0;
}

absl::Status InsertRows(sqlite3* handle, const Configuration& configuration) {
  Statement head(handle, "INSERT INTO configuration VALUES(1, ?, ?, ?, ?, ?, ?)");
  absl::Status status = head.Bind(configuration.id)
                            .Bind(configuration.at)
                            .Bind(configuration.author)
                            .Bind(configuration.file)
                            .Bind(static_cast<int64_t>(configuration.yaml.octets))
                            .BindBlob(configuration.yaml.bytes)
                            .Run();
  Statement zone(handle, "INSERT INTO configuration_zones VALUES(?, ?, ?)");
  for (const auto& [path, text] : configuration.zones) {
    if (!status.ok()) return status;
    status = zone.Bind(path).Bind(static_cast<int64_t>(text.octets)).BindBlob(text.bytes).Run();
  }
  return status;
}

PackedText TextFrom(Statement& query) {
  PackedText text;
  text.octets = static_cast<uint64_t>(query.Integer());
  text.bytes = query.Blob();
  return text;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Configuration>> LoadConfigurationRows(sqlite3* handle) {
  Statement head(handle, "SELECT id, applied_at, author, file, octets, yaml FROM configuration");
  if (!head.Next()) {
    if (!head.status().ok()) return head.status();
    return std::shared_ptr<const Configuration>();
  }
  Configuration configuration;
  configuration.origin = Origin::kApplied;
  configuration.is_kept = true;
  configuration.id = head.Text();
  configuration.at = head.Time(absl::InfinitePast());
  configuration.author = head.Text();
  configuration.file = head.Text();
  configuration.yaml = TextFrom(head);
  configuration.octets = configuration.yaml.octets;
  Statement zones(handle, "SELECT path, octets, text FROM configuration_zones");
  while (zones.Next()) {
    const std::string path = zones.Text();
    PackedText text = TextFrom(zones);
    configuration.octets += text.octets;
    configuration.zones.emplace(path, std::move(text));
  }
  if (!zones.status().ok()) return zones.status();
  return std::make_shared<const Configuration>(std::move(configuration));
}

absl::Status WriteConfigurationRows(sqlite3* handle, const Configuration* configuration) {
  if (configuration != nullptr) {
    const absl::StatusOr<bool> there = IsThere(handle, *configuration);
    if (!there.ok()) return there.status();
    if (*there) return absl::OkStatus();
  }
  const absl::Status status =
      Execute(handle, "DELETE FROM configuration; DELETE FROM configuration_zones");
  if (!status.ok() || configuration == nullptr) return status;
  return InsertRows(handle, *configuration);
}

}  // namespace understudy::control
