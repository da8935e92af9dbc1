#include "control/health/exec_probe.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "control/health/probe.h"
#include "control/health/program_run.h"

namespace understudy::control {
namespace {

namespace asio = boost::asio;
using Clock = Connection::Clock;
using boost::system::error_code;

constexpr size_t kShownText = 200;

ProbeResult Inconclusive(std::string reason) {
  ProbeResult result;
  result.reason = std::move(reason);
  result.conclusive = false;
  return result;
}

// Of an errno: the host lacked something, or the program is not one.
ProbeResult NotStarted(const HealthCheck& check, int error) {
  const error_code ec(error, boost::system::system_category());
  // EAGAIN: no more processes (clone(2)).
  const bool shortage = IsShortageHere(ec) || error == EAGAIN;
  ProbeResult result;
  result.conclusive = !shortage;
  result.reason =
      absl::StrCat("cannot run ", absl::CHexEscape(check.command.front()), ": ", Phrase(ec),
                   shortage ? " (a shortage of this host: not counted)" : "");
  return result;
}

Program::Order OrderOf(const HealthCheck& check) {
  return {.command = check.command,
          .environment = {absl::StrCat("PATH=", Program::kPath),
                          absl::StrCat("UNDERSTUDY_CHECK=", check.name)},
          .cpu = check.response_timeout};
}

std::string WithLine(const std::string& text, const std::string& output) {
  const std::string line = FirstLine(output);
  return line.empty() ? text : absl::StrCat(text, ": ", line);
}

std::string EndText(const Program::End& end) {
  if (end.exited) return absl::StrCat("exit status ", end.status);
  const char* name = sigabbrev_np(end.status);
  return absl::StrCat("killed by SIG", name != nullptr ? name : absl::StrCat(end.status).c_str());
}

// One program from its start to its end, wherever the coroutine that runs it stops.
class Run {
 public:
  Run(const asio::any_io_executor& executor, Connection& connection, const HealthCheck& check,
      Programs& programs)
      : executor_(executor), connection_(connection), check_(check), programs_(programs) {}
  ~Run() {
    connection_.WhenAborted(nullptr);
    if (start_) programs_.Abandon(std::move(start_));
    if (program_.has_value()) programs_.Bury(*std::move(program_));
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  asio::awaitable<ProbeResult> Go() {
    connection_.SetDeadline(Clock::now() + ToClock(check_.response_timeout));
    std::optional<ProbeResult> result = co_await Start();
    if (!result.has_value()) result = co_await Finish();
    co_return *std::move(result);
  }

 private:
  // A result only when it did not start.
  asio::awaitable<std::optional<ProbeResult>> Start() {
    start_ = programs_.Begin(OrderOf(check_));
    if (!start_) co_return NotStarted(check_, errno);
    const auto watch = std::make_shared<Watch>(executor_);
    if (const error_code ec = watch->Open(start_->done.get())) {
      co_return NotStarted(check_, ec.value());
    }
    connection_.WhenAborted([watch] { watch->End(); });
    switch (co_await watch->Wait(connection_.deadline())) {
      case Watch::Outcome::kReadable:
        break;
      case Watch::Outcome::kLate:
        co_return Inconclusive(absl::StrCat(
            "not started within ", absl::FormatDuration(check_.response_timeout),
            " (this host is busy, or the program's disk does not answer: not counted)"));
      case Watch::Outcome::kEnded:
        co_return Inconclusive("aborted");
    }
    const std::shared_ptr<Programs::Start> started = std::exchange(start_, nullptr);
    if (started->refusal.has_value()) co_return NotStarted(check_, started->refusal->error);
    program_.emplace(std::move(*started->program));
    co_return std::nullopt;
  }

  asio::awaitable<ProbeResult> Finish() {
    const auto watch = std::make_shared<Watch>(executor_);
    const auto output = std::make_shared<Output>(executor_, kMaxOutput, [watch] { watch->End(); });
    connection_.WhenAborted([this, watch] {
      program_->Kill();
      watch->End();
    });
    error_code ec = watch->Open(program_->exit_descriptor());
    if (!ec) ec = output->Open(program_->output_descriptor());
    if (ec) co_return NotStarted(check_, ec.value());
    output->Read();
    const Watch::Outcome outcome = co_await watch->Wait(connection_.deadline());
    if (outcome == Watch::Outcome::kReadable) {
      const std::optional<Program::End> end = program_->Reap();
      if (end.has_value()) co_return Judge(*end, *output);
    }
    const std::string text = output->Finish();
    if (outcome == Watch::Outcome::kLate) {
      const std::string limit = absl::FormatDuration(check_.response_timeout);
      co_return Failed(connection_, boost::beast::error::timeout,
                       WithLine(absl::StrCat("no exit within ", limit), text));
    }
    if (!output->flooded()) co_return Inconclusive("aborted");
    ProbeResult result;
    result.reason = WithLine(absl::StrCat("wrote more than ", kMaxOutput, " octets"), text);
    co_return result;
  }

  static ProbeResult Judge(const Program::End& end, Output& output) {
    ProbeResult result;
    result.success = end.exited && end.status == 0;
    result.reason = WithLine(EndText(end), output.Finish());
    return result;
  }

  const asio::any_io_executor executor_;
  Connection& connection_;
  const HealthCheck& check_;
  Programs& programs_;
  std::shared_ptr<Programs::Start> start_;
  std::optional<Program> program_;
};

}  // namespace

asio::awaitable<ProbeResult> ProbeExec(Connection& connection, const HealthCheck& check,
                                       Programs& programs) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Programs::Place place(programs, executor);
  connection.WhenAborted([&place] { place.Cancel(); });
  const bool placed = co_await place.Get();
  connection.WhenAborted(nullptr);
  if (!placed) co_return Inconclusive("aborted");
  const absl::Time started = absl::Now();
  Run run(executor, connection, check, programs);
  ProbeResult result = co_await run.Go();
  result.started = started;
  co_return result;
}

std::string FirstLine(std::string_view output) {
  for (const absl::string_view line :
       absl::StrSplit(absl::string_view(output.data(), output.size()), '\n')) {
    const absl::string_view text = absl::StripAsciiWhitespace(line);
    if (text.empty()) continue;
    std::string shown = absl::CHexEscape(text.substr(0, kShownText));
    if (shown.size() > kShownText) shown = shown.substr(0, kShownText - 3) + "...";
    return shown;
  }
  return "";
}

}  // namespace understudy::control
