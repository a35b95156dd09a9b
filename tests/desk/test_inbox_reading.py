"""Letters as strangers write them: every charset, broken MIME, hidden words, hostile names; and what they seem to say."""

import email.charset
import io
import zipfile
from email.message import EmailMessage
from email.mime.text import MIMEText
from email.policy import SMTP

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jikim_desk.notices import letters
from jikim_desk.notices.inbox import classifying, connecting, origin, reading, taking, wording
from jikim_desk.notices.inbox.classifying import classify
from jikim_desk.notices.inbox.models import Kind
from jikim_desk.notices.models import NoticeKind


def mail(text="", *, subject="Re: removal", sender="abuse@board.example", **headers):
    made = EmailMessage()
    made["From"], made["Subject"], made["Message-ID"] = sender, subject, "<a1@board.example>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def read(made):
    return reading.read(made if isinstance(made, bytes) else made.as_bytes(policy=SMTP))


SAID = {
    "euc-kr": ("euc-kr", "요청하신 게시물을 삭제하였습니다."),
    "ks_c_5601-1987": ("cp949", "펲 게시물을 삭제하였습니다. 똠방"),
    "iso-2022-jp": ("iso-2022-jp", "該当の動画を削除いたしました。"),
    "shift_jis": ("cp932", "該当の動画を削除いたしました。①"),
    "gb2312": ("gb18030", "该内容已删除。镕"),
    "gb18030": ("gb18030", "该内容已删除。𠀀"),
    "koi8-r": ("koi8-r", "Материал удалён."),
    "windows-1251": ("windows-1251", "Материал удалён."),
    "utf-8": ("utf-8", "Nội dung đã bị gỡ bỏ."),
    "iso-8859-1": ("iso-8859-1", "El contenido ha sido eliminado. ¿Sí? Ñandú"),
}


@pytest.mark.parametrize("named", SAID)
@pytest.mark.parametrize("way", ["8bit", "base64", "quoted-printable"])
def test_a_letter_is_read_in_its_charset(named, way):
    codec, text = SAID[named]
    made = MIMEText("", "plain", "us-ascii")
    made.replace_header("Content-Type", f'text/plain; charset="{named}"')
    del made["Content-Transfer-Encoding"]
    made["Content-Transfer-Encoding"] = way
    made["From"] = "abuse@board.example"
    content = text.encode(codec)
    body = {"8bit": content, "base64": email.base64mime.body_encode(content).encode()}.get(way)
    if body is None:
        body = email.quoprimime.body_encode(content.decode("latin-1")).encode("latin-1")
    found = reading.read(made.as_bytes(policy=SMTP) + body)
    assert found.text == text
    assert "unreadable" not in found.marks
    assert classify(found).kind == Kind.REMOVED


@pytest.mark.parametrize("named", ["", "charset=nobodys", 'charset="punycode"', "charset=euc-kr"])
def test_what_names_no_charset_or_a_wrong_one_is_read_all_the_same(named):
    text = "게시물을 삭제하였습니다." if named != "charset=euc-kr" else "게시물을 삭제하였습니다. é"
    head = f"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; {named}\r\n\r\n".encode()
    assert reading.read(head + text.encode("utf-8")).text == text


def test_bytes_that_are_in_no_charset_are_marked():
    head = b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    found = reading.read(head + b"removed \xff\xfe\x00\x81 done")
    assert "unreadable" in found.marks
    assert found.text.startswith("removed ")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("=?EUC-KR?B?u+jBpiC/z7fh?=", "삭제 완료"),
        ("=?UTF-8?B?7IKt7KCc?= =?UTF-8?B?IOyZhOujjA==?=", "삭제 완료"),
        ("=?UTF-8?B?7IKt7A==?=\r\n =?UTF-8?B?oJw=?=", "삭제"),  # a letter cut in two
        ("=?ISO-2022-JP?B?GyRCOm89fBsoQg==?=", "削除"),
        ("=?koi8-r?Q?=F5=C4=C1=CC=C5=CE=CF?=", "Удалено"),
        ("=?nobodys?B?!!!?= x", "!!! x"),
        ("plain", "plain"),
    ],
)
def test_subjects_are_read(raw, said):
    assert reading.read(f"Subject: {raw}\r\n\r\nx".encode()).subject == said


def test_a_bare_subject_in_korean_bytes_is_read():
    assert reading.read(b"Subject: " + "삭제 완료".encode("cp949") + b"\r\n\r\nx").subject == "삭제 완료"


def test_of_html_only_the_words_are_left():
    made = mail()
    made.set_content(
        "<html><head><title>no</title><style>p{}</style></head><body><p>We have <b>removed</b> it.</p>"
        '<img src="https://tracker.example/x.png" alt="pixel"><script>alert(1)</script>'
        '<div style="display:none">unless</div><a href="https://evil.example/">our policy</a></body></html>',
        subtype="html",
    )
    found = read(made)
    assert found.text == "We have removed it.\n\nour policy"
    assert classify(found).kind == Kind.REMOVED


def test_comments_cells_and_quotes_of_html():
    text = (
        "<p>The video<!-- [if mso] --> has been <?x?>removed.</p><table><tr><td>a</td><td>b</td></tr></table>"
        "<blockquote><p>We cannot remove it.</p><blockquote>older</blockquote></blockquote><span hidden>no</span> end"
    )
    said = wording.from_html(text)
    assert said.split("\n") == [
        "The video has been removed.",
        "",
        "a b",
        "",
        "> We cannot remove it.",
        "",
        "> > older",
        "",
        "end",
    ]
    assert wording.own_words(said, "").split() == ["The", "video", "has", "been", "removed.", "a", "b", "end"]


@pytest.mark.parametrize(
    ("style", "is_seen"),
    [
        ("font-size:0.9em", True),
        ("font-size: 0.05rem", True),
        ("opacity:0.8", True),
        ("font-size:0", False),
        ("font-size:0px", False),
        ("opacity:0.0;color:red", False),
        ("visibility: hidden", False),
    ],
)
def test_small_letters_are_seen_and_none_are_not(style, is_seen):
    assert ("words" in wording.from_html(f"<p>x</p><div style='{style}'>words</div>")) is is_seen


@pytest.mark.parametrize("text", ["", "   ", "\0", "<!--", "<" * 5000, "<div>" * 3000 + "x", "<table><tr>" * 500, "<a b='"])
def test_any_html_can_be_read(text):
    wording.from_html(text)


def test_the_plain_part_is_taken_where_there_is_one():
    made = mail("The content has been removed.")
    made.add_alternative("<p>The content has been <i>removed</i>.</p>", subtype="html")
    found = read(made)
    assert found.text == "The content has been removed."
    assert found.attached == ()


def test_an_empty_letter_says_so():
    found = read(mail(""))
    assert "no_text" in found.marks
    assert classify(found).kind == Kind.UNKNOWN


BROKEN = [
    b"",
    b"\r\n\r\n",
    b"no headers at all",
    b"From: \r\nContent-Type: multipart/mixed\r\n\r\nno boundary",
    b'From: a@b\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\ncut off',
    b"Content-Type: text/plain; charset*=%%%\r\n\r\nx",
    b"Content-Type: application/pdf; name*0*=utf-8''%E0%A4; name*1=\"b\"\r\nContent-Transfer-Encoding: base64\r\n\r\n????",
    b"Content-Type: message/delivery-status\r\n\r\nAction failed\r\n\r\n\xff",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Subject: =?utf-8?B?\xff?=\r\nFrom: \xff\xfe\r\nMessage-ID: <<>>\r\n\r\nx",
    b"Content-Type: text/html; charset=utf-16\r\n\r\n<p>x",
    b"From: a@b\r\n" + b"X: y\r\n" * 20_000 + b"\r\nx",
    b"References: " + b"<a@b> " * 50_000 + b"\r\n\r\nx",
    b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(3000)),
    b"Subject: " + b"=?utf-8?Q?" * 20_000 + b"\r\n\r\nx",
]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_broken_mime_is_read_as_far_as_it_goes(content):
    classify(reading.read(content))


@pytest.mark.parametrize(
    "content",
    [
        b"From: a@b.example\r\n\r\n" + b"\n" * 500_000,
        b"X: y\r\n" * 100_000 + b"\r\nx",
        b"From: " + b"(" * 500_000 + b"\r\n\r\nx",
        b"Content-Type: text/plain; " + b'a="' * 100_000 + b"\r\n\r\nx",
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n' + b"--x\r\n\r\n" * 200_000,
        b"Content-Type: message/delivery-status\r\n\r\n" + b"a: b\r\n\r\n" * 200_000,
    ],
    ids=["lines", "headers", "comments", "parameters", "parts", "reports"],
)
def test_what_is_made_to_be_slow_is_read_by_its_headers_alone(content):
    found = reading.read(content)
    assert "broken" in found.marks
    assert found.text == ""


PIECES = [
    *(
        b"=?utf-7?q?+2AA-?=",
        b"<\xff@b.example>",
        b"text/plain; charset=utf-7\r\n\r\n+2AA-",
        b"Diagnostic-Code: ",
        b"Reply-To: ",
    ),
    *(b"\r\n", b"\r\n\r\n", b"\n", b" ", b"--b\r\n", b"--b--\r\n", b"x", b"\xff\xfe", b"\0", b"\x1b$B", b"=?euc-kr?B?", b"?="),
    *(
        b"Subject: ",
        b"From: ",
        b"<a@b.example>",
        b'"',
        b"(",
        b"Message-ID: ",
        b"References: ",
        b"Content-Type: ",
        b"text/plain",
    ),
    *(
        b"text/html; charset=utf-16",
        b'multipart/mixed; boundary="b"',
        b'multipart/alternative; boundary="b"',
        b"message/rfc822",
    ),
    *(
        b"message/delivery-status",
        b"multipart/report; boundary=b",
        b"; name*0*=utf-8''%ff",
        b"; charset*=x",
        b"application/pdf",
    ),
    *(
        b"Content-Disposition: attachment; filename=",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: x-uuencode",
    ),
    *(
        b"begin 644 x\r\n",
        b"AAA=",
        b"=3D=",
        b"<p style='",
        b"<!--",
        b"Authentication-Results: x; dkim=pass (",
        b"Action: failed\r\n",
    ),
]


@given(st.lists(st.sampled_from(PIECES), max_size=40))
@settings(max_examples=400)
def test_whatever_comes_is_read(pieces):
    found = reading.read(b"".join(pieces))
    told = taking.told(found, classify(found), origin.of(found.headers, found.sender, "x"), [], {})
    assert msgspec.json.decode(msgspec.json.encode(told)), "it can be put on record"
    shown = [found.sender, found.reply_to, *(one["words"] for one in told["because"])]
    shown += [found.subject, found.sender_name, *found.text.split("\n"), *(one.name for one in found.attached)]
    assert not any(letter in one for one in shown for letter in "\x00\x1b\u202e\r")


UNWRITABLE = {
    "an address in raw bytes": b"From: <a\xff@b.example>\r\nReply-To: <q\xfe@c.example>\r\n\r\nx",
    "half a pair of surrogates": b"From: a@b.example\r\nMessage-ID: =?utf-7?q?<+2AA-x@b.example>?=\r\n\r\nx",
    "half a pair in the text": b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+2AA- x",
    "a report that steers": b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
    b"Action: failed\r\nDiagnostic-Code: =?utf-7?q?+2AA-?= \xe2\x80\xae\x1b[31m\r\n",
}


@pytest.mark.parametrize("content", UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_no_charset_can_write_can_be_put_on_record(content):
    found = reading.read(content)
    verdict = classify(found)
    told = taking.told(found, verdict, origin.of({}, found.sender, ""), [], {})
    msgspec.json.encode([told, found.text, found.message_id])
    assert all(one.words.isprintable() for one in verdict.because)


def test_an_address_in_letters_of_its_own_is_read():
    assert reading.read("From: 신고 <신고@예시.example>\r\n\r\nx".encode()).sender == "신고@예시.example"
    turned = reading.read("From: <a\u202eb@b.example>\r\n\r\nx".encode())
    assert turned.sender == "a\\u202eb@b.example"


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        (b"22-Nov-2026 10:00:00 +0900", 1),
        (b" 1-Foo-2026 10:00:00 +0000", 0),
        (b"99-Nov-2026 99:00:00 +0000", 0),
        (b"01-Jan-0001 00:00:00 +1400", 0),
    ],
)
def test_a_time_of_arrival_that_is_none_is_left_out(said, moment):
    assert bool(connecting._moment(said)) == bool(moment)


def test_many_parts_end_somewhere():
    made = mail("text")
    for number in range(150):
        made.add_attachment(b"x", maintype="application", subtype="octet-stream", filename=f"{number}.bin")
    found = read(made)
    assert "broken" in found.marks
    assert len(found.attached) <= reading.PARTS_MAX


def attached(name, content=b"x", kind="application/octet-stream"):
    made = mail("see attachment")
    made.add_attachment(content, *kind.split("/"), filename=name)
    (one,) = read(made).attached
    return one


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("answer.pdf.exe", {"double", "runs"}),
        ("answer\u202efdp.exe", {"turned", "runs"}),
        ("answer.pdf                         .exe", {"double", "runs"}),
        ("answer.docm", {"runs"}),
        ("page.html", {"runs"}),
        ("pictures.zip", {"archive"}),
        ("picture.iso", {"archive"}),
    ],
)
def test_hostile_names_are_marked_shown_harmlessly_and_never_kept(name, marks):
    one = attached(name)
    assert marks <= set(one.marks)
    assert not one.is_kept
    assert one.name.isprintable()


def test_a_bomb_is_named_and_never_opened():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("zeros", b"\0" * 50_000_000)
    one = attached("report.pdf", bomb.getvalue(), "application/pdf")
    assert one.content == bomb.getvalue()
    hidden = attached("evidence", bomb.getvalue())
    assert "archive" in hidden.marks
    assert not hidden.is_kept


@pytest.mark.parametrize(
    ("name", "content", "kind", "kept"),
    [
        ("answer.pdf", b"%PDF-1.7\n", "application/pdf", True),
        ("answer.hwp", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-hwp", True),
        ("answer.docx", b"PK\x03\x04xx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", True),
        ("answer.txt", b"words", "text/plain", True),
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg", False),
        ("a.pdf", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "application/pdf", False),
        ("a.pdf", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "application/pdf", False),
        ("a.pdf", b"MZ\x90\0", "application/pdf", False),
        ("a.mp4", b"x", "video/mp4", False),
    ],
)
def test_documents_are_kept_and_no_picture_or_film_is(name, content, kind, kept):
    assert attached(name, content, kind).is_kept is kept


def test_an_invitation_is_marked():
    made = mail("Let us meet")
    made.add_attachment("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", subtype="calendar", filename="invite.ics")
    found = read(made)
    assert "invitation" in found.marks
    assert classify(found).kind == Kind.UNKNOWN


SAYS = [
    (Kind.REMOVED, "ko", "안녕하세요. 신고하신 게시물은 금일 삭제 하였습니다. 감사합니다."),
    (Kind.REMOVED, "ko", "해당 URL의 영상은 접속차단 조치되었으며 원본도 삭제되었습니다."),
    (Kind.REMOVED, "en", "Hello,\nthe content at the URL you reported has been\nremoved. Regards"),
    (Kind.REMOVED, "ja", "お問い合わせの動画につきましては、削除いたしました。"),
    (Kind.REMOVED, "zh", "您好,您举报的内容已删除。"),
    (Kind.REMOVED, "zh", "您好,您檢舉的內容已刪除。"),
    (Kind.REMOVED, "ru", "Здравствуйте! Указанные материалы удалены."),
    (Kind.REMOVED, "vi", "Chúng tôi đã gỡ bỏ nội dung nói trên."),
    (Kind.REMOVED, "es", "Les informamos de que el contenido ha sido eliminado."),
    (Kind.REFUSED, "ko", "검토한 결과 운영정책 위반이 아니므로 삭제할 수 없습니다."),
    (Kind.REFUSED, "en", "We reviewed the content and it does not violate our guidelines. It has not been removed."),
    (Kind.REFUSED, "en", "We\u2019re sorry, but we can\u2019t remove this content."),
    (Kind.REFUSED, "ja", "確認しましたが、規約に違反していません。削除できません。"),
    (Kind.REFUSED, "zh", "经审核,该内容未违反我们的规定,无法删除。"),
    (Kind.REFUSED, "ru", "Материал не нарушает правил и не будет удалён."),
    (Kind.REFUSED, "vi", "Nội dung này không vi phạm, chúng tôi không thể gỡ."),
    (Kind.REFUSED, "es", "El contenido no infringe nuestras normas y no se eliminará."),
    (Kind.ASKS, "ko", "처리를 위해 위임장과 신분증 사본을 제출해 주시기 바랍니다."),
    (Kind.ASKS, "en", "We cannot remove the content without a court order. Please provide one."),
    (Kind.ASKS, "ja", "委任状のご提出をお願いいたします。必要書類をお送りください。"),
    (Kind.ASKS, "zh", "请提供相关证明材料。"),
    (Kind.ASKS, "ru", "Просим предоставить дополнительные сведения."),
    (Kind.ASKS, "vi", "Vui lòng cung cấp thêm thông tin."),
    (Kind.ASKS, "es", "Necesitamos más información. Por favor, rellene el formulario."),
    (Kind.REMOVED, "ko", "요청하신 게시물은 게시중단(임시조치) 되었습니다."),
    (Kind.REMOVED, "en", "The content was removed. If you know of other copies, please send us their addresses."),
    (Kind.REMOVED, "en", "The domain has been suspended."),
    (Kind.ASKS, "en", "If you want us to act, please provide a court order."),
    (Kind.REFUSED, "en", "We are a network and do not have the ability to remove content that others host."),
    (Kind.UNKNOWN, "ko", "삭제될 예정입니다."),
    (Kind.UNKNOWN, "en", "Once it has been removed we will tell you."),
    (Kind.UNKNOWN, "en", "One video was removed. The other does not violate our rules."),
    (Kind.UNKNOWN, "ru", "Если материал удалён, мы сообщим."),
    (Kind.UNKNOWN, "es", "Si el contenido ha sido eliminado, se lo diremos."),
    (Kind.UNKNOWN, "en", "Thank you for your patience."),
    (Kind.AUTO, "ko", "신고가 접수되었습니다. 본 메일은 발신전용입니다."),
    (Kind.AUTO, "en", "We have received your request. Your ticket number is 12345."),
]


@pytest.mark.parametrize(("kind", "lang", "text"), SAYS, ids=range(len(SAYS)))
def test_what_a_letter_says_is_told_by_its_phrases(kind, lang, text):
    verdict = classify(read(mail(text)))
    assert verdict.kind == kind
    assert all(one.words for one in verdict.because)


@pytest.mark.parametrize("lang", letters.LANGUAGES)
def test_our_own_letter_quoted_says_nothing(lang, monkeypatch):
    for kind in (NoticeKind.MAIL, NoticeKind.REMINDER, NoticeKind.WITHDRAWAL):
        ours = letters.compose(kind, lang, letters.Told("ABCDEFGH23", ["https://board.example/1"])).body
        for quoted in ("\n".join(f"> {one}" for one in ours.split("\n")), ours, "On Mon, x@y.example wrote:\n" + ours):
            verdict = classify(read(mail(f"Hello.\n\n{quoted}")), ours)
            assert (verdict.kind, verdict.because) == (Kind.UNKNOWN, ()), (kind, quoted)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Auto-Submitted": "auto-replied; owner-email=x@y.example"},
        {"Auto-Submitted": "auto-generated"},
        {"X-Autoreply": "yes"},
        {"Precedence": "auto_reply"},
        {"Subject": "Automatic reply: removal"},
        {"Subject": "[자동 회신] 부재중입니다"},
        {"Subject": "自動返信"},
    ],
)
def test_an_automatic_reply_is_no_answer_whatever_it_says(headers):
    made = mail("The content has been removed.")
    for name, value in headers.items():
        del made[name]
        made[name] = value
    verdict = classify(read(made))
    assert verdict.kind == Kind.AUTO
    assert ("phrase_removed", "has been removed") in verdict.because, "what it says is still shown"


def test_auto_submitted_no_is_a_person():
    assert classify(read(mail("The content has been removed.", Auto_Submitted="no"))).kind == Kind.REMOVED


def report(action, original="<abcdefgh23@centre.example>"):
    return (
        "From: MAILER-DAEMON@mx.example\r\nSubject: Delivery report\r\nMIME-Version: 1.0\r\nMessage-ID: <d1@mx.example>\r\n"
        'Auto-Submitted: auto-replied\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt went as it went.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; abuse@board.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {original}\r\nSubject: Removal\r\n\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("action", "kind"), [("failed", Kind.BOUNCED), ("Failed (x)", Kind.AUTO), ("delayed", Kind.AUTO), ("delivered", Kind.AUTO)]
)
def test_delivery_reports(action, kind):
    found = reading.read(report(action))
    assert found.answers == ("abcdefgh23@centre.example",)
    verdict = classify(found)
    assert verdict.kind == kind
    assert "550 5.1.1" in verdict.because[0].words


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Undelivered Mail Returned to Sender", "I'm sorry"),
        ("failure notice", "Hi. This is the qmail-send program."),
        ("메일 배달 실패", "수신자를 찾을 수 없습니다."),
        ("Недоставленное сообщение", "x"),
        ("Re: removal", "The address abuse@board.example does not exist."),
    ],
)
def test_what_old_mail_servers_return_is_a_bounce(subject, text):
    made = mail(text, subject=subject, sender="Mail Delivery System <MAILER-DAEMON@mx.example>")
    assert classify(read(made)).kind == Kind.BOUNCED
    assert classify(read(mail(text, subject=subject))).kind != Kind.BOUNCED, "not from anybody else"


@pytest.mark.parametrize(
    ("lines", "sender", "proof"),
    [
        (
            ["mx.centre.example; dkim=pass header.d=board.example; spf=pass smtp.mailfrom=board.example"],
            "a@board.example",
            "proven",
        ),
        (["mx.centre.example; dmarc=pass header.from=board.example"], "a@board.example", "proven"),
        (["mx.centre.example; dkim=pass header.d=other.example"], "a@board.example", "none"),
        (["mx.centre.example; spf=fail smtp.mailfrom=a@board.example; dkim=none"], "a@board.example", "failed"),
        (["mx.centre.example; dmarc=fail; dkim=pass header.d=board.example"], "a@board.example", "failed"),
        (["evil.example; dkim=pass header.d=board.example"], "a@board.example", "unasked"),
        (["mx.centre.example.evil.example; dmarc=pass"], "a@board.example", "unasked"),
        (["mx.centre.example; dmarc=fail", "mx.centre.example; dmarc=pass"], "a@board.example", "failed"),
        (["mx.centre.example 1; dkim=pass (2048-bit; x) header.d=board.example"], "a@mail.board.example", "proven"),
        (["mx.centre.example; dkim=pass header.d=tenant.board.example"], "a@board.example", "none"),
        (["mx.centre.example; spf=pass smtp.mailfrom=tenant.board.example"], "a@board.example", "none"),
        (["mx.centre.example; dkim=pass header.d=mail.board.example; dmarc=pass"], "a@board.example", "proven"),
        (["mx.centre.example; dmarc=pass header.from=other.example"], "a@board.example", "none"),
        (["mx.centre.example; dkim=pass header.d=example"], "a@board.example", "none"),
        (["mx.centre.example; none"], "a@board.example", "unasked"),
        ([], "a@board.example", "unasked"),
    ],
)
def test_a_sender_is_proven_by_our_own_server_alone(lines, sender, proof):
    assert origin.of({"authentication-results": lines}, sender, "mx.centre.example").proof == proof
    assert origin.of({"authentication-results": lines}, sender, "").proof == "unasked"


@pytest.mark.parametrize(
    ("raw", "sender", "name", "marks"),
    [
        ("Help <help@board.example>", "help@board.example", "Help", ()),
        ("help@board.example", "help@board.example", "", ()),
        ("help@board.example (Help)", "help@board.example", "", ()),
        ("=?utf-8?q?=3Cabuse=40board=2Eexample=3E?= <x@evil.example>", "x@evil.example", "<abuse@board.example>", ()),
        ('"abuse@board.example" <x@evil.example>', "x@evil.example", "abuse@board.example", ()),
        ('"<abuse@board.example>" <x@evil.example>', "x@evil.example", "", ()),
        ("<abuse@board.example> <x@evil.example>", "abuse@board.example", "", ("senders",)),
        ("a@board.example, b@evil.example", "a@board.example", "", ("senders",)),
        ("", "", "", ()),
        ("(" * 5000, "", "", ()),
    ],
)
def test_an_address_hidden_in_a_name_is_no_sender(raw, sender, name, marks):
    found = reading.read(f"From: {raw}\r\n\r\nx".encode())
    assert (found.sender, found.sender_name, found.marks) == (sender, name, marks)


@pytest.mark.parametrize(
    ("sender", "known", "fits"),
    [
        ("help@board.example", ["abuse@board.example"], True),
        ("noreply@mail.board.example", ["abuse@board.example"], True),
        ("a@board.example.evil.example", ["abuse@board.example"], False),
        ("a@evilboard.example", ["abuse@board.example"], False),
        ("a@example", ["abuse@board.example"], False),
        ("", ["abuse@board.example"], False),
        ("a@farm.example", ["abuse@board.example", "farm.example"], True),
        ("board@gmail.com", ["Board@gmail.com"], True),
        ("somebody@gmail.com", ["board@gmail.com"], False),
    ],
)
def test_a_sender_fits_by_its_whole_domain(sender, known, fits):
    assert origin.fits(sender, *known) is fits


@pytest.mark.parametrize("text", ["a\u202eb", "a\x1b[31mb", "a\x00b", "a\u2028b"])
def test_nothing_in_a_text_steers_the_page(text):
    shown = wording.plain(text)
    assert all(one.isprintable() for one in shown)


def test_every_class_has_phrases_in_every_language():
    for of in ("removed", "refused", "asks", "unless", "auto", "receipt", "bounced"):
        assert set(classifying._patterns(of)) == set(letters.LANGUAGES)
