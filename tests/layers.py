#!/usr/bin/python3
"""The dependency rule of this repository, checked over every #include line and every file name.

Usage: tests/layers.py [ROOT]      prints one line per violation; exit code 1 when there is any

LAYERS is the rule. A file belongs to the longest entry its path begins with; it may include its own
entry and those it names. A project include is written from the root of the repository.
"""
import pathlib
import re
import sys

# folder (or file) -> what it may include of this project
LAYERS = {
    "dataplane/contract/": set(),
    "dataplane/wire/": set(),
    "dataplane/responder/": {"dataplane/contract/", "dataplane/wire/"},
    "dataplane/port/": {"dataplane/contract/", "dataplane/wire/", "dataplane/responder/"},
    "dataplane/listen/": {"dataplane/contract/", "dataplane/wire/", "dataplane/responder/",
                          "dataplane/worker/"},
    "dataplane/worker/": {"dataplane/contract/", "dataplane/wire/", "dataplane/responder/",
                          "dataplane/port/"},
    "dataplane/process/": set(),
    "dataplane/": {"dataplane/contract/", "dataplane/wire/", "dataplane/responder/",
                   "dataplane/port/", "dataplane/listen/", "dataplane/worker/",
                   "dataplane/process/"},
    "control/": {"dataplane/contract/"},
    "tools/": {"dataplane/contract/"},
    # The load generator is a packet path of its own: the same ports, the same frames.
    "tools/understudy-load/": {"dataplane/port/", "dataplane/wire/"},
    # Benchmarks ask the questions that tests ask: the packet cases are data with several users.
    "bench/": {"dataplane/", "control/", "tests/dataplane/"},
    "tests/": {"dataplane/", "control/", "tools/"},
}

# Foreign headers: what they are, and the only places that may include them.
DPDK = {"dataplane/port/", "dataplane/worker/", "dataplane/main.cc", "tools/understudy-load/",
        "bench/", "tests/"}
OUTSIDE_DATAPLANE = {"control/", "tools/", "bench/", "tests/"}
FOREIGN = [
    (re.compile(r"^rte_"), "DPDK", DPDK),
    (re.compile(r"^(bpf|xdp)/"), "libbpf and libxdp",
     {"dataplane/port/", "tools/understudyctl/doctor/", "tools/understudy-load/", "tests/"}),
    (re.compile(r"^absl/"), "Abseil", OUTSIDE_DATAPLANE),
    (re.compile(r"^(boost|ldns|openssl|prometheus)/|^(ares|sqlite3|yaml)\.h$"),
     "control's libraries", OUTSIDE_DATAPLANE),
    (re.compile(r"^sodium/"), "libsodium",
     {"dataplane/responder/", "dataplane/cookie_keeper.cc", "tests/"}),
    (re.compile(r"^(systemd/|cap-ng\.h$|seccomp\.h$)"), "what a process is to its system",
     {"dataplane/process/", "control/supervisor.cc", "tests/"}),
    (re.compile(r"^(gtest|gmock)/"), "GoogleTest", {"tests/"}),
    (re.compile(r"^benchmark/"), "Google Benchmark", {"bench/"}),
]

# The lowest layers include the standard library and POSIX, and from outside only what FOREIGN
# gives them by name.
PLAIN_ONLY = {"dataplane/contract/", "dataplane/wire/", "dataplane/responder/"}
PLAIN = re.compile(
    r"^(?:[a-z_]+"                                     # <vector>
    r"|(?:sys|netinet|arpa|net|linux)/[a-z_0-9]+\.h"   # <sys/mman.h>
    r"|(?:dirent|endian|errno|fcntl|poll|pthread|sched|signal|stdint|stdlib|string|time|unistd"
    r"|byteswap|emmintrin|immintrin|nmmintrin|smmintrin|tmmintrin|x86intrin|arm_neon|arm_acle"
    r"|cpuid)\.h)$")

BANNED_NAMES = re.compile(r"^(?:util|utils|common|helper|helpers|misc|types|manager|managers)"
                          r"(?:\.[a-z]+)?$|_(?:util|utils|helper|helpers|misc)\.[a-z]+$")

SOURCES = {".h", ".cc", ".c", ".cpp", ".hpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)


def layer_of(path):
    """The entry of LAYERS that `path` belongs to, or None."""
    fitting = [layer for layer in LAYERS if path.startswith(layer)]
    return max(fitting, key=len, default=None)


def within(path, places):
    return any(path.startswith(place) for place in places)


def project_violation(path, layer, included):
    if (included.startswith(("tests/", "bench/")) and not included.startswith(layer)
            and not within(included, LAYERS[layer])):
        return f"{path}: includes {included}: no program includes tests or bench"
    target = layer_of(included)
    if target == layer or (layer == "bench/" and within(included, LAYERS[layer])):
        return None
    if any(target.startswith(allowed) and (allowed == target or layer in ("bench/", "tests/"))
           for allowed in LAYERS[layer]):
        return None
    allowed = ", ".join(sorted(LAYERS[layer])) or "nothing else of this project"
    return f"{path}: includes {included}: {layer} may include {allowed}"


def is_foreign(included):
    return any(pattern.search(included) for pattern, _, _ in FOREIGN)


def foreign_violation(path, layer, included):
    for pattern, what, places in FOREIGN:
        if pattern.search(included):
            if within(path, places):
                return None
            return f"{path}: includes <{included}>: {what} belongs in {', '.join(sorted(places))}"
    if layer in PLAIN_ONLY and not PLAIN.match(included):
        return f"{path}: includes <{included}>: {layer} knows only the standard library and POSIX"
    return None


def include_violations(root, path, text):
    layer = layer_of(path)
    if layer is None:
        yield f"{path}: source files live in dataplane, control, tools, bench or tests"
        return
    for bracket, included in INCLUDE.findall(text):
        if layer_of(included) is not None and (root / included).exists():
            violation = project_violation(path, layer, included)
        elif bracket == '"' and not is_foreign(included):
            violation = (f'{path}: includes "{included}": project includes are written from the '
                         "root of the repository")
        else:
            violation = foreign_violation(path, layer, included)
        if violation:
            yield violation


def project_files(root):
    """All files of the project, without build folders and dot folders."""
    for entry in sorted(root.iterdir()):
        if entry.name.startswith((".", "build")):
            continue
        if entry.is_dir():
            yield from (file for file in sorted(entry.rglob("*"))
                        if "__pycache__" not in file.parts)
        else:
            yield entry


def violations(root):
    root = pathlib.Path(root)
    for file in project_files(root):
        path = file.relative_to(root).as_posix()
        if BANNED_NAMES.search(file.name):
            yield f"{path}: a name that says nothing: split it at its nouns"
        if file.is_file() and file.suffix in SOURCES:
            yield from include_violations(root, path, file.read_text(encoding="utf-8"))


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    found = list(violations(root))
    for violation in found:
        print(violation)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
