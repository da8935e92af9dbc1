"""Alert rules and the dashboard ask for what /metrics has; the rules fire when they should."""
import json
import re

from conftest import ROOT

METRICS = ROOT / "control/metrics"
RULES, DASHBOARD = METRICS / "alerts.yml", METRICS / "dashboard.json"
FAMILY = re.compile(r"\bunderstudy_\w+")


def families():
    """The families control writes: their names stand in the source as they are told."""
    return {name for file in METRICS.glob("*.cc")
            for name in re.findall(r'"(understudy_\w+)"', file.read_text())}


def asked_for(text):
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in FAMILY.findall(text)}


def expressions_of_the_dashboard():
    board = json.loads(DASHBOARD.read_text())
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]


def test_alert_rules_ask_for_families_that_exist():
    expressions = re.findall(r"expr: (.*)", RULES.read_text())
    assert len(expressions) > 10
    assert asked_for(" ".join(expressions)) - families() == set()


def test_the_dashboard_asks_for_families_that_exist():
    assert asked_for(" ".join(expressions_of_the_dashboard())) - families() == set()


def test_prometheus_reads_the_rules_and_the_expressions_of_the_dashboard(run, tmp_path):
    rules = [{"record": f"panel:{number}", "expr": re.sub(r"\$__rate_interval", "1m", expression)
              .replace("$instance", ".*")}
             for number, expression in enumerate(expressions_of_the_dashboard())]
    (tmp_path / "panels.json").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    checked = run("promtool", "check", "rules", RULES, tmp_path / "panels.json")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_fires_when_it_should_and_not_before(run, tmp_path):
    """alerts_cases.yml, one case for each alert."""
    cases = ROOT / "tests/package/alerts_cases.yml"
    played = run("promtool", "test", "rules", cases)
    assert played.returncode == 0, played.stdout + played.stderr
    in_cases = set(re.findall(r"alertname: (\w+)", cases.read_text()))
    assert in_cases == set(re.findall(r"alert: (\w+)", RULES.read_text()))
