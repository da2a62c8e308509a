"""What a step and its session may spend: held against what a request would come to, before it is sent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Condition
from typing import Literal, TypeAlias

from gitgen.ai import Completion, Listener, Model, Request, Stopped
from gitgen.errors import GitgenError
from gitgen.models import tokens
from gitgen.models.prices import cost
from gitgen.record import Chat, Usage
from gitgen.repository import Repository
from gitgen.settings import Settings
from gitgen.state.log import load

Scope: TypeAlias = Literal["step", "session", "fleet"]
Kind: TypeAlias = Literal["tokens", "cost"]
_GLANCE = 0.25
"""Seconds between two looks at what others have left of a budget: a wait without an end could not be interrupted."""


@dataclass(frozen=True)
class Limit:
    """One limit that the user set, and how it is raised."""

    scope: Scope
    kind: Kind
    most: float
    raised: str

    def said(self, value: float) -> str:
        return f"{value:.0f} tokens" if self.kind == "tokens" else f"${value:.4f}"


@dataclass(frozen=True)
class Bill:
    """Tokens and what they cost; `unpriced` names models among them whose price is not known."""

    tokens: int = 0
    usd: float = 0.0
    unpriced: str = ""

    def __add__(self, other: Bill) -> Bill:
        return Bill(self.tokens + other.tokens, self.usd + other.usd, self.unpriced or other.unpriced)


def limits(settings: Settings) -> tuple[Limit, ...]:
    """The limits that are set."""
    possible: tuple[tuple[Scope, Kind, float | None, str], ...] = (
        ("step", "tokens", settings.max_tokens, "--max-tokens "),
        ("step", "cost", settings.max_cost, "--max-cost "),
        ("session", "tokens", settings.session_max_tokens, "git config gitgen.sessionMaxTokens "),
        ("session", "cost", settings.session_max_cost, "git config gitgen.sessionMaxCost "),
    )
    return tuple(Limit(scope, kind, most, raised) for scope, kind, most, raised in possible if most is not None)


def of_a_fleet(most_tokens: int | None, most_usd: float | None) -> tuple[Limit, ...]:
    """The limits of all sessions of a fleet together."""
    together: tuple[tuple[Kind, float | None], ...] = ("tokens", most_tokens), ("cost", most_usd)
    return tuple(Limit("fleet", kind, most, f"--max-{kind} ") for kind, most in together if most is not None)


def require_prices(settings: Settings, models: Iterable[str]) -> None:
    """GitgenError if a limit of costs is set and one of the models has no price that is known."""
    for limit in limits(settings):
        for model in models if limit.kind == "cost" else ():
            if cost(Usage(), model, settings.profiles) is None:
                raise _unpriced(model, limit)


def bill_of_session(repository: Repository, branch: str, own: Path | None) -> Bill:
    """What the trailers of a session's steps come to."""
    session = load(repository, branch)
    steps = session.steps if session else ()
    return sum((_bill(commit.usage, commit.model, own) for commit in steps), Bill())


def bill_of_chat(chat: Chat, own: Path | None) -> Bill:
    """What the turns of a chat come to, tries that broke off included."""
    total = Bill()
    for turn in chat.turns:
        if turn.usage and turn.reply:
            asked = str(turn.request.get("gen_ai.request.model", ""))
            known = cost(turn.usage, turn.reply.model, own) is not None
            total += _bill(turn.usage, turn.reply.model if known else asked, own)
    return total


class Metered:
    """A model that answers a request, further tries included, only while the budget lasts."""

    def __init__(
        self,
        model: Model,
        request: Request,
        settings: Settings,
        chat: Callable[[], Chat],
        earlier: Callable[[], Bill],
        held: tuple[Limit, ...] | None = None,
    ) -> None:
        """`chat` is the step's as it stands; `earlier` is asked only if it matters what earlier steps cost.

        The limits are `held` instead of those of the settings, if that is given.
        """
        self.model = model
        self.request = request
        self.settings = settings
        self._held = limits(settings) if held is None else held
        self._chat = chat
        self._earlier = earlier

    @property
    def name(self) -> str:
        return self.model.name

    def complete(self, request: Request, listener: Listener) -> Completion:
        """The model's completion; GitgenError instead of a call that could go over the budget."""
        self.check()
        return self.model.complete(request, listener)

    def check(self) -> None:
        """GitgenError, telling what it would come to and how to allow it, if the request is not within the budget."""
        require_prices(self.settings, self._names)
        for limit in self._held:
            spent = bill_of_chat(self._chat(), self.settings.profiles)
            if limit.scope != "step":
                spent += self._earlier()
            self._hold(limit, spent)

    def _hold(self, limit: Limit, spent: Bill) -> None:
        total = spent + self.coming
        if limit.kind == "cost" and total.unpriced:
            raise _unpriced(total.unpriced, limit)
        usd = math.ceil(total.usd * 1e4) / 1e4
        value = total.tokens if limit.kind == "tokens" else usd
        if value <= limit.most:
            return
        dollars = "" if total.unpriced else f", about ${usd:.4f}"
        before = f"{spent.tokens} spent, " if spent.tokens else ""
        raise GitgenError(
            f"This would bring the {limit.scope} to {total.tokens} tokens{dollars} ({before}{self._prompt} to send, "
            f"{self.request.longest_reply} reckoned for the reply); its limit is {limit.said(limit.most)}",
            limit.raised + (str(total.tokens) if limit.kind == "tokens" else f"{usd:.4f}"),
        )

    @property
    def _names(self) -> tuple[str, ...]:
        """The models that this request may go to."""
        listed = self.settings.models
        return listed if self.name in listed else (self.name,)

    @property
    def coming(self) -> Bill:
        """What the request and its reply may come to."""
        reply = self.request.longest_reply
        usage = Usage(self._prompt, reply, self._prompt + reply)
        return _bill(usage, ",".join(self._names), self.settings.profiles)

    @cached_property
    def _prompt(self) -> int:
        return tokens.count([message["content"] for message in self.request.messages], self.name)


class Purse:
    """What many jobs may spend together: a request that is under way counts as what it may come to."""

    def __init__(self, settings: Settings, held: tuple[Limit, ...], spent: Bill) -> None:
        """`spent` is what went before; prices are those of the settings."""
        self._held, self._settings = held, settings
        self._settled = Condition()
        self._spent = spent
        self._under_way: list[Bill] = []
        self._refusal: GitgenError | None = None

    def of(self, model: Model) -> Model:
        """The same model, paid for out of this purse; GitgenError if that has refused a request already."""
        if self._refusal is not None:
            raise GitgenError("The budget is used up", self._refusal.mend)
        return _Paid(model, self) if self._held else model

    def complete(self, model: Model, request: Request, listener: Listener) -> Completion:
        """The model's completion; GitgenError instead of a call that could bring all jobs over a limit."""
        reckoned = self._take(model, request, listener)
        bill = Bill()
        try:
            completion = model.complete(request, listener)
            usage, name = completion.usage, completion.reply.model
            bill = _bill(usage, name, self._settings.profiles) if usage else reckoned
            return completion
        except Stopped:
            bill = reckoned
            raise
        finally:
            with self._settled:
                self._under_way.remove(reckoned)
                self._spent += bill
                self._settled.notify_all()

    def _take(self, model: Model, request: Request, listener: Listener) -> Bill:
        """Set aside what a request may come to, when those under way leave enough."""
        metered = Metered(model, request, self._settings, lambda: Chat("fix"), self._so_far, self._held)
        with self._settled:
            while True:
                try:
                    metered.check()
                    break
                except GitgenError as refusal:
                    # What is under way is reckoned at its most, and may come to much less.
                    if not self._under_way:
                        self._refusal = refusal
                        raise
                listener.waiting(_GLANCE, "what is under way could use the budget up")
                self._settled.wait(_GLANCE)
            self._under_way.append(metered.coming)
        return metered.coming

    def _so_far(self) -> Bill:
        return sum(self._under_way, self._spent)


@dataclass(frozen=True)
class _Paid:
    """A model that is paid for out of a purse."""

    model: Model
    purse: Purse

    @property
    def name(self) -> str:
        return self.model.name

    def complete(self, request: Request, listener: Listener) -> Completion:
        return self.purse.complete(self.model, request, listener)


def _bill(usage: Usage, model: str, own: Path | None) -> Bill:
    usd = cost(usage, model, own)
    return Bill(usage.total_tokens, usd or 0.0, (model or "a step") if usd is None and usage.total_tokens else "")


def _unpriced(model: str, limit: Limit) -> GitgenError:
    other = limit.raised.replace("cost", "tokens").replace("Cost", "Tokens")
    return GitgenError(
        f"The price of {model} is not known, so a limit of costs cannot be held",
        f"{other}N instead, or give its price in a file that git config gitgen.models names",
    )
