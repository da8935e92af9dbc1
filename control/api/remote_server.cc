#include "control/api/remote_server.h"

#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <charconv>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using TlsStream = asio::ssl::stream<boost::beast::tcp_stream>;
using TlsSession = Session<TlsStream>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr int kNiceness = 10;

absl::StatusOr<tcp::endpoint> EndpointOf(const std::string& text) {
  const auto wrong = [&] {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", text, "' is not ADDRESS:PORT, like 192.0.2.1:8443 or [2001:db8::1]:8443"));
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return wrong();
  std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data() + colon + 1, end, port);
  if (error || address.is_v6() != bracketed || failed != std::errc() || rest != end) return wrong();
  return tcp::endpoint(address, port);
}

std::string TextOf(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return absl::StrCat(endpoint.address().is_v6() ? absl::StrCat("[", host, "]") : host, ":",
                      endpoint.port());
}

// Whom the places are shared among: one address, or the /64 that an IPv6 host has to itself.
std::string SourceOf(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.begin() + 8};
}

// The address need not be there yet: at boot this may start before the network does.
void AllowAddressToCome(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  const int yes = 1;
  const bool v6 = endpoint.address().is_v6();
  setsockopt(acceptor.native_handle(), v6 ? SOL_IPV6 : SOL_IP, v6 ? IPV6_FREEBIND : IP_FREEBIND,
             &yes, sizeof(yes));
}

// RFC 6750 2.1.
std::string_view BearerIn(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!absl::StartsWithIgnoreCase({authorization.data(), authorization.size()},
                                  {kScheme.data(), kScheme.size()})) {
    return "";
  }
  authorization.remove_prefix(kScheme.size());
  const size_t begin = authorization.find_first_not_of(' ');
  return begin == std::string_view::npos ? "" : authorization.substr(begin);
}

asio::awaitable<void> Serve(std::shared_ptr<TlsSession> session) { co_await session->Run(); }

}  // namespace

absl::StatusOr<std::unique_ptr<RemoteServer>> RemoteServer::Start(asio::io_context& loop,
                                                                  ApiHandler handler,
                                                                  Options options) {
  std::unique_ptr<RemoteServer> server(
      new RemoteServer(loop, std::move(handler), std::move(options)));
  if (absl::Status status = server->Load(); !status.ok()) return status;
  for (const std::string& listen : server->options_.listen) {
    if (absl::Status status = server->Bind(listen); !status.ok()) return status;
  }
  for (Acceptor& acceptor : server->acceptors_) {
    asio::co_spawn(server->io_, server->AcceptAll(acceptor), asio::detached);
  }
  server->thread_ = std::thread([&io = server->io_] {
    setpriority(PRIO_PROCESS, 0, kNiceness);  // of this thread alone, on Linux
    RunLoop(io);
  });
  return server;
}

RemoteServer::RemoteServer(asio::io_context& loop, ApiHandler handler, Options options)
    : options_(std::move(options)),
      bridge_(io_, loop, std::move(handler)),
      connections_(options_.limits),
      rules_(MakeRules()) {}

RemoteServer::~RemoteServer() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const SessionRules> RemoteServer::MakeRules() {
  return std::make_shared<const SessionRules>(SessionRules{
      .handler = [this](Request request) { return bridge_.Ask(std::move(request)); },
      .admit = [this](std::string_view field, Request& request) { return Admit(field, request); },
      .idle_timeout = options_.idle_timeout,
      .handshake_timeout = options_.handshake_timeout});
}

// Both or nothing.
absl::Status RemoteServer::Load() {
  absl::StatusOr<TlsIdentity> identity = LoadTlsIdentity(options_.certificate, options_.key);
  if (!identity.ok()) return identity.status();
  absl::StatusOr<Tokens> tokens = Tokens::Load(options_.tokens);
  if (!tokens.ok()) return tokens.status();
  identity_ = *std::move(identity);
  tokens_ = *std::move(tokens);
  counts_.certificate_expires_s = absl::ToUnixSeconds(identity_.expires);
  return absl::OkStatus();
}

void RemoteServer::Renew(std::function<void(const absl::Status&)> done) {
  asio::post(io_, [this, done = std::move(done)] { done(Load()); });
}

absl::Status RemoteServer::Bind(const std::string& listen) {
  const absl::StatusOr<tcp::endpoint> endpoint = EndpointOf(listen);
  if (!endpoint.ok()) return endpoint.status();
  Acceptor& acceptor = acceptors_.emplace_back(io_);
  boost::system::error_code error;
  std::ignore = acceptor.open(endpoint->protocol(), error);
  if (!error) std::ignore = acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint->address().is_v6()) {
    std::ignore = acceptor.set_option(asio::ip::v6_only(true), error);
  }
  if (!error) AllowAddressToCome(acceptor, *endpoint);
  if (!error) std::ignore = acceptor.bind(*endpoint, error);
  if (!error) std::ignore = acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", listen, ": ", error.message()));
  }
  listening_.push_back(TextOf(acceptor.local_endpoint()));
  return absl::OkStatus();
}

std::optional<Reply> RemoteServer::Admit(std::string_view authorization, Request& request) {
  const std::string_view shown = BearerIn(authorization);
  if (shown.empty()) {
    ++counts_.unauthorized;
    return ErrorReply(401, "unauthorized", "show a token: Authorization: Bearer TOKEN");
  }
  const AccessToken* const token = tokens_.Find(shown);
  if (token == nullptr) {
    ++counts_.unauthorized;
    return Refuse(request, "its token is not known");
  }
  request.peer.token = token->name;
  request.peer.role = token->role;
  if (token->role == Role::kWrite || request.method == "GET" || request.method == "HEAD") {
    return std::nullopt;
  }
  ++counts_.forbidden;
  return ErrorReply(
      403, "forbidden",
      absl::StrCat("the token ", token->name, " may only read (role write is needed)"));
}

// Told in the log, but not faster than somebody can read it.
Reply RemoteServer::Refuse(const Request& request, std::string_view why) {
  const auto now = std::chrono::steady_clock::now();
  if (now - told_at_ >= std::chrono::seconds(1)) {
    told_at_ = now;
    spdlog::warn("the API refused a request of {}: {} ({} refused so far)", request.peer.address,
                 why, counts_.unauthorized.load());
  }
  return ErrorReply(401, "unauthorized", "this token is not known");
}

asio::awaitable<void> RemoteServer::AcceptAll(Acceptor& acceptor) {
  asio::steady_timer pause(io_);
  for (;;) {
    tcp::endpoint from;
    auto [error, socket] = co_await acceptor.async_accept(from, kAwait);
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
    if (error) {
      // Out of descriptors: they come back when connections end.
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(kAwait);
    } else {
      Begin(std::move(socket), from);
    }
  }
}

void RemoteServer::Begin(tcp::socket socket, const tcp::endpoint& from) {
  ++counts_.accepted;
  Peer peer;
  peer.remote = true;
  peer.role = Role::kRead;
  peer.address = TextOf(from);
  boost::system::error_code ignored;
  std::ignore = socket.set_option(tcp::no_delay(true), ignored);
  auto session = std::make_shared<TlsSession>(
      TlsStream(boost::beast::tcp_stream(std::move(socket)), *identity_.context), std::move(peer),
      rules_);
  const uint64_t displaced_before = connections_.displaced();
  auto place = connections_.Take(SourceOf(from.address()), [weak = std::weak_ptr(session)] {
    if (const auto displaced = weak.lock()) displaced->Abort();
  });
  counts_.displaced += place ? connections_.displaced() - displaced_before : 1;
  if (!place) return;
  session->Hold(std::move(place));
  asio::co_spawn(io_, Serve(std::move(session)), asio::detached);
}

}  // namespace understudy::control
