#include "control/api/doors.h"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/str_join.h"

namespace understudy::control {
namespace {

absl::Status AllOrNone(const DoorOptions& options) {
  const bool wanted = !options.listen.empty();
  for (const std::string* file : {&options.certificate, &options.key, &options.tokens}) {
    if (file->empty() == wanted) {
      return absl::InvalidArgumentError(
          "--api-listen, --api-certificate, --api-key and --api-tokens go together: give all of "
          "them, or none");
    }
  }
  return absl::OkStatus();
}

}  // namespace

Doors::Doors(boost::asio::io_context& loop, Engine& engine, Api& api)
    : loop_(loop),
      engine_(engine),
      local_(loop, [&api](Request request) { return api.Answer(std::move(request)); }) {}

absl::StatusOr<std::unique_ptr<Doors>> Doors::Open(boost::asio::io_context& loop, Engine& engine,
                                                   Api& api, const DoorOptions& options) {
  if (absl::Status status = AllOrNone(options); !status.ok()) return status;
  std::unique_ptr<Doors> doors(new Doors(loop, engine, api));
  absl::Status status = doors->local_.Listen(options.socket, options.socket_access);
  if (!status.ok()) return status;
  if (options.listen.empty()) return doors;
  auto remote =
      RemoteServer::Start(loop, [&api](Request request) { return api.Answer(std::move(request)); },
                          {.listen = options.listen,
                           .certificate = options.certificate,
                           .key = options.key,
                           .tokens = options.tokens});
  if (!remote.ok()) return remote.status();
  doors->remote_ = *std::move(remote);
  spdlog::info("API on {} (TLS)", absl::StrJoin(doors->remote_->listening(), ", "));
  return doors;
}

DoorCounts Doors::counts() const {
  DoorCounts doors;
  doors.open = local_.connections();
  if (!remote_) return doors;
  const RemoteServer::Counts& counts = remote_->counts();
  doors.has_remote = true;
  doors.accepted = counts.accepted;
  doors.displaced = counts.displaced;
  doors.unauthorized = counts.unauthorized;
  doors.forbidden = counts.forbidden;
  doors.certificate_expires_s = counts.certificate_expires_s;
  return doors;
}

void Doors::Renew() {
  if (!remote_) return;
  remote_->Renew([&loop = loop_, &engine = engine_](const absl::Status& status) {
    boost::asio::post(loop, [&engine, status] {
      if (status.ok()) return spdlog::info("tokens and certificate of the API were read again");
      Event event = EventOf(EventKind::kAccessTrouble);
      event.detail = std::string(status.message());
      engine.Note(std::move(event));
    });
  });
}

void Doors::Close() {
  local_.Stop();
  remote_.reset();
}

}  // namespace understudy::control
