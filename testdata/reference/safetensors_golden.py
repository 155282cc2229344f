"""Writes internal/safetensors/testdata/reference.safetensors with the reference implementation.

Run from the repository root. The test states the expected values itself (they follow from the shapes),
so this file is only the proof that the reader and the writer speak the format that others speak.
"""
import importlib.metadata
import sys

PINNED = {"safetensors": "0.8.0", "numpy": "2.4.6"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

import numpy as np
from safetensors import TensorSpec, serialize_file

OUT = "internal/safetensors/testdata/reference.safetensors"


def count(n, dtype):
    return np.arange(n).astype(dtype)


KEEP = []  # a TensorSpec holds only an address


def tensor(dtype, array):
    array = np.ascontiguousarray(array).reshape(array.shape)
    KEEP.append(array)
    return TensorSpec(dtype=dtype, shape=list(array.shape), data_ptr=array.ctypes.data, data_len=array.nbytes)


def bfloat16(array):
    """The upper halves of float32; exact for the small whole numbers used here."""
    return (array.astype("<f4").view("<u4") >> 16).astype("<u2")


serialize_file(
    {
        "f64": tensor("float64", count(6, "<f8").reshape(2, 3)),
        "f32": tensor("float32", -count(6, "<f4").reshape(3, 2) / 4),
        "f16": tensor("float16", count(5, "<f2")),
        "bf16": tensor("bfloat16", bfloat16(count(4, "<f4"))),
        "i64": tensor("int64", -count(3, "<i8")),
        "i32": tensor("int32", -count(3, "<i4")),
        "i16": tensor("int16", -count(3, "<i2")),
        "i8": tensor("int8", -count(3, "<i1")),
        "u8": tensor("uint8", count(3, "<u1")),
        "bool": tensor("bool", count(3, "?")),
        "scalar": tensor("float32", np.array(7, "<f4")),
        "empty": tensor("float32", np.zeros((0, 4), "<f4")),
        'quote" slash\\ <ä>': tensor("uint8", count(1, "<u1")),
    },
    OUT,
    {"versions": " ".join(f"{p}=={v}" for p, v in PINNED.items())},
)
print("wrote", OUT)
