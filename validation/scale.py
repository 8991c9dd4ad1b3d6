"""What the analysis costs as results grow: seconds and peak memory of each command, on synthetic results of three sizes.

A tenth and a third of the models are measured before all of them, so that one sees how time grows with the rows of latency: its
exponent, from the second size to the third, is 1 where time is linear. Each command runs in a process of its own:

  dry run         `snakemake -n all` where results were copied and nothing was made here: every stage is planned
  first report    `snakemake page`: merge, figures, report and HTML page
  no-op           `snakemake page` again, with nothing to do
  merge, figures, report, page    each script by itself
  no-op of all    `snakemake all` with nothing to do, where every stage has been made

Where there is a Chromium, the HTML page is opened in it three times: the seconds until its plot is drawn and its controls answer.

Behind the seconds, in brackets, are those of a processor: other processes on the machine change them less, so the exponent is
theirs. Peak memory is that of the largest process. With --json FILE the figures are written there too; --quick takes a tenth of
the models only. --make FOLDER writes the project with all models and measures nothing; `synthetic_project.py` says what it holds.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from validation.synthetic_project import DEVICE, Size, make  # noqa: E402

PARTS = (0.1, 1 / 3, 1.0)  # of the models
SNAKEMAKE = (sys.executable, "-m", "snakemake", "--cores", "1")
SCRIPTS = Path("workflow", "scripts")
MADE = Path(".snakemake", "joulesweep", "made")
PAGE = Path("results", "report.html")
OPENINGS = 3
TARGETS_S = {"no-op": 10, "merge": 60, "report": 60, "no-op of all": 10}
MEGA = 1e6


def commands(folder: Path) -> dict[str, list[str]]:
    """The commands by name, in the order in which they run; paths are relative to the project in `folder`."""
    jobs = {stage: _job(folder, stage) for stage in ("merge", "figures", "report", "page")}
    figures = "results/figures/figures.json"
    words = "results/report.md"
    templates = "workflow/templates"
    return {
        "dry run": [*SNAKEMAKE, "-n", "all"],
        "first report": [*SNAKEMAKE, "page"],
        "no-op": [*SNAKEMAKE, "page"],
        "merge": _script("merge", "--job", jobs["merge"], "--results", "results", "--out", "results/merged"),
        "figures": _script("figures", "--job", jobs["figures"], "--merged", "results/merged", "--out", figures),
        "report": _script(
            "report", "--job", jobs["report"], "--merged", "results/merged", "--figures", figures,
            "--template", f"{templates}/report.md.j2", "--out", words,
        ),
        "page": _script(
            "page", "--job", jobs["page"], "--merged", "results/merged", "--report", words,
            "--template", f"{templates}/page/page.html.j2", "--out", PAGE.as_posix(),
        ),
        "no-op of all": [*SNAKEMAKE, "all"],
    }  # fmt: skip


def _script(name: str, *arguments: str) -> list[str]:
    return [sys.executable, str(SCRIPTS / f"{name}.py"), *arguments]


def _job(folder: Path, stage: str) -> str:
    """The job of a stage, in a file beside the project's results."""
    printed = subprocess.run(_script("job", stage), cwd=folder, check=True, capture_output=True)
    (folder / f"{stage}.json").write_bytes(printed.stdout)
    return f"@{stage}.json"


def cost(command: Sequence[str], folder: Path) -> dict[str, float]:
    """What a command costs: seconds, those of a processor among them, and the peak resident memory of its largest process in bytes."""
    with tempfile.TemporaryFile("w+") as printed:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=printed, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            printed.seek(0)
            raise SystemExit(f"{' '.join(command)} in {folder} failed:\n{printed.read()[-3000:]}")
    memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"seconds": seconds, "cpu_seconds": usage.ru_utime + usage.ru_stime, "bytes": memory}


def finish(folder: Path) -> None:
    """Let Snakemake take every stage as made here, as after a whole run on the first device."""
    models = json.loads((folder / "report.json").read_text())["models"]
    stages = ("latency", "energy", "time_shares", "describe_device")
    for made in [*(f"{stage}/{DEVICE}" for stage in stages), *(f"evaluate/{DEVICE}/{model}" for model in models)]:
        (folder / MADE / made).parent.mkdir(parents=True, exist_ok=True)
        (folder / MADE / made).touch()
    cost([*SNAKEMAKE, "--touch", "--forceall", "all"], folder)
    cost([*SNAKEMAKE, "all"], folder)


def measured(folder: Path, size: Size) -> dict[str, Any]:
    """What each command costs on a project of this size, which is written into `folder`."""
    # In a process of its own: a command's memory would begin with that of the process that starts it.
    options = [f"--{name}={value}" for name, value in asdict(size).items()]
    subprocess.run([sys.executable, __file__, "--make", str(folder), *options], check=True)
    costs = {}
    for name, command in commands(folder).items():
        if name == "no-op of all":
            finish(folder)
        costs[name] = cost(command, folder)
        print(f"{size.rows} rows, {name}: {_words(costs[name])}", flush=True)
    page = folder / PAGE
    return {
        **asdict(size),
        "rows": size.rows,
        "costs": costs,
        "page_bytes": page.stat().st_size,
        "page_ready_s": openings(page),
    }


def openings(page: Path) -> list[float]:
    """Seconds from asking for the page until it can be used, each time in a browser that has not seen it; none without Chromium."""
    from tests.browser import CHROMIUM, Opened, chromium  # needs what the tests need; --make does not

    seconds: list[float] = []
    for _ in range(OPENINGS if CHROMIUM else 0):
        with chromium() as browser:
            start = time.perf_counter()
            opened = Opened(browser, page)
            seconds.append(time.perf_counter() - start)
            opened.close()
    return seconds


def _words(figures: Mapping[str, float]) -> str:
    return f"{figures['seconds']:.1f} s ({figures['cpu_seconds']:.1f}), {figures['bytes'] / MEGA:.0f} MB"


def table(results: Sequence[dict[str, Any]]) -> str:
    """One line per command: the cost at each size, the exponent of its time, and the time that it should not exceed at the largest."""
    lines = [["command", *(f"{result['rows']} rows" for result in results), "exponent", "target"]]
    for name in results[0]["costs"]:
        costs = [result["costs"][name] for result in results]
        target = f"{TARGETS_S[name]} s" if name in TARGETS_S else ""
        lines.append([name, *map(_words, costs), _exponent(results, name), target])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def pages(results: Sequence[dict[str, Any]]) -> str:
    """One line per size: how large the HTML page is, and how long a browser takes until it can be used."""
    lines = []
    for result in results:
        ready = " to ".join(f"{end(result['page_ready_s']):.1f} s" for end in (min, max) if result["page_ready_s"])
        shown = f"ready in {ready}" if ready else "not opened, for there is no Chromium"
        lines.append(f"page of {result['rows']} rows: {result['page_bytes'] / MEGA:.1f} MB, {shown}")
    return "\n".join(lines)


def _exponent(results: Sequence[dict[str, Any]], name: str) -> str:
    if len(results) < 2:
        return ""
    (rows, seconds), (more_rows, more_seconds) = (
        (each["rows"], each["costs"][name]["cpu_seconds"]) for each in results[-2:]
    )
    return f"{math.log(more_seconds / seconds) / math.log(more_rows / rows):.2f}"


def main(arguments: argparse.Namespace) -> None:
    """Measure each size, and print."""
    size = Size(**{field.name: getattr(arguments, field.name) for field in fields(Size)})
    if arguments.make:
        make(arguments.make, size)
        return
    numbers = sorted({max(2, round(part * size.models)) for part in (PARTS[:1] if arguments.quick else PARTS)})
    results = []
    for models in numbers:
        with tempfile.TemporaryDirectory(prefix="joulesweep-scale-") as folder:
            results.append(measured(Path(folder) / "joulesweep", replace(size, models=models)))
    print(table(results), pages(results), sep="\n\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for field in fields(Size):
    parser.add_argument(f"--{field.name}", type=int, default=field.default, metavar="N", help=f"({field.default})")
parser.add_argument("--make", type=Path, metavar="FOLDER", help="only write the project into this folder")
parser.add_argument("--quick", action="store_true", help="a tenth of the models only")
parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")

if __name__ == "__main__":
    main(parser.parse_args())
