"""Writes vision/preprocess/testdata/images.safetensors: encoded images and what open_clip's transforms make of them.

Run from the repository root with the pinned packages. Each case NAME has the tensors
  NAME.file                 the encoded bytes
  NAME.eval                 [3, S, S], after convert("RGB")
  NAME.box, NAME.train      [K, 4] boxes (x, y, w, h) as RandomResizedCrop draws them, and [K, 3, S, S]
  NAME.exif                 [3, S, S], after ImageOps.exif_transpose and convert("RGB")
  NAME.longest, .squash, .bilinear   [3, S, S], with that resize_mode or interpolation
of which a case has only some. crops.* are draws of RandomResizedCrop: the image's size, the numbers drawn, the box.
"""
import importlib.metadata
import io
import struct
import sys
import zlib

PINNED = {"pillow": "13.0.0", "torch": "2.11.0", "torchvision": "0.26.0", "open_clip_torch": "3.3.0", "safetensors": "0.8.0"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package).split("+")[0]
    if found != version:
        sys.exit(f"{package} is {found}, this script wants {version}")

import numpy as np
import torch
from open_clip.transform import image_transform
from PIL import Image, ImageOps
from safetensors.numpy import save_file
from torchvision.transforms import RandomResizedCrop
from torchvision.transforms import functional as F

OUT = "vision/preprocess/testdata/images.safetensors"
S = 24
RNG = np.random.default_rng(7)
TENSORS = {}


def picture(w, h, channels=3):
    """Gradients, a hard edge, fine texture and noise: what tells filters, chroma and pass orders apart."""
    y, x = np.mgrid[0:h, 0:w].astype(float)
    planes = []
    for c in range(channels):
        v = 128 + 70 * np.sin(x / (5 + c) + c) * np.cos(y / (7 - c)) + 40 * ((x + 2 * y) % 17 > 8) - 30 * (x > w / 2)
        planes.append(v + RNG.normal(0, 12, (h, w)))
    out = np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)
    return out[:, :, 0] if channels == 1 else out


def encode(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def transform(train=False, **options):
    """open_clip's transform without ToTensor and Normalize."""
    return image_transform(S, train, **options).transforms[:-2]


def apply(steps, image):
    for step in steps:
        image = step(image)
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))


def add(name, data, rgb=None, variants=()):
    image = Image.open(io.BytesIO(data))
    rgb = rgb or image.convert("RGB")
    TENSORS[f"{name}.file"] = np.frombuffer(data, np.uint8)
    TENSORS[f"{name}.eval"] = apply(transform(), rgb)
    if "train" in variants:
        boxes, crops = zip(*(train_crop(rgb) for _ in range(2)))
        TENSORS[f"{name}.box"] = np.array(boxes, np.int32)
        TENSORS[f"{name}.train"] = np.stack(crops)
    if "modes" in variants:
        TENSORS[f"{name}.longest"] = apply(transform(resize_mode="longest", fill_color=90), rgb)
        TENSORS[f"{name}.squash"] = apply(transform(resize_mode="squash"), rgb)
        TENSORS[f"{name}.bilinear"] = apply(transform(interpolation="bilinear"), rgb)
    if "exif" in variants:
        TENSORS[f"{name}.exif"] = apply(transform(), ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))


def train_crop(rgb):
    (crop, *rest) = transform(train=True)
    y, x, h, w = crop.get_params(rgb, crop.scale, crop.ratio)
    return (x, y, w, h), apply(rest, F.resized_crop(rgb, y, x, h, w, crop.size, crop.interpolation))


def jpeg_cases():
    every = ("train", "modes")
    for name, size, options in [
        ("jpeg-420-landscape", (97, 61), dict(subsampling=2)),
        ("jpeg-420-portrait", (41, 103), dict(subsampling=2)),
        ("jpeg-420-enlarged", (11, 14), dict(subsampling=2)),
        ("jpeg-422", (67, 50), dict(subsampling=1)),
        ("jpeg-444", (53, 48), dict(subsampling=0)),
        ("jpeg-progressive", (75, 56), dict(progressive=True)),
        ("jpeg-restart", (64, 49), dict(restart_marker_blocks=3)),
        ("jpeg-keep-rgb", (45, 39), dict(keep_rgb=True, subsampling=0)),
        ("jpeg-one-pixel", (1, 1), {}),
    ]:
        image = Image.fromarray(picture(*size))
        add(name, encode(image, "JPEG", quality=85, **options), variants=every if "420" in name else ())
    # Much taller than wide and cut at both ends: here the vertical pass comes first.
    add("jpeg-tall", encode(Image.fromarray(picture(26, 160)), "JPEG", quality=80), variants=("train", "modes"))
    add("jpeg-grey", encode(Image.fromarray(picture(50, 40, 1)), "JPEG"))
    cmyk = encode(Image.fromarray(picture(48, 40, 4), "CMYK"), "JPEG", quality=90)
    add("jpeg-cmyk", cmyk)
    adobe = cmyk.index(b"Adobe")
    add("jpeg-ycck", cmyk[: adobe + 11] + b"\x02" + cmyk[adobe + 12 :])
    good = encode(Image.fromarray(picture(40, 36)), "JPEG", quality=85)
    add("jpeg-junk-after", good + b"junk" * 5)


def exif_cases():
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = Image.fromarray(picture(37, 29))
        add(f"exif-jpeg-{orientation}", encode(image, "JPEG", quality=75, exif=exif), variants=("exif",))
    add("exif-png-6", encode(image, "PNG", exif=exif_of(6)), variants=("exif",))
    add("exif-webp-8", encode(image, "WEBP", exif=exif_of(8)), variants=("exif",))
    add("tiff-turned", encode(image, "TIFF", exif=exif_of(5)), variants=("exif",))


def exif_of(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def png(w, h, depth, color, rows, interlace=0):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", w, h, depth, color, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def rows(array):
    return b"".join(b"\0" + row.tobytes() for row in array)


def adam7(array):
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [array[y::dy, x::dx] for x, y, dx, dy in passes]
    return b"".join(rows(part) for part in parts if part.size)


def png_cases():
    a = picture(45, 37, 4)
    image = Image.fromarray(a)
    rgb = Image.fromarray(np.ascontiguousarray(a[:, :, :3]))
    add("png-rgb", encode(rgb, "PNG"), variants=("train",))
    add("png-rgba", encode(image, "PNG"))
    add("png-palette", encode(rgb.quantize(64), "PNG", transparency=3))
    add("png-grey", encode(Image.fromarray(a[:, :, 0].copy()), "PNG"))
    add("png-grey-alpha", encode(Image.fromarray(a[:, :, :2].copy(), "LA"), "PNG"))
    add("png-bits", encode(Image.fromarray(a[:, :, 1].copy()).convert("1"), "PNG"))
    wide = (a[:, :, :3].astype(np.uint16) << 8 | RNG.integers(0, 256, (37, 45, 3), dtype=np.uint16)).astype(">u2")
    add("png-16-bit", png(45, 37, 16, 2, rows(wide)))
    # Pillow clips 16-bit grey to 8 bits; here it is scaled, which is what Pillow does with 16-bit colour.
    add("png-16-bit-grey", png(45, 37, 16, 0, rows(wide[:, :, 0])), rgb=Image.fromarray(a[:, :, 0].copy()).convert("RGB"))
    add("png-interlaced", png(45, 37, 8, 2, adam7(a[:, :, :3]), interlace=1))


def other_cases():
    a = picture(51, 38, 4)
    image = Image.fromarray(a)
    rgb = Image.fromarray(np.ascontiguousarray(a[:, :, :3]))
    add("webp-lossy", encode(rgb, "WEBP", quality=70), variants=("train",))
    add("webp-lossy-alpha", encode(image, "WEBP", quality=70))
    add("webp-lossless", encode(rgb, "WEBP", lossless=True))
    add("webp-lossless-alpha", encode(image, "WEBP", lossless=True, exact=True))
    second = Image.fromarray(picture(51, 38))
    add("webp-animated", encode(rgb, "WEBP", quality=70, save_all=True, append_images=[second], duration=100))
    small = rgb.quantize(32)
    add("gif", encode(small, "GIF"))
    add("gif-transparent", encode(small, "GIF", transparency=5))
    add("gif-animated", encode(small, "GIF", save_all=True, append_images=[second.quantize(32)], duration=100))
    gif = bytearray(encode(small, "GIF"))
    gif[6:10] = struct.pack("<HH", 60, 45)  # the frame covers a part of the screen
    add("gif-part", bytes(gif))
    add("bmp", encode(rgb, "BMP"))
    add("tiff", encode(rgb, "TIFF"))
    add("tiff-lzw", encode(rgb, "TIFF", compression="tiff_lzw"))


def crop_cases():
    """Runs RandomResizedCrop.get_params on numbers that are written down."""
    sizes, numbers, boxes = [], [], []
    real_uniform, real_randint = torch.Tensor.uniform_, torch.randint
    for w, h in [(640, 480), (480, 640), (100, 100), (300, 100), (100, 300), (17, 23), (2000, 1500), (1, 1)] * 3:
        drawn = []

        def uniform(tensor, low, high):
            real_uniform(tensor, float(low), float(high))
            drawn.append(tensor.item())
            return tensor

        def randint(low, high, size):
            out = real_randint(low, high, size)
            drawn.append(out.item())
            return out

        torch.Tensor.uniform_, torch.randint = uniform, randint
        y, x, bh, bw = RandomResizedCrop.get_params(Image.new("L", (w, h)), [0.9, 1.0], [3 / 4, 4 / 3])
        torch.Tensor.uniform_, torch.randint = real_uniform, real_randint
        sizes.append((w, h))
        numbers.append(drawn + [-1.0] * (22 - len(drawn)))
        boxes.append((x, y, bw, bh))
    TENSORS["crops.size"] = np.array(sizes, np.int32)
    TENSORS["crops.drawn"] = np.array(numbers, np.float64)
    TENSORS["crops.box"] = np.array(boxes, np.int32)


def table():
    """ToTensor and Normalize of every pixel value, by channel."""
    from torchvision.transforms import ToTensor

    values = np.arange(256, dtype=np.uint8).reshape(1, 256, 1).repeat(3, 2)
    normalize = image_transform(S, False).transforms[-1]
    TENSORS["table"] = normalize(ToTensor()(values)).numpy().reshape(3, 256)


torch.manual_seed(3)
jpeg_cases()
exif_cases()
png_cases()
other_cases()
crop_cases()
table()
save_file(TENSORS, OUT, metadata={**PINNED, "made by": "testdata/reference/images_golden.py"})
print(f"{OUT}: {sum(t.nbytes for t in TENSORS.values()) // 1024} KiB in {len(TENSORS)} tensors")
