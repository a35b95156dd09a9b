"""The commission's bulk file and its bulk replies; the languages of letters and the files of forms."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jikim_desk import words
from jikim_desk.accounts.models import Team, User
from jikim_desk.accounts.rights import allow
from jikim_desk.console import reply_uploads
from jikim_desk.console.refusals import told_at
from jikim_desk.console.visitor import visitor
from jikim_desk.notices import letters, visible
from jikim_desk.notices.channels import bulk, matching, replies, sheet_files
from jikim_desk.notices.channels.models import ReplyState
from jikim_desk.notices.faults import BadLetter
from jikim_desk.notices.models import NoticeKind, NoticeState
from jikim_desk.review import access

ROWS_SHOWN, FILES_SHOWN, DRAFTS_SHOWN = 100, 20, 50
_TYPES = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv; charset=utf-8"}
_SAMPLE = "ABCDEFGHJK"


def teams_of(user: User) -> list[Team]:
    """The teams in which somebody decides."""
    return list(Team.objects.filter(pk__in=access.team_ids(user, *access.DECIDERS)).order_by("name"))


def team_in(request: HttpRequest) -> int:
    """The team a form names, or the only one there is. Raises BadLetter."""
    teams = [team.pk for team in teams_of(visitor(request))]
    asked = request.POST.get("team", "")
    found = [pk for pk in teams if str(pk) == asked] or (teams if len(teams) == 1 else [])
    if not found:
        raise BadLetter("channels.no_team")
    return int(found[0])


@allow(*access.DECIDERS)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """What is collected for the commission, the files made of it, and its replies."""
    user = visitor(request)
    teams = teams_of(user)
    drafts = visible.notices(user).filter(state=NoticeState.DRAFT, kind=NoticeKind.REGULATOR)
    shown = {
        "waiting": [(team, bulk.collected(user, team.pk).order_by("number")[: bulk.ROWS_MAX]) for team in teams],
        "drafts": drafts.order_by("drafted_at")[:DRAFTS_SHOWN],
        "files": [(file, len(file.rows)) for file in bulk.files(user)[:FILES_SHOWN]],
        "replies": replies.replies(user),
        "teams": teams,
    }
    return render(request, "console/channels/page.html", shown)


@allow(*access.DECIDERS)
@require_POST
@told_at("channels")
def bulk_make(request: HttpRequest) -> HttpResponse:
    """One file of everything that is collected."""
    _, left_out = bulk.make(visitor(request), team_in(request))
    messages.success(request, words.say("channels.made"))
    _tell(request, left_out)
    return redirect("channels")


@allow(*access.DECIDERS)
@require_POST
@never_cache
@told_at("channels")
def bulk_file(request: HttpRequest, file_id: str) -> HttpResponse:
    """The file. Its name is its number; what may no longer leave is left out and said on the page of channels."""
    user = visitor(request)
    file = bulk.file_for(user, file_id)
    kind = "csv" if request.POST.get("as") == "csv" else "xlsx"
    content, left_out = bulk.content(user, file, kind)
    _tell(request, left_out)
    done = HttpResponse(content, content_type=_TYPES[kind])
    done["Content-Disposition"] = f'attachment; filename="bulk-{file.number}.{kind}"'
    return done


@allow(*access.DECIDERS)
@require_POST
@told_at("channels")
def reply_take(request: HttpRequest) -> HttpResponse:
    """Reads a reply; nothing is changed by it yet."""
    content = reply_uploads.held(request)
    if not content:
        raise BadLetter("channels.no_file")
    made = replies.take_in(visitor(request), team_in(request), content)
    return redirect("reply", reply_id=made.pk)


@allow(*access.DECIDERS)
@require_GET
@never_cache
def reply(request: HttpRequest, reply_id: str) -> HttpResponse:
    """What it would change, row by row; `show` is change, same or skip."""
    found = replies.reply_for(visitor(request), reply_id)
    asked, start = request.GET.get("show", ""), request.GET.get("from", "")
    verdicts = {matching.CHANGE: found.to_change, matching.SAME: found.unchanged, matching.SKIP: found.skipped}
    if asked not in verdicts:
        asked = matching.CHANGE if found.to_change or not found.skipped else matching.SKIP
    begin = int(start) if start.isascii() and start.isdigit() and len(start) < 7 else 0
    rows = [row for row in replies.rows_of(found) if row.verdict == asked]
    shown = {
        "reply": found,
        "rows": [(row, words.say(row.why, **row.about) if row.why else "") for row in rows[begin : begin + ROWS_SHOWN]],
        "show": asked,
        "verdicts": list(verdicts.items()),
        "next": begin + ROWS_SHOWN if begin + ROWS_SHOWN < len(rows) else 0,
        "next_count": min(ROWS_SHOWN, len(rows) - begin - ROWS_SHOWN),
        "row_count": found.to_change + found.unchanged + found.skipped,
        "is_read": found.state == ReplyState.READ,
        "was_begun": found.state in (ReplyState.APPLYING, ReplyState.APPLIED),
    }
    return render(request, "console/channels/reply.html", shown)


@allow(*access.DECIDERS)
@require_POST
@told_at("reply", "reply_id")
def reply_apply(request: HttpRequest, reply_id: str) -> HttpResponse:
    """Puts it in force in this person's name."""
    user = visitor(request)
    found = replies.reply_for(user, reply_id)
    replies.apply(user, found)
    is_done = found.state == ReplyState.APPLIED
    messages.success(request, words.say("channels.reply.applied" if is_done else "channels.reply.going_on"))
    return redirect("reply", reply_id=reply_id)


@allow(*access.DECIDERS)
@require_POST
@told_at("reply", "reply_id")
def reply_drop(request: HttpRequest, reply_id: str) -> HttpResponse:
    """Puts it aside; nothing was changed by it."""
    user = visitor(request)
    replies.drop(user, replies.reply_for(user, reply_id))
    return redirect("channels")


@allow(*access.DECIDERS)
@require_GET
def languages(request: HttpRequest) -> HttpResponse:
    """The languages letters are written in, the forms there are sheets for, and files that cannot be used."""
    refused = [*(one.refused for one in letters.broken()), *(one.refused for one in sheet_files.broken())]
    shown = {
        "languages": [(lang, lang not in letters.LANGUAGES) for lang in letters.every_language()],
        "sheets": sorted(sheet_files.sheets().items()),
        "broken": [words.say(one.key, **one.params) for one in refused],
    }
    return render(request, "console/channels/languages.html", shown)


@allow(*access.DECIDERS)
@require_GET
@told_at("letter_languages")
def language(request: HttpRequest, lang: str) -> HttpResponse:
    """Every letter of a language, with made-up details."""
    if lang not in letters.every_language():
        raise BadLetter("notices.no_form")
    sample = letters.Told(_SAMPLE, ("https://board.example/1",), sha256=("0" * 64,), before="KLMNPQRSTU")
    kinds = [kind for kind in NoticeKind.values if lang in letters.languages(kind)]
    shown = {"lang": lang, "letters": [(kind, letters.compose(kind, lang, sample)) for kind in kinds]}
    return render(request, "console/channels/language.html", shown)


def _tell(request: HttpRequest, left_out: list[bulk.LeftOut]) -> None:
    for one in left_out:
        why = words.say(one.refused.key, **one.refused.params)
        messages.warning(request, words.say("channels.left_out", number=one.number, why=why))


addresses = [
    path("channels/", page, name="channels"),
    path("channels/bulk/make", bulk_make, name="bulk_make"),
    path("channels/bulk/<str:file_id>/file", bulk_file, name="bulk_file"),
    path("channels/replies/take", reply_take, name="reply_take"),
    path("channels/replies/<str:reply_id>/", reply, name="reply"),
    path("channels/replies/<str:reply_id>/apply", reply_apply, name="reply_apply"),
    path("channels/replies/<str:reply_id>/drop", reply_drop, name="reply_drop"),
    path("channels/languages/", languages, name="letter_languages"),
    path("channels/languages/<slug:lang>/", language, name="letter_language"),
]
