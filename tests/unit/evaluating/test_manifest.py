"""A wrong manifest is one clear error; a wrong line is one clear problem among lines that stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.errors import BadUse
from jikim.evaluating.manifest import BadLine, Line, number_in, one_of, read


@pytest.fixture
def manifest(tmp_path):
    def write(content: bytes | str, needed=("file",)):
        path = tmp_path / "manifest.tsv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(path, needed)

    return write


def test_lines_are_read_by_column_and_files_relative_to_the_manifest(manifest, tmp_path):
    found = manifest("\ufefffile\tage\tgroup\r\na/b.jpg\t12\t가\r\n\r\nc.jpg\t3\n")
    assert [(line.number, dict(line.columns), line.path) for line in found.lines] == [
        (2, {"file": "a/b.jpg", "age": "12", "group": "가"}, tmp_path / "a/b.jpg"),
        (4, {"file": "c.jpg", "age": "3", "group": ""}, tmp_path / "c.jpg"),
    ]
    assert not found.problems


def test_wrong_lines_are_counted_and_the_rest_stands(manifest):
    found = manifest("file\tage\na.jpg\t1\t2\nb\x1b[2J.jpg\t1\nc\x00.jpg\t1\nd.jpg\t4\n")
    assert [line.columns["file"] for line in found.lines] == ["d.jpg"]
    assert [problem.params["number"] for problem in found.problems] == [2, 3, 4]
    assert not any("\x1b" in str(problem) for problem in found.problems)


@pytest.mark.parametrize("content", [b"", b"file\n", b"file\n\n \n", b"name\tage\nx\t1\n", b"file\n\xff\xfe\n"])
def test_an_unusable_manifest_is_one_error(manifest, content):
    with pytest.raises(BadUse) as raised:
        manifest(content)
    assert raised.value.message().ko


def test_what_is_no_file_is_one_error(tmp_path):
    for path in (tmp_path, tmp_path / "none.tsv", tmp_path / "x\0y"):
        with pytest.raises(BadUse):
            read(path, ("file",))


@given(st.binary(max_size=300))
def test_any_bytes_give_lines_problems_or_one_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "manifest.tsv"
    path.write_bytes(b"file\tage\n" + content)
    try:
        found = read(path, ("file",))
    except BadUse:
        return
    assert found.lines or found.problems


@pytest.mark.parametrize("cell", ["", "x", "-1", "131", "nan", "inf", "1e999", "١٢x"])
def test_a_number_out_of_bounds_is_a_bad_line(cell):
    with pytest.raises(BadLine) as raised:
        number_in(Line(7, {"age": cell}, None), "age", 0, 130)
    assert raised.value.params["number"] == 7


def test_words_have_meanings():
    meanings = {"female": True, "male": False}
    assert one_of(Line(2, {"gender": "Female"}, None), "gender", meanings) is True
    with pytest.raises(BadLine):
        one_of(Line(2, {"gender": "\u202ex"}, None), "gender", meanings)
