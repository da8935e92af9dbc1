// Reads a configuration and writes its table on a thread of its own, so that the loop goes on
// probing, deciding and beating while a million names are parsed and laid out.
//
// Used by: engine. One job at a time; the engine queues.
#ifndef UNDERSTUDY_CONTROL_ENGINE_RELOADER_H_
#define UNDERSTUDY_CONTROL_ENGINE_RELOADER_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/config/config.h"
#include "control/publication/publisher.h"

namespace understudy::control {

// A configuration that was read, and its table, written but not yet current; or every error.
struct Loaded {
  std::shared_ptr<const DesiredState> state;  // null when there are errors
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  uint64_t table_generation = 0;
  contract::TableWriter::Size size;
};

// What is loaded, and what else has to come about before it is served.
struct ReloadOrder {
  // On the reloader's thread. `live`: what is served now; null when that is not known.
  std::function<ConfigResult(const std::shared_ptr<const Configuration>& live)> load;
  // On the same thread, when the table is written and nothing of it is published. An error: nothing
  // changes. May be unset.
  std::function<absl::Status(const DesiredState&)> commit;
  // On the loop, when it could not be published although `commit` was through; set when that is.
  // `done` is called once, on any thread, when it is known what a restart would find: with an error
  // the one that was committed.
  std::function<void(std::function<void(const absl::Status&)> done)> take_back;
};

class Reloader {
 public:
  using Load = std::function<ConfigResult()>;
  using Done = std::function<void(Loaded)>;

  Reloader(boost::asio::io_context& io, Publisher& publisher);
  ~Reloader();  // waits for the job under way

  // `instance` must not change by a reload. `done` runs on the loop.
  void LoadAndWrite(const std::string& instance, const ReloadOrder& order,
                    std::shared_ptr<const Configuration> live, Done done);
  // The same for a configuration that was read already, and needs nothing else.
  void Write(std::shared_ptr<const DesiredState> state, Done done);
  // `job` on the reloader's thread, then `done` on the loop.
  void Run(std::function<void()> job, std::function<void()> done);
  // Frees a large configuration away from the loop.
  void Free(std::shared_ptr<const DesiredState> state);

 private:
  void LoadTable(const std::string& instance, ConfigResult result, Loaded& loaded);
  void WriteTable(Loaded& loaded);
  void Commit(const ReloadOrder& order, Loaded& loaded);
  void Submit(std::function<void(Loaded&)> job, Done done);

  boost::asio::io_context& io_;
  Publisher& publisher_;
  boost::asio::thread_pool pool_{1};
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_RELOADER_H_
