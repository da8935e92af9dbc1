// Connections: the places of one listener, and who has to make room when all are taken.
//
// Used by: the servers, each on its own thread.
// Invariants
//  1. At most `total` places are taken, and at most `per_source` by one source address.
//  2. Who was admitted keeps its place. A newcomer gets the place of the oldest that was not, of
//     its own source first: a flood of connections displaces itself.
#ifndef UNDERSTUDY_CONTROL_API_CONNECTIONS_H_
#define UNDERSTUDY_CONTROL_API_CONNECTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace understudy::control {

class Connections {
 public:
  struct Limits {
    size_t total = 0;
    size_t per_source = 0;
  };
  // Held for as long as the connection lives, however it ends.
  class Place;

  explicit Connections(Limits limits) : register_(std::make_shared<Register>(limits)) {}

  // `close` ends the connection when it has to make room; it is called at most once. Null: all
  // places are taken by those who were admitted.
  std::shared_ptr<Place> Take(const std::string& source, std::function<void()> close);

  size_t open() const;
  uint64_t displaced() const;

 private:
  struct Entry {
    std::string source;
    std::function<void()> close;
    bool admitted = false;
    bool displaced = false;
  };
  struct Register {
    explicit Register(Limits given) : limits(given) {}
    const Limits limits;
    std::list<Entry> entries;  // oldest first
    std::unordered_map<std::string, size_t> by_source;
    size_t open = 0;
    uint64_t displaced = 0;
  };
  static bool MakeRoom(Register& places, const std::string* source);

  // Shared with the places, which may outlive this until the loop ends.
  std::shared_ptr<Register> register_;
};

class Connections::Place {
 public:
  Place(std::shared_ptr<Register> places, std::list<Entry>::iterator entry)
      : register_(std::move(places)), entry_(entry) {}
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  // It has shown who it is: it keeps its place from now on.
  void Admit() { entry_->admitted = true; }

 private:
  const std::shared_ptr<Register> register_;
  const std::list<Entry>::iterator entry_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_API_CONNECTIONS_H_
