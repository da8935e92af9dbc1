// Event tail: follows the events of an instance from answer to answer, over restarts of control.
//
// Used by: watch and events --follow. Pure: it says what to ask next, and which events of an answer
// are new.
// Invariants
//  1. No event is given out twice, whatever is asked again.
//  2. None is left out, unless control no longer keeps it (`missed` says how many). A control that
//     is killed may forget the events its disk had not taken yet and give their ids away again:
//     after LookBack the last events that were seen are asked for once more, and those that are
//     others now are new.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_EVENT_TAIL_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_EVENT_TAIL_H_

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace understudy::ctl {

class EventTail {
 public:
  static constexpr size_t kRemembered = 256;

  // `subjects`: of these checks and groups alone, separated by commas; empty: all events.
  explicit EventTail(std::string subjects) : subjects_(std::move(subjects)) {}

  // What to ask for first: the newest event, to know where to begin; or what happened since.
  std::string FirstTarget(const std::string& since, uint64_t limit) const;
  // Takes the answer to it. `shown`: its events were asked for, and are given out.
  boost::json::array Begin(const boost::json::object& body, bool shown);

  // What to ask for next. Waits for it so long; with "0s" not at all.
  std::string NextTarget(const std::string& wait) const;
  // The events of the answer that are new, oldest first.
  boost::json::array Take(const boost::json::object& body);

  // After control could not be reached.
  void LookBack();
  // Events that are lost to us, by the last answer.
  int64_t missed() const { return missed_; }

 private:
  struct Seen {
    int64_t id = 0;
    std::string time;
    std::string text;
    bool operator==(const Seen&) const = default;
  };

  std::string SubjectQuery() const;
  bool Remember(const boost::json::object& event);

  const std::string subjects_;
  int64_t after_ = 0;
  int64_t missed_ = 0;
  bool looking_back_ = false;
  std::deque<Seen> seen_;
};

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_EVENT_TAIL_H_
