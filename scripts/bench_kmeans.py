#!/usr/bin/env python3
"""Clusters the same features with mclclip and with scikit-learn in turn and writes a table of time and inertia.

Needs a Python with scikit-learn; make bench-kmeans finds one. Both get the same number of threads. The features are unit
vectors around uneven centres, made here by a seed. Our time includes reading the file in each pass, scikit-learn's features
are in memory.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
parser.add_argument("--rows", type=int, default=1_000_000)
parser.add_argument("--width", type=int, default=64)
parser.add_argument("--clusters", type=int, nargs="+", default=[10, 100])
parser.add_argument("--seeds", type=int, default=3)
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--program", default="bin/mclclip")
parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("docs/benchmarks"))
args = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(args.threads)  # before numpy is loaded

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans


def make_features():
    random = np.random.default_rng(1)
    centres = random.standard_normal((300, args.width), dtype=np.float32)
    share = random.pareto(2, 300) + 0.2
    blob = random.choice(300, args.rows, p=share / share.sum())
    x = centres[blob] + random.standard_normal((args.rows, args.width), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def ours(path, clusters, seed, *more):
    command = [args.program, "bench", "kmeans", "--features", path, "--width", str(args.width), "--clusters", str(clusters),
               "--seed", str(seed), "--threads", str(args.threads), *more]
    out = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return out["seconds"], out["inertia"]


def theirs(x, model):
    start = time.perf_counter()
    model.fit(x)
    seconds = time.perf_counter() - start
    # Summed here in float64 for both kinds of model: MiniBatchKMeans gives that of its last step.
    inertia = sum(float(np.square(part - model.cluster_centers_[model.predict(part)], dtype=np.float64).sum()) for part in np.array_split(x, 20))
    return seconds, inertia


def sides(x, path, k):
    yield "mclclip, defaults (10 starts on a sample, then Lloyd)", lambda seed: ours(path, k, seed)
    yield "mclclip, 1 start, at most 10 passes", lambda seed: ours(path, k, seed, "--starts", "1", "--max-passes", "10")
    yield "MiniBatchKMeans, defaults", lambda seed: theirs(x, MiniBatchKMeans(k, random_state=seed))
    yield "MiniBatchKMeans, batch_size 10,000, 10 starts", lambda seed: theirs(x, MiniBatchKMeans(k, random_state=seed, batch_size=10_000, n_init=10))
    yield "KMeans, defaults (1 start)", lambda seed: theirs(x, KMeans(k, random_state=seed))


def compare(x, path, k):
    measured = {}
    for seed in range(args.seeds):
        for name, run in sides(x, path, k):  # in turn, so that the machine's moods fall on all alike
            measured.setdefault(name, []).append(run(seed))
            print(f"K {k} seed {seed}: {name}: %.1f s, inertia %.6g" % measured[name][-1], file=sys.stderr, flush=True)
    best = min(statistics.median(i for _, i in runs) for runs in measured.values())
    rows = [f"\n## K = {k}\n", "| | seconds, median (each run) | inertia, median | above the best |", "|---|---|---|---|"]
    for name, runs in measured.items():
        inertia = statistics.median(i for _, i in runs)
        times = ", ".join(f"{s:.1f}" for s, _ in runs)
        rows.append(f"| {name} | **{statistics.median(s for s, _ in runs):.1f}** ({times}) | {inertia:.6g} | {100 * (inertia / best - 1):.2f} % |")
    return rows


def cpu():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def main():
    load = os.getloadavg()[0]
    x = make_features()
    version = subprocess.run(["git", "describe", "--tags", "--always", "--dirty"], stdout=subprocess.PIPE, text=True).stdout.strip()
    today = datetime.date.today().isoformat()
    text = [f"# K-means: mclclip and scikit-learn, {today}\n", f"`make bench-kmeans BENCH='--rows {args.rows} --width {args.width} --seeds {args.seeds} --threads {args.threads}'`: {args.rows:,} x {args.width} features, unit vectors around 300 uneven centres, "
            f"{args.seeds} seeds, {args.threads} thread(s); the sides take turns.\n",
            f"- {cpu()}, {os.cpu_count()} processors; load average of the machine before the run {load:.1f}, after it {{after:.1f}}", f"- mclclip {version}; scikit-learn {importlib.metadata.version('scikit-learn')}, numpy {np.__version__}, Python {platform.python_version()}",
            "- mclclip reads the features from disk in each pass, scikit-learn has them in memory."]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "features.f32")
        x.tofile(path)
        for k in args.clusters:
            text += compare(x, path, k)
    args.out.mkdir(parents=True, exist_ok=True)
    text[2] = text[2].format(after=os.getloadavg()[0])
    name = args.out / f"kmeans_{platform.machine()}-{os.cpu_count()}cpu_{today}.md"
    name.write_text("\n".join(text) + "\n")
    print(name)


main()
