// Screen: the whole terminal, by ncurses (resizes, every terminal there is). The terminal is given
// back as it was when the object goes, whether by q, by a signal, or by an exception.
//
// Used by: top.
#ifndef UNDERSTUDY_TOOLS_UNDERSTUDYCTL_SCREEN_H_
#define UNDERSTUDY_TOOLS_UNDERSTUDYCTL_SCREEN_H_

#include <memory>
#include <string>
#include <vector>

#include "tools/understudyctl/top_page.h"

namespace understudy::ctl {

class Screen {
 public:
  // Null: standard input or output is no terminal, or one that cannot be addressed (TERM).
  static std::unique_ptr<Screen> Open();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  size_t width() const;
  // What does not fit is counted in the last line, above `keys`.
  void Draw(const std::vector<TopLine>& lines, const std::string& keys);
  // A key, or 0 after so long or when the terminal has another size now.
  int WaitForKey(int timeout_ms);

 private:
  Screen() = default;
};

}  // namespace understudy::ctl

#endif  // UNDERSTUDY_TOOLS_UNDERSTUDYCTL_SCREEN_H_
