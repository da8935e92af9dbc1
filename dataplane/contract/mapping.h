// Files mapped into memory, and the lock that says who owns one. The lowest layer of the contract.
//
// Used by: every segment of the contract. Owner of a mapping is the Mapping object; moving moves
// it. Errors: an empty Mapping and a sentence with path and errno.
#ifndef UNDERSTUDY_DATAPLANE_CONTRACT_MAPPING_H_
#define UNDERSTUDY_DATAPLANE_CONTRACT_MAPPING_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace understudy::contract {

class Mapping {
 public:
  Mapping() = default;
  ~Mapping();
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;

  // Maps all of an existing file, read-only (the default: each side maps the other's so) or shared
  // for writing.
  static Mapping OpenReadOnly(const std::string& path, std::string* error);
  static Mapping OpenWritable(const std::string& path, std::string* error);

  // Creates `path` anew (mode 0640) with `size` zero bytes whose blocks are reserved (ENOSPC is
  // reported here).
  static Mapping Create(const std::string& path, size_t size, std::string* error);

  // Puts the first `octets` on huge pages, where there are any (Linux 6.1 and later; whatever the
  // system's setting, because it is asked for by name): a table of a million names then costs a
  // lookup no walk of page tables. The kernel copies what it collapses, so this takes a while for a
  // large file. Without huge pages all goes on as it was.
  void UseHugePages(size_t octets) const noexcept;

  uint8_t* data() const { return static_cast<uint8_t*>(data_); }
  size_t size() const { return size_; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  static Mapping Open(const std::string& path, bool writable, std::string* error);

  void* data_ = nullptr;
  size_t size_ = 0;
};

// An open-file-description lock on `path` (created when missing): the kernel frees it when its
// owner dies, even by SIGKILL, so a lock that is held means an owner that lives.
class OwnerLock {
 public:
  OwnerLock() = default;
  ~OwnerLock();
  OwnerLock(OwnerLock&& other) noexcept;
  OwnerLock& operator=(OwnerLock&& other) noexcept;

  // Not held after a failure: `error` says who holds it (the pid written in the file) or why not.
  static OwnerLock Acquire(const std::string& path, std::string* error);
  // A lock that its owner has handed over, as the descriptor it gave: it was never free between.
  static OwnerLock Inherit(int fd);
  // Whether somebody holds it now.
  static bool IsHeld(const std::string& path);

  explicit operator bool() const { return fd_ >= 0; }
  int fd() const { return fd_; }

 private:
  void WriteOwner() const;

  int fd_ = -1;
};

// CLOCK_MONOTONIC: one clock for all processes of the machine, and no administrator can step it.
uint64_t MonotonicNs();

}  // namespace understudy::contract

#endif  // UNDERSTUDY_DATAPLANE_CONTRACT_MAPPING_H_
