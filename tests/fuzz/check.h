// What a fuzz target does when an invariant breaks: say which, and crash where the fuzzer sees it.
#ifndef UNDERSTUDY_TESTS_FUZZ_CHECK_H_
#define UNDERSTUDY_TESTS_FUZZ_CHECK_H_

#include <cstdio>
#include <cstdlib>
#include <string>

namespace understudy::fuzz {

inline void Check(bool holds, const std::string& invariant) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", invariant.c_str());
  std::abort();
}

}  // namespace understudy::fuzz

#endif  // UNDERSTUDY_TESTS_FUZZ_CHECK_H_
