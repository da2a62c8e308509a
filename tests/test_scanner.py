"""The shapes that a scanner knows beyond gitgen's own, and what must not be taken for one."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest

from gitgen.errors import GitgenError
from gitgen.record import Chat, Ran, Reply, Turn, assistant, user
from gitgen.record.squash import sum_of
from gitgen.record.trailers import compose, parse, step_trailers
from gitgen.redact import finder, redactor
from gitgen.scanner import KINDS, scanner
from tests import planted

AROUND = (
    "{}",
    "KEY={}\n",
    '{{"key": "{}"}}',
    "Bearer {}, please",
    "({})",
    "`{}`",
    "it is {}.",
    "see {} # gitleaks:allow",
)


@pytest.mark.parametrize("seed", range(4))
def test_no_secret_of_a_known_kind_is_missed(seed: int) -> None:
    pytest.importorskip("pybetterleaks")
    random.seed(seed)
    made = [(kind, make()) for kinds in (planted.BUILT_IN, planted.SCANNED) for kind, make in kinds.items()] * 2
    assert len(made) >= 40 and len({kind for kind, _ in made}) >= 20
    text = "\n\n".join(random.choice(AROUND).format(secret) for _, secret in made)
    redact = redactor({}, scan=scanner())
    clean = redact(text)
    assert [kind for kind, secret in made if secret in clean] == []
    assert all(f"[REDACTED:{kind}]" in clean for kind in planted.SCANNED)
    assert redact(clean) == clean


@pytest.mark.parametrize("seed", range(4))
def test_hashes_ids_and_lock_files_are_no_secrets(seed: int) -> None:
    random.seed(seed)
    assert finder({}, scan=scanner())(planted.innocent()) == []


def test_gitgen_claims_what_is_planted() -> None:
    assert set(planted.SCANNED) <= KINDS


FAKE = """#!{python}
import json, re, sys
text = sys.stdin.read()
assert "leaks:allow" not in text
if {refuses!r} in sys.argv:
    sys.exit("unknown flag")
found = [("pulumi-api-token", secret) for secret in re.findall("pul-[0-9a-f]{{40}}", text)]
found += [("generic-api-key", secret) for secret in re.findall("generic-[a-z]+", text)]
print(json.dumps({report}))
"""
CLASSIC = '[{"RuleID": kind, "Secret": secret} for kind, secret in found]'
SECOND = '{"findings": [{"rule_id": kind, "match": {"value": secret}} for kind, secret in found]}'


def program(folder: Path, name: str, report: str, refuses: str = "") -> None:
    path = folder / name
    path.write_text(FAKE.format(python=sys.executable, report=report, refuses=refuses))
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("name", "report", "refuses"), [("gitleaks", CLASSIC, ""), ("betterleaks", SECOND, "--report-path=-")]
)
def test_a_program_on_the_path_is_asked_where_there_is_no_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, report: str, refuses: str
) -> None:
    program(tmp_path, name, report, refuses)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("gitgen.scanner.find_spec", lambda library: None)
    secret = planted.SCANNED["pulumi-api-token"]()
    clean = redactor({}, scan=scanner())(f"use {secret} or generic-abcdefghijk # gitleaks:allow")
    assert clean == "use [REDACTED:pulumi-api-token] or generic-abcdefghijk # gitleaks:allow"


def test_a_scanner_that_fails_stops_what_would_be_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gitleaks").write_text("#!/bin/sh\necho broken >&2; exit 3\n")
    (tmp_path / "gitleaks").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr("gitgen.scanner.find_spec", lambda library: None)
    with pytest.raises(GitgenError, match="cannot look for secrets: broken"):
        redactor({}, scan=scanner())("a text with a long-enough-word-to-look-at")


def test_without_a_scanner_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("gitgen.scanner.find_spec", lambda library: None)
    assert scanner() is None


def test_a_trailer_counts_what_was_taken_out_and_a_squash_adds_it_up() -> None:
    redact = redactor({"A_KEY": "hush-hush-hush"})
    chat = Chat("fix", {"feedback": redact("hush-hush-hush")})
    said = user(redact("use hush-hush-hush, I said hush-hush-hush"))
    reply = Reply(redact("never hush-hush-hush"), "stop", "m")
    chat = chat.with_turn(Turn({}, (said, assistant("nothing")), reply=reply))
    trailers = step_trailers(chat, session="gitgen/x", status="ok", log="abc")
    assert trailers["Gitgen-Redacted"] == "3"
    assert parse(sum_of([trailers, trailers]))["Gitgen-Redacted"] == "6"
    assert parse(compose("s", "", trailers).partition("\n")[2])["Gitgen-Redacted"] == "3"
    ran = Ran("t", 1, redact("printed hush-hush-hush"), "none", 0.1)
    counted = step_trailers(Chat("fix", {}, (), ran), session="s", status="ok", log="abc")
    assert counted["Gitgen-Redacted"] == "1"
    assert "Gitgen-Redacted" not in step_trailers(Chat("fix"), session="s", status="ok", log="abc")
    assert json.loads(chat.to_json())["inputs"]["feedback"] == "[REDACTED:A_KEY]"
