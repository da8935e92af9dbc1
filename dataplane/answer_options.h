// The options of the command line that say how answers look: sizes, who we say
// we are, cookies.
//
// Used by: options.
#ifndef UNDERSTUDY_DATAPLANE_ANSWER_OPTIONS_H_
#define UNDERSTUDY_DATAPLANE_ANSWER_OPTIONS_H_

#include <string>

#include "dataplane/responder/responder.h"

namespace CLI {
class App;
}  // namespace CLI

namespace understudy {

struct Options;

// Texts of options, until they are checked.
class AnswerOptions {
 public:
  // `this` and `options` must outlive the parsing.
  void Declare(CLI::App& app, Options& options);
  // After parsing. The sentence of the first thing that is wrong; empty when nothing is.
  std::string Take(responder::ResponderOptions& responder) const;

 private:
  std::string nsid_;
};

}  // namespace understudy

#endif  // UNDERSTUDY_DATAPLANE_ANSWER_OPTIONS_H_
