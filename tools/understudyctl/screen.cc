#include "tools/understudyctl/screen.h"

#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>

// Without them, ncurses makes macros of words like timeout and erase.
#define NCURSES_NOMACROS
#include <ncurses.h>

namespace understudy::ctl {
namespace {

constexpr short kBadPair = 1, kTitlePair = 2;

attr_t AttributesOf(TopStyle style) {
  switch (style) {
    case TopStyle::kPlain:
      return A_NORMAL;
    case TopStyle::kTitle:
      return A_BOLD | (has_colors() ? static_cast<attr_t>(COLOR_PAIR(kTitlePair)) : 0);
    case TopStyle::kHead:
      return A_REVERSE;
    case TopStyle::kBad:
      return A_BOLD | (has_colors() ? static_cast<attr_t>(COLOR_PAIR(kBadPair)) : 0);
  }
  return A_NORMAL;
}

void Put(int row, const std::string& text, attr_t attributes) {
  attrset(static_cast<int>(attributes));
  mvaddstr(row, 0, text.c_str());
}

}  // namespace

std::unique_ptr<Screen> Screen::Open() {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) return nullptr;
  std::setlocale(LC_CTYPE, "");  // how wide characters are
  // Not initscr, which ends the process when it does not know the terminal.
  if (newterm(nullptr, stdout, stdin) == nullptr) return nullptr;
  auto screen = std::unique_ptr<Screen>(new Screen());
  cbreak();
  noecho();
  keypad(stdscr, TRUE);
  curs_set(0);
  if (has_colors()) {
    start_color();
    use_default_colors();
    init_pair(kBadPair, COLOR_RED, -1);
    init_pair(kTitlePair, COLOR_CYAN, -1);
  }
  return screen;
}

Screen::~Screen() { endwin(); }

size_t Screen::width() const { return static_cast<size_t>(std::max(getmaxx(stdscr), 1)); }

void Screen::Draw(const std::vector<TopLine>& lines, const std::string& keys) {
  const auto height = static_cast<size_t>(std::max(getmaxy(stdscr), 1));
  const size_t room = height > 1 ? height - 1 : 0;
  const bool fits = lines.size() <= room;
  const size_t shown = fits ? lines.size() : (room > 0 ? room - 1 : 0);
  erase();
  for (size_t i = 0; i < shown; ++i) {
    Put(static_cast<int>(i), lines[i].text, AttributesOf(lines[i].style));
  }
  if (!fits && room > 0) {
    Put(static_cast<int>(shown), "... " + std::to_string(lines.size() - shown) + " more lines",
        A_DIM);
  }
  Put(static_cast<int>(height - 1), keys.substr(0, width() - 1), A_DIM);
  refresh();
}

int Screen::WaitForKey(int timeout_ms) {
  timeout(timeout_ms);
  const int key = getch();
  return key == ERR || key == KEY_RESIZE ? 0 : key;
}

}  // namespace understudy::ctl
