"""`gitgen show`: the chat of a step."""

from __future__ import annotations

from pathlib import Path

import click

from gitgen import preflight, ui
from gitgen.commands._reading import session_at, step_at
from gitgen.draft import Draft
from gitgen.record import Chat, File, Message, Turn
from gitgen.render import render
from gitgen.repository import Repository
from gitgen.state import chat_of, draft_of


@click.command()
@click.argument("step", required=False)
@click.option("--branch", help="The session; by default the one that is checked out.")
@click.option("--request", is_flag=True, help="The messages of the last request, exactly as the endpoint got them.")
@click.option("--how", is_flag=True, help="How the edits of its replies found their places.")
@click.option("--json", "as_json", is_flag=True, help="The chat file as it is.")
def command(step: str | None, branch: str | None, request: bool, how: bool, as_json: bool) -> int:
    """The chat of a step, as it was: what was sent and what came back.

    STEP is a commit or the number of the step; the last one if it is left out.

    \b
    Example:
      gitgen show
      gitgen show 1 --branch gitgen/todo --request
    """
    repository = preflight.repository_at(Path.cwd())
    commit = step_at(session_at(repository, branch), step, repository)
    chat = chat_of(repository, commit)
    if as_json:
        click.echo(chat.to_json(), nl=False)
    elif how:
        _how(draft_of(repository, commit, chat))
    elif request:
        ui.say_json(_request(repository, chat))
    else:
        for turn in chat.turns:
            _show(turn)
    return 0


def _how(draft: Draft) -> None:
    for line in (*draft.notes, *(f"refused: {refusal}" for refusal in draft.refusals)):
        ui.say(ui.printable(line))
    if not draft.notes and not draft.refusals:
        ui.say("every edit stood where it said, letter for letter")


def _request(repository: Repository, chat: Chat) -> dict[str, object]:
    asked = Chat(chat.step, chat.inputs, (*chat.turns[:-1], Turn(chat.turns[-1].request, chat.turns[-1].messages)))
    sent = render(repository, asked, chat.turns[-1])
    return {"messages": list(sent.messages), **sent.parameters}


def _show(turn: Turn) -> None:
    for message in turn.messages:
        _heading(message.role)
        ui.say(ui.printable(_text(message)))
    if turn.reply is None:
        ui.say(ui.styled("(no reply yet)", fg="red"))
        return
    end = "" if turn.reply.whole else f", ended by {turn.reply.finish_reason or 'a broken stream'}"
    usage = f", {turn.usage.prompt_tokens} + {turn.usage.completion_tokens} tokens" if turn.usage else ""
    _heading(f"assistant ({turn.reply.model}{usage}, {turn.seconds:.1f} s{end})")
    ui.say(ui.printable(turn.reply.content))


def _heading(text: str) -> None:
    ui.say(ui.styled(f"--- {ui.printable(text)} ---", bold=True))


def _text(message: Message) -> str:
    return "\n\n".join(f"[{p.path}, blob {p.oid[:10]}]" if isinstance(p, File) else p.text for p in message.parts)
