"""`gitgen show`: the chat of a step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gitgen import preflight, ui
from gitgen.commands._reading import branch_of_step, session_at, step_at
from gitgen.errors import GitgenError
from gitgen.history.diff_tree import PROGRAM
from gitgen.record import Chat, File, Message, Outline, Part, Text, Turn
from gitgen.render import render
from gitgen.repository import Repository
from gitgen.state.chats import chat_of, draft_of
from gitgen.state.commits import Commit
from gitgen.ui.pager import Pager, pager_for

Paint = Callable[..., str]


@click.command()
@click.argument("step", required=False)
@click.option("--branch", help="The session; by default the commit's own, or the one that is checked out.")
@click.option("--turn", type=click.IntRange(1), help="This request and its reply alone, counted from the first.")
@click.option("--raw", is_flag=True, help="The replies alone, as they are stored.")
@click.option("--request", is_flag=True, help="The last request (or that of --turn), exactly as the endpoint got it.")
@click.option("--diff", is_flag=True, help="What the step changed in the files.")
@click.option("--how", is_flag=True, help="How the edits of its replies found their places.")
@click.option("--json", "as_json", is_flag=True, help="The chat file as it is.")
def command(step: str | None, branch: str | None, turn: int | None, **what: bool) -> int:
    """The chat of a step, as it was: what was sent and what came back.

    STEP is a commit or the number of the step; the last one if it is left out. A file that was sent is named, with
    its size; --request has its text.

    \b
    Example:
      gitgen show
      gitgen show 1 --branch gitgen/todo --request
      gitgen show 2 --raw | gitgen apply -
    """
    if sum(what.values()) > 1:
        raise click.UsageError("--raw, --request, --diff, --how and --json do not go together.")
    repository = preflight.repository_at(Path.cwd())
    commit = step_at(session_at(repository, branch or branch_of_step(repository, step)), step, repository)
    pager = pager_for(repository, "show")
    paint = ui.styled if pager.colour else _plain
    if what["diff"]:
        _exactly(_diff(repository, commit), pager, paint)
        return 0
    chat = chat_of(repository, commit)
    first, last = _turns(chat, turn, commit)
    if what["as_json"]:
        click.echo(chat.to_json(), nl=False)
    elif what["how"]:
        pager.show(_how(repository, commit, chat))
    elif what["request"]:
        ui.say_json(_request(repository, chat, last - 1))
    elif what["raw"]:
        replies = [turn.reply.content for turn in chat.turns[first - 1 : last] if turn.reply]
        _exactly("\n".join(replies).encode(), pager, _plain)
    else:
        sizes = _sizes(repository, chat)
        pager.show(_shown(turn, sizes, paint) for turn in chat.turns[first - 1 : last])
    return 0


def _plain(text: str, **style: Any) -> str:
    return text


def _turns(chat: Chat, turn: int | None, commit: Commit) -> tuple[int, int]:
    """The numbers of the first and the last turn that are shown; GitgenError if there is no such turn."""
    count = len(chat.turns)
    if turn is not None and turn > count:
        raise GitgenError(f"{commit.oid[:10]} has {count} turn{'s' if count != 1 else ''}", "a smaller --turn")
    return (turn, turn) if turn else (1, count)


def _exactly(content: bytes, pager: Pager, paint: Paint) -> None:
    """Byte for byte where a program reads it; where a person does, without what a terminal would act upon."""
    if sys.stdout.isatty():
        text = ui.printable(content.decode("utf-8", "replace"))
        pager.show(["\n".join(_coloured(text, paint, inside=True))])
    else:
        click.echo(content, nl=False)


def _diff(repository: Repository, commit: Commit) -> bytes:
    options = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-relative", "-M")
    parent = commit.parent or repository.git.text("hash-object", "-t", "tree", "--stdin")
    return repository.git.run("diff", *options, parent, commit.oid, "--", *PROGRAM)


def _how(repository: Repository, commit: Commit, chat: Chat) -> Iterator[str]:
    draft = draft_of(repository, commit, chat)
    for line in (*draft.notes, *(f"refused: {refusal}" for refusal in draft.refusals)):
        yield ui.printable(line)
    if not draft.notes and not draft.refusals:
        yield "every edit stood where it said, letter for letter"


def _request(repository: Repository, chat: Chat, number: int) -> dict[str, object]:
    """The body of a request, which holds all that was said before it in the step."""
    if not chat.turns:
        raise GitgenError("The step asked for nothing", "gitgen show shows what it holds")
    turn = chat.turns[number]
    asked = replace(chat, turns=(*chat.turns[:number], replace(turn, reply=None)))
    sent = render(repository, asked, turn)
    model = {"model": turn.request["gen_ai.request.model"]} if "gen_ai.request.model" in turn.request else {}
    stream = {"stream": True, "stream_options": {"include_usage": True}}
    return {**model, "messages": list(sent.messages), **sent.parameters, **stream}


def _sizes(repository: Repository, chat: Chat) -> Mapping[str, str]:
    """The size of each file that was sent, by the id of its blob."""
    parts = [part for turn in chat.turns for message in turn.messages for part in message.parts]
    oids = sorted({part.oid for part in parts if isinstance(part, File) and "\n" not in part.oid})
    answers = repository.git.run("cat-file", "--batch-check=%(objectsize)", stdin="\n".join(oids).encode()).decode()
    sizes = dict(zip(oids, answers.split("\n"), strict=False))
    return {oid: f"{size} bytes" if size.isdigit() else "missing" for oid, size in sizes.items()}


def _shown(turn: Turn, sizes: Mapping[str, str], paint: Paint) -> str:
    lines = []
    for message in turn.messages:
        lines.append(_heading(message.role, paint))
        lines += _coloured(ui.printable(_text(message, sizes)), paint)
    if turn.reply is None:
        return "\n".join((*lines, paint("(no reply yet)", fg="red")))
    end = "" if turn.reply.whole else f", ended by {turn.reply.finish_reason or 'a broken stream'}"
    usage = f", {turn.usage.prompt_tokens} + {turn.usage.completion_tokens} tokens" if turn.usage else ""
    lines.append(_heading(f"assistant ({turn.reply.model}{usage}, {turn.seconds:.1f} s{end})", paint))
    return "\n".join((*lines, *_coloured(ui.printable(turn.reply.content), paint)))


def _heading(text: str, paint: Paint) -> str:
    return paint(f"--- {ui.printable(text)} ---", bold=True)


def _text(message: Message, sizes: Mapping[str, str]) -> str:
    return "\n\n".join(_part(part, sizes) for part in message.parts)


def _part(part: Part, sizes: Mapping[str, str]) -> str:
    if isinstance(part, Text):
        return part.text
    outline = "outline of " if isinstance(part, Outline) else ""
    return f"[{outline}{part.path}, {sizes.get(part.oid, 'missing')}]"


def _coloured(text: str, paint: Paint, inside: bool = False) -> Iterator[str]:
    """The lines of a text, those of the diffs in it coloured as git colours them; `inside`: it is nothing else."""
    for line in text.split("\n"):
        if line.lstrip().startswith(("```", "~~~")):
            inside = not inside and "diff" in line
        style = _style(line) if inside else {}
        yield paint(line, **style) if style else line


def _style(line: str) -> dict[str, Any]:
    if line.startswith(("+++ ", "--- ", "diff ", "index ")):
        return {"bold": True}
    colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return {"fg": colour} if colour else {}
