#!/usr/bin/env python3
"""Collects published latencies into testdata/measured/published.csv.

  scripts/collect_measured.py SCOREBOARD.csv ROWS.csv...

SCOREBOARD has one row per model, machine, batch, precision, input and runtime
class; ROWS are the single figures behind it, each with its source. Kept are the
rows that a shipped target and runtime answer to (their `aliases` and
`measured_as`); names of columns are those of analyzer/measured.h, names of
machines and runtimes those that the figures were published under.
"""

import argparse
import collections
import csv
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS = ("model", "target", "runtime", "software", "precision", "batch",
           "input", "latency_ms", "latency_ms_min", "latency_ms_max",
           "throughput_per_s", "source")
# Qualcomm AI Hub's `yolov7` is the tiny one: "Model checkpoint: YoloV7 Tiny,
# Number of parameters: 6.39M" (quic/ai-hub-models@0d756986c1,
# qai_hub_models/models/yolov7/info.yaml).
RENAMED = {("yolov7", "qcom_snapdragon_8_elite"): "yolov7_tiny"}
# timm's benchmarks run fp16 as autocast: weights stay in fp32.
AUTOCAST = re.compile(r"torch\.compile|eager n(chw|hwc)")


def listed(folder: str, key: str) -> set[str]:
  """The entries of a one-line list in the shipped YAML files."""
  found = set()
  for path in sorted((ROOT / "hw" / folder).glob("*.yaml")):
    match = re.search(rf"^{key}: \[(.*)\]$", path.read_text(), re.M)
    if match:
      found |= {entry.strip().strip('"') for entry in match[1].split(",")}
  return found


def is_measured_as(row: dict[str, str], names: set[str]) -> bool:
  parts = [part.strip() for part in row["runtimes"].split(";")]
  for name in names:
    kind, _, software = name.partition(" / ")
    if row["runtime_class"] == kind and all(
        any(part.startswith(other.partition(" / ")[2])
            for other in names if other.partition(" / ")[0] == kind)
        for part in parts):
      return True
  return False


def sources(paths: list[pathlib.Path]) -> dict[tuple, set[str]]:
  found = collections.defaultdict(set)
  for path in paths:
    with open(path, newline="") as file:
      for row in csv.DictReader(file):
        key = (row["canonical_model"], row["hw_key"], row["batch"])
        found[key].add((row["runtime"], row["source"]))
  return found


def main() -> int:
  parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
  parser.add_argument("scoreboard", type=pathlib.Path)
  parser.add_argument("rows", type=pathlib.Path, nargs="+")
  parser.add_argument("--out", type=pathlib.Path,
                      default=ROOT / "testdata" / "measured" / "published.csv")
  arguments = parser.parse_args()
  targets = listed("targets", "aliases")
  runtimes = listed("runtimes", "measured_as")
  cited = sources(arguments.rows)
  kept = []
  with open(arguments.scoreboard, newline="") as file:
    for row in csv.DictReader(file):
      if row["hw_key"] not in targets or not is_measured_as(row, runtimes):
        continue
      key = (row["canonical_model"], row["hw_key"], row["batch"])
      own = sorted({source for runtime, source in cited[key]
                    if any(part.strip().startswith(runtime.split(" (")[0])
                           or runtime.startswith(part.strip())
                           for part in row["runtimes"].split(";"))})
      precision = row["precision"]
      if precision == "fp16" and AUTOCAST.search(row["runtimes"]):
        precision = "amp"
      kept.append({
          "model": RENAMED.get((row["canonical_model"], row["hw_key"]),
                               row["canonical_model"]),
          "target": row["hw_key"],
          "runtime": row["runtime_class"],
          "software": row["runtimes"],
          "precision": precision,
          "batch": row["batch"],
          "input": row["input"],
          "latency_ms": row["lat_ms_median"],
          "latency_ms_min": row["lat_ms_min"],
          "latency_ms_max": row["lat_ms_max"],
          "throughput_per_s":
              row["thr_per_s_median"] if not row["lat_ms_median"] else "",
          "source": " ".join(own) or row["datasets"],
      })
  arguments.out.parent.mkdir(parents=True, exist_ok=True)
  with open(arguments.out, "w", newline="") as file:
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(kept)
  print(f"{arguments.out}: {len(kept)} rows", file=sys.stderr)
  return 0


if __name__ == "__main__":
  sys.exit(main())
