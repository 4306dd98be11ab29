"""Pictures from strangers: decoded as people see them, or left out and named, whatever size they claim."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import strategies as st
from PIL import Image
from trying import paint, quarters, refusal, try_many

from harkit import catalogue
from harkit.decoding import decode
from harkit.pictures import PictureSet

SIDE = 32
SUFFIX = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif", "WEBP": ".webp", "BMP": ".bmp"}
ORIENTATION = 274  # the number of this tag in EXIF data
TURNS = {  # how a camera that writes this orientation has turned and mirrored what it saw
    1: lambda seen: seen, 2: lambda seen: seen[:, ::-1], 3: lambda seen: seen[::-1, ::-1], 4: lambda seen: seen[::-1],
    5: lambda seen: seen.swapaxes(0, 1), 6: lambda seen: np.rot90(seen),
    7: lambda seen: np.rot90(seen, 2).swapaxes(0, 1), 8: lambda seen: np.rot90(seen, -1),
}  # fmt: skip


def saved(image, how: str, **more) -> bytes:
    out = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(out, how, **({"quality": 95} if how == "JPEG" else {}) | more)
    return out.getvalue()


def sizes(draw) -> tuple[int, int]:
    return 2 * draw(st.integers(17, 60)), 2 * draw(st.integers(17, 60))


def png(width: int, height: int, depth: int, colours: int, rows: bytes) -> bytes:
    """A PNG of any depth: Pillow writes no colours in 16 bits."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def truncated(draw):
    how = draw(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP"]))
    whole = saved(quarters(*sizes(draw)), how)
    keep = draw(st.one_of(st.integers(0, len(whole) - 1), st.integers(len(whole) - 40, len(whole) - 1)))
    return how, whole[: max(0, keep)], "whole or left out"


def huge(draw):
    """Says that it has up to 65,535 pixels a side."""
    how, big = draw(st.sampled_from(["JPEG", "PNG", "GIF"])), st.integers(7_100, 65_535)
    width, height, whole = draw(big), draw(big), saved(quarters(), how)
    if how == "JPEG":
        at = whole.index(b"\xff\xc0") + 5
        return how, whole[:at] + struct.pack(">HH", height, width) + whole[at + 4 :], "left out"
    if how == "GIF":
        return how, whole[:6] + struct.pack("<HH", width, height) + whole[10:], "left out"
    return how, png(width, height, 8, 2, bytes(1000)), "left out"


def cmyk(draw):
    seen = quarters(*sizes(draw))
    return "JPEG", saved(Image.fromarray(seen).convert("CMYK"), "JPEG"), seen


def of_16_bits(draw):
    width, height = sizes(draw)
    seen = quarters(width, height)
    noise = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 256, seen.shape)
    if draw(st.booleans()):
        rows = ((seen.astype(int) << 8) + noise).astype(">u2")
        lines = b"".join(b"\0" + row.tobytes() for row in rows)
        return "PNG", png(width, height, 16, 2, lines), seen
    grey = seen[..., 0]
    fine = ((grey.astype(int) << 8) + noise[..., 0]).astype(np.uint16)
    return "PNG", saved(fine, "PNG"), np.stack([grey] * 3, axis=2)


def of_few_bits(draw):
    mode = draw(st.sampled_from(["1", "L", "P", "LA", "RGBA", "PA"]))
    seen = quarters(*sizes(draw))
    image = Image.fromarray(seen).convert("P" if mode == "PA" else mode)
    how = "GIF" if mode == "P" and draw(st.booleans()) else "PNG"
    return how, saved(image, how), np.asarray(image.convert("RGB"))


def animated(draw):
    """The first picture counts."""
    how, seen = draw(st.sampled_from(["GIF", "PNG", "WEBP"])), quarters(*sizes(draw))
    others = [Image.fromarray(255 - seen), Image.fromarray(seen[::-1])][: draw(st.integers(1, 2))]
    more = {"lossless": True} if how == "WEBP" else {}
    return how, saved(seen, how, save_all=True, append_images=others, duration=50, **more), seen


def turned(draw):
    how, number, seen = draw(st.sampled_from(["JPEG", "PNG", "WEBP"])), draw(st.integers(1, 8)), quarters(*sizes(draw))
    exif = Image.Exif()
    exif[ORIENTATION] = number
    return how, saved(np.ascontiguousarray(TURNS[number](seen)), how, exif=exif), seen


def broken_exif(draw):
    exif = Image.Exif()
    exif[ORIENTATION] = 1
    whole = saved(quarters(), "JPEG", exif=exif)
    at = whole.index(b"Exif\0\0") + 6
    junk = draw(st.binary(min_size=1, max_size=26))
    return "JPEG", whole[:at] + junk + whole[at + len(junk) :], "either"


def empty_or_zero(draw):
    return draw(st.sampled_from(sorted(SUFFIX))), bytes(draw(st.integers(0, 3000))), "left out"


def flipped(draw):
    how = draw(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP"]))
    whole = bytearray(saved(quarters(*sizes(draw)), how))
    for _ in range(draw(st.integers(1, 8))):
        whole[draw(st.integers(0, len(whole) - 1))] ^= 1 << draw(st.integers(0, 7))
    return how, bytes(whole), "either"


def another_format(draw):
    """Formats that are not announced are not opened, whatever Pillow could do with them."""
    how = draw(st.sampled_from(["TIFF", "PPM", "ICO", "PCX", "TGA", "EPS", "PDF", "SGI", "ICNS", "JPEG2000"]))
    return draw(st.sampled_from(sorted(SUFFIX))), saved(quarters(64, 64), how), "left out"


def anything(draw):
    start = draw(st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF", b"BM", b"<svg>"]))
    return draw(st.sampled_from(sorted(SUFFIX))), start + draw(st.binary(max_size=300)), "left out"


KINDS = [
    truncated, huge, cmyk, of_16_bits, of_few_bits, animated, turned, broken_exif, empty_or_zero, flipped,
    another_format, anything,
]  # fmt: skip


@pytest.mark.parametrize("examples", [8, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_picture_is_seen_as_it_is_or_left_out_and_named(kind, examples, tmp_path, count):
    top = tmp_path / "set"
    for number in range(4):
        paint(top / ("calling", "running")[number % 2] / f"{number}.jpg", number)

    def check(value):
        how, content, expected = value
        for left in top.glob("calling/odd.*"):
            left.unlink()
        odd = top / "calling" / f"odd{SUFFIX[how]}"
        odd.write_bytes(content)
        table = catalogue.read(top)
        row = table.set_index("name").loc[f"calling/{odd.name}"]
        pixels, sentence = refusal(decode, odd, SIDE)
        if row.status == "labelled":
            ending = "right"
            assert sentence is None, "what the catalogue takes can be decoded"
            assert (PictureSet(table, SIDE, tmp_path / "cache")[table.path.tolist().index(str(odd))] == pixels).all()
        else:
            ending = "left out"
            assert row.status == "unreadable" and row.why and odd.name in sentence
        if isinstance(expected, np.ndarray):
            assert ending == "right" and alike(pixels, expected)
        elif expected == "whole or left out":
            assert ending == "left out" or alike(pixels, quarters())
        elif expected == "left out":
            assert ending == "left out"
        elif ending == "right" and not alike(pixels, quarters()):
            ending = "can't be known"
        count(f"picture: {kind.__name__.replace('_', ' ')}", ending)

    try_many(st.composite(kind)(), check, examples)


def alike(pixels: np.ndarray, seen: np.ndarray) -> bool:
    """Whether the middles of the four quarters have the same colours, as far as JPEG and CMYK keep them."""
    small = np.asarray(Image.fromarray(np.ascontiguousarray(seen)).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    middles = np.ix_([SIDE // 4, 3 * SIDE // 4], [SIDE // 4, 3 * SIDE // 4])
    return np.abs(pixels[middles].astype(int) - small[middles].astype(int)).max() <= 12
