#include "tools/understudyctl/text_files.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <istream>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace understudy::ctl {
namespace {

namespace fs = std::filesystem;

std::string ErrnoText() { return std::generic_category().message(errno); }

std::string ReadAll(std::istream& from, size_t max_octets, std::string* text) {
  text->clear();
  std::array<char, size_t{64} * 1024> piece;
  while (from.read(piece.data(), piece.size()) || from.gcount() > 0) {
    text->append(piece.data(), static_cast<size_t>(from.gcount()));
    if (text->size() > max_octets) return absl::StrCat("is larger than ", max_octets, " octets");
  }
  return from.bad() ? "cannot be read: " + ErrnoText() : "";
}

}  // namespace

std::string ReadText(const std::string& path, size_t max_octets, std::string* text) {
  std::error_code error;
  if (fs::is_directory(path, error)) return "is a folder";
  std::ifstream file(path, std::ios::binary);
  if (!file) return "cannot be opened: " + ErrnoText();
  return ReadAll(file, max_octets, text);
}

std::string ReadStdin(size_t max_octets, std::string* text) {
  return ReadAll(std::cin, max_octets, text);
}

std::string WriteText(const std::string& path, const std::string& text) {
  std::error_code error;
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error) return "cannot be written: " + error.message();
  const std::string unfinished = path + ".unfinished";
  {
    std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    file.close();
    if (!file) {
      const std::string why = ErrnoText();
      fs::remove(unfinished, error);
      return "cannot be written: " + why;
    }
  }
  fs::rename(unfinished, path, error);
  if (!error) return "";
  const std::string why = error.message();
  fs::remove(unfinished, error);
  return "cannot be written: " + why;
}

}  // namespace understudy::ctl
