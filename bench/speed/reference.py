"""The other side of mclclip bench speed: the same work with PyTorch, open_clip, torchvision, Pillow, pyarrow and tokenizers,
written as their own training and evaluation code is. It prepares the work, prints a line, and then does a round of it for
each line that it reads, answering with a line of JSON.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print must not come between the answers


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--work", required=True)
    p.add_argument("--material", type=Path, required=True)
    p.add_argument("--model-folder", type=Path, required=True)
    p.add_argument("--batch-size", type=int, required=True)
    p.add_argument("--steps", type=int, required=True)
    p.add_argument("--precision", required=True)
    p.add_argument("--device", choices=["cpu"], default="cpu")
    p.add_argument("--threads", type=int, required=True)
    p.add_argument("--workers", type=int, required=True)
    return p.parse_args()


def images(args):
    return sorted((args.material / "images").glob("*.jpg"))


def write_format(args, extension):
    """Writes photographs of the material in another format, as Pillow does by default, for both sides to read."""
    from PIL import Image

    folder = args.material / extension
    if folder.exists():
        return
    unfinished = Path(tempfile.mkdtemp(dir=args.material))
    for file in images(args)[:128]:
        Image.open(file).save(unfinished / f"{file.stem}.{extension}")
    unfinished.rename(folder)


def captions(args):
    return (args.material / "captions.txt").read_text().splitlines()


def load_model(args):
    import open_clip
    import torch

    torch.set_num_threads(args.threads)
    model, train_transform, transform = open_clip.create_model_and_transforms("local-dir:" + str(args.model_folder.resolve()))
    return model, train_transform, transform, open_clip.get_tokenizer("ViT-B-32")


def batches(args, transform, tokenizer):
    import torch
    from PIL import Image

    files, texts, made = images(args), captions(args), []
    for step in range(args.steps):
        rows = [(step * args.batch_size + i) % len(files) for i in range(args.batch_size)]
        pixels = torch.stack([transform(Image.open(files[r])) for r in rows])
        made.append((pixels, tokenizer([texts[r] for r in rows])))
    return made


def autocast(args):
    """open_clip_train.precision.get_autocast on a CPU."""
    import contextlib

    import torch

    if args.precision == "amp_bf16":
        return lambda: torch.amp.autocast("cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext


def finetune(args, locked=False):
    """The step of open_clip_train.train.train_one_epoch, with the optimizer of open_clip_train.main."""
    from open_clip.loss import ClipLoss

    model, _, transform, tokenizer = load_model(args)
    if locked:
        model.lock_text_tower()
        model.lock_image_tower(unlocked_groups=6)
    model.train()
    loss_of, cast, data, optimizer = ClipLoss(), autocast(args), batches(args, transform, tokenizer), adamw(model)
    return lambda: (args.steps * args.batch_size, [train_step(model, optimizer, loss_of, cast, *batch) for batch in data])


def adamw(model):
    import torch

    def exclude(n, p):
        return p.ndim < 2 or "bn" in n or "ln" in n or "bias" in n or "logit_scale" in n

    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": [p for n, p in named if exclude(n, p)], "weight_decay": 0.0},
            {"params": [p for n, p in named if not exclude(n, p)], "weight_decay": 0.1},
        ],
        lr=1e-5, betas=(0.9, 0.98), eps=1e-6,
    )


def train_step(model, optimizer, loss_of, cast, pixels, tokens):
    import math

    import torch

    optimizer.zero_grad()
    with cast():
        out = model(pixels, tokens)
        if isinstance(out, dict):
            out = out["image_features"], out["text_features"], out["logit_scale"]
        loss = loss_of(*out)
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        model.logit_scale.clamp_(0, math.log(100))
    return loss.item()


def embed_images(args):
    import torch

    model, _, transform, tokenizer = load_model(args)
    model.eval()
    data, cast = batches(args, transform, tokenizer), autocast(args)

    def round_():
        values = []
        with torch.inference_mode(), cast():
            for pixels, _ in data:
                features = model.encode_image(pixels)
                values += features[-1, :8].tolist()
        return args.steps * args.batch_size, values

    return round_


def embed_texts(args):
    import torch

    model, _, _, tokenizer = load_model(args)
    model.eval()
    texts, cast = captions(args)[: args.steps * args.batch_size], autocast(args)

    def round_():
        values = []
        with torch.inference_mode(), cast():
            for i in range(0, len(texts), args.batch_size):
                features = model.encode_text(tokenizer(texts[i : i + args.batch_size]))
                values += features[-1, :8].tolist()
        return len(texts), values

    return round_


def preprocess(args, extension="jpg"):
    import open_clip
    import torch
    from PIL import Image

    torch.set_num_threads(1)
    transform = open_clip.image_transform(224, is_train=False)
    files = images(args) if extension == "jpg" else sorted((args.material / extension).glob("*"))
    encoded = [f.read_bytes() for f in files]

    def round_():
        import io

        check = 0
        for i, raw in enumerate(encoded):
            pixels = transform(Image.open(io.BytesIO(raw)))
            if i % 16 == 0:
                check = zlib.crc32(pixels.numpy(), check)
        return len(encoded), [check]

    return round_


def loader(args):
    """open_clip_train.data.CsvDataset and its DataLoader, without pandas."""
    import open_clip
    import torch
    from PIL import Image

    tokenizer = open_clip.get_tokenizer("ViT-B-32")

    class Pairs(torch.utils.data.Dataset):
        def __init__(self):
            self.files, self.captions = [str(f) for f in images(args)], captions(args)
            self.transform = open_clip.image_transform(224, is_train=True)

        def __len__(self):
            return len(self.files)

        def __getitem__(self, i):
            return self.transform(Image.open(str(self.files[i]))), tokenizer([str(self.captions[i])])[0]

    loading = torch.utils.data.DataLoader(Pairs(), batch_size=args.batch_size, shuffle=True, num_workers=args.workers, drop_last=True)

    def round_():
        pairs, tokens = 0, 0
        for pixels, ids in loading:
            pairs += len(pixels)
            tokens += int((ids == 49407).sum())
        return pairs, [pairs, tokens]

    return round_


def parquet(args):
    import pyarrow.parquet as pq

    shards = sorted((args.material / "pairs").glob("*.parquet"))

    def round_():
        size = 0
        for shard in shards:
            for batch in pq.ParquetFile(shard).iter_batches(batch_size=64, columns=["image", "caption"]):
                for row in batch.to_pylist():
                    size += len(row["image"]["bytes"]) + len(row["caption"])
        return size / 1e6, [size]

    return round_


def check_ids(rows):
    import numpy

    return [zlib.crc32(numpy.ascontiguousarray(rows, dtype="<i4").tobytes())]


def tokens_openclip(args):
    import open_clip

    tokenizer, texts = open_clip.get_tokenizer("ViT-B-32"), captions(args)

    def round_():
        return len(texts), check_ids(tokenizer(texts).numpy())

    return round_


def tokens_hf(args):
    """The Rust tokenizer as transformers' CLIPTokenizerFast sets it up, with open_clip's copy of the vocabulary."""
    import numpy
    import open_clip
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    slow, texts = open_clip.get_tokenizer("ViT-B-32"), captions(args)
    tokenizer = Tokenizer(models.BPE(vocab=slow.encoder, merges=list(slow.bpe_ranks), end_of_word_suffix="</w>", unk_token="<end_of_text>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    words = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(words), behavior="removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    ends = [("<start_of_text>", 49406), ("<end_of_text>", 49407)]
    tokenizer.post_processor = processors.TemplateProcessing(single="<start_of_text> $A <end_of_text>", special_tokens=ends)
    tokenizer.enable_padding(length=77, pad_id=0)
    tokenizer.enable_truncation(77)

    def round_():
        rows = numpy.array([e.ids for e in tokenizer.encode_batch(texts)], dtype="<i4")
        return len(texts), check_ids(rows)

    return round_


def anew(work):
    """Does another work in a process of its own and returns what it tells."""
    out = subprocess.run([sys.executable, __file__, *sys.argv[1:], "--work", work], check=True, capture_output=True, text=True)
    return json.loads(out.stderr.strip().splitlines()[-1])


def start(args):
    """Time from the start of a process to the table of MMVP."""
    return lambda: (1, [anew("mmvp")["percent"]])


def stages(args):
    """Time from the start of a process to the score of two stages."""

    def round_():
        result = anew("stages-run")
        return result["pairs"], [result["pairs"], result["questions"]]

    return round_


class Files:
    """open_clip_train.data.CsvDataset, by index."""

    def __init__(self, files, captions, transform, tokenizer):
        self.files, self.captions, self.transform, self.tokenizer = files, captions, transform, tokenizer

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        from PIL import Image

        return self.transform(Image.open(str(self.files[i]))), self.tokenizer([str(self.captions[i])])[0]


def stages_run(args):
    """The steps of MCL's authors: embed the images, cluster them with MiniBatchKMeans, train on batches of one label with
    open_clip, twice; then score the three models' features together on the benchmark."""
    import csv

    import numpy
    import torch
    from open_clip.loss import ClipLoss
    from PIL import Image
    from sklearn.cluster import MiniBatchKMeans

    cast = autocast(args)
    model, train_transform, transform, tokenizer = load_model(args)
    pairs = Files(images(args), captions(args), transform, tokenizer)
    batches_of = lambda transform, **how: torch.utils.data.DataLoader(
        Files(pairs.files, pairs.captions, transform, tokenizer), num_workers=args.workers, **how)
    made, labels, trained = [model], numpy.zeros(len(pairs), int), 0
    with tempfile.TemporaryDirectory() as folder:
        for stage in (1, 2):
            model.eval()
            with torch.no_grad(), cast():
                rows = [torch.nn.functional.normalize(model.encode_image(x).float(), dim=-1) for x, _ in batches_of(transform, batch_size=args.batch_size)]
            labels = 2 * labels + MiniBatchKMeans(2, random_state=stage).fit_predict(torch.cat(rows).numpy())
            model = load_model(args)[0]
            model.lock_text_tower()
            model.lock_image_tower(unlocked_groups=6)
            model.train()
            order = numpy.random.default_rng(stage).permutation(len(pairs))
            order = order[numpy.argsort(labels[order], kind="stable")]
            sampler = [c.tolist() for c in numpy.split(order[: len(order) // args.batch_size * args.batch_size], len(order) // args.batch_size)]
            optimizer, loss_of = adamw(model), ClipLoss()
            for pixels, tokens in batches_of(train_transform, batch_sampler=sampler):
                train_step(model, optimizer, loss_of, cast, pixels, tokens)
                trained += len(pixels)
            torch.save({"state_dict": model.state_dict(), "optimizer": optimizer.state_dict()}, os.path.join(folder, f"{stage}.pt"))
            made.append(model)
    folder = args.material / "mmvp"
    rows = list(csv.DictReader((folder / "Questions.csv").open()))
    files = {f.stem: f for f in folder.rglob("*.[jp][pn]g")}
    for a, b in zip(rows[::2], rows[1::2]):
        tokens = tokenizer(["a photo of " + r["Statement"] for r in (a, b)])
        pixels = torch.stack([transform(Image.open(files[r["Question ID"]])) for r in (a, b)])
        with torch.no_grad():
            image = torch.cat([m.eval().encode_image(pixels) for m in made], 1)
            text = torch.cat([m.encode_text(tokens) for m in made], 1)
        image, text = image / image.norm(dim=-1, keepdim=True), text / text.norm(dim=-1, keepdim=True)
        (100 * text @ image.T).softmax(dim=-1)
    print(json.dumps({"pairs": trained, "questions": len(rows)}), file=sys.stderr)


def mmvp(args):
    """One evaluation, for start: the published script's steps on a folder in the published layout."""
    import csv

    import torch
    from PIL import Image

    model, _, transform, tokenizer = load_model(args)
    model.eval()
    folder = args.material / "mmvp"
    rows = list(csv.DictReader((folder / "Questions.csv").open()))
    files = {f.stem: f for f in folder.rglob("*.[jp][pn]g")}
    right = 0
    for a, b in zip(rows[::2], rows[1::2]):
        texts = ["a photo of " + r["Statement"] for r in (a, b)]
        pixels = torch.stack([transform(Image.open(files[r["Question ID"]])) for r in (a, b)])
        with torch.no_grad():
            image, text = model.encode_image(pixels), model.encode_text(tokenizer(texts))
        image, text = image / image.norm(dim=-1, keepdim=True), text / text.norm(dim=-1, keepdim=True)
        p = (100 * text @ image.T).softmax(dim=-1)  # a row for each statement
        right += bool(p[0, 0] > 0.5 and p[1, 0] <= 0.5)
    print(json.dumps({"percent": 100 * right / (len(rows) // 2)}), file=sys.stderr)


def processor_seconds():
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def peak_memory(args):
    own, child = (resource.getrusage(who).ru_maxrss * 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    if args.work in ("start", "stages"):
        return child
    return own + (args.workers * child if args.work == "loader" else 0)


def main():
    args = arguments()
    if args.work.startswith("write-"):
        return write_format(args, args.work.removeprefix("write-"))
    if args.work in ("mmvp", "stages-run"):
        return {"mmvp": mmvp, "stages-run": stages_run}[args.work](args)
    works = {
        "finetune": finetune, "finetune-locked": lambda args: finetune(args, locked=True), "embed-images": embed_images,
        "embed-texts": embed_texts, "preprocess": preprocess, "preprocess-png": lambda args: preprocess(args, "png"),
        "preprocess-webp": lambda args: preprocess(args, "webp"), "loader": loader, "parquet": parquet, "tokens-hf": tokens_hf,
        "tokens-openclip": tokens_openclip, "start": start, "stages": stages,
    }
    round_ = works[args.work](args)
    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        if line.strip() != "round":
            sys.exit(f"unknown request {line!r}")
        cpu, began = processor_seconds(), time.perf_counter()
        items, values = round_()
        seconds, cpu = time.perf_counter() - began, processor_seconds() - cpu
        answer = {"items": items, "seconds": seconds, "cpu_seconds": cpu, "values": values, "peak_rss_bytes": peak_memory(args)}
        print(json.dumps(answer), file=answers, flush=True)


main()
