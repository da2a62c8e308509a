"""Bringing model files to this machine: from a path, and from a server that breaks off, changes its mind, or lies."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gitgen import ui
from gitgen.ai import NoModel, pull
from gitgen.ai.choice import choose
from gitgen.ai.weights import files
from gitgen.api.catalog import offered_by_endpoint, offered_here
from gitgen.errors import GitgenError
from gitgen.models.profiles import Price
from gitgen.settings import Settings
from tests.conftest import Gitgen
from tests.scripted import endpoint

MODEL = b"GGUF" + bytes(range(256)) * 8192
SHA256 = hashlib.sha256(MODEL).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `content` under any path, by ranges; `cut` bytes, and then hangs up, so often as `cuts` says."""

    def __init__(self) -> None:
        self.content = MODEL
        self.etag = '"one"'
        self.cut, self.cuts = 0, 0
        self.redirect = ""
        self.ranges: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/models/tiny-coder.gguf?download=true"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        at = self.server
        wanted = self.headers.get("range", "")
        at.ranges.append(wanted)
        if at.redirect:
            self.send_response(302)
            self.send_header("location", at.redirect)
            self.end_headers()
            return
        begin = 0
        if wanted and self.headers.get("if-range") == at.etag:
            begin = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if begin > len(at.content):
            self.send_response(416)
            self.end_headers()
            return
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("content-range", f"bytes {begin}-{len(at.content) - 1}/{len(at.content)}")
        if at.etag:
            self.send_header("etag", at.etag)
        self.send_header("content-length", str(len(at.content) - begin))
        self.end_headers()
        end = len(at.content)
        if at.cuts:
            at.cuts -= 1
            end = begin + at.cut
        self.wfile.write(at.content[begin:end])

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def cache(sealed: Path) -> Path:
    return sealed / "cache" / "gitgen" / "models"


def silently(done: int, total: int) -> None:
    """A progress that nobody looks at."""


def left(cache: Path) -> list[str]:
    return sorted(entry.name for entry in cache.iterdir() if entry.name != ".lock")


def test_a_download_comes_whole_and_is_told_by_its_hash(server: Server, cache: Path) -> None:
    told: list[tuple[int, int]] = []
    pulled = pull.fetch(server.url, progress=lambda done, total: told.append((done, total)))
    assert pulled == pull.Pulled(cache / "tiny-coder.gguf", len(MODEL), SHA256)
    assert pulled.file.read_bytes() == MODEL and left(cache) == ["tiny-coder.gguf"]
    assert told[0] == (0, len(MODEL)) and told[-1] == (len(MODEL), len(MODEL)) and told == sorted(told)


def test_a_download_that_broke_off_goes_on_where_it_was(server: Server, cache: Path) -> None:
    server.cut, server.cuts = 500_000, 2
    for done in (500_000, 1_000_000):
        with pytest.raises(GitgenError, match=f"broke off at {done / 1e6:.1f} of 2.1 MB") as raised:
            pull.fetch(server.url, progress=silently)
        assert "goes on from there" in raised.value.mend and files() == ()
    assert pull.fetch(server.url, progress=silently).sha256 == SHA256
    assert server.ranges == ["", "bytes=500000-", "bytes=1000000-"] and left(cache) == ["tiny-coder.gguf"]


@pytest.mark.parametrize("etag", ['"two"', 'W/"one"', ""])
def test_halves_of_two_files_never_become_one(server: Server, etag: str) -> None:
    server.cut, server.cuts = 500_000, 1
    if etag != '"two"':
        server.etag = etag
    with pytest.raises(GitgenError, match="broke off"):
        pull.fetch(server.url, progress=silently)
    server.etag, server.content = etag, b"GGUF" + b"another" * 100_000
    assert pull.fetch(server.url, progress=silently).file.read_bytes() == server.content


def test_a_file_that_shrank_is_begun_anew(server: Server) -> None:
    server.cut, server.cuts = 500_000, 1
    with pytest.raises(GitgenError, match="broke off"):
        pull.fetch(server.url, progress=silently)
    server.content = MODEL[:1000]
    with pytest.raises(GitgenError, match="no longer what it was"):
        pull.fetch(server.url, progress=silently)
    assert pull.fetch(server.url, progress=silently).size == 1000


def test_what_is_no_model_is_not_kept(server: Server, cache: Path) -> None:
    server.content = b"<html>Log in first</html>"
    with pytest.raises(GitgenError, match="is no GGUF file"):
        pull.fetch(server.url, progress=silently)
    assert files() == ()
    server.content = MODEL
    assert pull.fetch(server.url, progress=silently).sha256 == SHA256


@pytest.mark.parametrize("url", ["http://example.org/x.gguf", "ftp://example.org/x.gguf", "file:///etc/passwd"])
def test_a_model_is_fetched_over_https_only(url: str, server: Server, cache: Path) -> None:
    with pytest.raises(GitgenError, match="over https only"):
        pull.fetch(url, progress=silently)
    assert not cache.exists()


def test_no_redirect_leads_away_from_https(server: Server) -> None:
    server.redirect = f"http://localhost.localdomain:{server.server_address[1]}/x.gguf"
    with pytest.raises(GitgenError, match=r"over https only|not reachable"):
        pull.fetch(server.url, progress=silently)
    assert files() == ()


@pytest.mark.parametrize("name", ["../x", ".hidden", "a/b", "a b", "a\nb"])
def test_a_name_stays_in_the_cache_folder(name: str, server: Server) -> None:
    with pytest.raises(GitgenError, match="cannot be the name of a model"):
        pull.fetch(server.url, name, progress=silently)


def test_another_model_of_the_same_name_is_not_overwritten(server: Server, tmp_path: Path) -> None:
    pulled = pull.fetch(server.url, progress=silently)
    with pytest.raises(GitgenError, match="There is a model tiny-coder already"):
        pull.fetch(server.url, progress=silently)
    other = tmp_path / "tiny-coder.gguf"
    other.write_bytes(b"GGUF-another")
    with pytest.raises(GitgenError, match="There is a model tiny-coder already") as raised:
        pull.take(other)
    assert "--name" in raised.value.mend and pulled.file.read_bytes() == MODEL
    assert pull.take(other, "other").file.read_bytes() == b"GGUF-another"


def test_a_file_of_this_machine_is_taken_once_and_stays_where_it_was(cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(MODEL)
    pulled = pull.take(file)
    assert pulled == pull.take(file) == pull.Pulled(cache / "mine.gguf", len(MODEL), SHA256)
    assert file.samefile(pulled.file)
    file.unlink()
    assert pulled.file.read_bytes() == MODEL and left(cache) == ["mine.gguf"]


def test_a_file_that_cannot_be_linked_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    def refuse(*args: Any) -> None:
        raise OSError("cross-device link")

    file = tmp_path / "mine.gguf"
    file.write_bytes(MODEL)
    monkeypatch.setattr(os, "link", refuse)
    pulled = pull.take(file)
    assert not file.samefile(pulled.file) and pulled.file.read_bytes() == MODEL and left(cache) == ["mine.gguf"]


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK\x03\x04", b"ggufXX"])
def test_a_file_without_the_magic_is_no_model(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "x.gguf"
    file.write_bytes(content)
    with pytest.raises(GitgenError, match="is no GGUF file"):
        pull.take(file)
    assert files() == ()


def test_a_model_that_was_pulled_is_asked_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(MODEL)
    pulled = pull.take(file)
    choice = choose(Settings(("local/mine",), "http://elsewhere/v1"))
    assert (choice.kind, choice.names, choice.place) == ("local", ("mine",), str(pulled.file))
    with pytest.raises(NoModel, match="no local model other") as raised:
        choose(Settings(("local/other",)))
    assert "gitgen models" in raised.value.mend


def test_models_here_are_listed_by_the_name_that_asks_them(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    file = tmp_path / "qwen2.5-coder-1.5b.gguf"
    file.write_bytes(MODEL)
    pull.take(file)
    (offered,) = offered_here(Settings())
    assert (offered.name, offered.context, offered.usable) == ("local/qwen2.5-coder-1.5b", 16_384, True)


LISTED: dict[str, dict[str, Any]] = {
    "vendor/paid": {"context_length": 64_000, "pricing": {"prompt": "0.000002", "completion": "0.000008"}},
    "vendor/auto": {"pricing": {"prompt": "-1", "completion": "-1"}},
    "served": {"max_model_len": 4_096},
    "windowed": {"context_window": 8_192, "active": False},
    "trained": {"meta": {"n_ctx_train": 2_048}},
    "gpt-4.1": {},
    "tagged:latest": {},
    "odd": {"context_length": "large", "pricing": 5, "meta": 7},
}


def test_what_an_endpoint_tells_of_its_models_is_shown_and_else_what_is_known() -> None:
    with endpoint(models=LISTED) as running:
        settings = Settings(("paid", "tagged", "missing"), running.base_url)
        offered = {one.name: one for one in offered_by_endpoint(settings)}
    contexts = {name: one.context for name, one in offered.items()}
    assert contexts == {
        **{"vendor/paid": 64_000, "vendor/auto": None, "served": 4_096, "windowed": 8_192, "trained": 2_048},
        **{"gpt-4.1": 1_047_576, "tagged:latest": None, "odd": None, "missing": None},
    }
    assert offered["vendor/paid"].price == Price(2.0, 8.0) and offered["gpt-4.1"].price == Price(2, 8, 0.5)
    assert offered["vendor/auto"].price is None and offered["odd"].price is None
    assert [name for name, one in offered.items() if not one.usable] == ["windowed", "missing"]


def test_the_list_is_printed_for_people_and_for_machines(gitgen: Gitgen) -> None:
    with endpoint(models=LISTED) as running:
        shown = gitgen("models", "--base-url", running.base_url, "--model", "nowhere")
        listed = gitgen("models", "--base-url", running.base_url, "--json")
    assert shown.code == 0, shown.err
    lines = {line.split()[0]: line for line in shown.out.splitlines()}
    assert lines["gpt-4.1"].split() == ["gpt-4.1", "1047k", "$2,", "$8"]
    assert lines["served"].split() == ["served", "4.1k", "-"]
    assert lines["windowed"].endswith("(not offered)") and lines["nowhere"].endswith("(not offered)")
    paid = next(one for one in json.loads(listed.out) if one["name"] == "vendor/paid")
    assert (paid["context"], paid["usable"], paid["file"]) == (64_000, True, None)
    assert paid["price"] == {"prompt": 2.0, "completion": 8.0, "cached": None}


def test_models_come_by_command(gitgen: Gitgen, server: Server, tmp_path: Path, cache: Path) -> None:
    ran = gitgen("models", "pull", server.url)
    assert (ran.code, ran.out) == (0, f"{cache / 'tiny-coder.gguf'}\n"), ran.err
    assert f"2.1 MB, sha256 {SHA256}" in ran.err and "--model local/tiny-coder" in ran.err
    (tmp_path / "mine.gguf").write_bytes(b"GGUF!")
    ran = gitgen("models", "pull", str(tmp_path / "mine.gguf"), "--name", "renamed")
    assert ran.out == f"{cache / 'renamed.gguf'}\n"
    ran = gitgen("models", "pull", "no-such-model")
    assert ran.code == 1 and "There is no file no-such-model" in ran.err and "smollm2|URL|PATH" in ran.err


@pytest.mark.parametrize("content", [MODEL, b"[]", b'{"data": [5]}', b"<html>", b""])
def test_what_lists_no_models_is_no_bug(gitgen: Gitgen, server: Server, content: bytes) -> None:
    server.content = content
    ran = gitgen("models", "--base-url", server.url.partition("/models")[0])
    assert ran.code == 1 and "check --base-url" in ran.err, ran.err


def test_the_local_models_are_shown_even_if_the_endpoint_is_down(gitgen: Gitgen, tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    (tmp_path / "mine.gguf").write_bytes(MODEL)
    pull.take(tmp_path / "mine.gguf")
    ran = gitgen("models", "--base-url", "http://127.0.0.1:9/v1")
    assert ran.code == 1 and "is not reachable" in ran.err and "local/mine" in ran.out


def test_progress_is_shown_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ui.coming(500_000, 2_000_000)
    assert capsys.readouterr() == ("", "")
    show: Callable[[], bool] = lambda: True  # noqa: E731
    monkeypatch.setattr("sys.stderr.isatty", show)
    ui.coming(500_000, 2_000_000)
    ui.coming(2_000_000, 2_000_000)
    assert "0.5 of 2.0 MB" in capsys.readouterr().err
