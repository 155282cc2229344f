"""Writes vision/preprocess/internal/jpeg/testdata/jpeg.safetensors: JPEG files and their pixels by Pillow.

Run from the repository root with the pinned packages. Each case NAME has the tensors NAME.file, the encoded bytes, and
NAME.rgb [H, W, 3], after convert("RGB"). What Pillow cannot encode is made from what it can: other sampling factors by
writing them into the frame header of a file whose MCUs have as many blocks, several scans and four sampled components by
joining grey files, incomplete progressive files by leaving scans out.
"""
import importlib.metadata
import io
import struct
import sys

PINNED = {"pillow": "13.0.0", "safetensors": "0.8.0", "numpy": "2.4.6"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

OUT = "vision/preprocess/internal/jpeg/testdata/jpeg.safetensors"
RNG = np.random.default_rng(11)
TENSORS = {}
SOF0, SOF2, DHT, EOI, SOS, DQT, DRI, ADOBE = 0xC0, 0xC2, 0xC4, 0xD9, 0xDA, 0xDB, 0xDD, 0xEE


def picture(w, h):
    """Saturated gradients, hard edges and noise, in three channels that differ."""
    y, x = np.mgrid[0:h, 0:w].astype(float)
    planes = [
        128 + 110 * np.sin(x / (4 + c) + 2 * c) * np.cos(y / (6 - c)) + 60 * ((x + (c + 1) * y) % 13 > 6) + RNG.normal(0, 10, (h, w))
        for c in range(3)
    ]
    return Image.fromarray(np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8))


def encode(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def add(name, data):
    TENSORS[f"{name}.file"] = np.frombuffer(data, np.uint8)
    TENSORS[f"{name}.rgb"] = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def segments(data):
    """(marker, content, what follows up to the next marker) of each segment but the first and last."""
    at, out = 2, []
    while data[at + 1] != EOI:
        end = at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        after = end
        if data[at + 1] == SOS:
            while data[after] != 0xFF or data[after + 1] == 0 or 0xD0 <= data[after + 1] <= 0xD7:
                after += 1
        out.append((data[at + 1], data[at + 4 : end], data[end:after]))
        at = after
    return out


def join(parts):
    body = b"".join(struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + scan for marker, content, scan in parts)
    return b"\xff\xd8" + body + b"\xff\xd9"


def change_frame(data, change):
    parts = []
    for marker, content, scan in segments(data):
        content = bytearray(content)
        if marker in (SOF0, SOF2):
            change(content)
        parts.append((marker, bytes(content), scan))
    return join(parts)


def resampled(data, factors, size):
    """Gives the first component other sampling factors and the image another size."""

    def change(frame):
        frame[1:5] = struct.pack(">HH", size[1], size[0])
        frame[7] = factors[0] << 4 | factors[1]

    return change_frame(data, change)


def several(size, factors, adobe=None, names=(1, 2, 3, 4), **options):
    """A file of which each component has scans of its own."""
    most = [max(f[i] for f in factors) for i in (0, 1)]
    bands = picture(*size).convert("YCbCr").split()
    tables, frame, scans = [], b"", []
    for i, f in enumerate(factors):
        sides = [-(-size[axis] * f[axis] // most[axis]) for axis in (0, 1)]
        parts = segments(encode(bands[i % 3].resize(sides), **options))
        tables += [(DQT, bytes([i]) + content[1:], b"") for marker, content, _ in parts if marker == DQT]
        frame += bytes([names[i], f[0] << 4 | f[1], i])
        for marker, content, scan in parts:
            if marker == SOS:
                content = content[:1] + bytes([names[i]]) + content[2:]
            if marker in (DHT, DRI, SOS):
                scans.append((marker, content, scan))
    kind = SOF2 if "progressive" in options else SOF0
    head = [] if adobe is None else [(ADOBE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, adobe), b"")]
    head += tables + [(kind, struct.pack(">BHHB", 8, size[1], size[0], len(factors)) + frame, b"")]
    return join(head + scans)


def first_scans(data, n):
    parts, seen = [], 0
    for part in segments(data):
        parts.append(part)
        seen += part[0] == SOS
        if seen == n:
            return join(parts)
    sys.exit(f"only {seen} scans")


def plain_cases():
    for name, size, options in [
        ("444", (35, 29), dict(subsampling=0, quality=92)),
        ("422", (37, 30), dict(subsampling=1, quality=80)),
        ("420", (45, 35), dict(subsampling=2, quality=85)),
        ("420-large", (121, 84), dict(subsampling=2, quality=95)),
        ("420-narrow", (4, 21), dict(subsampling=2)),
        ("420-quality-100", (33, 24), dict(subsampling=2, quality=100)),
        ("420-quality-3", (40, 37), dict(subsampling=2, quality=3)),
        ("422-narrow", (3, 9), dict(subsampling=1)),
        ("one-pixel", (1, 1), {}),
        ("restart", (50, 37), dict(subsampling=2, restart_marker_blocks=2)),
        ("restart-many", (90, 60), dict(subsampling=0, restart_marker_blocks=5)),
        ("progressive-444", (34, 27), dict(subsampling=0, progressive=True)),
        ("progressive-422", (38, 25), dict(subsampling=1, progressive=True, quality=90)),
        ("progressive-420", (47, 33), dict(subsampling=2, progressive=True, quality=85)),
        ("progressive-restart", (40, 33), dict(subsampling=2, progressive=True, restart_marker_rows=1)),
        ("keep-rgb", (31, 23), dict(keep_rgb=True, subsampling=0)),
    ]:
        add(name, encode(picture(*size), **options))
    grey = picture(41, 26).convert("L")
    add("grey", encode(grey, quality=90))
    add("progressive-grey", encode(grey, progressive=True))
    add("grey-sampled", resampled(encode(grey), (2, 2), grey.size))
    four = Image.merge("CMYK", [*picture(33, 28).split(), picture(33, 28).convert("L")])
    cmyk = encode(four, quality=88)
    at = cmyk.index(b"Adobe") + 11
    add("cmyk", cmyk)
    add("ycck", cmyk[:at] + b"\x02" + cmyk[at + 1 :])
    add("progressive-cmyk", encode(four, progressive=True))


def made_cases():
    add("440", resampled(encode(picture(64, 32), subsampling=1), (1, 2), (30, 59)))
    add("progressive-440", resampled(encode(picture(64, 32), subsampling=1, progressive=True), (1, 2), (30, 59)))
    add("411", resampled(encode(picture(32, 48), subsampling=2), (4, 1), (62, 21)))
    add("1x4", resampled(encode(picture(48, 32), subsampling=2), (1, 4), (21, 60)))
    add("scans-420", several((37, 29), [(2, 2), (1, 1), (1, 1)]))
    add("scans-mixed", several((39, 31), [(2, 2), (2, 1), (1, 2)], quality=90))
    add("scans-3x1", several((40, 17), [(3, 1), (1, 1), (1, 1)]))
    add("scans-low-luma", several((34, 29), [(1, 1), (2, 2), (1, 1)]))
    add("scans-named-rgb", several((20, 19), [(1, 1)] * 3, names=(82, 71, 66)))
    add("scans-adobe-rgb", several((20, 19), [(1, 1)] * 3, adobe=0))
    add("scans-ycck", several((35, 27), [(2, 2), (1, 1), (1, 1), (2, 2)], adobe=2))
    add("scans-cmyk-without-adobe", several((21, 22), [(2, 1), (1, 1), (2, 1), (1, 1)]))
    add("scans-progressive", several((36, 27), [(2, 1), (1, 1), (1, 1)], progressive=True))
    for sampling, kept in [(0, 1), (2, 1), (2, 2), (2, 4), (2, 6), (2, 8)]:
        data = encode(picture(67, 53), subsampling=sampling, progressive=True, quality=80)
        add(f"incomplete-{sampling}-{kept}", first_scans(data, kept))
    add("incomplete-440", first_scans(resampled(encode(picture(64, 64), subsampling=1, progressive=True), (1, 2), (30, 119)), 1))
    usual = encode(picture(29, 33), subsampling=2)  # with the tables of T.81 K.3
    add("without-huffman-tables", join([p for p in segments(usual) if p[0] != DHT]))


plain_cases()
made_cases()
save_file(TENSORS, OUT, metadata={**PINNED, "made by": "testdata/reference/jpeg_golden.py"})
print(f"{OUT}: {sum(t.nbytes for t in TENSORS.values()) // 1024} KiB in {len(TENSORS)} tensors")
