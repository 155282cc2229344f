"""Reads what TestPyarrowReadsEveryNumber wrote, with pyarrow and numpy, and compares each value with its formula.

usage: check.py parquet|npy FOLDER ROWS ROWS_PER_FILE ROWS_PER_GROUP DIM DTYPE
"""
import glob
import json
import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

layout, folder, *numbers, dtype = sys.argv[1:]
rows, per_file, per_group, dim = map(int, numbers)
parts = -(-rows // per_file)
i, d = np.arange(rows)[:, None], np.arange(dim)[None, :]
IMAGE = (((7 * i + 3 * d) % 17 - 8) / 8).astype(dtype)
TEXT = (((5 * i + d) % 13 - 6) / 4).astype(dtype)
ID = [f"abc-{r}" for r in range(rows)]
KEY = [f"k/{r}.jpg" for r in range(rows)]
CAPTION = [f"caption {r} é" for r in range(rows)]


def same(got, want, what):
    assert got.shape == want.shape and got.dtype == want.dtype, (what, got.shape, got.dtype, want.shape, want.dtype)
    assert (got == want).all(), what


def read_tables(pattern):
    """The tables of the files in order; checks what all Parquet files share."""
    paths = sorted(glob.glob(os.path.join(folder, pattern)))
    assert len(paths) == parts, paths
    for path in paths:
        file = pq.ParquetFile(path)
        groups = [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)]
        assert max(groups) <= per_group, groups
        meta = json.loads(file.metadata.metadata[b"mclclip"])
        assert meta["dim"] == dim and meta["dtype"] == dtype and meta["stages"][1]["offset"] == dim // 2, meta
    return paths, pa.concat_tables(pq.read_table(path) for path in paths)


def check_text(table, names):
    for name, want in names.items():
        assert table.schema.field(name).type == pa.string() and not table.schema.field(name).nullable, name
        assert table[name].to_pylist() == want, name
    assert table["row"].to_pylist() == list(range(rows))


def check_parquet():
    paths, table = read_tables("*.parquet")
    assert os.path.basename(paths[-1]) == f"embeddings-{parts - 1:05d}-of-{parts:05d}.parquet"
    assert table.schema.names == ["id", "row", "key", "caption", "image_embedding", "text_embedding"], table.schema
    check_text(table, {"id": ID, "key": KEY, "caption": CAPTION})
    element = pa.float16() if dtype == "float16" else pa.float32()
    for name, want in {"image_embedding": IMAGE, "text_embedding": TEXT}.items():
        kind = table.schema.field(name).type
        assert pa.types.is_fixed_size_list(kind) and kind.list_size == dim and kind.value_type == element, kind
        assert not table.schema.field(name).nullable and not kind.value_field.nullable
        same(table[name].combine_chunks().flatten().to_numpy().reshape(-1, dim), want, name)
    # Without Arrow's key the same columns are lists of any size: what the key is for.
    plain = pq.ParquetFile(paths[0]).schema.column(4)
    assert plain.path == "image_embedding.list.element", plain.path
    assert plain.max_definition_level == 1 and plain.max_repetition_level == 1, plain


def check_npy():
    _, table = read_tables("metadata/metadata_*.parquet")
    check_text(table, {"id": ID, "image_path": KEY, "caption": CAPTION})
    for name, want in {"img_emb": IMAGE, "text_emb": TEXT}.items():
        paths = sorted(glob.glob(os.path.join(folder, name, "*.npy")))
        digits = int(np.log10(parts)) + 1  # as clip-retrieval counts them
        assert [os.path.basename(p) for p in paths] == [f"{name}_{p:0{digits}d}.npy" for p in range(parts)], paths
        arrays = [np.load(path, mmap_mode="r") for path in paths]
        assert all(a.flags.c_contiguous for a in arrays)
        same(np.concatenate(arrays), want, name)


{"parquet": check_parquet, "npy": check_npy}[layout]()
print("ok", pa.__version__, np.__version__)
