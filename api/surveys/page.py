"""The page `/s/TOKEN`: one question, answered without a script, once.

The token is all that lets in; it is opaque, and neither it nor who was asked stands in the page or in a log. Opening
the page keeps nothing, so a scanner that follows the links of mails answers for nobody.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from html import escape
from urllib.parse import parse_qs

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.surveys.words import Words, words_of
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.errors import StoreError
from graph.surveys.invitations import LONGEST_COMMENT, Invitation, answer, invitation_of
from graph.sync.recording import NotRecorded

A_MINUTE = RateLimitItemPerMinute(30)
"""So often one link may be opened."""
MISSES_A_MINUTE = RateLimitItemPerMinute(120)
"""So many links that lead nowhere may come from one address; whoever guesses tokens is not answered any more."""
LARGEST_BODY = 4 * LONGEST_COMMENT + 1_000
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_STYLE = """
:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; --on: #0b57b7; --of: #fff }
:root { --line: #6b6b6b }
@media (prefers-color-scheme: dark) { :root { --on: #9cc3ff; --of: #0d1b2e; --line: #9a9a9a } }
body { box-sizing: border-box; margin: 0 auto; max-width: 42rem; padding: 2rem 1rem }
fieldset { border: 0; margin: 0; min-width: 0; padding: 0 }
legend, .told { font-size: 1.5rem; font-weight: 600; line-height: 1.3; margin: 0 0 1.25rem; padding: 0 }
.scale { display: grid; gap: .375rem; grid-template-columns: repeat(auto-fit, minmax(2.25rem, 1fr)) }
.scale label { cursor: pointer; position: relative }
.scale input { cursor: pointer; height: 100%; inset: 0; margin: 0; opacity: 0; position: absolute; width: 100% }
.scale span { border: 1px solid var(--line); border-radius: .5rem; display: block; line-height: 3rem }
.scale span { font-variant-numeric: tabular-nums; text-align: center }
.scale label:hover span { border-color: var(--on); box-shadow: 0 0 0 1px var(--on) }
.scale input:checked + span { background: var(--on); border-color: var(--on); color: var(--of); font-weight: 700 }
.scale input:focus-visible + span, textarea:focus-visible, button:focus-visible { outline: 3px solid var(--on) }
.scale input:focus-visible + span, textarea:focus-visible, button:focus-visible { outline-offset: 2px }
.ends { display: flex; gap: 2rem; justify-content: space-between; line-height: 1.3; margin: .625rem 0 1.75rem }
.ends span + span { text-align: right }
.comment { display: block; margin-bottom: .375rem }
textarea { background: none; border: 1px solid var(--line); border-radius: .5rem; box-sizing: border-box }
textarea { color: inherit; font: inherit; min-height: 6rem; padding: .5rem; resize: vertical; width: 100% }
button { background: var(--on); border: 1px solid var(--on); border-radius: .5rem; color: var(--of); cursor: pointer }
button { font: inherit; font-weight: 600; margin-top: 1rem; min-height: 3rem; padding: .5rem 2rem }
.problem { border-left: .25rem solid; font-weight: 600; margin: 0 0 1.25rem; padding: .25rem .75rem }
@media (forced-colors: active) { .scale input:checked + span { background: Highlight; color: HighlightText } }
@media (forced-colors: active) { .scale input:checked + span { forced-color-adjust: none } }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}


def survey_routes(store: Store, rules: Rules) -> list[Route]:
    """The page's route."""
    return [Route("/s/{token}", SurveyPage(store, rules).answered, methods=["GET", "POST"])]


class SurveyPage:
    """Shows the question, takes the answer."""

    def __init__(self, store: Store, rules: Rules) -> None:
        self._store = store
        self._rules = rules
        self._rates = MovingWindowRateLimiter(MemoryStorage())

    async def answered(self, request: Request) -> Response:
        """The page, or what became of the answer."""
        client = f"from {request.client.host if request.client else ''}"
        token = str(request.path_params["token"])
        try:
            if not self._rates.test(MISSES_A_MINUTE, client):
                return _told(*words_of(None), "busy", 429)
            invitation = await invitation_of(self._store, token) if _TOKEN.fullmatch(token) else None
            if invitation is None or invitation.customer is None:
                self._rates.hit(MISSES_A_MINUTE, client)
                return _told(*words_of(None), "unknown", 404)
            if not self._rates.hit(A_MINUTE, f"to {invitation.id}"):
                return _told(*words_of(invitation.language), "busy", 429)
            language, words = words_of(invitation.language)
            if invitation.answered_at is not None:
                return _told(language, words, "already", 410 if request.method == "POST" else 200)
            if invitation.expires_at <= time.time() * 1000:
                return _told(language, words, "expired", 410)
            if request.method == "GET":
                return _page(invitation, language, words)
            return await self._take(request, invitation, language, words)
        except StoreError:
            return _told(*words_of(None), "busy", 503)

    async def _take(self, request: Request, invitation: Invitation, language: str, words: Words) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                return _page(invitation, language, words, problem=True)
        given = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
        score, comment = given.get("score", [""])[0], given.get("comment", [""])[0]
        low, high = invitation.scale
        if not re.fullmatch(r"\d{1,2}", score, re.ASCII) or not low <= int(score) <= high:
            return _page(invitation, language, words, problem=True, comment=comment)
        try:
            is_new = await answer(self._store, self._rules, invitation, int(score), comment)
        except NotRecorded:
            return _told(language, words, "busy", 503)
        return _told(language, words, "thanks" if is_new else "already", 200 if is_new else 410)


def _page(
    invitation: Invitation, language: str, words: Words, *, problem: bool = False, comment: str = ""
) -> HTMLResponse:
    low, high = invitation.scale
    choices = "".join(
        f'<label><input type="radio" name="score" value="{score}" required><span>{score}</span></label>'
        for score in range(low, high + 1)
    )
    told = f'<p class="problem" role="alert" lang="{language}">{escape(words.choose)}</p>' if problem else ""
    return _html(
        language,
        words,
        f'<form method="post">{told}<fieldset><legend lang="{escape(invitation.language)}">'
        f'{escape(invitation.question)}</legend><div class="scale">{choices}</div>'
        f'<div class="ends"><span>{low}: {escape(words.lowest[invitation.metric])}</span>'
        f"<span>{high}: {escape(words.highest[invitation.metric])}</span></div></fieldset>"
        f'<label class="comment" for="comment">{escape(words.comment)}</label>'
        f'<textarea id="comment" name="comment" maxlength="{LONGEST_COMMENT}">{escape(comment)}</textarea>'
        f'<button type="submit">{escape(words.send)}</button></form>',
        400 if problem else 200,
    )


def _told(language: str, words: Words, what: str, status: int) -> HTMLResponse:
    return _html(language, words, f'<p class="told" role="status">{escape(getattr(words, what))}</p>', status)


def _html(language: str, words: Words, inside: str, status: int) -> HTMLResponse:
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(words.subject)}</title><style>{_STYLE}</style></head><body><main>{inside}</main></body></html>"
    )
    return HTMLResponse(page, status, headers=_HEADERS)
