#include "dataplane/hand_over.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <utility>
#include <vector>

namespace understudy {
namespace {

enum Word : char { kOwns = 'o', kRelease = 'r', kReleased = 'd', kServing = 's', kTooLate = 'l' };

constexpr size_t kMostDescriptors = 253;  // SCM_MAX_FD of Linux
constexpr size_t kMostText = 16'384;
constexpr uint64_t kLookEveryNs = 10'000'000;
constexpr int kAnswerWithinMs = 5000;
constexpr int kReleaseWithinMs = 10'000;  // less than the other's patience

bool AddressOf(const std::string& path, sockaddr_un* address) {
  address->sun_family = AF_UNIX;
  if (path.size() >= sizeof(address->sun_path)) return false;
  std::memcpy(address->sun_path, path.c_str(), path.size() + 1);
  return true;
}

std::string Failure(const std::string& what, const std::string& path) {
  return what + " " + path + ": " + std::strerror(errno);
}

bool Say(int fd, Word word) { return send(fd, &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1; }

// The next word, 0 when the other end is gone or says nothing in time.
char Hear(int fd, int timeout_ms) {
  pollfd wait = {fd, POLLIN, 0};
  char word = 0;
  if (poll(&wait, 1, timeout_ms) != 1 || recv(fd, &word, 1, 0) != 1) return 0;
  return word;
}

// Text, and room for so many descriptors beside it.
struct Parcel {
  Parcel(std::string& text, size_t descriptors) : control(CMSG_SPACE(descriptors * sizeof(int))) {
    part = {text.data(), text.size()};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;

  std::vector<char> control;
  iovec part = {};
  msghdr message = {};
};

bool Give(int fd, const Belongings& own) {
  std::string text(1, kOwns);
  std::vector<int> descriptors;
  for (const auto& [name, descriptor] : own) {
    text += name + "\n";
    descriptors.push_back(descriptor);
  }
  if (descriptors.empty() || descriptors.size() > kMostDescriptors || text.size() > kMostText) {
    return false;
  }
  const size_t size = descriptors.size() * sizeof(int);
  Parcel parcel(text, descriptors.size());
  cmsghdr* header = CMSG_FIRSTHDR(&parcel.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(header), descriptors.data(), size);
  return sendmsg(fd, &parcel.message, MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(text.size());
}

std::vector<int> DescriptorsIn(msghdr& message) {
  std::vector<int> descriptors;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    descriptors.resize((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(descriptors.data(), CMSG_DATA(header), descriptors.size() * sizeof(int));
  }
  return descriptors;
}

bool Receive(int fd, Belongings* own) {
  pollfd wait = {fd, POLLIN, 0};
  if (poll(&wait, 1, kAnswerWithinMs) != 1) return false;
  std::string text(kMostText, '\0');
  Parcel parcel(text, kMostDescriptors);
  const ssize_t length = recvmsg(fd, &parcel.message, MSG_CMSG_CLOEXEC);
  const std::vector<int> descriptors = DescriptorsIn(parcel.message);
  std::istringstream lines(length > 1 ? text.substr(1, static_cast<size_t>(length) - 1) : "");
  std::string name;
  for (const int descriptor : descriptors) {
    if (std::getline(lines, name) && own->emplace(name, descriptor).second) continue;
    close(descriptor);
  }
  return length > 1 && text[0] == kOwns && own->size() == descriptors.size();
}

bool MayAsk(int fd, pid_t* pid) {
  ucred peer = {};
  socklen_t length = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return false;
  *pid = peer.pid;
  return peer.uid == geteuid() || peer.uid == 0;
}

}  // namespace

std::unique_ptr<HandOver> HandOver::Open(const std::string& path, std::string* error) {
  std::unique_ptr<HandOver> hand_over(new HandOver);
  const std::string aside = path + ".tmp";
  sockaddr_un address = {};
  if (!AddressOf(aside, &address)) {
    *error = aside + " is too long for a socket";
    return nullptr;
  }
  unlink(aside.c_str());
  hand_over->listening_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int fd = hand_over->listening_;
  // Made aside, so that who connects to the name meets somebody who listens.
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      chmod(aside.c_str(), 0600) != 0 || listen(fd, 1) != 0 ||
      rename(aside.c_str(), path.c_str()) != 0) {
    *error = Failure("cannot listen at", path);
    return nullptr;
  }
  return hand_over;
}

HandOver::~HandOver() {
  if (talking_ >= 0) close(talking_);
  if (listening_ >= 0) close(listening_);
}

void HandOver::Accept(uint64_t now_ns, const std::function<Belongings()>& own) {
  const int fd = accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  if (!MayAsk(fd, &successor_) || !Give(fd, own())) {
    close(fd);
    return;
  }
  talking_ = fd;
  released_ = false;
  patient_until_ns_ = now_ns + kPatienceNs;
}

HandOver::Event HandOver::EndConversation() {
  close(talking_);
  talking_ = -1;
  released_ = false;
  return Event::kGone;
}

HandOver::Event HandOver::Poll(uint64_t now_ns, const std::function<Belongings()>& own) {
  if (now_ns < next_look_ns_) return Event::kNone;
  if (talking_ < 0) {
    next_look_ns_ = now_ns + kLookEveryNs;
    Accept(now_ns, own);
    return Event::kNone;
  }
  char word = 0;
  const ssize_t length = recv(talking_, &word, 1, MSG_DONTWAIT);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
    // One that is starting takes its time: nothing waits for it until it has asked for release.
    if (!released_ || now_ns < patient_until_ns_) return Event::kNone;
    Say(talking_, kTooLate);
    return EndConversation();
  }
  if (length == 1 && word == kRelease && !released_) {
    released_ = true;
    patient_until_ns_ = now_ns + kPatienceNs;
    return Event::kRelease;
  }
  if (length == 1 && word == kServing && released_) return Event::kServing;
  return EndConversation();
}

void HandOver::SayReleased() { Say(talking_, kReleased); }

std::unique_ptr<Predecessor> Predecessor::Find(const std::string& path, std::string* error) {
  error->clear();
  std::unique_ptr<Predecessor> predecessor(new Predecessor);
  sockaddr_un address = {};
  if (!AddressOf(path, &address)) return nullptr;
  predecessor->talking_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  const int fd = predecessor->talking_;
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (fd < 0 || (errno != ENOENT && errno != ECONNREFUSED)) {
      *error = Failure("cannot ask the running dataplane at", path);
    }
    return nullptr;
  }
  if (Receive(fd, &predecessor->belongings_)) return predecessor;
  *error = "the running dataplane does not hand over (no answer at " + path +
           "): stop it before this one is started";
  return nullptr;
}

Predecessor::~Predecessor() {
  if (talking_ >= 0) close(talking_);
  for (const auto& [name, descriptor] : belongings_) close(descriptor);
}

int Predecessor::Take(const std::string& name) {
  const auto found = belongings_.find(name);
  if (found == belongings_.end()) return -1;
  const int descriptor = found->second;
  belongings_.erase(found);
  return descriptor;
}

std::string Predecessor::Release() {
  if (!Say(talking_, kRelease)) return "";  // dead: what it had is free
  pollfd wait = {talking_, POLLIN, 0};
  if (poll(&wait, 1, kReleaseWithinMs) != 1) return "the running dataplane does not release";
  Hear(talking_, 0);
  return "";
}

bool Predecessor::SayServing() {
  // One that died since has nothing to go on with; one that says something was too long without us.
  pollfd wait = {talking_, POLLIN, 0};
  if (poll(&wait, 1, 0) == 1) return Hear(talking_, 0) == 0;
  return Say(talking_, kServing);
}

}  // namespace understudy
