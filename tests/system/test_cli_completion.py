"""Completion, by a real shell: what TAB offers."""
import json
import re
import shutil
import subprocess

import pytest
from edge import CTL, OK, USAGE
from network import run

# What readline does at TAB, and then COMPREPLY one per line.
BASH = r"""
source <("$CTL" completion bash) || exit 9
COMP_WORDS=("$CTL" "$@")
COMP_CWORD=$#
COMP_LINE="${COMP_WORDS[*]}"
COMP_POINT=${#COMP_LINE}
_understudyctl
[[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}"
"""


def bash_offers(*words):
    done = run("bash", "--norc", "-c", BASH, "bash", *map(str, words), env={"CTL": str(CTL)})
    assert done.stderr == "", done
    return done.stdout.splitlines()


def offers(edge, *words):
    return bash_offers("--socket", edge.socket, "--shm-dir", edge.shm, *words)


def test_bash_completes_commands_options_and_sets():
    assert bash_offers("time-") == ["time-to-failover"]
    assert {"status", "watch", "history", "top", "completion"} <= set(bash_offers(""))
    assert bash_offers("top", "--on") == ["--once"]
    assert bash_offers("completion", "z") == ["zsh"]
    assert bash_offers("no-such-command", "x") == []


def test_bash_completes_the_names_that_control_knows(served):
    assert offers(served.edge, "time-to-failover", "") == ["app"]
    assert offers(served.edge, "history", "") == ["app", "eu", "us"]
    assert offers(served.edge, "history", "e") == ["eu"]
    assert offers(served.edge, "history", "--since", "1h", "a") == ["app"]
    assert offers(served.edge, "history", "nothing") == []
    assert bash_offers("history", "--socket", "=", served.edge.socket, "a") == ["app"]


def test_without_control_nothing_is_offered_and_nothing_is_said(scene):
    assert offers(scene.edge, "history", "") == []
    assert offers(scene.edge, "history", "--js") == ["--json"]


def test_instances_are_completed(served):
    assert bash_offers("--shm-dir", served.edge.shm, "--instance", "e") == ["edge1"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell_that_the_shell_can_read(shell):
    done = run(CTL, "completion", shell)
    assert done.returncode == OK
    assert re.search(r"[wW](ords|ORDS)\S* complete ", done.stdout), "it asks understudyctl"
    as_json = json.loads(run(CTL, "completion", shell, "--json").stdout)
    assert as_json == {"shell": shell, "script": done.stdout}
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=done.stdout, text=True, capture_output=True,
                                 timeout=10)
        assert checked.returncode == 0 and checked.stderr == "", checked


def test_another_shell_is_refused_with_those_there_are():
    done = run(CTL, "completion", "tcsh", check=False)
    assert done.returncode == USAGE and "zsh" in done.stderr, done
