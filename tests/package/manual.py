"""A manual page as its source says it (NAME.SECTION.scd), and what a program's --help says.

Used by: test_manuals.py. A page explains things in entries: a line of keys (`*--port* _PORT_`), and
below it, indented by a tab, what they mean.
"""
import re

from conftest import ROOT

PAGES = {
    "understudy-dataplane.8": "dataplane/understudy-dataplane.8.scd",
    "understudy-control.8": "control/understudy-control.8.scd",
    "understudy.yaml.5": "control/config/understudy.yaml.5.scd",
    "understudyctl.1": "tools/understudyctl/understudyctl.1.scd",
    "understudy-load.1": "tools/understudy-load/understudy-load.1.scd",
}
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z0-9-]*")


def source(page):
    return (ROOT / PAGES[page]).read_text()


def plain(text):
    """Without the marks of bold, underlined and escaped letters."""
    return re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)\*|(?<![\w\\])_|(?<!\\)_(?!\w)", "", text))


def section(page, title):
    """The text of one section, up to the next."""
    found = re.search(rf"^# {title}\n(.*?)(?=^# |\Z)", source(page), re.M | re.S)
    assert found, f"{page} has no section {title}"
    return found.group(1)


def entries(text):
    """[(line of keys, what it means)], both plain."""
    found = re.findall(r"^([^\t\n#].*)\n((?:\t.*\n?)+)", text, re.M)
    return [(plain(keys), plain(meaning).strip()) for keys, meaning in found]


def helped(help_text):
    """{option: (what kind of value, its default)} of CLI11's --help; both may be empty."""
    options = {}
    line = re.compile(r"^  (-[\w,-]+)(?:\{\w+\})?( [A-Z]+(?::(.*?))?(?:=(\S+))?)?(?=  |$| ?\.\.\.| REQUIRED| Excl)", re.M)
    for names, _, kind, default in line.findall(help_text):
        options[names.split(",")[-1]] = (kind, default)
    return options
