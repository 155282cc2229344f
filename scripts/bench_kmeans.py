#!/usr/bin/env python3
"""Clusters the same features with mclclip and with scikit-learn in turn and writes a table of time and inertia.

Needs a Python with scikit-learn; make bench-kmeans finds one. Both get the same number of threads. The features are unit
vectors around uneven centres, made here by a seed. Our time includes reading the file, scikit-learn's features are in memory.
Each side's time ends with a cluster for every row; what of it is that last pass is said too, for it bounds the ratio of the rest.
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
parser.add_argument("--width", type=int, default=768)
parser.add_argument("--clusters", type=int, nargs="+", default=[10, 100, 1000])
parser.add_argument("--seeds", type=int, default=3)
parser.add_argument("--more", action="store_true", help="also MiniBatchKMeans with larger batches and more starts, and KMeans")
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
    x = np.empty((args.rows, args.width), dtype=np.float32)
    for at in range(0, args.rows, 20_000):
        part = x[at : at + 20_000]
        part[:] = centres[blob[at : at + 20_000]] + random.standard_normal(part.shape, dtype=np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return x


def ours(path, clusters, seed, *more):
    command = [args.program, "bench", "kmeans", "--features", path, "--width", str(args.width), "--clusters", str(clusters),
               "--seed", str(seed), "--threads", str(args.threads), *more]
    out = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return out["seconds"], out["labelling_seconds"], out["inertia"]


def theirs(x, model):
    start = time.perf_counter()
    model.fit(x)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    labels = model.predict(x)
    labelling = time.perf_counter() - start
    # Summed here in float64 for both kinds of model: MiniBatchKMeans gives that of its last step.
    inertia = 0.0
    for at in range(0, len(x), 20_000):
        inertia += float(np.square(x[at : at + 20_000] - model.cluster_centers_[labels[at : at + 20_000]], dtype=np.float64).sum())
    return seconds, labelling, inertia


OURS, THEIRS = "mclclip, defaults", "MiniBatchKMeans, defaults"


def sides(x, path, k):
    yield OURS, lambda seed: ours(path, k, seed)
    yield THEIRS, lambda seed: theirs(x, MiniBatchKMeans(k, random_state=seed))
    if args.more:
        yield "MiniBatchKMeans, batch_size 10,000, 10 starts", lambda seed: theirs(x, MiniBatchKMeans(k, random_state=seed, batch_size=10_000, n_init=10))
        yield "KMeans, defaults (1 start)", lambda seed: theirs(x, KMeans(k, random_state=seed))


def compare(x, path, k):
    measured = {}
    for seed in range(args.seeds):
        for name, run in sides(x, path, k):  # in turn, so that the machine's moods fall on all alike
            measured.setdefault(name, []).append(run(seed))
            print(f"K {k} seed {seed}: {name}: %.2f s, %.2f s of them for the last pass, inertia %.6g" % measured[name][-1], file=sys.stderr, flush=True)
    seconds, labelling, inertia = ({name: statistics.median(r[i] for r in runs) for name, runs in measured.items()} for i in range(3))
    rows = [f"\n## K = {k}\n", "| | seconds, median (each run) | of which all rows get their cluster | inertia, median | above the best |", "|---|---|---|---|---|"]
    for name, runs in measured.items():
        times = ", ".join(f"{r[0]:.2f}" for r in runs)
        rows.append(f"| {name} | **{seconds[name]:.2f}** ({times}) | {100 * labelling[name] / seconds[name]:.0f} % | {inertia[name]:.6g} | "
                    f"{100 * (inertia[name] / min(inertia.values()) - 1):.2f} % |")
    rows.append(f"\nMiniBatchKMeans takes **{seconds[THEIRS] / seconds[OURS]:.1f}** times the time (ratio of medians); "
                f"mclclip's inertia is {100 * (inertia[OURS] / inertia[THEIRS] - 1):+.2f} %.")
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
            "- mclclip reads the features from a file (cached by the system), scikit-learn has them in memory."]
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
