"""Writes data/embedding/testdata/arrow_schemas.json: the ARROW:schema that pyarrow itself puts into a Parquet footer for
columns like those of data/embedding, in base64. Run from the repository root.
"""
import importlib.metadata
import io
import json
import sys

PINNED = {"pyarrow": "26.0.1"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

import pyarrow as pa
import pyarrow.parquet as pq

DIM = 6


def schema(number):
    vector = pa.list_(pa.field("element", number, nullable=False), DIM)
    kinds = {"id": pa.string(), "row": pa.int64(), "key": pa.string(), "caption": pa.string(),
             "image_embedding": vector, "text_embedding": vector}
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in kinds.items()])


golden = {"made_by": "testdata/reference/embedding_golden.py", **PINNED, "dim": DIM}
for name, number in {"float32": pa.float32(), "float16": pa.float16()}.items():
    buffer = io.BytesIO()
    pq.write_table(schema(number).empty_table(), buffer)
    golden[name] = pq.ParquetFile(buffer).metadata.metadata[b"ARROW:schema"].decode()
with open("data/embedding/testdata/arrow_schemas.json", "w") as file:
    json.dump(golden, file, indent=1)
    file.write("\n")
