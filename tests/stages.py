#!/usr/bin/python3
"""The stages of tools/test: each builds or runs something and counts real test cases.

Used by: tools/test, after the packages are there. A stage that cannot run counts as a failure; nothing
is skipped silently. Everything is built in build-gcc, build-asan and build-tsan beside the sources.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

import layers

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"
CPUS = os.cpu_count() or 2
GCC, ASAN, TSAN = ROOT / "build-gcc", ROOT / "build-asan", ROOT / "build-tsan"
PROGRESS = re.compile(r"^\[\d+/\d+\] (?!.*FAILED)")  # ninja's
CLANG = {"CC": "clang-19", "CXX": "clang++-19"}
LLVM_BIN = "/usr/lib/llvm-19/bin"

# A report of a sanitizer ends the program, so that no finding hides behind a passed test.
SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
    "ASAN_SYMBOLIZER_PATH": f"{LLVM_BIN}/llvm-symbolizer",
    "TSAN_SYMBOLIZER_PATH": f"{LLVM_BIN}/llvm-symbolizer",
}
FUZZ_SECONDS = 5

# Line tables are enough for backtraces, and full debug information doubles the time of a build.
GCC_OPTIONS = ["-Doptimization=2", "-Ddebug=false", "-Dcpp_args=-g1"]
SANITIZED = ["-Doptimization=1", "-Ddebug=false", "-Db_lundef=false"]
TSAN_OPTIONS = [*SANITIZED, "-Dcpp_args=-g1", "-Db_sanitize=thread"]
# With coverage, so that the fuzzers see what inputs reach inside the libraries.
ASAN_OPTIONS = [*SANITIZED, "-Dcpp_args=['-g1', '-fsanitize=fuzzer-no-link']",
                "-Db_sanitize=address,undefined", "-Dfuzzers=true"]


class Tally:
    """What passed and what failed, over all stages."""

    def __init__(self):
        self.passed, self.failed = 0, []

    def passes(self, count=1):
        self.passed += count

    def fails(self, name, text=""):
        self.failed.append(name)
        say(f"FAILED {name}")
        if text:
            say(indent(tail(text)))

    def check(self, name, ok, text=""):
        if ok:
            self.passes()
        else:
            self.fails(name, text)
        return ok


def say(text):
    print(text, flush=True)


def indent(text):
    return "\n".join("    " + line for line in text.splitlines())


def tail(text, lines=80):
    """The last lines; a long one (a link command) without its end."""
    return "\n".join(line if len(line) <= 400 else line[:400] + " ..."
                     for line in text.splitlines()[-lines:])


def run(command, timeout_s=1800, env=None, cwd=ROOT):
    """Exit code and output, both streams together; 124 after timeout_s."""
    process = subprocess.Popen([str(part) for part in command], cwd=cwd, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               errors="replace", env={**os.environ, **(env or {})},
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=timeout_s)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        output, _ = process.communicate()
        return 124, f"{output}\nended after {timeout_s} s: {shlex.join(map(str, command))}"


def in_parallel(function, items):
    """[(item, function(item))] in the order they finish."""
    with concurrent.futures.ThreadPoolExecutor(CPUS) as pool:
        futures = {pool.submit(function, item): item for item in items}
        for future in concurrent.futures.as_completed(futures):
            yield futures[future], future.result()


def sources(*suffixes):
    return [file for file in layers.project_files(ROOT)
            if file.is_file() and file.suffix in suffixes]


def scripts():
    """What Python runs, also where its name does not say so."""
    return [file for file in layers.project_files(ROOT) if file.is_file() and (
        file.suffix == ".py" or (file.suffix == "" and file.read_bytes().startswith(b"#!/usr/bin/python3")))]


def relative(path):
    return pathlib.Path(path).relative_to(ROOT).as_posix()


# --- builds

def configure(folder, options, env=None):
    """A configured build folder, made anew when meson cannot go on with what is there."""
    if (folder / "build.ninja").exists():
        return 0, ""
    shutil.rmtree(folder, ignore_errors=True)
    return run(["meson", "setup", folder, *options], env=env)


def build(tally, folder, options, env=None, targets=()):
    code, output = configure(folder, options, env)
    if code == 0:
        code, output = run(["ninja", "-C", folder, "-k", "0", *targets], timeout_s=3600)
        output = "\n".join(line for line in output.splitlines() if not PROGRESS.match(line))
    return tally.check(f"build {folder.name}", code == 0, output)


def introspect(folder, what):
    code, output = run(["meson", "introspect", folder, f"--{what}"])
    if code != 0:
        raise RuntimeError(output)
    return json.loads(output)


def meson_tests(folder, suite):
    return [test for test in introspect(folder, "tests")
            if any(name.split(":")[-1] == suite for name in test["suite"])]


def ninja_target(folder, test):
    return pathlib.Path(test["cmd"][0]).relative_to(folder).as_posix()


# --- GoogleTest and pytest results

def count_cases(tally, prefix, xml_file):
    """Adds the cases of a JUnit-like file. Returns how many failed."""
    failed = 0
    for case in xml.etree.ElementTree.parse(xml_file).iter("testcase"):
        problems = case.findall("failure") + case.findall("error")
        skipped = case.find("skipped") is not None or case.get("status") == "notrun"
        name = f"{prefix} {case.get('classname')}.{case.get('name')}"
        if problems:
            failed += 1
            text = "\n".join((problem.get("message") or "") + "\n" + (problem.text or "")
                             for problem in problems)
            tally.fails(name, text)
        elif skipped:
            failed += 1
            tally.fails(name, "was skipped: nothing here may be skipped silently")
        else:
            tally.passes()
    return failed


def run_program(test, env, xml_file):
    return run(test["cmd"], timeout_s=max(test["timeout"], 60) * 5, cwd=test["workdir"] or ROOT,
               env={**test["env"], **env, "GTEST_OUTPUT": f"xml:{xml_file}", "GTEST_COLOR": "no"})


def run_tests(tally, folder, tests, env=None):
    """Runs programs of meson's list; a GoogleTest program counts as its cases, another as one."""
    if not tests:
        tally.fails(f"{folder.name}: there is no test to run")
    with tempfile.TemporaryDirectory() as results:
        xml_of = {test["name"]: pathlib.Path(results) / f"{number}.xml"
                  for number, test in enumerate(tests)}
        by_name = {test["name"]: test for test in tests}
        for name, (code, output) in in_parallel(
                lambda name: run_program(by_name[name], env or {}, xml_of[name]), list(by_name)):
            title = f"{folder.name} {name}"
            if not xml_of[name].exists():
                tally.check(title, code == 0, f"exit code {code}\n{output}")
            elif count_cases(tally, title, xml_of[name]) == 0 and code != 0:
                tally.fails(title, f"every case passed, but the exit code is {code}\n{output}")
            elif code != 0:
                say(indent(tail(output, 80)))


# --- stages

def stage_format(tally, _):
    """every source file as .clang-format wants it; scripts that can be read"""
    for file, (code, output) in in_parallel(
            lambda file: run(["clang-format", "--dry-run", "-Werror", file]),
            sources(".h", ".cc", ".c")):
        tally.check(f"format {relative(file)}", code == 0, output)
    for file in scripts():
        try:
            compile(file.read_text(), str(file), "exec")
            tally.passes()
        except SyntaxError as error:
            tally.fails(f"format {relative(file)}", str(error))


def stage_layers(tally, _):
    """the dependency rule over all includes, and that its check can fail"""
    run_pytest(tally, "layers", ["tests/layers_test.py"], timeout_s=300)


def stage_unit(tally, _):
    """gcc, warnings as errors; unit tests; fuzz corpora replayed"""
    if build(tally, GCC, GCC_OPTIONS):
        run_tests(tally, GCC, meson_tests(GCC, "unit") + meson_tests(GCC, "fuzz"))


def stage_asan(tally, _):
    """clang, address and undefined-behaviour sanitizers: unit tests"""
    fuzzers = [f"tests/fuzz/{target}_fuzzer" for target in fuzz_targets()]
    if build_sanitized(tally, ASAN, ASAN_OPTIONS, fuzzers):
        run_tests(tally, ASAN, meson_tests(ASAN, "unit"), SANITIZER_ENV)


def stage_tsan(tally, _):
    """clang, thread sanitizer: unit tests"""
    if build_sanitized(tally, TSAN, TSAN_OPTIONS):
        run_tests(tally, TSAN, meson_tests(TSAN, "unit"), SANITIZER_ENV)


def build_sanitized(tally, folder, options, more_targets=()):
    """Builds the unit tests, and not the programs and benchmarks."""
    code, output = configure(folder, options, CLANG)
    if not tally.check(f"configure {folder.name}", code == 0, output):
        return False
    targets = sorted({ninja_target(folder, test) for test in meson_tests(folder, "unit")})
    return build(tally, folder, [], targets=[*targets, *more_targets])


def fuzz_targets():
    """Every folder of corpora has a target of its name."""
    return sorted(folder.name for folder in (ROOT / "tests/fuzz/corpus").iterdir())


def stage_fuzz(tally, _):
    """libFuzzer with sanitizers: every corpus, then a few seconds of new inputs for each target"""
    def fuzz(target):
        program = ASAN / f"tests/fuzz/{target}_fuzzer"
        if not program.exists():
            return 1, f"{program} was not built (stage asan does)"
        with tempfile.TemporaryDirectory() as found:
            return run([program, f"-max_total_time={FUZZ_SECONDS}", "-timeout=10", "-rss_limit_mb=4096",
                        f"-artifact_prefix={ASAN}/", found, ROOT / "tests/fuzz/corpus" / target],
                       env=SANITIZER_ENV, timeout_s=600)
    for target, (code, output) in in_parallel(fuzz, fuzz_targets()):
        tally.check(f"fuzz {target}", code == 0, output)


def compile_commands():
    """file -> its compile command without the parts that name input and output, from the clang build."""
    entries = {}
    for entry in json.loads((ASAN / "compile_commands.json").read_text()):
        path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        if path.suffix != ".cc" or not path.is_relative_to(ROOT) or "build" in relative(path)[:5]:
            continue
        arguments = shlex.split(entry["command"])
        kept, skip = [], False
        for argument in arguments[1:]:
            if skip or argument == "-c" or argument == entry["file"] or argument.startswith("-M"):
                skip = False if skip else argument in ("-MF", "-MQ")
            elif argument == "-o":
                skip = True
            else:
                kept.append(argument)
        entries[relative(path)] = [part for part in kept if not part.startswith("-fsanitize")]
    return entries


def need_compile_commands(tally, stage):
    code, output = configure(ASAN, ASAN_OPTIONS, CLANG)
    if code != 0:
        tally.fails(f"{stage}: {ASAN.name} cannot be configured", output)
    return code == 0


def stage_headers(tally, _):
    """every header compiles by itself"""
    if not need_compile_commands(tally, "headers"):
        return
    commands = compile_commands()

    def shared_folders(unit, header):
        return len(pathlib.Path(os.path.commonpath([unit, header])).parts)

    def compile_alone(header):
        name = relative(header)
        own = name.removesuffix(".h") + ".cc"
        nearest = own if own in commands else max(
            commands, key=lambda unit: shared_folders(unit, name))
        return run(["clang++-19", *commands[nearest], "-fsyntax-only", "-Wno-unused-function",
                    "-Wno-unused-const-variable", "-x", "c++", header], cwd=ASAN)
    for header, (code, output) in in_parallel(compile_alone, sources(".h")):
        tally.check(f"header {relative(header)}", code == 0, output)


def stage_tidy(tally, _):
    """clang-tidy over every source file, its warnings as errors"""
    if not need_compile_commands(tally, "tidy"):
        return
    for unit, (code, output) in in_parallel(
            lambda unit: run(["clang-tidy-19", "--quiet", "-p", ASAN, ROOT / unit]),
            sorted(compile_commands())):
        tally.check(f"tidy {unit}", code == 0, output)


def run_pytest(tally, title, arguments, timeout_s, env=None):
    with tempfile.TemporaryDirectory() as results:
        xml_file = pathlib.Path(results) / "results.xml"
        process = subprocess.run([PYTHON, "-B", "-m", "pytest", "-p", "no:cacheprovider", "-q",
                                  "--tb=short", f"--junitxml={xml_file}", *arguments],
                                 cwd=ROOT, stdin=subprocess.DEVNULL, timeout=timeout_s,
                                 env={**os.environ, **(env or {})}, check=False)
        if not xml_file.exists():
            tally.fails(f"{title}: pytest did not run (exit code {process.returncode})")
        elif count_cases(tally, title, xml_file) == 0 and process.returncode != 0:
            tally.fails(f"{title}: pytest ended with exit code {process.returncode}")


def stage_differential(tally, options):
    """random zones and questions: our answers are those of Knot DNS and NSD"""
    run_pytest(tally, "differential", ["tests/differential"], timeout_s=300)
    if not ((GCC / "build.ninja").exists() or build(tally, GCC, GCC_OPTIONS)):
        return
    code, output = run([PYTHON, "-B", ROOT / "tests/differential/differential.py", "--build", GCC,
                        "--json", *(["--cases", "400000"] if options.full else [])])
    if not output.strip().splitlines()[-1:] or not output.strip().splitlines()[-1].startswith("{"):
        tally.fails("differential", f"exit code {code}\n{output}")
        return
    *differences, last = output.strip().splitlines()
    result = json.loads(last)
    say(f"seed {result['seed']}: {result['cases']} cases")
    for zone in result["zones"]:
        tally.check(f"differential seed {result['seed']} {zone['name']}", zone["failed"] == 0)
    if code != 0:
        say(indent(tail("\n".join(differences), 200)))


def stage_system(tally, options):
    """real processes in network namespaces"""
    if (GCC / "build.ninja").exists() or build(tally, GCC, GCC_OPTIONS):
        run_pytest(tally, "system", ["tests/system", "--durations=10",
                                     *(["--full"] if options.full else [])],
                   timeout_s=7200, env={"UNDERSTUDY_BUILD": str(GCC)})


def stage_package(tally, options):
    """manual pages, units, alert rules; with --full the packages, in a clean root of their own"""
    if (GCC / "build.ninja").exists() or build(tally, GCC, GCC_OPTIONS):
        run_pytest(tally, "package", ["tests/package", *(["--full"] if options.full else [])],
                   timeout_s=5400, env={"UNDERSTUDY_BUILD": str(GCC)})


STAGES = {"format": stage_format, "layers": stage_layers, "unit": stage_unit, "asan": stage_asan,
          "fuzz": stage_fuzz, "tsan": stage_tsan, "headers": stage_headers, "tidy": stage_tidy,
          "differential": stage_differential, "package": stage_package, "system": stage_system}
QUICK = ["format", "layers", "unit", "system"]


def chosen_stages(options):
    if options.only:
        return [name for name in STAGES if name in options.only]
    return QUICK if options.quick else list(STAGES)


def main():
    parser = argparse.ArgumentParser(prog="tools/test")
    parser.add_argument("--quick", action="store_true", help="only " + ", ".join(QUICK))
    parser.add_argument("--full", action="store_true", help="with the long soaks, and the packages")
    parser.add_argument("--only", action="append", choices=list(STAGES), metavar="STAGE")
    parser.add_argument("--list", action="store_true", help="name the stages")
    options = parser.parse_args()
    if options.list:
        for name, stage in STAGES.items():
            say(f"{name:8} {stage.__doc__}")
        return 0

    tally = Tally()
    for name in chosen_stages(options):
        say(f"== {name}: {STAGES[name].__doc__}")
        before, failed_before, start = tally.passed, len(tally.failed), time.monotonic()
        try:
            STAGES[name](tally, options)
        except Exception as error:  # a stage that breaks is a failure, and the others still run
            tally.fails(f"stage {name}", f"{type(error).__name__}: {error}")
        say(f"== {name}: {tally.passed - before} passed, {len(tally.failed) - failed_before} failed "
            f"in {time.monotonic() - start:.0f} s")
    if tally.failed:
        say("\nFailed:\n" + indent("\n".join(tally.failed)))
    say(f"{tally.passed} passed, {len(tally.failed)} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
