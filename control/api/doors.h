// Doors: the ways in to the API: the Unix socket always, TCP with TLS where it was asked for.
//
// They are options of the command line, not of the configuration: no configuration that somebody
// applies can lock the operators out, or let others in.
// Used by: main.
#ifndef UNDERSTUDY_CONTROL_API_DOORS_H_
#define UNDERSTUDY_CONTROL_API_DOORS_H_

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/api/api.h"
#include "control/api/remote_server.h"
#include "control/api/server.h"

namespace understudy::control {

struct DoorOptions {
  std::string socket;
  ApiServer::Access socket_access;
  // All four or none.
  std::vector<std::string> listen;
  std::string certificate;
  std::string key;
  std::string tokens;
};

class Doors {
 public:
  static absl::StatusOr<std::unique_ptr<Doors>> Open(boost::asio::io_context& loop, Engine& engine,
                                                     Api& api, const DoorOptions& options);
  // Reads tokens and certificate again, away from the loop. What cannot be used is an event, and
  // the old goes on.
  void Renew();
  void Close();

  DoorCounts counts() const;

 private:
  Doors(boost::asio::io_context& loop, Engine& engine, Api& api);

  boost::asio::io_context& loop_;
  Engine& engine_;
  ApiServer local_;
  std::unique_ptr<RemoteServer> remote_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_DOORS_H_
