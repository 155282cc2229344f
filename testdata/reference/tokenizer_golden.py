"""Writes the goldens of text/tokenizer with open_clip's SimpleTokenizer and with ftfy.

Run from the repository root:  python testdata/reference/tokenizer_golden.py
A larger comparison, kept outside the repository:
    python testdata/reference/tokenizer_golden.py --seed 1 --scale 40 --dir /tmp/large
    go test ./text/tokenizer ./text/tokenizer/ftfy -run Golden -args -golden /tmp/large
Each row is a JSON object: class, text (base64 where it is not UTF-8), ids, or fixed for ftfy.
"""
import argparse
import base64
import gzip
import hashlib
import html
import html.entities
import importlib.metadata
import json
import os
import random
import struct
import sys
import unicodedata

PINNED = {"open_clip_torch": "3.3.0", "ftfy": "6.3.1", "regex": "2026.11.15"}
for package, version in PINNED.items():
    found = importlib.metadata.version(package)
    if found != version:
        sys.exit(f"{package} is {found}, this script wants {version}")
if unicodedata.unidata_version != "14.0.0":
    sys.exit(f"unicodedata is {unicodedata.unidata_version}, this script wants 14.0.0 (Python 3.11)")

import ftfy
import ftfy.badness
import ftfy.chardata
import open_clip
from open_clip import zero_shot_metadata
from open_clip.tokenizer import SimpleTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--scale", type=int, default=1, help="texts per class, times the usual number")
parser.add_argument("--dir", default="text/tokenizer", help="folder that gets testdata/ and ftfy/testdata/")
args = parser.parse_args()
rng = random.Random(args.seed)

WORDS = (
    "a the photo of two dogs cat sitting on red wooden table near window with bright blue sky people walking down "
    "street city at night man woman holding umbrella skateboard black white close-up vintage poster illustration "
    "vector isolated background Beautiful Sunset over Mountain lake reflection NEW YORK iPhone T-shirt 4K HD free"
).split()
SENTENCES = [
    "Übergrößenträger süße Straße", "l'été à la plage, ça va? Noël où", "El niño mañana ¿qué? ¡olé! canción",
    "Příliš žluťoučký kůň úpěl", "Zażółć gęślą jaźń", "Árvíztűrő tükörfúrógép", "İstanbul'da çiğ köfte ışık",
    "Съешь ещё этих мягких французских булок", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία", "ΟΔΥΣΣΕΥΣ ΣΟΦΟΣ ΑΣ",
    "日本語のテキスト、ひらがなとカタカナ。", "我能吞下玻璃而不伤身体", "키스의 고유조건은 입술끼리 만나야 하고",
    "صِف خَلقَ خَودِ كَمِثلِ الشَمسِ", "עטלף אבק נס דרך מזגן", "ऋषियों को सताने वाले दुष्ट", "เป็นมนุษย์สุดประเสริฐ",
    "Đây là tiếng Việt có dấu", "“quoted” – it’s … ‘single’ — €5 ™ ® © °C ½ ×2", "naïve café résumé — 100 £", "👍🏽 ❤️ 👨‍👩‍👧 🇩🇪 ☕",
    "à la mode às vezes àquele É ó í", "Žižek š č ř ž Ľ ő ű", "ąęśćżźłńó", "ģķļņšūžčāēī",
]
CHARMAPS = ftfy.chardata.CHARMAP_ENCODINGS
SPECIAL = ["<start_of_text>", "<end_of_text>", "<|startoftext|>", "<|endoftext|>", "<START_OF_TEXT>", "<End_Of_Text>",
           "<ſtart_of_text>", "<start_of_texts>", "< end_of_text>", "-<end_of_text>", "<end_of_text"]
MOJIBAKE = sorted({c for c in map(chr, range(0x80, 0x10000)) if not 0xD800 <= ord(c) < 0xE000 and any(
    c in chars for chars in (*ftfy.badness.MOJIBAKE_CATEGORIES.values(), *ftfy.chardata.UTF8_CLUES.values()))}
    | set(map(chr, range(0x80, 0x180))) | set("ВГРСўЂвβΒΓΞΟ√≈‚Ä"))
MARKS = [chr(c) for c in range(0x300, 0x110000) if not 0xD800 <= c < 0xE000 and unicodedata.combining(chr(c))]
NEW_MARKS = [chr(c) for c in (0x10EFD, 0x1E4EC, 0x11F41, 0x11F42, 0x897, 0x1ACF, 0x1E5EE, 0x10D69, 0x113CE)]
NEW_OTHERS = [chr(c) for c in (0x16D63, 0x16D67, 0x16D68, 0x105D2, 0x113C2, 0x113C5, 0x11383, 0x1612A, 0x16129)]


def pick(items, low=1, high=6, sep=""):
    return sep.join(rng.choice(items) for _ in range(rng.randint(low, high)))


def chars(ranges):
    return [chr(c) for low, high in ranges for c in range(low, high + 1)]


def sometimes(text, chance=0.5):
    return text if rng.random() < chance else ""


def caption():
    return pick(WORDS, 3, 14, " ") + rng.choice(["", ".", "!", ", 2019"])


def prompt():
    return rng.choice(zero_shot_metadata.OPENAI_IMAGENET_TEMPLATES)(rng.choice(zero_shot_metadata.IMAGENET_CLASSNAMES))


def repeat():
    item = rng.choice([".", "!", "?", "-", "a", "ha", "z", "😂", "❤️", "、", "é", "_", "=", "*", "ab", "lol", "#", "ß", "ん"])
    return sometimes("x ") + item * rng.randint(2, 90) + sometimes(" y")


EMOJI = chars([(0x1F300, 0x1F6FF), (0x1F900, 0x1F9FF), (0x2600, 0x27BF)])


def emoji():
    return pick([*EMOJI, "\u200d", "\ufe0f", "\U0001f3fd", "🇫", "🇷", " nice", " "], 1, 12)


ENTITIES = sorted(html.entities.html5)
REFERENCES = ["&amp", "&amp;amp;lt;", "&#39;", "&#x27;", "&#0;", "&#1;", "&#128;", "&#x81;", "&#xD800;", "&#1114112;", "&#59;",
              "&#xFFFE;", "&#12ab;", "&#xZZ;", "&#", "&;", "&notit;", "&amp;#8217;", "& amp;", "B&W", "R&B &", "&#99999999999999999999;",
              "&NTILDE;", "&SZLIG;", "&EACUTE;", "&nTILDE;", "&FFILIG;", "&semi;", "&SEMI;", "&ampé", "&lt;b&gt;", "&nbsp;", "&#13;"]


def entity():
    name = rng.choice(ENTITIES)
    ref = rng.choice(["&" + name, "&" + name.upper(), "&" + name.rstrip(";"), "&amp;" + name, rng.choice(REFERENCES),
                      f"&#{rng.randint(0, 0x300)};", f"&#x{rng.randint(0, 0x11FFFF):x}" + sometimes(";")])
    return pick(WORDS, 0, 2, " ") + sometimes(" ") + ref + sometimes(pick(WORDS)) + sometimes("\n<b> &eacute;\n&eacute;", 0.1)


def garble(text):
    """Reads the UTF-8 of text in another encoding, and loses bytes as real programs do."""
    data = text.encode("utf-8")
    if rng.random() < 0.1:
        data = text.encode("utf-16-be", "surrogatepass")
        data = b"".join(chr(u).encode("utf-8", "surrogatepass") for (u,) in struct.iter_unpack(">H", data))
    name = rng.choice(CHARMAPS[:2] + CHARMAPS)
    out = data.decode(name)
    kind = rng.random()
    if kind < 0.2:
        out = out.replace("\xa0", " ")
    elif kind < 0.3:
        out = "".join("\ufffd" if 0x80 <= ord(c) < 0xA0 else c for c in out)
    elif kind < 0.35:
        out = "".join("?" if 0x80 <= ord(c) < 0xC0 and rng.random() < 0.2 else c for c in out)
    return out


def part(text):
    start = rng.randint(0, len(text) - 1)
    return text[start : start + rng.randint(2, 30)]


def mojibake():
    text = garble(part(rng.choice(SENTENCES)))
    if rng.random() < 0.25:
        text = garble(text)
    if rng.random() < 0.3:
        text = text + " " + part(rng.choice(SENTENCES)) + sometimes("\n" + caption(), 0.3)
    return sometimes(caption() + " ", 0.3) + text + sometimes("\n", 0.15)


def badness():
    """Strings around the rules of the heuristic: two to six characters that occur in mojibake."""
    return pick([*MOJIBAKE, *MOJIBAKE, *"aZ z.,?!09_ \n", "\u3000", "\x1a", "?"], 2, 7)


def clues():
    """Sequences that look like UTF-8 among ordinary characters of other scripts."""
    text = part(rng.choice(SENTENCES)).encode("utf-8").decode(rng.choice(CHARMAPS))
    return pick([text, part(rng.choice(SENTENCES)), pick(MOJIBAKE), " ", "日", "x"], 2, 5)


SURROGATES = [b"\xed\xa0\xbd\xed\xb8\x8d", b"\xed\xa0\xbd\xed\xb8?", b"\xed\xa0\x1a\xed\xb8\x8d", b"\xed\xa0\xbd\xed\xb8\n", b"\xed\xa0\xbd",
              b"\xc0\x80", b"\xc0\n", b"\xc0", b"\xed\n", b"\xed\x9f\xbf", b"\xc3\xa9", b"\xe2\x80\x99", b"\xe2\x80", b"\xc3 ", b"\xc3\xa0",
              b"\xf0\x9f\x98 ", b"\xf0\x9f \x80", b"\xe2 \x80", b"\xe2\x80\x1a", b"\xc3?", b"\xc3 quele", b"\xc3 s ", b" ", b"a", b"\xc2\xa0"]


def variants():
    return b"".join(rng.choice(SURROGATES) for _ in range(rng.randint(1, 5))).decode(rng.choice(CHARMAPS[:5]))


def script(*ranges):
    return lambda: pick([*chars(ranges), " ", " "], 2, 24)


def marks():
    base = [*"aeiounA ", "й", "ά", "가", "ᄀ", "ᅡ", "ᆨ", "ก", "क", "\u09c7", "\u09be", "\u0344", "か", "\U000110a5", "\U000110ba"]
    text = "".join(rng.choice(base) + pick(MARKS, 0, 4) for _ in range(rng.randint(1, 6)))
    kind = rng.random()
    if kind < 0.15:
        text += pick(MARKS, 25, 70)
    elif kind < 0.3:
        text = "".join(c + sometimes(rng.choice(NEW_MARKS + NEW_OTHERS), 0.4) for c in text)
    return unicodedata.normalize(rng.choice(["NFC", "NFD", "NFD", "NFKD"]), text)


def contraction():
    return pick(WORDS) + rng.choice("'’ʼ‘`´") + rng.choice(["s", "t", "re", "ve", "m", "ll", "d", "ſ", "S", "LL", "x", "r", "", "sx", "é"]) + sometimes("'", 0.2)


def number():
    return pick([*"0123456789", ".", ",", " ", "½", "²", "Ⅷ", "٣", "۴", "৫", "①", "%", "$", "x"], 1, 14)


def punctuation():
    return pick([*"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "a", " ", "…", "«", "»"], 1, 12)


def link():
    return "https://www." + pick(WORDS).lower() + ".com/" + pick([*"abcXYZ019-_/?=&%."], 4, 30)


def control():
    return pick([*map(chr, range(0x20)), "\x7f", "\x1b[31m", "\x1b[1;٣m", "\x1b[", "a", "B", " ", "\u206a", "\ufeff", "\ufff9", "\ufffc", "\r\n", "\u2028"], 1, 10)


def special():
    return pick([*SPECIAL, *SPECIAL, " ", "a", "'s", "!", "<"], 1, 5)


def case():
    return pick([*"ΣσςΑΟΔİıſẞßKÅǅΐΰᾼῼÅaA.'’- ", "\u0345", "\u0307", "\u00ad", "ʰ", "𝐀", "Ⓐ", "Ⅷ", "Ა", "Ꭰ", "Ⴀ", "\u0130"], 1, 9)


def width():
    return pick([*chars([(0xFF01, 0xFFEF), (0xFB00, 0xFB06), (0x132, 0x133), (0x1C4, 0x1CC), (0x1F1, 0x1F3)]), "\u3000", "ŉ", "a"], 1, 12)


def spaces():
    return pick([*"\t\n\v\f\r \x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u200a\u200b\u2028\u2029\u202f\u205f\u3000\u2060\ufeff", "a", "b", "dog"], 1, 12)


def curly():
    return pick(["“", "”", "‘", "’", "‚", "„", "‛", "‟", "ʼ", "it", "dog", "s", " ", "–", "…"], 2, 10)


def code_points():
    return pick([c for _ in range(60) if not 0xD800 <= ord(c := chr(rng.randrange(0x110000))) < 0xE000], 1, 10)


def basic_plane():
    return pick([c for _ in range(60) if not 0xD800 <= ord(c := chr(rng.randrange(0x3400))) < 0xE000], 1, 12)


NEW = [c for c in map(chr, range(0x20, 0x40000)) if not 0xD800 <= ord(c) < 0xE000 and unicodedata.category(c) == "Cn"]


def unassigned():
    return pick([*rng.sample(NEW, 40), "a", " ", "1"], 1, 8)


def long():
    return " ".join(rng.choice([caption, number, emoji, mojibake, prompt])() for _ in range(rng.randint(5, 14)))


def random_word():
    return pick([*"abcdefghijklmnopqrstuvwxyz"], 1, 30)


def invalid():
    """Bytes; open_clip is given what Python's errors="replace" makes of them."""
    data = bytearray(rng.choice([caption(), rng.choice(SENTENCES)]).encode("utf-8"))
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(data))
        data[at : at + rng.randint(0, 2)] = bytes(rng.choice([0x80, 0xBF, 0xC0, 0xC3, 0xE0, 0xE2, 0x82, 0xED, 0xA0, 0xF0, 0x9F, 0xF4, 0x90, 0xF5, 0xFF, 0x41])
                                                  for _ in range(rng.randint(0, 4)))
    return bytes(data)


CLASSES = {
    "caption": (caption, 60), "prompt": (prompt, 40), "repeat": (repeat, 60), "emoji": (emoji, 60), "entity": (entity, 120),
    "mojibake": (mojibake, 150), "badness": (badness, 150), "clues": (clues, 80), "variants": (variants, 60), "marks": (marks, 80),
    "contraction": (contraction, 60), "number": (number, 40), "punctuation": (punctuation, 40), "link": (link, 20), "control": (control, 60),
    "special": (special, 60), "case": (case, 60), "width": (width, 50), "spaces": (spaces, 50), "curly": (curly, 40),
    "code_points": (code_points, 60), "basic_plane": (basic_plane, 60), "unassigned": (unassigned, 30), "long": (long, 30),
    "random_word": (random_word, 60), "invalid": (invalid, 60),
    "cjk": (script((0x4E00, 0x9FFF), (0x3040, 0x30FF), (0xAC00, 0xD7A3)), 30), "arabic": (script((0x600, 0x6FF)), 20),
    "indic": (script((0x900, 0xDFF), (0xE00, 0xEFF)), 20), "greek": (script((0x370, 0x3FF)), 20), "cyrillic": (script((0x400, 0x4FF)), 20),
}
FIXED = ["", " ", "\n", "a", "&", "<", "'", "......", "!!!!!!!!", "😂😂😂😂", "a" * 3000, "\x00", "\u0345", "a\u0345b", "'ſ", "Ã©",
         "CafÃ© â€œhiâ€\x9d", "schÃ¶n", "&lt;b&gt; &amp;eacute;", "<b> &eacute;", "\xc0\n", "é\xc0\n", "x" * 75, "x " * 75, "x " * 76, "x " * 77]

# Every name of the HTML list, and every one in capitals that ftfy adds, twenty to a text.
NAMES = ["&" + name for name in ENTITIES] + sorted(set(ftfy.chardata.HTML_ENTITIES) - {"&" + name for name in ENTITIES})
NAMES = [" ".join(NAMES[i : i + 20]) for i in range(0, len(NAMES), 20)]

tokenizer = SimpleTokenizer()


def text_of(raw):
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw


def row(kind, raw):
    out = {"class": kind}
    if isinstance(raw, bytes):
        out["base64"] = base64.b64encode(raw).decode()
    else:
        out["text"] = raw
    return out


def write(path, header, rows):
    path = os.path.join(args.dir, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    versions = " ".join(f"{p}=={v}" for p, v in PINNED.items()) + f" python=={sys.version.split()[0]} unicodedata==14.0.0"
    with open(path, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
        for item in [{"versions": versions, "seed": args.seed, **header}, *rows]:
            packed.write((json.dumps(item) + "\n").encode())
    print("wrote", path, len(rows), "rows", os.path.getsize(path), "bytes")


texts = [("fixed", text) for text in FIXED] + [("name", text) for text in NAMES] + [
    (name, make()) for name, (make, count) in CLASSES.items() for _ in range(count * args.scale)]
rows, fixed_rows = [], []
for kind, raw in texts:
    text = text_of(raw)
    tokenized = tokenizer([text])[0].tolist()
    ids = tokenizer.encode(text)
    rows.append({**row(kind, raw), "ids": ids})
    if len(ids) + 2 > 77:  # how Row cuts, which the test works out for itself
        assert tokenized == [49406, *ids[:75], 49407]
    if not isinstance(raw, bytes) and (fixed := ftfy.fix_text(text)) != text:
        fixed_rows.append({"class": kind, "text": text, "fixed": fixed})
# A few that must stay as they are, so that a test sees both kinds.
fixed_rows += [{"class": "same", "text": text, "fixed": text} for text in SENTENCES if ftfy.fix_text(text) == text]

with gzip.open(open_clip.tokenizer.default_bpe()) as file:
    merges = file.read().decode("utf-8").split("\n")[1 : 49152 - 256 - 2 + 1]
vocabulary = sorted(tokenizer.encoder, key=tokenizer.encoder.get)
header = {
    "merges_sha256": hashlib.sha256("\n".join(merges).encode()).hexdigest(),
    "vocabulary_sha256": hashlib.sha256("\n".join(vocabulary).encode()).hexdigest(),
    "decoded": [[ids, tokenizer.decode(ids)] for ids in ([320, 1125, 539, 320, 2368], [49406, 10518, 49407], [21622], [96, 160, 225])],
}
write("testdata/golden.jsonl.gz", header, rows)
write("ftfy/testdata/golden.jsonl.gz", {}, fixed_rows)

if args.scale == 1:
    # Every code point between two letters: one digest for 4096 of them.
    digests = []
    for block in range(0, 0x110000, 4096):
        digest = hashlib.sha256()
        for c in range(block, block + 4096):
            if not 0xD800 <= c < 0xE000:
                ids = tokenizer.encode("A" + chr(c) + "b")
                digest.update(struct.pack(f"<{len(ids)}i", *ids) + b"\n")
        tokenizer.cache = {t: t for t in ("<start_of_text>", "<end_of_text>")}
        digests.append({"first": block, "sha256": digest.hexdigest()})
    write("testdata/codepoints.jsonl.gz", {}, digests)
