"""The units and what is installed beside them: judged by systemd itself, tried by our programs."""
import re
import shutil

import pytest
from conftest import ROOT
from manual import OPTION

DEBIAN = ROOT / "tools/debian"
# Exposure times ten, at most. Of the dataplane's 2.3 most is what its port needs: AF_XDP and netlink sockets,
# bpf(), and four capabilities for them; and a take-over needs NotifyAccess=all.
EXPOSURE = {"understudy-control": 20, "understudy-dataplane": 23}


@pytest.mark.parametrize("unit", EXPOSURE)
def test_a_unit_leaves_little_open(unit, run):
    judged = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                 f"--threshold={EXPOSURE[unit]}", DEBIAN / f"{unit}.service")
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_systemd_finds_nothing_to_say_about_the_units(run, tmp_path):
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    for unit in EXPOSURE:
        shutil.copy(DEBIAN / f"{unit}.service", units)
    for program in ("usr/sbin/understudy-control", "usr/sbin/understudy-dataplane",
                    "usr/lib/understudy/take-over", "usr/lib/understudy/clear-xdp", "bin/sh", "bin/kill"):
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("/bin/true", tmp_path / program)
    shutil.copytree("/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    verified = run("systemd-analyze", "verify", "--man=no", f"--root={tmp_path}",
                   *(f"{unit}.service" for unit in EXPOSURE))
    ours = [line for line in verified.stderr.splitlines() if "understudy" in line]
    assert verified.returncode == 0 and ours == [], verified.stderr


@pytest.mark.parametrize("program", ["control/understudy-control", "dataplane/understudy-dataplane"])
def test_what_a_service_is_started_with_are_options_of_its_program(program, build, run):
    name = program.split("/")[1]
    said = set(OPTION.findall(run(build / program, "--help").stdout))
    started = re.search(r"^ExecStart=(.*)$", (DEBIAN / f"{name}.service").read_text(), re.M).group(1)
    examples = re.findall(r'_OPTIONS="(.*)"', (DEBIAN / f"{name}.default").read_text())
    for line in [started.replace(f"/usr/sbin/{name}", ""), *examples]:
        assert set(OPTION.findall(line)) <= said


def check(build, run, config):
    return run(build / "control/understudy-control", "--check", "--config", config)


def test_the_configuration_as_shipped_is_served_without_a_warning(build, run):
    checked = check(build, run, DEBIAN / "understudy.yaml")
    assert checked.returncode == 0 and "warning" not in checked.stdout + checked.stderr


def test_the_example_in_the_configuration_as_shipped_works_when_it_is_no_comment(build, run, tmp_path):
    text = (DEBIAN / "understudy.yaml").read_text()
    (tmp_path / "understudy.yaml").write_text(re.sub(r"^# ?(?= *\S+:|  )", "", text, flags=re.M)
                                              .replace("understudy-control --check", "#"))
    shutil.copy(DEBIAN / "example.invalid.zone", tmp_path)
    checked = check(build, run, tmp_path / "understudy.yaml")
    assert checked.returncode == 0 and "1 failover groups, 2 health checks" in checked.stdout, \
        checked.stdout + checked.stderr


def test_packages_have_the_version_of_the_build():
    version = re.search(r"version: '(.*)'", (ROOT / "meson.build").read_text()).group(1)
    assert (DEBIAN / "changelog").read_text().startswith(f"understudy ({version}")


def test_packages_are_built_with_what_the_build_needs():
    """Every library of tools/install-packages build is in Build-Depends."""
    needed = re.search(r"^build=\((.*?)^\)", (ROOT / "tools/install-packages").read_text(), re.M | re.S)
    words = re.sub(r"#.*", "", needed.group(1)).split()
    for_tests = {"libgtest-dev", "libgmock-dev", "libbenchmark-dev"}
    always_there = {"g++", "ninja-build", "ca-certificates"}
    control = (DEBIAN / "control").read_text()
    depends = re.search(r"^Build-Depends: (.*?)^\S", control, re.M | re.S).group(1)
    assert set(words) - for_tests - always_there <= set(re.findall(r"[\w.+-]+", depends))
