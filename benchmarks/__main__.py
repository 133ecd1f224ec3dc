"""Measures the bars of speed and memory and prints each figure with its limit: python -m benchmarks."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.figures import Verdict, bend, median_cost, overall_slope, paired_ratio, slopes
from benchmarks.process import PROGRAMS, ROOT, FailedError, interleaved, run

CHARTS_VARIABLE = "CDK8S_AIRFLOW_CHARTS"
ENVIRONMENTS = (1, 10, 100, 500)
TEAMS = (0, 20, 40, 100)


def release_of(folder: Path) -> dict[str, Any]:
    """The HelmChart object of an environment's files."""
    for file in folder.glob("*.yaml"):
        for manifest in yaml.load_all(file.read_text(encoding="utf-8"), yaml.CSafeLoader):
            if manifest["kind"] == "HelmChart":
                found: dict[str, Any] = manifest
                return found
    raise FailedError("main.py makes no HelmChart")


def helm_commands(folder: Path, release: dict[str, Any]) -> dict[str, list[str | Path]] | str:
    """``helm template`` of the chart as it was released, and of our release; or why they cannot be measured here."""
    charts = os.environ.get(CHARTS_VARIABLE)
    if not charts:
        return f"{CHARTS_VARIABLE} names no folder with the chart's archive and bin/helm"
    spec = release["spec"]
    archive = Path(charts) / f"{spec['chart']}-{spec['version']}.tgz"
    places = (Path(charts) / "bin" / "helm", shutil.which("helm"))
    helm = next((found for found in places if found and Path(found).exists()), None)
    if helm is None or not archive.exists():
        return f"{CHARTS_VARIABLE} has no {'helm' if helm is None else archive.name}"
    values = folder / "values.yaml"
    values.write_text(spec["valuesContent"], encoding="utf-8")
    template: list[str | Path] = [helm, "template", release["metadata"]["name"], archive]
    return {
        "helm template": [*template, "--namespace", spec["targetNamespace"]],
        "the same, values": [*template, "--namespace", spec["targetNamespace"], "--values", values],
    }


def measure_one(folder: Path, rounds: int) -> list[Verdict]:
    """One environment: whole processes against the empty app and against Helm."""
    homelab: list[str | Path] = [sys.executable, ROOT / "main.py"]
    run(homelab, folder)
    commands: dict[str, list[str | Path]] = {"HomeLab": homelab, "empty app": [sys.executable, PROGRAMS / "empty.py"]}
    helm = helm_commands(folder, release_of(folder / "dist"))
    if isinstance(helm, dict):
        commands |= helm
    costs = interleaved(commands, folder, rounds)
    print(f"\none environment, whole processes, medians of {rounds} rounds in turn")
    for name, runs in costs.items():
        middle = median_cost(runs)
        print(f"  {name:<16} {middle.wall:6.3f} s   {middle.cpu:6.3f} s of processor time   {middle.peak:5.0f} MiB")
    if isinstance(helm, str):
        print(f"  helm template    not measured: {helm}")
    else:
        print("  helm template renders the chart with its own values; the line below it, with those of the HomeLab")
    walls = {name: [cost.wall for cost in runs] for name, runs in costs.items()}
    cpus = {name: [cost.cpu for cost in runs] for name, runs in costs.items()}
    print()
    verdicts = [
        Verdict("HomeLab against the empty app, time", paired_ratio(walls["HomeLab"], walls["empty app"]), 1.25, "x"),
        Verdict("the same, processor time", paired_ratio(cpus["HomeLab"], cpus["empty app"]), 1.25, "x"),
    ]
    if isinstance(helm, dict):
        faster = paired_ratio(walls["helm template"], walls["HomeLab"])
        verdicts.append(Verdict("HomeLab faster than helm template of the chart, time", faster, 3, "x", at_least=True))
        fewer = paired_ratio(walls["the same, values"], walls["HomeLab"])
        print(
            f"HomeLab is {fewer:.2f}x as fast as helm template with the HomeLab's values, which renders fewer objects\n"
        )
    return verdicts


def measure_checks(folder: Path, rounds: int) -> list[Verdict]:
    """All checks of values and resources of one environment."""
    release = release_of(folder / "dist")
    values = yaml.load(release["spec"]["valuesContent"], yaml.CSafeLoader)
    arguments = [folder / "dist", release["spec"]["version"], values["airflowVersion"], values["executor"]]
    times = [
        [float(line) for line in run([sys.executable, PROGRAMS / "checks.py", *arguments], folder)[1].split()]
        for _ in range(rounds)
    ]
    modules, first, second = (statistics.median(column) for column in zip(*times, strict=True))
    print(
        f"\nchecks of one environment, processor time: {first:.1f} ms the first time in a process, {second:.1f} ms after that; "
        f"loading their modules takes {modules:.1f} ms\n"
    )
    return [Verdict("checks of values and resources, the first time, processor", first, 15, " ms")]


def measure_growth(folder: Path, rounds: int) -> list[Verdict]:
    """Many environments of one program."""
    totals, peaks = {}, {}
    print(f"\nenvironments of one program, medians of {rounds} rounds")
    for count in ENVIRONMENTS:
        middle = median_cost(
            [run([sys.executable, PROGRAMS / "environments.py", str(count)], folder)[0] for _ in range(rounds)]
        )
        totals[count], peaks[count] = middle.wall, middle.peak
        print(f"  {count:>4}   {middle.wall:7.3f} s   {middle.peak:5.0f} MiB")
    for (low, high), slope in slopes(totals).items():
        print(f"  each one from {low} to {high}: {slope * 1000:.1f} ms")
    print()
    largest = max(ENVIRONMENTS)
    return [
        Verdict(f"growth to {largest} environments, 1 is linear", bend(totals), 1.2, "x"),
        Verdict(f"peak memory with {largest} environments", peaks[largest], 150, " MiB"),
    ]


def measure_objects(folder: Path, rounds: int) -> list[Verdict]:
    """One platform that grows by teams, each with a namespace and two dozen further objects."""
    totals, cpus = {}, {}
    print(f"\nHomeLab and further objects of teams in one App, medians of {rounds} rounds")
    for teams in TEAMS:
        middle = median_cost(
            [run([sys.executable, PROGRAMS / "objects.py", str(teams)], folder)[0] for _ in range(rounds)]
        )
        text = (folder / "dist" / "30-teams.k8s.yaml").read_text(encoding="utf-8")
        made = sum(line.startswith("kind:") for line in text.splitlines())
        totals[made], cpus[made] = middle.wall, middle.cpu
        print(f"  {made:>5}   {middle.wall:7.3f} s   {middle.peak:5.0f} MiB")
    for (low, high), slope in slopes(totals).items():
        print(f"  each one from {low} to {high}: {slope * 1000:.2f} ms")
    print()
    return [
        Verdict("each further object, on average", overall_slope(totals) * 1000, 0.15, " ms"),
        Verdict("the same, processor time", overall_slope(cpus) * 1000, 0.15, " ms"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="runs of each program with one environment (15)")
    parser.add_argument("--growth-rounds", type=int, default=3, help="runs of each program with many (3)")
    options = parser.parse_args()
    if min(options.rounds, options.growth_rounds) < 1:
        parser.error("at least one round")
    verdicts: list[Verdict] = []
    try:
        with tempfile.TemporaryDirectory(prefix="cdk8s-airflow-bench-") as name:
            for measure, rounds in (
                (measure_one, options.rounds),
                (measure_checks, options.rounds),
                (measure_objects, options.growth_rounds),
                (measure_growth, options.growth_rounds),
            ):
                for verdict in measure(Path(name), rounds):
                    print(verdict)
                    verdicts.append(verdict)
    except FailedError as error:
        print(error, file=sys.stderr)
        return 1
    missed = [verdict for verdict in verdicts if not verdict.met]
    print(
        f"\n{len(verdicts) - len(missed)} of {len(verdicts)} bars met; other programs running now make every figure worse"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
