"""One run: the driver's figures beside what the server used meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec

from benchmarks.driver import Job
from benchmarks.serving import ROOT, DidNotStart, Served


def measure(served: Served, job: Job) -> dict[str, float]:
    """Have a driver do the job; return its figures and the server's.

    Raises:
        DidNotStart: the driver failed.
    """
    driver = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.driver"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if driver.stdin is None or driver.stdout is None:
        raise DidNotStart("no pipes")
    with driver:
        driver.stdin.write(msgspec.json.encode(job).decode())
        driver.stdin.close()
        usages, last = [], ""
        for line in driver.stdout:
            last = line
            if line.strip() in ("measuring", "measured"):
                usages.append(served.usage())
    if driver.returncode or len(usages) != 2:
        raise DidNotStart(f"the driver failed with {driver.returncode}")
    figures: dict[str, float] = json.loads(last)
    cpu = (usages[1].cpu_s - usages[0].cpu_s) / job.seconds * 100
    return {**figures, "cpu": cpu, "rss_mb": usages[1].rss_mb}
