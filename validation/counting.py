"""What counting costs and whether it is right: known sizes, two counters beside each other, large models.

    python validation/counting.py [--quick] [--json FILE]

Run from the repository root, with torch, torchvision and transformers. Each model is counted in a process of its own, so
that its time (imports aside) and peak memory are its own. Exit status 1 where a claim does not hold.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SECONDS, BYTES = 30, 2e9  # for a model of 7 billion parameters

# Name: source, input (an image of this size, or so many tokens), published parameters and multiply-adds (None = none).
MODELS: dict[str, tuple[str, dict[str, int], int, float | None]] = {
    "resnet50": ("torchvision:resnet50", {"size": 224}, 25_557_032, 4.089e9),
    "swin_t": ("torchvision:swin_t", {"size": 224}, 28_288_354, 4.491e9),
    "BERT-base": ("transformers:BertForMaskedLM", {"sequence": 128}, 109_514_298, None),
    "GPT-2": ("transformers:GPT2LMHeadModel", {"sequence": 128}, 124_439_808, None),
    "ViT-L/16": ("torchvision:vit_l_16", {"size": 224}, 304_326_632, 61.555e9),
    "Llama 7B": ("transformers:LlamaForCausalLM", {"sequence": 128}, 6_738_415_616, None),
}
QUICK = ("resnet50", "ViT-L/16", "Llama 7B")


def main() -> int:
    """Count every model, print what was seen, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file too")
    parser.add_argument("--model", choices=MODELS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.model:
        print(json.dumps(count(*MODELS[arguments.model][:2])))
        return 0
    seen = {}
    for name in QUICK if arguments.quick else MODELS:
        command = [sys.executable, __file__, "--model", name]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        if done.returncode:
            sys.exit(f"{name}: {done.stderr.strip().splitlines()[-1]}")
        seen[name] = json.loads(done.stdout.splitlines()[-1])
        show(name, seen[name])
    wrong = [claim for name, columns in seen.items() for claim in broken(name, columns)]
    print("\n".join(wrong) if wrong else "every claim holds")
    if arguments.json:
        arguments.json.write_text(json.dumps({"models": seen, "broken": wrong}, indent=1) + "\n", encoding="utf-8")
    return bool(wrong)


def count(source: str, axes: dict[str, int]) -> dict[str, Any]:
    """The counts of one model at its base point, with seconds and bytes."""
    import resource
    import time

    sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
    from joulesweep.counting import job as counting_job
    from joulesweep.model import inputs
    from torch.utils.flop_counter import FlopCounterMode  # noqa: F401 - imports are not counting

    shape, more = (["sequence"], {"dtype": "int64"}) if "sequence" in axes else ([3, "size", "size"], {})
    declared = {"name": "input", "shape": shape, "dtype": "float32", "low": 0, "high": 2, **more}
    spec = {
        "name": "validation",
        "source": source,
        "inputs": [declared],
        "axes": axes,
        "weights": "random",
        "content": {},
    }
    __import__(source.partition(":")[0])
    begin = time.perf_counter()
    subject = counting_job.module(spec)
    base = inputs.base_point(spec)
    columns = counting_job.point_columns(subject, base)
    layers = counting_job.layer_rows(subject, base)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {**columns, "layers": len(layers), "seconds": seconds, "peak_bytes": peak}


def show(name: str, columns: dict[str, Any]) -> None:
    """One model's figures, as a person reads them."""
    print(
        f"{name:10} {columns['params']:>13,} parameters, {columns['params_every_use']:>13,} every use, "
        f"{columns['macs'] / 1e9:8.3f} G multiply-adds; counted in {columns['seconds']:4.1f} s, "
        f"peak {columns['peak_bytes'] / 1e9:.2f} GB"
    )
    for check in ("macs_ptflops", "macs_ptflops_aten", "macs_pthflops", "macs_formula"):
        if columns.get(check) is not None:
            print(f"{'':10} {check:18} {columns[check] / columns['macs'] - 1:+8.3%}")
    print(f"{'':10} {columns['notes']}")


def broken(name: str, columns: dict[str, Any]) -> list[str]:
    """The claims that do not hold for a model."""
    _, _, params, macs = MODELS[name]
    claims = {
        f"is counted: {columns['message']}": columns["status"] == "ok",
        f"has {params} parameters": columns["params"] == params,
        f"has {macs} multiply-adds within 0.5 %": macs is None or abs(columns["macs"] / macs - 1) <= 0.005,
        "has the multiply-adds of the formula within 1 %": abs(
            columns.get("macs_formula", columns["macs"]) / columns["macs"] - 1
        )
        <= 0.01,
        f"is counted in {SECONDS} s": columns["seconds"] < SECONDS,
        f"is counted in {BYTES / 1e9:.0f} GB": columns["peak_bytes"] < BYTES,
    }
    return [f"broken: {name} {claim}" for claim, holds in claims.items() if not holds]


if __name__ == "__main__":
    sys.exit(main())
