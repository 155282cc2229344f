"""Writes mcl/testdata/agreement.json: what scikit-learn says on how far pairs of clusterings agree.

Run from the repository root. A case is a contingency table, from which the rows' clusters follow, with the normalised mutual
information (mean of the entropies as the norm, the default) and the adjusted Rand index.
"""
import importlib.metadata
import json
import sys

PINNED = {"scikit-learn": "1.9.1", "numpy": "2.4.6"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

random = np.random.default_rng(7)
TABLES = {
    "equal": [[5, 0, 0], [0, 7, 0], [0, 0, 2]],
    "equal but for the names": [[0, 5, 0], [0, 0, 7], [2, 0, 0]],
    "independent": [[6, 4], [12, 8]],
    "worse than chance": [[1, 3], [3, 1]],
    "one splits the other": [[4, 6, 0, 0], [0, 0, 5, 1]],
    "an empty cluster": [[4, 0, 1], [0, 0, 0], [2, 0, 9]],
    "all in one cluster, twice": [[9]],
    "all in one cluster, once": [[4, 3, 2]],
    "every row alone": np.eye(5, dtype=int).tolist(),
    "random": random.integers(0, 40, (10, 10)).tolist(),
    "mostly alike": (random.integers(0, 5, (8, 8)) + 90 * np.eye(8, dtype=int)).tolist(),
    "many rows": random.integers(0, 9000, (4, 6)).tolist(),
}


def case(name, table):
    table = np.array(table)
    first, second = np.repeat(np.indices(table.shape).reshape(2, -1), table.ravel(), axis=1)
    return dict(name=name, table=table.tolist(), nmi=float(normalized_mutual_info_score(first, second)),
                ari=float(adjusted_rand_score(first, second)))


out = dict(made_by="testdata/reference/agreement_golden.py", versions=PINNED, cases=[case(*item) for item in TABLES.items()])
with open("mcl/testdata/agreement.json", "w") as file:
    json.dump(out, file, indent=1)
    file.write("\n")
