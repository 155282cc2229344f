"""Writes train/metrics/testdata/events.golden with TensorBoard's own record writer and messages.

Run from the repository root. The test encodes the same events and compares byte by byte. The pinned versions stand in
the file itself, as the tag of its last scalar.
"""

import importlib.metadata
import sys

PINNED = {"tensorboard": "2.21.0", "protobuf": "7.36.2"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

OUT = "train/metrics/testdata/events.golden"
START = 1_790_000_000.25


def scalars(step, *values):
    summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in values])
    return event_pb2.Event(wall_time=START + step, step=step, summary=summary)


EVENTS = [
    event_pb2.Event(wall_time=START, file_version="brain.Event:2"),
    event_pb2.Event(wall_time=START, step=5, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)),
    scalars(5, ("train/loss", 0.375), ("train/lr", 1e-05)),
    scalars(300, ("train/loss", float("nan")), ("val/Größe", -2.5)),
    scalars(0, (" ".join(f"{p}=={v}" for p, v in PINNED.items()), 0.0)),
]
with open(OUT, "wb") as file:
    writer = RecordWriter(file)
    for event in EVENTS:
        writer.write(event.SerializeToString())
print("wrote", OUT)
