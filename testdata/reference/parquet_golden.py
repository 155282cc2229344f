"""Writes data/testdata/*.parquet with pyarrow: image-caption pairs in the layouts and encodings found in the wild.

Run from the repository root. Row n holds an "image" that begins with IMG and n and ends in a hash of itself (FNV-1a, 64 bits), a caption
that begins with "caption n", and the key n; the test knows no more of the files than that.
"""
import importlib.metadata
import random
import struct
import sys

PINNED = {"pyarrow": "26.0.1"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

import pyarrow as pa
import pyarrow.parquet as pq

OUT = "data/testdata/pyarrow-%s.parquet"
ROWS = 60


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def image(n):
    noise = random.Random(n)
    body = b"IMG" + struct.pack(">Q", n) + noise.randbytes(20 + n * 37 % 90)
    return body + struct.pack(">Q", fnv(body))


images = [image(n) for n in range(ROWS)]
captions = [f"caption {n}" for n in range(ROWS)]
keys = [f"{n}" for n in range(ROWS)]
lists = [[f"caption {n} of {i}" for i in range(n % 4 + 1)] for n in range(ROWS)]
structs = [{"bytes": data, "path": f"{n}.jpg"} for n, data in enumerate(images)]
hugging_face = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def write(name, image_column, image_type, values, caption_column="caption", texts=captions, text_type=pa.string(), **options):
    table = pa.table({
        image_column: pa.array(values, image_type),
        caption_column: pa.array(texts, text_type),
        "key": pa.array(keys, pa.string()),
    })
    options.setdefault("row_group_size", 25)
    pq.write_table(table, OUT % name, **options)


small = {"row_group_size": ROWS, "data_page_size": 300, "write_batch_size": 4, "dictionary_pagesize_limit": 300}
write("default", "image", pa.binary(), images)
write("hugging-face", "image", hugging_face, structs)
write("zstd", "jpg", pa.binary(), images, compression="zstd", use_dictionary=False)
write("gzip-crc", "png", pa.binary(), images, compression="gzip", write_page_checksum=True)
write("brotli", "webp", pa.binary(), images, compression="brotli")
write("lz4", "image", pa.binary(), images, compression="lz4")
write("none", "image", pa.binary(), images, compression="none", use_dictionary=False)
write("large", "image", pa.large_binary(), images, text_type=pa.large_string())
write("view", "image", pa.binary_view(), images, text_type=pa.string_view())
write("page-index-v2", "image", hugging_face, structs, write_page_index=True, data_page_version="2.0", **small)
write("one-group", "image", pa.binary(), images, **small)  # dictionary pages, then plain ones
write("one-group-plain", "image", hugging_face, structs, use_dictionary=False, compression="none", **small)
write("lists", "image", pa.binary(), images, "captions", lists, pa.list_(pa.string()), **small)
write("lists-v2", "image", pa.binary(), images, "captions", lists, pa.large_list(pa.large_string()), data_page_version="2.0", **small)
write("delta", "image", pa.binary(), images, use_dictionary=False, column_encoding={
    "image": "DELTA_LENGTH_BYTE_ARRAY", "caption": "DELTA_BYTE_ARRAY", "key": "PLAIN"}, **small)
nulls = [None if n % 5 == 2 else dict(row, bytes=None) if n % 7 == 3 else row for n, row in enumerate(structs)]
blank = [None if n % 6 == 1 else "" if n % 11 == 4 else text for n, text in enumerate(captions)]
write("nulls", "image", hugging_face, nulls, texts=blank, **small)
