"""Zips from strangers: unpacked as they should be or refused in a sentence, and never a file outside the target."""

import io
import shutil
import stat
import struct
import warnings
import zipfile

import pytest
from hypothesis import strategies as st
from trying import refusal, try_many

from harkit import fetch

NAMES = ("a.jpg", "b.jpg", "ö.jpg")
FILES = {f"set/train/{name}": bytes([i]) * (40 * i) + name.encode() for i, name in enumerate(NAMES)}
LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"  # how the two headers of a member begin
PARTS = st.sampled_from(["..", "a", "train", ".", "x.jpg", "...", " "])


def pack(files: dict, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as archive:
        warnings.simplefilter("ignore")  # of names that stand in it twice, which is what some of these tests want
        for name, content in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, content)
    return out.getvalue()


def patched(content: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """The zip with other bytes at an offset of each header that begins like this."""
    content, start = bytearray(content), 0
    while (start := content.find(signature, start)) >= 0:
        content[start + offset : start + offset + len(value)] = value
        start += 4
    return bytes(content)


def climbing(draw):
    parts = [*draw(st.lists(PARTS, max_size=3)), "..", *draw(st.lists(PARTS, min_size=1, max_size=3))]
    return pack([*FILES.items(), (draw(st.sampled_from(["/", "\\"])).join(parts), b"out")]), "refused"


def absolute(draw):
    start = draw(st.sampled_from(["/", "//", "\\", "\\\\host\\share\\", "C:\\", "c:", "d:/", "/etc/", "/tmp/"]))
    return pack([*FILES.items(), (start + draw(st.sampled_from(["x.jpg", "a/x.jpg", "passwd"])), b"out")]), "refused"


def link(draw):
    info = zipfile.ZipInfo(draw(st.sampled_from(["set/train/l.jpg", "set/train", "l"])))
    info.external_attr, info.create_system = (stat.S_IFLNK | draw(st.integers(0, 0o777))) << 16, 3
    target = draw(st.sampled_from(["/etc/passwd", "../../letter.txt", "a.jpg", "."]))
    return pack([*FILES.items(), (info, target)]), "refused"


def bomb(draw):
    size = draw(st.integers(201_000_000, 400_000_000))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("set/train/a.jpg", b"a")
    said = struct.pack("<I", size)
    return patched(patched(out.getvalue(), LOCAL, 22, said), CENTRAL, 24, said), "refused"


def twice(draw):
    name = draw(st.sampled_from(sorted(FILES)))
    written = [name, name.replace("/", "\\"), f"./{name}", name.replace("/", "//"), f"{name}/x.jpg"]
    again = (draw(st.sampled_from(written)), draw(st.sampled_from([FILES[name], b"another"])))
    return pack([*FILES.items(), again] if draw(st.booleans()) else [again, *FILES.items()]), "refused"


def differing_in_case(draw):
    names = draw(st.lists(st.sampled_from(["a.JPG", "A.jpg", "B.Jpg", "Ö.jpg"]), min_size=1, unique=True))
    files = FILES | {f"set/train/{name}": name.encode() for name in names}
    return pack(files), files


def truncated(draw):
    whole = pack(FILES, draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])))
    return whole[: draw(st.integers(0, len(whole) - 1))], "refused"


def encrypted(draw):
    bits = struct.pack("<H", 1 | (0x40 if draw(st.booleans()) else 0) | 0x800)
    method = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    return patched(patched(pack(FILES, method), LOCAL, 6, bits), CENTRAL, 8, bits), "refused"


def not_said_to_be_utf8(draw):
    """UTF-8 names without the mark, as some programs write them; in another encoding, they are read as cp437."""
    name = draw(st.text("äöüßéłшж漢", min_size=1, max_size=6))
    whole = pack(FILES | {f"set/train/{name}.jpg": b"1"})
    return patched(patched(whole, LOCAL, 6, b"\0\0"), CENTRAL, 8, b"\0\0"), FILES | {f"set/train/{name}.jpg": b"1"}


def in_cp437(draw):
    name = draw(st.text("äöüß", min_size=1, max_size=6))
    whole = pack({f"set/train/{'x' * len(name)}.jpg": b"1"}).replace(b"x" * len(name), name.encode("cp437"))
    return whole, {f"set/train/{name}.jpg": b"1"}


def packed_by_other_methods(draw):
    if draw(st.booleans()):
        return pack(FILES, draw(st.sampled_from([zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))), FILES
    method = struct.pack("<H", draw(st.sampled_from([1, 6, 9, 19, 95, 97, 98, 99, 65535])))
    return patched(patched(pack(FILES), LOCAL, 8, method), CENTRAL, 10, method), "refused"


def flipped(draw):
    method = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))
    whole = bytearray(pack(FILES, method))
    for _ in range(draw(st.integers(1, 4))):
        whole[draw(st.integers(0, len(whole) - 1))] ^= 1 << draw(st.integers(0, 7))
    return bytes(whole), "either"


def anything(draw):
    start = draw(st.sampled_from([b"", b"PK", LOCAL, b"PK\x05\x06" + bytes(18)]))
    return start + draw(st.binary(max_size=200)), "refused"


KINDS = [
    climbing, absolute, link, bomb, twice, differing_in_case, truncated, encrypted, not_said_to_be_utf8, in_cp437,
    packed_by_other_methods, flipped, anything,
]  # fmt: skip


@pytest.mark.parametrize("examples", [12, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_zip_is_unpacked_as_it_is_or_refused(kind, examples, tmp_path, count, outside):
    source, data = tmp_path / "in" / "set.zip", tmp_path / "data" / "deep"
    source.parent.mkdir()

    def check(value):
        content, expected = value
        source.write_bytes(content)
        before = outside()
        folder, sentence = refusal(fetch.unpack, source, data)
        assert outside() == before, "something was written outside the target"
        if sentence:
            assert "set.zip" in sentence and expected in ("refused", "either")
            assert not data.exists() or not list(data.iterdir())
        else:
            files = [path for path in folder.rglob("*") if path.is_file()]
            found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
            assert found == (FILES if expected == "either" else expected)
            assert [path.name for path in data.iterdir()] == [folder.name]
            shutil.rmtree(folder)
        count(f"zip: {kind.__name__.replace('_', ' ')}", "refused" if sentence else "right")

    try_many(st.composite(kind)(), check, examples)


@pytest.mark.parametrize("files", [1, pytest.param(300, marks=pytest.mark.slow)])
def test_a_real_bomb_is_refused_before_it_is_unpacked(files, tmp_path, count):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(files):
            archive.writestr(f"set/{i}.jpg", bytes(205_000_000 // min(files, 10)))
    assert "would unpack to" in refusal(fetch.unpack, tmp_path / "bomb.zip", tmp_path / "data")[1]
    assert not list((tmp_path / "data").iterdir())
    count("zip: bomb", "refused")
