"""The parts of an evidence pack that not every pack has: the picture of the page, media for named recipients, and the WACZ."""

import io
import json
import subprocess
import zipfile
from hashlib import sha256

import pyrage
import pytest
from warcio.archiveiterator import ArchiveIterator

from jikim.errors import BadUse
from jikim_desk.notices import contents, evidence, packing, registries, wacz, webarchive
from jikim_desk.notices.pictures import browser, drawing
from jikim_desk.sealing import vault
from tests.desk.items import capture, picture
from tests.desk.removals import PAGE, begun, set_desk

CENTRE = {"organisation": "시험 지원센터", "mailbox": "removal@centre.example"}


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """The picture of a page may take its time on a busy machine."""
    monkeypatch.setattr(drawing, "TIME_LIMIT_S", 60.0)


@pytest.fixture
def removal(team, person, monkeypatch):
    set_desk(monkeypatch, removal=CENTRE)
    return begun(team, person)


def packed(removal, tmp_path, name="pack.zip"):
    path = tmp_path / name
    path.write_bytes(evidence.file_of(evidence.complete(removal)))
    return path


def parts(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def verified(path):
    return packing.verify(path, public_key=vault().public_key())


# The picture of the page


@pytest.mark.browser
def test_the_picture_of_the_page_is_a_part_of_it_and_in_no_document(removal, tmp_path):
    found = parts(packed(removal, tmp_path))
    said = json.loads(found[packing.JSON])["page_picture"]
    assert said["sha256"] == sha256(found[packing.PICTURE]).hexdigest()
    assert (said["areas_covered"], said["is_cut"]) == (1, False)
    for name in (packing.KO, packing.EN):
        assert b"/Subtype/Image" not in found[name].replace(b" ", b"")


def test_without_a_browser_the_pack_says_that_there_is_none(removal, tmp_path, monkeypatch):
    monkeypatch.setattr(browser, "_NAMES", ("no-such-browser",))
    path = packed(removal, tmp_path)
    found = parts(path)
    assert packing.PICTURE not in found
    assert json.loads(found[packing.JSON])["page_picture"] == {"why_none": "evidence.picture.no_browser"}
    assert verified(path).is_whole


def test_without_a_kept_page_it_says_so(removal, tmp_path):
    removal.candidate.captures.filter(part="page").delete()
    found = parts(packed(removal, tmp_path))
    assert json.loads(found[packing.JSON])["page_picture"] == {"why_none": "evidence.picture.no_page"}


@pytest.mark.browser
def test_a_page_with_pictures_inside_itself_has_a_picture_though_its_words_are_not_in_the_archive(
    team, person, tmp_path, monkeypatch
):
    set_desk(monkeypatch, removal=CENTRE)
    removal = begun(team, person)
    removal.candidate.captures.filter(part="page").delete()
    page = b"<p>words</p><img src='data:image/png;base64,AAAA'>"
    capture(removal.candidate, page, content_type="text/html", part="page", name="inline")
    found = parts(packed(removal, tmp_path))
    assert packing.PICTURE in found
    assert page not in [body for _, body in webarchive.bodies_in(found[packing.WARC])]


# Media


def test_media_are_sealed_for_whom_the_setting_names_and_nobody_else(removal, tmp_path, monkeypatch):
    police, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    set_desk(monkeypatch, removal={**CENTRE, "evidence_media_for": (str(police.to_public()),)})
    path = packed(removal, tmp_path)
    found = parts(path)
    digest = removal.candidate.captures.get(part="media").sha256
    sealed = found[packing.media_part(digest)]
    assert pyrage.decrypt(sealed, [police]) == picture()
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [other])
    assert json.loads(found[packing.JSON])["media"] == {
        "sealed_for": [str(police.to_public())],
        "sealed": [digest],
        "left_out": [],
    }
    assert not any(picture()[:64] in content for content in found.values())
    assert verified(path).is_whole


def test_media_are_in_no_pack_where_nobody_is_named(removal, tmp_path):
    found = parts(packed(removal, tmp_path))
    assert not [name for name in found if name.startswith("media/")]
    assert json.loads(found[packing.JSON])["media"]["sealed"] == []


def test_media_too_large_or_gone_are_left_out_and_told(removal, tmp_path, monkeypatch):
    police = str(pyrage.x25519.Identity.generate().to_public())
    set_desk(monkeypatch, removal={**CENTRE, "evidence_media_for": (police,)})
    monkeypatch.setattr(contents, "MEDIA_MAX_BYTES", 10)
    path = packed(removal, tmp_path)
    digest = removal.candidate.captures.get(part="media").sha256
    assert json.loads(parts(path)[packing.JSON])["media"]["left_out"] == [digest]
    assert verified(path).is_whole


def test_a_recipient_that_is_none_makes_no_pack(removal, monkeypatch):
    set_desk(monkeypatch, removal={**CENTRE, "evidence_media_for": ("age1nobody",)})
    with pytest.raises(BadUse):
        evidence.complete(removal)
    assert not removal.packs.exists()


def resigned(path, changes, *, schema=packing.SCHEMA, without=()):
    """The pack with other parts, signed by the centre itself: what it says of itself holds, what it holds may not."""
    found = {name: content for name, content in {**parts(path), **changes}.items() if name not in without}
    own = (packing.MANIFEST, packing.SIGNATURE, packing.KEY)
    manifest = json.loads(found[packing.MANIFEST])
    manifest["schema"] = schema
    manifest["sha256"] = {name: sha256(content).hexdigest() for name, content in found.items() if name not in own}
    found[packing.MANIFEST] = json.dumps(manifest).encode()
    found[packing.SIGNATURE] = vault().sign(found[packing.MANIFEST])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    return verified(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("media/" + "a" * 64 + ".age", b"\x89PNG\r\n\x1a\nplain"),
        ("film.mp4", b"\0\0\0\x18ftypmp42"),
        ("page.png", b"\xff\xd8\xff\xe0JFIF"),
        ("media/../../x.age", b"age-encryption.org/v1\n"),
    ],
)
def test_plain_media_are_found_even_if_they_were_signed(removal, tmp_path, name, content):
    verdict = resigned(packed(removal, tmp_path), {name: content})
    assert {one.key for one in verdict.remarks if one.is_fault} == {"evidence.verify.has_media"}


def test_packs_made_before_there_was_a_wacz_stay_whole(removal, tmp_path):
    assert resigned(packed(removal, tmp_path), {}, schema=1, without=(packing.WACZ, packing.PICTURE)).is_whole
    assert not resigned(packed(removal, tmp_path), {}, without=(packing.WACZ,)).is_whole
    newer = resigned(packed(removal, tmp_path), {}, schema=3)
    assert [one.key for one in newer.remarks] == ["evidence.verify.newer"]


# The WACZ


@pytest.fixture
def archived(removal, tmp_path):
    return parts(packed(removal, tmp_path))[packing.WACZ]


def members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert all(one.compress_type == zipfile.ZIP_STORED for one in archive.infolist())
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wacz_has_what_its_standard_asks(archived, removal):
    found = members(archived)
    assert set(found) == {wacz.WARC, wacz.INDEX, wacz.PAGES, wacz.PACKAGE, wacz.DIGEST}
    package, digest = json.loads(found[wacz.PACKAGE]), json.loads(found[wacz.DIGEST])
    assert (package["profile"], package["wacz_version"]) == ("data-package", "1.1.1")
    assert package["mainPageUrl"] == removal.candidate.url
    assert {one["path"]: (one["hash"], one["bytes"]) for one in package["resources"]} == {
        path: (f"sha256:{sha256(found[path]).hexdigest()}", len(found[path])) for path in (wacz.WARC, wacz.INDEX, wacz.PAGES)
    }
    assert digest == {"path": wacz.PACKAGE, "hash": f"sha256:{sha256(found[wacz.PACKAGE]).hexdigest()}"}
    head, page = (json.loads(line) for line in found[wacz.PAGES].splitlines())
    assert head["format"] == "json-pages-1.0"
    assert (page["url"], page["ts"]) == (removal.candidate.url, "2026-11-22T03:04:05Z")


def test_each_line_of_its_index_leads_to_the_answer_it_names(archived):
    found = members(archived)
    lines = found[wacz.INDEX].decode().splitlines()
    assert lines == sorted(lines)
    assert len(lines) == 3
    assert lines[0].startswith("example,board)/one 20261122030405 {")
    bodies = []
    for line in lines:
        told = json.loads(line.split(" ", 2)[2])
        begins, length = int(told["offset"]), int(told["length"])
        record = next(ArchiveIterator(io.BytesIO(found[wacz.WARC][begins : begins + length])))
        assert record.rec_headers.get_header("WARC-Target-URI") == told["url"]
        assert record.http_headers.get_statuscode() == told["status"]
        assert record.rec_headers.get_header("WARC-Payload-Digest") == told["digest"]
        bodies.append(record.content_stream().read())
    assert PAGE in bodies


@pytest.mark.parametrize("member", [wacz.WARC, wacz.INDEX, wacz.PAGES, wacz.PACKAGE, wacz.DIGEST])
def test_every_change_inside_a_wacz_is_found_even_if_the_pack_was_signed_anew(removal, tmp_path, member):
    path = packed(removal, tmp_path)
    found = members(parts(path)[packing.WACZ])
    changed = bytearray(found[member])
    changed[len(changed) // 2] ^= 1
    found[member] = bytes(changed)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    verdict = resigned(path, {packing.WACZ: file.getvalue()})
    assert [one.params["part"] for one in verdict.remarks if one.is_fault] == [packing.WACZ]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 1000])
def test_what_is_no_wacz_is_found(removal, tmp_path, content):
    assert not resigned(packed(removal, tmp_path), {packing.WACZ: content}).is_whole


def test_a_wacz_with_something_added_does_not_hold(archived):
    file = io.BytesIO(archived)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("archive/more.warc.gz", b"x")
    with pytest.raises(ValueError, match="list"):
        wacz.warc_in(file.getvalue(), max_bytes=packing.PACK_MAX_BYTES)
    with pytest.raises(ValueError, match="size"):
        wacz.warc_in(archived, max_bytes=100)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.Board.Example/One?b=2&a=1", "example,board)/one?b=2&a=1"),
        ("http://board.example:8080", "example,board:8080)/"),
        ("http://192.0.2.7/x", "192.0.2.7)/x"),
        ("http://[2001:db8::1]/x", "2001:db8::1)/x"),
    ],
)
def test_addresses_are_sorted_as_indexes_sort_them(url, expected):
    assert wacz.surt(url) == expected


# Country, and the form of the documents


def test_the_country_is_that_of_the_registries_and_says_so_where_there_is_none(removal, tmp_path):
    assert registries.country("168.126.63.1") == "KR"
    assert registries.country("2001:200::1") == "JP"
    assert [registries.country(ip) for ip in ("192.0.2.7", "::1", "10.0.0.1", "nonsense", "")] == [""] * 5
    said = json.loads(parts(packed(removal, tmp_path))[packing.JSON])["network"]
    assert said["servers"] == [{"ip": "192.0.2.7", "country": "", "network": ""}]
    assert said["source"].startswith("iptocc ")


@pytest.mark.parametrize("name", [packing.KO, packing.EN])
def test_the_documents_stay_pdf_a_when_they_are_signed(removal, tmp_path, name):
    """As far as it can be told without a validator: what ISO 19005-2 asks and forbids that a signature could have touched."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    document = parts(packed(removal, tmp_path))[name]
    read = PdfFileReader(io.BytesIO(document))
    metadata = read.root["/Metadata"].data.decode()
    assert document.count(b"<?xpacket begin") == 1, "signing wrote the metadata anew"
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert [one.get_object()["/S"] for one in read.root["/OutputIntents"]] == ["/GTS_PDFA1"]
    assert not read.encrypted
    assert not {"/OpenAction", "/AA", "/Names"} & set(read.root.keys()) or "/JavaScript" not in read.root.get("/Names", {})
    fonts = _fonts(read)
    assert fonts
    assert all(fonts.values()), fonts
    assert b"%%EOF" in document[-16:]
    path = tmp_path / name
    path.write_bytes(document)
    checked = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def _fonts(read):
    """Of every font on every page, whether its file is in the document."""
    found = {}
    for number in range(int(read.root["/Pages"]["/Count"])):
        page = _page(read.root["/Pages"], number)
        for name, font in page["/Resources"].get("/Font", {}).items():
            whole = font.get_object()
            inner = whole["/DescendantFonts"][0].get_object() if "/DescendantFonts" in whole else whole
            descriptor = inner["/FontDescriptor"]
            found[name] = bool({"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor.keys()))
    return found


def _page(pages, number):
    for kid in pages["/Kids"]:
        node = kid.get_object()
        count = int(node["/Count"]) if node["/Type"] == "/Pages" else 1
        if number < count:
            return _page(node, number) if node["/Type"] == "/Pages" else node
        number -= count
    raise IndexError(number)
