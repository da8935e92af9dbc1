"""The layer check holds for this repository, and it can fail."""
import pathlib

import layers
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


def test_this_repository_keeps_the_dependency_rule():
    assert list(layers.violations(ROOT)) == []


# {what is wrong, file, its one line}
VIOLATIONS = [
    ("the contract knows wire", "dataplane/contract/a.h", '#include "dataplane/wire/name.h"'),
    ("wire knows the contract", "dataplane/wire/a.h", '#include "dataplane/contract/table.h"'),
    ("the contract knows Abseil", "dataplane/contract/a.h", '#include "absl/time/time.h"'),
    ("the contract knows DPDK", "dataplane/contract/a.cc", "#include <rte_rcu_qsbr.h>"),
    ("the contract knows a foreign library", "dataplane/contract/a.cc", "#include <zlib.h>"),
    ("the responder knows DPDK", "dataplane/responder/a.cc", "#include <rte_mbuf.h>"),
    ("the responder knows the worker", "dataplane/responder/a.cc",
     '#include "dataplane/worker/worker.h"'),
    ("listen knows DPDK", "dataplane/listen/a.cc", "#include <rte_ethdev.h>"),
    ("the dataplane knows Abseil", "dataplane/worker/a.cc", '#include "absl/status/status.h"'),
    ("the dataplane knows control", "dataplane/main.cc", '#include "control/config/config.h"'),
    ("control knows DPDK", "control/engine/a.cc", "#include <rte_eal.h>"),
    ("control knows the responder", "control/api/a.cc",
     '#include "dataplane/responder/responder.h"'),
    ("the tools know control", "tools/understudyctl/a.cc", '#include "control/config/config.h"'),
    ("a program includes a test", "control/engine/a.cc", '#include "tests/control/fake.h"'),
    ("a test includes a benchmark", "tests/control/a.cc", '#include "bench/table.h"'),
    ("an include is relative", "control/engine/a.cc", '#include "config.h"'),
    ("a source file at the top", "main.cc", "int main() {}"),
    ("a name that says nothing", "control/engine/util.h", ""),
    ("a name that says nothing", "control/string_helpers.cc", ""),
]
INCLUDED = ["dataplane/wire/name.h", "dataplane/contract/table.h", "dataplane/worker/worker.h",
            "dataplane/responder/responder.h", "control/config/config.h", "tests/control/fake.h",
            "bench/table.h", "control/engine/config.h"]


def a_repository(folder, path, line):
    for included in INCLUDED:
        (folder / included).parent.mkdir(parents=True, exist_ok=True)
        (folder / included).write_text("")
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(line + "\n")


@pytest.mark.parametrize("what, path, line", VIOLATIONS,
                         ids=[f"{what}: {path}" for what, path, _ in VIOLATIONS])
def test_a_violation_is_found(tmp_path, what, path, line):
    a_repository(tmp_path, path, line)
    found = list(layers.violations(tmp_path))
    assert len(found) == 1 and found[0].startswith(path), found


def test_what_the_rule_allows_is_not_reported(tmp_path):
    a_repository(tmp_path, "dataplane/responder/a.cc",
                 '#include <vector>\n#include <sys/mman.h>\n'
                 '#include "dataplane/wire/name.h"\n#include "dataplane/contract/table.h"')
    a_repository(tmp_path, "dataplane/worker/a.cc",
                 '#include <rte_mbuf.h>\n#include "dataplane/responder/responder.h"')
    a_repository(tmp_path, "control/engine/a.cc",
                 '#include "absl/time/time.h"\n#include <sqlite3.h>\n'
                 '#include "control/config/config.h"\n#include "dataplane/contract/table.h"')
    assert list(layers.violations(tmp_path)) == []
