// The options of the command line about response rate limiting.
//
// Used by: options.
#ifndef UNDERSTUDY_DATAPLANE_RATE_LIMIT_OPTIONS_H_
#define UNDERSTUDY_DATAPLANE_RATE_LIMIT_OPTIONS_H_

#include <string>
#include <vector>

#include "dataplane/responder/rate_limiter.h"

namespace CLI {
class App;
}  // namespace CLI

namespace understudy {

class RateLimitOptions {
 public:
  // `this` and `limit` must outlive the parsing.
  void Declare(CLI::App& app, responder::RateLimit& limit);
  // After parsing. The sentence of the first thing that is wrong; empty when nothing is.
  std::string Take(responder::RateLimit& limit) const;

 private:
  std::vector<std::string> exempt_;
};

// What the log says about it at start.
std::string TextOf(const responder::RateLimit& limit, size_t buckets);

}  // namespace understudy

#endif  // UNDERSTUDY_DATAPLANE_RATE_LIMIT_OPTIONS_H_
