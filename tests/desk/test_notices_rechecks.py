"""Rechecks against real servers: what is gone is said only with proof from here and from another network."""

import http.server
import subprocess
import sys
from datetime import timedelta
from hashlib import sha256

import msgspec
import pytest
from django.utils import timezone

from jikim import config
from jikim.errors import AuthorityMissing
from jikim.fetching import SafeFetcher, Vantage
from jikim.vault import sweep_holder
from jikim_desk.accounts.models import Role
from jikim_desk.notices import evidence, rechecking
from jikim_desk.notices.judging import Answered, Known, MediaKnown, judge
from jikim_desk.notices.models import NoticeKind, Removal, RemovalState, Seen
from jikim_desk.notices.rechecking import HERE, STEPS, Ways
from jikim_desk.records.models import Candidate
from jikim_desk.sealing import vault
from tests.desk.items import capture, picture
from tests.desk.loopback import Proxy, serving
from tests.desk.removals import confirmed

PAGE = "<!doctype html><title>동네 축제 사진 모음</title><p>사진 <img src='/media/festival-1.png'></p>".encode()
FILE = picture()


@pytest.fixture
def host():
    """A host: `answers` has (status, headers, body) by path, for all or ("away", path) for who comes by the proxy."""
    answers, asked = {}, []

    class Host(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            way = "away" if self.headers.get("x-away") else "here"
            asked.append((way, self.path, self.headers.get("range")))
            found = answers.get((way, self.path)) or answers.get(self.path) or (404, {}, b"")
            status, headers, body = found
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with serving(Host) as port:
        host = type("Where", (), {"answers": answers, "asked": asked, "port": port, "url": f"http://127.0.0.1:{port}"})
        answers["/post/1"] = (200, {"content-type": "text/html"}, PAGE)
        answers["/media/festival-1.png"] = (200, {"content-type": "image/png", "etag": '"a1"'}, FILE)
        yield host


@pytest.fixture
def proxy():
    """The way of another network."""
    with serving(Proxy) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def ways(host, proxy):
    settings = msgspec.structs.replace(
        config.load().fetching,
        loopback_allowed=(f"127.0.0.1:{host.port}",),
        pace_s=0.0,
    )
    here = SafeFetcher(settings, vault(), sweep_holder(timezone.now().date()), retry_pauses_s=())
    away = Vantage(settings, proxy)
    yield Ways(here, {"abroad": away})
    here.close()
    away.close()


@pytest.fixture
def removal(team, person, host):
    row = confirmed(team, person(Role.REVIEWER), "post", title="동네 축제 사진 모음")
    row.url = f"{host.url}/post/1"
    row.save(update_fields=["url_sealed"])
    page = capture(row, PAGE, content_type="text/html", part="page", name="page")
    media = capture(row, FILE, part="media")
    for kept, path, headers in ((page, "/post/1", {}), (media, "/media/festival-1.png", {"etag": '"a1"'})):
        kept.chain = [
            {
                "url": host.url + path,
                "status": 200,
                "headers": headers,
                "peer_ip": "127.0.0.1",
                "at": "2026-11-22T03:04:05+00:00",
            }
        ]
        kept.save(update_fields=["chain_sealed"])
    (made,) = evidence.begin_due(timezone.now())
    Removal.objects.update(rechecks_from=timezone.now(), notified_at=timezone.now(), next_recheck_at=timezone.now())
    made.refresh_from_db()
    return made


def visit(removal, ways):
    Removal.objects.filter(pk=removal.pk).update(next_recheck_at=timezone.now())
    state = rechecking.visit_due(removal.pk, ways)
    removal.refresh_from_db()
    return state


def take_down(host, way=None):
    for path in ("/post/1", "/media/festival-1.png"):
        host.answers[(way, path) if way else path] = (404, {}, b"no")


def test_what_is_there_is_still_there_and_no_file_is_downloaded(removal, ways, host):
    assert visit(removal, ways) == RemovalState.OPEN
    assert {(one.vantage, one.seen, one.sign) for one in removal.rechecks.all()} == {
        (HERE, Seen.STILL_THERE, "same_bytes"),
        ("abroad", Seen.STILL_THERE, "same_bytes"),
    }
    files = [range_ for _, path, range_ in host.asked if path.startswith("/media")]
    assert files == ["bytes=0-0", "bytes=0-0"]


def test_removed_is_said_only_with_proof_from_two_networks(removal, ways, host):
    take_down(host, "here")
    assert visit(removal, ways) == RemovalState.BLOCKED
    assert removal.gone_at is None
    take_down(host)
    assert visit(removal, Ways(ways.here, {})) == RemovalState.NOT_VISIBLE
    assert removal.gone_at is None
    assert visit(removal, ways) == RemovalState.GONE
    assert removal.gone_at is not None
    proofs = [one.proof for one in removal.rechecks.order_by("-at")[:2]]
    for proof in proofs:
        assert proof["page"]["chain"][-1]["status"] == 404
        assert [one["chain"][-1]["status"] for one in proof["files"]] == [404]


def test_a_page_that_is_gone_while_its_file_answers_is_still_there(removal, ways, host):
    host.answers["/post/1"] = (404, {}, b"")
    assert visit(removal, ways) == RemovalState.OPEN
    assert removal.rechecks.filter(sign="file_answers", seen=Seen.STILL_THERE).count() == 2


def test_what_comes_back_raises_the_alarm(removal, ways, host):
    take_down(host)
    assert visit(removal, ways) == RemovalState.GONE
    host.answers["/post/1"] = (200, {}, PAGE)
    assert visit(removal, ways) == RemovalState.BACK
    assert removal.gone_at is None
    assert removal.next_step_at is not None


def test_a_redirect_to_the_same_page_is_moved(removal, ways, host):
    host.answers["/post/1"] = (302, {"location": "/new/1"}, b"")
    host.answers["/new/1"] = (200, {"content-type": "text/html"}, PAGE)
    visit(removal, ways)
    assert {one.seen for one in removal.rechecks.all()} == {Seen.MOVED}


@pytest.mark.parametrize(
    ("answer", "sign"),
    [
        ((200, "<title>404 Not Found</title><p>gone"), "soft_404"),
        ((200, "<p>삭제된 게시물입니다."), "soft_404"),
        ((200, "<p>ページが見つかりません"), "soft_404"),
        ((200, "<p>Материал удалён"), "soft_404"),
        ((200, "<title>视频已删除</title>"), "soft_404"),
        ((200, "<h1>Không tìm thấy trang"), "soft_404"),
        ((200, "<p>El vídeo fue eliminado"), "soft_404"),
        ((200, "<p>Dieses Video wurde verschoben"), "changed"),
        ((200, "<p>만 19세 이상 성인 인증이 필요합니다"), "login_wall"),
        ((200, "<p>자동입력 방지 문자를 입력하세요"), "captcha"),
        ((200, "<p>이 도메인을 판매합니다"), "parked"),
        ((200, '{"error": "not found"}'), "soft_404"),
        ((200, "<title>Just a moment</title><script src='https://challenges.cloudflare.com/x'></script>"), "captcha"),
        ((200, "<form><input type='password'></form>"), "login_wall"),
        ((200, "<p>This domain is for sale"), "parked"),
        ((200, "<p>something else"), "changed"),
        ((401, ""), "login_wall"),
    ],
)
def test_what_only_looks_gone_proves_nothing(removal, ways, host, answer, sign):
    take_down(host)
    status, body = answer
    host.answers["/post/1"] = (status, {"content-type": "text/html; charset=utf-8"}, body.encode())
    assert visit(removal, ways) == RemovalState.OPEN
    assert {(one.seen, one.sign) for one in removal.rechecks.all()} == {(Seen.CANNOT_TELL, sign)}


@pytest.mark.parametrize(("status", "seen"), [(451, Seen.REFUSED_HERE), (403, Seen.REFUSED_HERE), (500, Seen.UNREACHABLE)])
def test_refusals_are_no_proof(removal, ways, host, status, seen):
    take_down(host)
    host.answers["/post/1"] = (status, {}, b"")
    assert visit(removal, Ways(ways.here, {})) == RemovalState.OPEN
    assert removal.rechecks.get().seen == seen


ELSEWHERE = (
    "This video is not available in your country",
    "현재 국가에서는 시청할 수 없습니다",
    "お住まいの地域では視聴できません",
    "您所在的地区无法观看",
    "Видео недоступно в вашей стране",
    "Video không khả dụng ở quốc gia của bạn",
    "El vídeo no está disponible en tu país",
    "방송통신심의위원회 불법·유해 정보에 대한 차단",
)


@pytest.mark.parametrize("words", ELSEWHERE)
def test_what_is_kept_from_this_country_alone_is_blocked_and_not_gone(removal, ways, host, words):
    take_down(host, "here")
    host.answers["here", "/post/1"] = (200, {"content-type": "text/html; charset=utf-8"}, f"<p>{words}".encode())
    assert visit(removal, ways) == RemovalState.BLOCKED
    by = dict(removal.rechecks.values_list("vantage", "seen"))
    assert by == {HERE: Seen.REFUSED_HERE, "abroad": Seen.STILL_THERE}


@pytest.mark.parametrize(
    ("charset", "named"), [("cp949", "euc-kr"), ("cp949", ""), ("shift_jis", "shift_jis"), ("utf-16", ""), ("utf-8", "utf-8")]
)
def test_words_are_read_in_the_encoding_they_are_in(removal, ways, host, charset, named):
    type_ = f"text/html; charset={named}" if named else "text/html"
    take_down(host)
    gone = "삭제된 게시물입니다" if charset != "shift_jis" else "削除されました"
    host.answers["/post/1"] = (200, {"content-type": type_}, f"<p>{gone}, 1".encode(charset))
    visit(removal, ways)
    assert {one.sign for one in removal.rechecks.all()} == {"soft_404"}
    if charset != "shift_jis":
        there = f"<title>동네 축제 사진 모음</title><p>{timezone.now()}"
        host.answers["/post/1"] = (200, {"content-type": type_}, there.encode(charset))
        assert visit(removal, ways) == RemovalState.OPEN
        assert {one.sign for one in removal.rechecks.order_by("-at")[:2]} == {"title_on_page"}


@pytest.mark.parametrize("status", [403, 503])
def test_a_guard_that_asks_for_a_human_proves_nothing(removal, ways, host, status):
    take_down(host)
    host.answers["/post/1"] = (status, {"cf-mitigated": "challenge"}, b"")
    assert visit(removal, ways) == RemovalState.OPEN
    assert {(one.seen, one.sign) for one in removal.rechecks.all()} == {(Seen.CANNOT_TELL, "captcha")}


def test_what_is_gone_in_search_and_at_its_address_is_gone_not_hidden(removal, ways, host):
    removal.notices.create(
        team_id=removal.team_id, kind=NoticeKind.DELISTING, lang="en", drafted_at=timezone.now(), outcome="removed",
        subject_sealed=b"", body_sealed=b"",
    )  # fmt: skip
    take_down(host)
    assert visit(removal, ways) == RemovalState.GONE


def test_what_moved_and_what_never_was_there_are_told_apart(removal, ways, host):
    """The page led elsewhere, to other words: nothing proves that it is gone."""
    take_down(host)
    host.answers["/post/1"] = (302, {"location": "/"}, b"")
    host.answers["/"] = (200, {"content-type": "text/html"}, b"<p>Welcome")
    assert visit(removal, ways) == RemovalState.OPEN
    assert {(one.seen, one.sign) for one in removal.rechecks.all()} == {(Seen.CANNOT_TELL, "sent_home")}


def test_a_dead_host_is_unreachable(removal, ways, host):
    removal.candidate.captures.filter(part="media").delete()
    dead = Known(f"{host.url}/post/1", "", frozenset())
    assert judge(dead, Answered(dead.url, None, error="fetching.unreachable"), []) == (Seen.UNREACHABLE, "unreachable")
    row = removal.candidate
    row.url = "http://127.0.0.1:8/post/1"
    row.save(update_fields=["url_sealed"])
    assert visit(removal, ways) == RemovalState.OPEN
    assert (removal.rechecks.get().seen, removal.rechecks.get().sign) == (Seen.CANNOT_TELL, "not_asked")


def test_a_host_that_hangs_up_is_unreachable(removal, host, proxy):
    with serving(http.server.BaseHTTPRequestHandler) as port:
        closed = port
    settings = msgspec.structs.replace(config.load().fetching, loopback_allowed=(f"127.0.0.1:{closed}",), pace_s=0.0)
    removal.candidate.captures.filter(part="media").delete()
    row = removal.candidate
    row.url = f"http://127.0.0.1:{closed}/post/1"
    row.save(update_fields=["url_sealed"])
    with SafeFetcher(settings, vault(), sweep_holder(timezone.now().date()), retry_pauses_s=()) as here:
        assert visit(removal, Ways(here, {})) == RemovalState.OPEN
    assert removal.rechecks.get().seen == Seen.UNREACHABLE


def test_delisted_but_there_is_hidden(removal, ways, host):
    removal.notices.create(
        team_id=removal.team_id, kind=NoticeKind.DELISTING, lang="en", drafted_at=timezone.now(), outcome="removed",
        subject_sealed=b"", body_sealed=b"",
    )  # fmt: skip
    assert visit(removal, ways) == RemovalState.HIDDEN


def test_steps_follow_each_other_and_one_visit_is_made_by_one_process(removal, ways):
    begun = removal.rechecks_from
    now = begun
    for step in STEPS:
        assert rechecking.next_visit(removal, now) == begun + step
        now = begun + step
    assert rechecking.next_visit(removal, now) is None
    assert visit(removal, ways) is not None
    assert rechecking.visit_due(removal.pk, ways) is None
    assert rechecking.due(timezone.now()) == []
    assert rechecking.due(timezone.now() + timedelta(hours=2)) == [removal.pk]


def test_a_visit_asked_for_during_another_is_still_made(removal, ways, host):
    class Slow:
        """Somebody asks while the page is being fetched."""

        def get(self, url, **how):
            Removal.objects.filter(pk=removal.pk).update(next_recheck_at=timezone.now())
            return ways.here.get(url, **how)

    assert visit(removal, Ways(Slow(), {})) is not None
    assert rechecking.due(timezone.now()) == [removal.pk]
    assert visit(removal, ways) is not None
    assert rechecking.due(timezone.now()) == []


def test_a_page_that_closes_nothing_is_read_once_and_not_from_each_of_its_tags_anew():
    """Of 256 KiB each took half a minute: the limit of all is a fraction of that."""
    code = """
import resource
import django
django.setup()
from jikim_desk.notices.judging import Answered, Known, judge
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
known = Known("http://a.example/post/1", "동네 축제 사진 모음", frozenset())
for piece in ("<", "<script ", "<title>", "<title", "<input ", "<input type=", "<noscript></script"):
    page = Answered(known.url, 200, known.url, body=(piece * 2**18)[:2**18].encode())
    assert judge(known, page, [])[0] == "cannot_tell", piece
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_page_cut_short_is_read_as_browsers_read_it():
    known = Known("http://a.example/post/1", "동네 축제 사진 모음", frozenset())
    for body, sign in (
        ("<title>동네 축제 사진 모음", "title_on_page"),
        ("<p>동네 축제 사진 모음<img src='/a", "title_on_page"),
        ("<p>hello<script>let title = '동네 축제 사진 모음'", "changed"),
    ):
        assert judge(known, Answered(known.url, 200, known.url, body=body.encode()), [])[1] == sign


def test_nothing_is_visited_without_authority(db):
    with pytest.raises(AuthorityMissing), rechecking.opened():
        pass


def test_a_private_address_is_not_asked_for_through_a_proxy(ways):
    from jikim.errors import FetchRefused

    for url in ("http://169.254.169.254/", "http://localhost:8080/", "http://10.0.0.1/x", "file:///etc/passwd"):
        with pytest.raises(FetchRefused):
            ways.others["abroad"].get(url)


def test_the_same_size_is_the_same_file_only_for_media():
    known = Known("http://a.example/p", "", frozenset(), (MediaKnown("http://a.example/f.png", "ab", 10),))
    gone = Answered("http://a.example/p", 404)
    ranged = {"content-range": "bytes 0-0/10", "content-type": "image/png"}
    assert judge(known, gone, [Answered("", 206, headers=ranged)]) == (Seen.STILL_THERE, "file_answers")
    page = {"content-length": "10", "content-type": "text/html"}
    assert judge(known, gone, [Answered("", 200, headers=page)]) == (Seen.CANNOT_TELL, "files_not_gone")


def test_nothing_of_the_page_is_kept_but_its_hash(removal, ways, host):
    visit(removal, ways)
    proof = removal.rechecks.first().proof
    assert proof["page"]["sha256"] == sha256(PAGE).hexdigest()
    assert "축제" not in msgspec.json.encode(proof).decode()
    assert Candidate.objects.get(pk=removal.pk).captures.count() == 2
