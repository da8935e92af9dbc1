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

class Reloader {
 public:
  using Load = std::function<ConfigResult()>;
  using Done = std::function<void(Loaded)>;

  Reloader(boost::asio::io_context& io, Publisher& publisher, Load load);
  ~Reloader();  // waits for the job under way

  // `instance` must not change by a reload. `done` runs on the loop.
  void LoadAndWrite(const std::string& instance, Done done);
  // The same for a configuration that was read already.
  void Write(std::shared_ptr<const DesiredState> state, Done done);
  // Frees a large configuration away from the loop.
  void Free(std::shared_ptr<const DesiredState> state);

 private:
  void WriteTable(Loaded& loaded);
  void Submit(std::function<void(Loaded&)> job, Done done);

  boost::asio::io_context& io_;
  Publisher& publisher_;
  const Load load_;
  boost::asio::thread_pool pool_{1};
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_ENGINE_RELOADER_H_
