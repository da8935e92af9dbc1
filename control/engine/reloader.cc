#include "control/engine/reloader.h"

#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"

namespace understudy::control {

Reloader::Reloader(boost::asio::io_context& io, Publisher& publisher)
    : io_(io), publisher_(publisher) {}

Reloader::~Reloader() { pool_.join(); }

void Reloader::Submit(std::function<void(Loaded&)> job, Done done) {
  boost::asio::post(pool_, [this, job = std::move(job), done = std::move(done)] {
    Loaded loaded;
    try {
      job(loaded);
    } catch (const std::exception& error) {
      // Out of memory, most likely: what is served goes on.
      loaded = {};
      loaded.errors.push_back(absl::StrCat("cannot load the configuration: ", error.what()));
    }
    boost::asio::post(io_,
                      [done, loaded = std::move(loaded)]() mutable { done(std::move(loaded)); });
  });
}

void Reloader::WriteTable(Loaded& loaded) {
  absl::StatusOr<uint64_t> written = publisher_.WriteTable(*loaded.state, &loaded.size);
  if (written.ok()) {
    loaded.table_generation = *written;
    return;
  }
  loaded.errors.push_back(std::string(written.status().message()));
  loaded.state = nullptr;
}

void Reloader::LoadTable(const std::string& instance, ConfigResult result, Loaded& loaded) {
  for (const ConfigError& error : result.errors) loaded.errors.push_back(error.Text());
  for (const ConfigError& warning : result.warnings) loaded.warnings.push_back(warning.Text());
  if (result.state == nullptr) return;
  if (result.state->instance != instance) {
    loaded.errors.push_back(absl::StrCat(result.state->config_file, ": instance: is '",
                                         result.state->instance, "', but this process serves '",
                                         instance, "'; restart to change it"));
    return;
  }
  loaded.state = std::move(result.state);
  WriteTable(loaded);
}

void Reloader::Commit(const ReloadOrder& order, Loaded& loaded) {
  if (!loaded.state || !order.commit) return;
  const absl::Status status = order.commit(*loaded.state);
  if (status.ok()) return;
  publisher_.DiscardTable(loaded.table_generation);
  loaded.errors.push_back(std::string(status.message()));
  loaded.state = nullptr;
}

void Reloader::LoadAndWrite(const std::string& instance, const ReloadOrder& order,
                            std::shared_ptr<const Configuration> live, Done done) {
  Submit(
      [this, instance, order, live = std::move(live)](Loaded& loaded) {
        LoadTable(instance, order.load(live), loaded);
        Commit(order, loaded);
      },
      std::move(done));
}

void Reloader::Write(std::shared_ptr<const DesiredState> state, Done done) {
  Submit(
      [this, state = std::move(state)](Loaded& loaded) {
        loaded.state = state;
        WriteTable(loaded);
      },
      std::move(done));
}

void Reloader::Run(std::function<void()> job, std::function<void()> done) {
  boost::asio::post(pool_, [this, job = std::move(job), done = std::move(done)]() mutable {
    job();
    // What both hold is let go of on the loop, which is the last to have it.
    job = nullptr;
    boost::asio::post(io_, std::move(done));
  });
}

void Reloader::Free(std::shared_ptr<const DesiredState> state) {
  boost::asio::post(pool_, [state = std::move(state)]() mutable { state.reset(); });
}

}  // namespace understudy::control
