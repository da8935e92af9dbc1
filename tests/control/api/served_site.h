// A control over a scratch directory with its API on a real Unix socket, its loop on a thread.
#ifndef UNDERSTUDY_TESTS_CONTROL_API_SERVED_SITE_H_
#define UNDERSTUDY_TESTS_CONTROL_API_SERVED_SITE_H_

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>

#include "control/api/api.h"
#include "control/api/server.h"
#include "tests/control/desired_site.h"
#include "tests/control/scratch_directory.h"

namespace understudy::control {

// A client that does exactly what it is told, well-behaved or not.
class RawClient {
 public:
  explicit RawClient(const std::string& path)
      : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    struct sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    connected_ = connect(fd_, reinterpret_cast<struct sockaddr*>(&address), sizeof(address)) == 0;
    // No defect shall hang the test.
    const struct timeval limit = {.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  }
  ~RawClient() { close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  bool Send(const std::string& bytes) {
    return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  void EndSending() { shutdown(fd_, SHUT_WR); }
  // Everything until the other side ends the connection.
  std::string ReadAll() {
    std::string bytes;
    char buffer[4096];
    for (ssize_t size; (size = recv(fd_, buffer, sizeof(buffer), 0)) > 0;) {
      bytes.append(buffer, static_cast<size_t>(size));
    }
    return bytes;
  }
  // What is there, once there is something.
  std::string ReadSome() {
    char buffer[4096];
    const ssize_t size = recv(fd_, buffer, sizeof(buffer), 0);
    return {buffer, static_cast<size_t>(std::max<ssize_t>(size, 0))};
  }
  // True when the other side ended the connection.
  bool IsEnded() {
    char byte = 0;
    return recv(fd_, &byte, 1, 0) == 0;
  }

 private:
  int fd_;
  bool connected_ = false;
};

class ServedSite {
 public:
  explicit ServedSite(const DesiredState& site,
                      std::chrono::milliseconds idle = std::chrono::milliseconds(300))
      : socket_(scratch_.path() + "/run/test.sock"), site_(site) {
    auto opened = Publisher::Open(*contract::PathsOf(scratch_.path(), "test"),
                                  contract::StalePolicy::kFrozen);
    EXPECT_TRUE(opened.ok()) << opened.status();
    publisher_ = *std::move(opened);
    Remembered remembered;
    store_ = Store::Open({.path = scratch_.path() + "/state/test.db"}, &remembered);
    engine_ = std::make_unique<Engine>(
        io_, *publisher_, *store_,
        Engine::Options{
            .clock = nullptr,
            .load = [this] { return Load(); },
            .probe = false,
            .on_event =
                [this](const Event& event) {
                  feed_.Wake();
                  tallies_.CountEvent(event);
                },
            .on_probe = [this](const HealthCheck& check,
                               const ProbeResult& result) { tallies_.CountProbe(check, result); }});
    api_ = std::make_unique<Api>(*engine_, feed_, tallies_);
    server_ = std::make_unique<ApiServer>(
        io_, [this](Request request) { return api_->Answer(std::move(request)); }, idle);
    const absl::Status status = server_->Listen(socket_);
    EXPECT_TRUE(status.ok()) << status;
    engine_->Start(std::make_shared<const DesiredState>(site), std::move(remembered));
    thread_ = std::thread([this] { RunLoop(io_); });
    while (OnLoop([this] { return engine_->served().table_generation; }) == 0) {
      std::this_thread::yield();
    }
  }
  ~ServedSite() {
    io_.stop();
    thread_.join();
  }

  // Runs `function` on the loop and gives back what it returns.
  template <typename Function>
  std::invoke_result_t<Function> OnLoop(Function function) {
    std::promise<std::invoke_result_t<Function>> promise;
    boost::asio::post(io_, [&] { promise.set_value(function()); });
    return promise.get_future().get();
  }
  void Probe(const std::string& check, bool success, int times) {
    Take(check, {.success = success, .reason = "refused", .started = absl::Now()}, times);
  }
  void Take(const std::string& check, const ProbeResult& result, int times = 1) {
    OnLoop([&] {
      for (int i = 0; i < times; ++i) {
        engine_->Take(*engine_->standing().checks().at(check).definition, result);
      }
      return 0;
    });
    OnLoop([] { return 0; });  // behind the turn that was posted
  }

  struct HttpAnswer {
    int status = 0;
    boost::json::value body;
  };
  static HttpAnswer Parse(const std::string& bytes) {
    HttpAnswer answer;
    if (bytes.size() < 12) return answer;
    answer.status = std::stoi(bytes.substr(9, 3));
    const size_t body = bytes.find("\r\n\r\n");
    boost::json::error_code error;
    answer.body = boost::json::parse(bytes.substr(body + 4), error);
    EXPECT_FALSE(error) << bytes;
    return answer;
  }
  // The answer as it comes, with its header.
  std::string Fetch(const std::string& method, const std::string& target,
                    const std::string& body = "") {
    RawClient client(socket_);
    client.Send(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.ReadAll();
  }
  HttpAnswer Ask(const std::string& method, const std::string& target,
                 const std::string& body = "") {
    return Parse(Fetch(method, target, body));
  }

  const std::string& socket() const { return socket_; }
  const std::string& shm_dir() const { return scratch_.path(); }
  Engine& engine() { return *engine_; }
  Api& api() { return *api_; }
  boost::asio::io_context& loop() { return io_; }
  std::string load_error;  // what the next reload fails with, if not empty

 private:
  ConfigResult Load() {
    ConfigResult result;
    if (!load_error.empty()) {
      result.errors.push_back({.file = "test.yaml", .line = 1, .field = "", .message = load_error});
    } else {
      result.state = std::make_unique<const DesiredState>(site_);
    }
    return result;
  }

  ScratchDirectory scratch_;
  std::string socket_;
  const DesiredState site_;
  std::unique_ptr<Publisher> publisher_;
  boost::asio::io_context io_{1};
  std::unique_ptr<Store> store_;
  EventFeed feed_;
  Tallies tallies_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<ApiServer> server_;
  std::thread thread_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_TESTS_CONTROL_API_SERVED_SITE_H_
