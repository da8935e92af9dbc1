// Writes the test cases as seeds: write_seeds DIRECTORY makes DIRECTORY/query/* and
// DIRECTORY/frame/*. The corpora in the repository were made so, and grew by what fuzzing found.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/dataplane/responder/cases.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_seeds DIRECTORY\n");
    return 2;
  }
  const auto write = [&](const char* kind, size_t number, const std::string& bytes) {
    const std::filesystem::path folder = std::filesystem::path(argv[1]) / kind;
    std::filesystem::create_directories(folder);
    std::ofstream(folder / ("case-" + std::to_string(number)), std::ios::binary) << bytes;
  };
  size_t number = 0;
  for (const auto& c : understudy::test::MessageCases()) {
    write("query", number++, understudy::test::Query(c.query));
  }
  for (const auto& c : understudy::test::FrameCases()) {
    write("frame", number++, understudy::test::Frame(c.frame));
  }
  for (const char* target : {"192.0.2.53", "192.0.2.1"}) {
    write("frame", number++, understudy::test::ArpRequest(target));
  }
  write("frame", number++, understudy::test::NeighbourSolicitation("2001:db8::53"));
  write("frame", number++, understudy::test::Echo("192.0.2.99", "192.0.2.53"));
  write("frame", number++, understudy::test::Echo("2001:db8::99", "2001:db8::53"));
  return 0;
}
