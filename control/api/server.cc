#include "control/api/server.h"

#include <grp.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;
using LocalSession = Session<boost::beast::basic_stream<Protocol>>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

Peer PeerOf(Protocol::socket& socket) {
  struct ucred credentials = {};
  socklen_t size = sizeof(credentials);
  if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return {.uid = static_cast<uint32_t>(-1), .pid = 0};
  }
  return {.uid = credentials.uid, .pid = credentials.pid};
}

asio::awaitable<void> Serve(std::shared_ptr<LocalSession> session) { co_await session->Run(); }

// A small answer fits the fresh socket's buffer: no need to wait for who may never read.
void Refuse(Protocol::socket socket) {
  const HttpResponse response =
      ResponseOf(ErrorReply(503, "busy", "too many connections, try again in a moment"), 11, false);
  boost::system::error_code ignored;
  std::ignore = socket.non_blocking(true, ignored);
  boost::beast::http::write(socket, response, ignored);
}

absl::Status Failure(const std::string& what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

// Only a socket is removed: a mistyped --socket must not cost anybody a file.
absl::Status RemoveStaleSocket(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0) return absl::OkStatus();
  if (!S_ISSOCK(status.st_mode)) {
    return absl::UnavailableError(absl::StrCat(path, " exists and is not a socket"));
  }
  if (unlink(path.c_str()) != 0) return Failure(absl::StrCat("cannot remove ", path));
  return absl::OkStatus();
}

absl::Status GiveToGroup(const std::string& path, const std::string& name) {
  if (name.empty()) return absl::OkStatus();
  errno = 0;
  const struct group* group = getgrnam(name.c_str());  // at start only: it may ask the network
  if (group == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("there is no group '", name, "'"));
  }
  if (chown(path.c_str(), static_cast<uid_t>(-1), group->gr_gid) != 0) {
    return Failure(absl::StrCat("cannot give ", path, " to group ", name));
  }
  return absl::OkStatus();
}

}  // namespace

ApiServer::ApiServer(asio::io_context& io, Handler handler,
                     std::chrono::steady_clock::duration idle_timeout)
    : io_(io),
      rules_(std::make_shared<const SessionRules>(SessionRules{
          .handler = std::move(handler), .admit = nullptr, .idle_timeout = idle_timeout})),
      acceptor_(io) {}

ApiServer::~ApiServer() { Stop(); }

absl::Status ApiServer::Listen(const std::string& path, const Access& access) {
  if (path.size() >= sizeof(sockaddr_un{}.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("the socket path ", path, " is longer than ",
                                                   sizeof(sockaddr_un{}.sun_path) - 1, " bytes"));
  }
  std::error_code error;
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  if (!directory.empty()) std::filesystem::create_directories(directory, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot make ", directory.string(), ": ", error.message()));
  }
  if (absl::Status status = RemoveStaleSocket(path); !status.ok()) return status;
  if (absl::Status status = Bind(path, access); !status.ok()) {
    boost::system::error_code ignored;
    std::ignore = acceptor_.close(ignored);
    return status;
  }
  path_ = path;
  asio::co_spawn(io_, AcceptAll(), asio::detached);
  return absl::OkStatus();
}

absl::Status ApiServer::Bind(const std::string& path, const Access& access) {
  boost::system::error_code failed;
  std::ignore = acceptor_.open(Protocol(), failed);
  // Nobody can connect before owner and mode are right: until then it is the owner's alone, and it
  // does not listen.
  const mode_t umask_before = umask(0177);
  if (!failed) std::ignore = acceptor_.bind(Protocol::endpoint(path), failed);
  umask(umask_before);
  if (failed) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", path, ": ", failed.message()));
  }
  if (absl::Status status = GiveToGroup(path, access.group); !status.ok()) return status;
  if (chmod(path.c_str(), access.mode) != 0) {
    return Failure(absl::StrCat("cannot set the mode of ", path));
  }
  std::ignore = acceptor_.listen(asio::socket_base::max_listen_connections, failed);
  if (!failed) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot listen on ", path, ": ", failed.message()));
}

void ApiServer::Stop() {
  if (!acceptor_.is_open()) return;
  boost::system::error_code ignored;
  std::ignore = acceptor_.close(ignored);
  unlink(path_.c_str());
}

asio::awaitable<void> ApiServer::AcceptAll() {
  asio::steady_timer pause(io_);
  for (;;) {
    auto [error, socket] = co_await acceptor_.async_accept(kAwait);
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
    if (error) {
      // Out of descriptors: they come back when connections end.
      spdlog::warn("the API cannot accept a connection: {}", error.message());
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(kAwait);
    } else {
      Start(std::move(socket));
    }
  }
}

// The socket's permissions have decided who may connect. Who has asked nothing yet makes room all
// the same: a script that opens connections and forgets them keeps no operator out.
void ApiServer::Start(Protocol::socket socket) {
  const auto silent = std::make_shared<std::weak_ptr<LocalSession>>();
  std::shared_ptr<Connections::Place> place = connections_.Take("", [silent] {
    if (const auto displaced = silent->lock()) displaced->Abort();
  });
  if (!place) return Refuse(std::move(socket));
  const Peer peer = PeerOf(socket);
  auto session = std::make_shared<LocalSession>(
      boost::beast::basic_stream<Protocol>(std::move(socket)), peer, rules_);
  *silent = session;
  session->Hold(std::move(place));
  asio::co_spawn(io_, Serve(std::move(session)), asio::detached);
}

}  // namespace understudy::control
