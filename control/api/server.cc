#include "control/api/server.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::local::stream_protocol;
using Stream = beast::basic_stream<Protocol>;
using Response = http::response<http::string_body>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

Peer PeerOf(Protocol::socket& socket) {
  struct ucred credentials = {};
  socklen_t size = sizeof(credentials);
  if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return {.uid = static_cast<uint32_t>(-1), .pid = 0};
  }
  return {.uid = credentials.uid, .pid = credentials.pid};
}

Response ResponseFrom(const Reply& reply, unsigned version, bool keep_alive) {
  Response response{static_cast<http::status>(reply.status), version};
  response.set(http::field::content_type, "application/json");
  response.keep_alive(keep_alive);
  response.body() = boost::json::serialize(reply.body) + "\n";
  response.prepare_payload();
  return response;
}

// What is wrong with a request that could not be read; nothing when the client is gone or too slow.
std::optional<Reply> ReplyToUnreadable(const boost::system::error_code& error) {
  if (error == http::error::header_limit) {
    return ErrorReply(431, "too_large", absl::StrCat("headers beyond ", kMaxMessage, " bytes"));
  }
  if (error == http::error::body_limit) {
    return ErrorReply(413, "too_large", absl::StrCat("a body beyond ", kMaxMessage, " bytes"));
  }
  const bool garbage =
      error.category() == http::make_error_code(http::error::bad_method).category();
  if (garbage && error != http::error::end_of_stream && error != http::error::partial_message) {
    return ErrorReply(400, "bad_request", absl::StrCat("not HTTP/1.1: ", error.message()));
  }
  return std::nullopt;
}

// One connection: request after request, until either side ends it.
class Session {
 public:
  Session(Protocol::socket socket, std::shared_ptr<const ApiServer::Handler> handler,
          std::chrono::steady_clock::duration idle_timeout)
      : peer_(PeerOf(socket)),
        stream_(std::move(socket)),
        handler_(std::move(handler)),
        idle_timeout_(idle_timeout) {}

  asio::awaitable<void> Run() {
    bool open = true;
    while (open) open = co_await Exchange();
    boost::system::error_code ignored;  // the peer may be gone already
    std::ignore = stream_.socket().shutdown(Protocol::socket::shutdown_send, ignored);
  }

 private:
  // False: this was the last one.
  asio::awaitable<bool> Exchange() {
    http::request_parser<http::string_body> parser;
    parser.header_limit(kMaxMessage);
    parser.body_limit(kMaxMessage);
    stream_.expires_after(idle_timeout_);
    const auto [error, size] = co_await http::async_read(stream_, buffer_, parser, kAwait);
    if (error) {
      if (const auto reply = ReplyToUnreadable(error)) co_await Send(*reply, 11, false);
      co_return false;
    }
    const http::request<http::string_body>& message = parser.get();
    // The handler has a timeout of its own, and a reload may take longer than an idle connection.
    stream_.expires_never();
    const Reply reply = co_await AnswerTo(message);
    co_return co_await Send(reply, message.version(), message.keep_alive());
  }

  asio::awaitable<Reply> AnswerTo(const http::request<http::string_body>& message) {
    Request request;
    request.method = std::string(message.method_string());
    request.body = message.body();
    request.peer = peer_;
    const std::string target(message.target());
    if (!ParseTarget(target, &request)) {
      co_return ErrorReply(400, "bad_request", "the request target is not well-formed");
    }
    std::optional<Reply> reply;
    try {
      reply = co_await (*handler_)(std::move(request));
    } catch (const std::exception& error) {
      spdlog::error("API request {} failed: {}", target, error.what());
    }
    if (reply) co_return *std::move(reply);
    co_return ErrorReply(500, "internal", "this request failed inside control; see its log");
  }

  asio::awaitable<bool> Send(const Reply& reply, unsigned version, bool keep_alive) {
    const Response response = ResponseFrom(reply, version, keep_alive);
    stream_.expires_after(idle_timeout_);
    const auto [error, size] = co_await http::async_write(stream_, response, kAwait);
    co_return !error && keep_alive;
  }

  const Peer peer_;
  Stream stream_;
  beast::flat_buffer buffer_{2 * kMaxMessage};
  const std::shared_ptr<const ApiServer::Handler> handler_;
  const std::chrono::steady_clock::duration idle_timeout_;
};

// Counts a connection for as long as it lives, however it ends.
struct Counted {
  explicit Counted(std::shared_ptr<size_t> shared) : count(std::move(shared)) { ++*count; }
  ~Counted() { --*count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  std::shared_ptr<size_t> count;
};

asio::awaitable<void> Serve(std::shared_ptr<Session> session, std::shared_ptr<Counted>) {
  co_await session->Run();
}

// A small answer fits the fresh socket's buffer: no need to wait for who may never read.
void Refuse(Protocol::socket socket) {
  const Response response = ResponseFrom(
      ErrorReply(503, "busy", "too many connections, try again in a moment"), 11, false);
  boost::system::error_code ignored;
  std::ignore = socket.non_blocking(true, ignored);
  http::write(socket, response, ignored);
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

}  // namespace

ApiServer::ApiServer(asio::io_context& io, Handler handler,
                     std::chrono::steady_clock::duration idle_timeout)
    : io_(io),
      handler_(std::make_shared<const Handler>(std::move(handler))),
      idle_timeout_(idle_timeout),
      acceptor_(io) {}

ApiServer::~ApiServer() { Stop(); }

absl::Status ApiServer::Listen(const std::string& path) {
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
  boost::system::error_code failed;
  std::ignore = acceptor_.open(Protocol(), failed);
  // The mode is right from the first instant: nobody can connect between bind and chmod.
  const mode_t umask_before = umask(0117);
  if (!failed) std::ignore = acceptor_.bind(Protocol::endpoint(path), failed);
  umask(umask_before);
  if (!failed) {
    std::ignore = acceptor_.listen(asio::socket_base::max_listen_connections, failed);
  }
  if (failed) {
    acceptor_.close();
    return absl::UnavailableError(absl::StrCat("cannot listen on ", path, ": ", failed.message()));
  }
  path_ = path;
  asio::co_spawn(io_, AcceptAll(), asio::detached);
  return absl::OkStatus();
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
    } else if (*connections_ >= kMaxConnections) {
      Refuse(std::move(socket));
    } else {
      Start(std::move(socket));
    }
  }
}

void ApiServer::Start(Protocol::socket socket) {
  auto session = std::make_shared<Session>(std::move(socket), handler_, idle_timeout_);
  asio::co_spawn(io_, Serve(std::move(session), std::make_shared<Counted>(connections_)),
                 asio::detached);
}

}  // namespace understudy::control
