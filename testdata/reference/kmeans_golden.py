"""Writes mcl/testdata/kmeans.json: what scikit-learn's KMeans reaches on features that a formula gives.

Run from the repository root. For each set of features the file holds the formula's numbers, the starts, the sum of all features
and the lowest inertia of 3 seeds.

The formula needs only whole numbers and sums of doubles, so that Go computes the same float32 features; see features below.
"""
import importlib.metadata
import json
import math
import sys
from pathlib import Path

PINNED = {"scikit-learn": "1.9.1", "numpy": "2.4.6"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

import numpy as np
from sklearn.cluster import KMeans

OUT = "mcl/testdata/kmeans.json"
MASK = (1 << 64) - 1


def uniform(counter):
    """SplitMix64 of a counter as a double in [0, 1)."""
    z = (counter * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return ((z ^ (z >> 31)) >> 11) / (1 << 53)


def bell(counter):
    """The sum of four uniforms less 2: near a normal distribution of standard deviation 0.577."""
    return uniform(4 * counter + 1) + uniform(4 * counter + 2) + uniform(4 * counter + 3) + uniform(4 * counter + 4) - 2


def features(rows, width, blobs, spread, share, shift):
    """Row i lies around the centre of the blob where a uniform, to the power of share, falls; a share above 1 makes the first blobs larger."""
    x = np.empty((rows, width), dtype=np.float32)
    for i in range(rows):
        blob = uniform((1 << 40) + i)
        for _ in range(share - 1):
            blob *= uniform((1 << 40) + i)
        blob = int(blob * blobs)
        for j in range(width):
            x[i, j] = bell((1 << 41) + blob * width + j) + spread * bell((1 << 42) + i * width + j) + shift
    return x


# In the sets with many local minima so many starts that all seeds end in the same one.
SETS = [
    dict(name="apart", rows=1500, width=8, blobs=10, spread=0.25, share=1, shift=0, clusters=10, starts=10),
    dict(name="overlapping", rows=2000, width=16, blobs=10, spread=0.75, share=1, shift=0, clusters=10, starts=10),
    dict(name="uneven sizes", rows=2000, width=6, blobs=8, spread=0.5, share=3, shift=0, clusters=8, starts=30),
    dict(name="far from zero", rows=1500, width=6, blobs=8, spread=0.25, share=1, shift=1000, clusters=8, starts=10),
    dict(name="fewer clusters than blobs", rows=2000, width=3, blobs=12, spread=0.5, share=1, shift=0, clusters=4, starts=20),
]


def main():
    for s in SETS:
        x = features(*(s[key] for key in ("rows", "width", "blobs", "spread", "share", "shift")))
        s["sum"] = math.fsum(x.astype(np.float64).ravel())
        seeds = [KMeans(s["clusters"], n_init=s["starts"], random_state=seed).fit(x).inertia_ for seed in range(3)]
        s["inertia"] = float(min(seeds))
        print(s["name"], [float(v / s["inertia"]) for v in seeds])
    golden = {"versions": PINNED, "sets": SETS}
    Path(OUT).write_text(json.dumps(golden, indent=1) + "\n")


main()
