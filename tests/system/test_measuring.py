"""The programs that tools/measure runs work: each for a moment, over little. What they measure is not looked at."""
import json

import pytest
from edge import BUILD
from network import run

PROGRAMS = {
    "control_orders": ("--groups", 2000),
    "control_probes": ("--checks", 100, "--interval-ms", 50, "--seconds", 1),
    "control_scale": ("--checks", 100),
    "failover_latency": ("--flips", 10, "--groups", 3, "--json"),
    "phase_bench": ("--benchmark_filter=Checksum", "--benchmark_min_time=0.001"),
    "responder_bench": ("--benchmark_filter=static/names:1000/", "--benchmark_min_time=0.001"),
    "table_size": ("--names", 1000, "--zones", 3),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_measured_with_runs(program):
    done = run(BUILD / "bench" / program, *map(str, PROGRAMS[program]), check=False)
    assert done.returncode == 0 and done.stdout.strip() != "", done.stdout + done.stderr
    if "--json" in PROGRAMS[program]:
        assert json.loads(done.stdout)["groups"] == 3
