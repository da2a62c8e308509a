"""A report in Chromium: it renders, links, folds and filters work, and nothing that a model wrote runs or loads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gitgen.record import Chat, File, Ran, Reply, Turn, Usage, system, user
from gitgen.report import report_of
from gitgen.repository import Repository
from gitgen.state.log import load
from tests import todo
from tests.browser import MISSING, Browser, browser
from tests.conftest import Gitgen
from tests.sessions import BRANCH, Making

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


@pytest.fixture
def window() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def page_of(making: Making, folder: Path) -> Path:
    session = load(making.repository, BRANCH)
    assert session is not None
    page = folder / "report.html"
    page.write_bytes(report_of(making.repository, session).encode())
    return page


@contextmanager
def listener() -> Iterator[tuple[str, list[str]]]:
    """An address, and the paths that were asked for there."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def shown(window: Browser) -> list[str]:
    return list(window.run("return [...document.querySelectorAll('.entry:not([hidden])')].map(entry => entry.id)"))


def unfolded(window: Browser) -> list[str]:
    return list(
        window.run("return [...document.querySelectorAll('.entry > details[open]')].map(d => d.parentElement.id)")
    )


def type_into(window: Browser, text: str) -> None:
    window.run(
        """
        const box = document.getElementById("search");
        box.value = arguments[0];
        box.dispatchEvent(new Event("input"));
        """,
        text,
    )


def click(window: Browser, selector: str) -> None:
    window.run("document.querySelector(arguments[0]).click()", selector)


def test_a_session_is_shown_whole_without_a_request_or_a_complaint(
    window: Browser, gitgen: Gitgen, tmp_path: Path
) -> None:
    work = todo.make(tmp_path)
    ran = gitgen("report", "-o", "report.html", cwd=work)
    assert ran.code == 0, ran.err
    page = work / "report.html"
    for width, dark in ((1280, False), (390, True)):
        window.view(width, 900, dark=dark)
        window.open(page)
        click(window, "#fold")
        window.run("for (const details of document.querySelectorAll('details')) details.open = true")
        assert window.run("return document.documentElement.scrollWidth") <= width, "nothing is wider than the screen"
        assert window.run("return getComputedStyle(document.body).backgroundColor") == (
            "rgb(20, 23, 28)" if dark else "rgb(255, 255, 255)"
        )
        assert (window.requested(), window.complaints()) == ([page.as_uri()], [])
    text = window.run("return document.querySelector('main').textContent")
    for part in (
        "Refuse a number that is not on the list",
        "Hide the file",
        "list.py: there is no such file",
        "def find",
    ):
        assert part in text
    heights = window.run(
        "return [...document.querySelectorAll('.shapes .prompt')].map(p => p.getBoundingClientRect().height)"
    )
    assert len(heights) == 2 and min(heights) > 20, "the chart is drawn"


def test_links_folds_and_filters_work(window: Browser, repository: Repository, tmp_path: Path) -> None:
    making = Making(repository)
    oids = [making.step(f"Reply {number}.", {"count": b"%d\n" % number}) for number in range(1, 9)]
    making.step("```diff\n-no\n```", status="rejected", feedback="The zebra")
    making.by_hand("By hand", {"hello.py": b"mine\n"})
    page = page_of(making, tmp_path)

    window.open(page)
    assert unfolded(window) == [] and len(shown(window)) == 10
    window.open(page, "#step-7")
    assert unfolded(window) == ["step-7"] and in_view(window, "step-7")
    window.open(page, f"#{oids[1][:12]}")
    assert unfolded(window) == ["step-2"] and in_view(window, "step-2")
    window.run("document.querySelector('.shapes a[href=\"#step-5\"]').dispatchEvent(new MouseEvent('click'))")
    window.until("return document.querySelector('#step-5 > details').open")

    type_into(window, "ZEBRA")
    assert shown(window) == ["step-9"]
    assert window.run("return document.getElementById('count').textContent") == "1 of 10"
    type_into(window, "nothing like this")
    assert shown(window) == [] and window.run("return !document.getElementById('none').hidden")
    click(window, "#clear")
    assert len(shown(window)) == 10
    click(window, "input[value=ok]")
    assert shown(window) == ["step-9", f"commit-{making.tip[:10]}"]
    window.run("location.hash = '#step-3'")
    window.until("return document.querySelector('#step-3 > details').open")
    assert len(shown(window)) == 10, "a link to what is filtered out clears the filters"

    click(window, "#fold")
    assert len(unfolded(window)) == 10
    click(window, "#fold")
    assert unfolded(window) == []
    window.run("dispatchEvent(new Event('beforeprint'))")
    assert len(unfolded(window)) == 10, "paper cannot be unfolded"
    window.run("dispatchEvent(new Event('afterprint'))")
    assert unfolded(window) == []
    before = window.run("return getComputedStyle(document.body).backgroundColor")
    click(window, "#theme")
    click(window, "#theme")
    assert window.run("return getComputedStyle(document.body).backgroundColor") != before
    assert window.complaints() == []


def test_code_is_copied_without_numbers_and_signs(window: Browser, repository: Repository, tmp_path: Path) -> None:
    making = Making(repository)
    code = "def one():\n    return 1\n\n\nprint(one())\n"
    making.step(files={"one.py": code.encode()})
    window.open(page_of(making, tmp_path))
    window.run("getSelection().selectAllChildren(document.querySelector('.rows'))")
    assert window.run("return String(getSelection())").rstrip("\n") == code.rstrip("\n")


def in_view(window: Browser, anchor: str) -> bool:
    top = window.run("return document.getElementById(arguments[0]).getBoundingClientRect().top", anchor)
    return bool(0 <= top < window.run("return innerHeight"))


def hostile(address: str) -> list[str]:
    """What a text could say to become more than text."""
    run = "window.owned=1"
    return [
        f"<script>{run}</script>",
        f"</script></style></title></textarea></template><script>{run}</script>",
        f"<img src={address}/img onerror={run}>",
        f"<svg/onload={run}><style>@import '{address}/css'</style>",
        f'"><details open ontoggle={run}>',
        f"<iframe src={address}/frame></iframe><link rel=stylesheet href={address}/link>",
        f"<meta http-equiv=refresh content='0;url={address}/refresh'><base href={address}/>",
        f"![tracker]({address}/image) ![x][ref]\n\n[ref]: {address}/ref",
        f"[a](javascript:{run}) [b](data:text/html,<script>{run}</script>) <javascript:{run}>",
        f'```"><img src=x onerror={run}>\n</code></pre><script>{run}</script>\n```',
        f"```html\n<script>{run}</script>\n```",
        f"| <script>{run}</script> |\n|---|\n| <b onclick={run}>x</b> |",
        "{{ 7 * 7 }} {% raw %} ]]> <!-- --!> <![CDATA[",
        f"<a id=search name=search onfocus={run} autofocus tabindex=0>x</a>",
    ]


def test_nothing_that_a_session_says_runs_or_loads(window: Browser, repository: Repository, tmp_path: Path) -> None:
    with listener() as (address, asked):
        making = Making(repository, prompt="\n\n".join(hostile(address)))
        for text in hostile(address):
            name = text.replace("/", "|").replace("\n", " ")[:100]
            making.step(
                text,
                {f"{name}.html": text.encode(), f"{name}.py": text.encode()},
                feedback=text,
                messages=(user(text), user(text)),
                model=name,
                subject=text.replace("\n", " "),
                usage=Usage(10, 2, 12),
            )
            reply = Reply(text, text, name, text)
            ran = Ran(text, 1, text, "none", 1.0)
            turn = Turn({text: text}, (system(text), user(File(text, text))), reply=reply, started=text)
            making.chat(Chat("fix", {"feedback": text}, (turn, turn), ran), status="rejected", subject=name)
        making.by_hand(hostile(address)[0], {"x": hostile(address)[1].encode()})
        page = page_of(making, tmp_path)
        window.open(page)
        title = window.run("return document.title")
        window.run("for (const details of document.querySelectorAll('details')) details.open = true")
        window.run("for (const at of document.querySelectorAll('main *')) if (at.focus) at.focus()")
        found = window.run("return [...new Set([...document.querySelectorAll('*')].map(at => at.localName))]")
        assert not {"img", "iframe", "object", "embed", "base", "form", "template"} & set(found)
        assert window.run("return document.scripts.length") == 1
        assert (
            window.run("return document.querySelectorAll('[style], [onerror], [onload], [onclick], [onfocus]').length")
            == 0
        )
        links = window.run("return [...document.querySelectorAll('main a')].map(a => a.getAttribute('href'))")
        assert all(link.startswith(("#", "http://", "https://", "mailto:")) for link in links)
        assert window.run("return window.owned === undefined && document.title === arguments[0]", title)
        assert "<script>window.owned=1</script>" in window.run("return document.querySelector('main').textContent")
        assert (window.requested(), window.complaints(), asked) == ([page.as_uri()], [], [])


def test_the_policy_holds_even_where_escaping_would_not(
    window: Browser, repository: Repository, tmp_path: Path
) -> None:
    making = Making(repository)
    making.step()
    page = page_of(making, tmp_path)
    with listener() as (address, asked):
        pierced = page.read_text().replace(
            "<main>", "<main>" + "\n".join(hostile(address)[2:6] + hostile(address)[:1]), 1
        )
        page.write_text(pierced)
        window.open(page)
        assert window.run("return document.querySelectorAll('main img, main svg, main iframe').length") >= 3
        assert window.run("return window.owned === undefined")
        assert asked == []
        assert len(window.complaints()) >= 4, "each was refused by the policy"


def test_the_page_is_whole_without_its_script(window: Browser, repository: Repository, tmp_path: Path) -> None:
    making = Making(repository)
    making.step("Counted.")
    page = page_of(making, tmp_path)
    window.devtools("Emulation.setScriptExecutionDisabled", value=True)
    window.open(page)
    tree = window.devtools("DOM.getDocument", depth=1)
    html = window.devtools("DOM.getOuterHTML", nodeId=tree["root"]["nodeId"])["outerHTML"]
    assert 'class="js"' not in html and "Counted." in html
