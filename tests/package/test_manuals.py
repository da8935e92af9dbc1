"""The manual pages say what the programs say of themselves: they cannot drift apart."""
import re

import pytest
from conftest import ROOT
from manual import OPTION, PAGES, entries, helped, section, source

PROGRAMS = {
    "understudy-dataplane.8": "dataplane/understudy-dataplane",
    "understudy-control.8": "control/understudy-control",
    "understudy-load.1": "tools/understudy-load/understudy-load",
    "understudyctl.1": "tools/understudyctl/understudyctl",
}
# In the page, and not in --help: for tests and for finding out.
UNADVERTISED = {"--max-simd-bitwidth", "--no-fast-path"}
README_OF_EXIT_CODES = {"understudy-control.8": "control/README.md",
                        "understudyctl.1": "tools/understudyctl/README.md"}


def options_of(keys):
    return set(OPTION.findall(keys))


@pytest.fixture
def help_of(build, run):
    def text(page, *command):
        done = run(build / PROGRAMS[page], *command, "--help")
        assert done.returncode == 0, done.stderr
        return done.stdout
    return text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_made_and_shown_without_a_warning(page, run, tmp_path):
    made = run("sh", "-c", f"scdoc < {ROOT / PAGES[page]}")
    assert made.returncode == 0, made.stderr
    (tmp_path / page).write_text(made.stdout)
    shown = run("man", "--warnings", "--local-file", tmp_path / page)
    assert shown.returncode == 0 and shown.stderr == ""
    assert re.match(rf"{re.escape(page.rsplit('.', 1)[0])}\({page[-1]}\)", shown.stdout.strip())


@pytest.mark.parametrize("page", PROGRAMS)
def test_a_page_explains_every_option_of_its_program_and_no_other(page, help_of):
    explained = set()
    for keys, _ in entries(section(page, "OPTIONS")):
        explained |= options_of(keys)
    said = set(helped(help_of(page)))
    assert len(said) >= 8
    assert said - explained == set(), "options that the page does not explain"
    assert explained - said - UNADVERTISED - {"-h", "--"} == set(), "options that do not exist"


@pytest.mark.parametrize("page", ["understudy-dataplane.8", "understudy-control.8", "understudy-load.1"])
def test_a_page_says_range_and_default_of_every_option(page, help_of):
    meaning_of = {option: meaning for keys, meaning in entries(section(page, "OPTIONS"))
                  for option in options_of(keys)}
    keys_of = {option: keys for keys, _ in entries(section(page, "OPTIONS"))
               for option in options_of(keys)}
    for option, (kind, default) in helped(help_of(page)).items():
        text = keys_of[option] + " " + meaning_of[option]
        if between := re.search(r"in \[([\d.e+]+) - ([\d.e+]+)\]", kind):
            low, high = (float(bound) for bound in between.groups())
            ranges = [(float(a), float(b)) for a, b in
                      re.findall(r"([\d.]+(?:e\d+)?) to ([\d.]+(?:e\d+)?)", text)]
            assert (low, high) in ranges, f"{option}: {kind}, the page says: {text}"
        if default:
            assert default in text, f"{option}: default {default}, the page says: {text}"


def commands_of(help_text):
    return re.findall(r"^  ([a-z][a-z-]*)  ", help_text.split("Subcommands:")[1], re.M)


def test_the_page_of_understudyctl_explains_every_command_and_its_options(help_of):
    page = "understudyctl.1"
    described = {keys.split()[0].split("|")[0]: (keys, meaning)
                 for title in re.findall(r"^# (COMMANDS: .*)$", source(page), re.M)
                 for keys, meaning in entries(section(page, title))}
    commands = commands_of(help_of(page))
    assert sorted(described) == sorted(commands)
    for command in commands:
        text = " ".join(described[command])
        said = set(helped(help_of(page, command))) - {"--help"}
        explained = options_of(text)
        assert said - explained == set(), f"{command}: options that the page does not explain"
        assert options_of(described[command][0]) <= options_of(help_of(page, command)), command


@pytest.mark.parametrize("page", README_OF_EXIT_CODES)
def test_a_page_has_the_exit_codes_of_the_readme(page):
    readme = (ROOT / README_OF_EXIT_CODES[page]).read_text()
    table = re.search(r"^\| (?:exit )?code \| meaning \|\n\|[-|]+\|\n((?:\|.*\n)+)", readme, re.M)
    codes = re.findall(r"^\| (\d) \|", table.group(1), re.M)
    assert [keys for keys, _ in entries(section(page, "EXIT STATUS"))] == codes


def rows_of_the_configuration():
    """(key, range, default) of every row of the tables of fields in control/config/README.md."""
    readme = (ROOT / "control/config/README.md").read_text()
    for table in re.findall(r"^\| key \| type, range \| default \| meaning \|\n\|[-|]+\|\n((?:\|.*\n)+)", readme, re.M):
        for line in table.splitlines():
            key, values, default, _ = [cell.strip() for cell in re.split(r"(?<!\\)\|", line[1:-1])]
            yield key, values, default


def test_the_page_of_the_configuration_has_every_field_with_range_and_default():
    def said(text):
        return re.sub(r"[`\\*]", "", text).lower()

    explained = [(said(keys), said(meaning)) for keys, meaning in entries(source("understudy.yaml.5"))]
    rows = list(rows_of_the_configuration())
    assert len(rows) > 60
    for key, values, default in rows:
        of_this_key = [meaning for keys, meaning in explained if keys == said(key)]
        assert any((values == "the same" or said(values) in meaning or key in ("`all_down`",))
                   and said(default) in meaning for meaning in of_this_key), \
            f"{key}: {values}; {default}, the page says: {of_this_key}"
