// Where the files come from that a configuration names: the disk, or texts that were handed in.
//
// Used by: config.cc (chooses one), zones.cc (reads from it).
// Invariant: whatever the source, a file has the same name where something in it is told.
#ifndef UNDERSTUDY_CONTROL_CONFIG_FILE_SOURCE_H_
#define UNDERSTUDY_CONTROL_CONFIG_FILE_SOURCE_H_

#include <cstddef>
#include <set>
#include <string>
#include <utility>

#include "control/config/configuration.h"

namespace understudy::control {

class FileSource {
 public:
  virtual ~FileSource() = default;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  // Fills `text` with what the configuration calls `file`. What is wrong; empty when it was read.
  virtual std::string Read(const std::string& file, size_t max_octets, std::string* text) = 0;
  // Relative files are below the folder of the configuration.
  std::string PlaceOf(const std::string& file) const;

 protected:
  explicit FileSource(std::string folder) : folder_(std::move(folder)) {}

 private:
  const std::string folder_;
};

// The folder that relative files of the configuration `path` are below; empty: the current one.
std::string FolderOf(const std::string& path);

class DiskFiles : public FileSource {
 public:
  // With a `packer` all that is read is kept.
  explicit DiskFiles(std::string folder, TextsPacker* packer = nullptr)
      : FileSource(std::move(folder)), packer_(packer) {}
  std::string Read(const std::string& file, size_t max_octets, std::string* text) override;

 private:
  TextsPacker* const packer_;
};

class GivenFiles : public FileSource {
 public:
  // `texts` must outlive it.
  explicit GivenFiles(const ConfigTexts& texts) : FileSource(FolderOf(texts.file)), texts_(texts) {}
  std::string Read(const std::string& file, size_t max_octets, std::string* text) override;
  // Files that were asked for, and are not among the texts.
  const std::set<std::string>& missing() const { return missing_; }
  const std::set<std::string>& used() const { return used_; }

 private:
  const ConfigTexts& texts_;
  std::set<std::string> missing_;
  std::set<std::string> used_;
};

}  // namespace understudy::control

#endif  // UNDERSTUDY_CONTROL_CONFIG_FILE_SOURCE_H_
