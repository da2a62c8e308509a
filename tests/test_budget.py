"""The budget: nothing is asked that could go over it, and what was paid for is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore

import pytest

from gitgen.ai import ASSUMED_REPLY, Completion, Listener, Request
from gitgen.ai.endpoint import Endpoint
from gitgen.budget import Bill, Metered, Purse, bill_of_chat, of_a_fleet
from gitgen.errors import GitgenError
from gitgen.models import tokens
from gitgen.record import Chat, Reply, Turn, Usage
from gitgen.settings import Settings, resolve
from tests.boxed import wait_for
from tests.conftest import Gitgen, Ran, git
from tests.listening import Heard
from tests.replies import FRENCH, MISFIT, PROGRAM, RUN_SH
from tests.scripted import Endpoint as Scripted
from tests.scripted import endpoint, says

QUESTION = Request(({"role": "user", "content": "Say hello"},), {})
CAPPED = Request(QUESTION.messages, {"max_tokens": 100})
SENT = tokens.count(["Say hello"], "gpt-4.1")


def answered(*usages: Usage, model: str = "gpt-4.1", requested: str = "gpt-4.1") -> Chat:
    request = {"gen_ai.request.model": requested}
    return Chat("fix", {}, tuple(Turn(request, (), "edits", Reply("x", "stop", model), usage) for usage in usages))


def metered(
    settings: Settings, chat: Chat | None = None, earlier: Bill | None = None, *, capped: bool = True
) -> Metered:
    model = Endpoint("http://127.0.0.1:9/v1", "", ("gpt-4.1",))
    request = CAPPED if capped else QUESTION
    return Metered(model, request, settings, lambda: chat or Chat("fix"), lambda: earlier or Bill())


def refused(settings: Settings, *chat: Chat, **more: object) -> GitgenError:
    with pytest.raises(GitgenError) as raised:
        metered(settings, *chat, **more).check()  # type: ignore[arg-type]
    return raised.value


def test_what_just_fits_is_asked_and_one_token_less_is_not() -> None:
    metered(Settings(max_tokens=SENT + 100)).check()
    error = refused(Settings(max_tokens=SENT + 99))
    assert error.what == (
        f"This would bring the step to {SENT + 100} tokens, about $0.0009 ({SENT} to send, "
        f"100 reckoned for the reply); its limit is {SENT + 99} tokens"
    )
    assert error.mend == f"--max-tokens {SENT + 100}"


def test_a_reply_without_a_cap_is_reckoned_with_what_is_said() -> None:
    error = refused(Settings(max_tokens=1000), capped=False)
    assert f"{ASSUMED_REPLY} reckoned for the reply" in error.what
    assert error.mend == f"--max-tokens {SENT + ASSUMED_REPLY}"


def test_every_turn_of_the_step_counts() -> None:
    chat = answered(Usage(50, 10, 60), Usage(70, 10, 80, None, "estimated"))
    metered(Settings(max_tokens=SENT + 240), chat).check()
    assert "(140 spent, " in refused(Settings(max_tokens=SENT + 239), chat).what


def test_what_is_said_to_raise_a_limit_of_costs_is_enough() -> None:
    error = refused(Settings(max_cost=0.0001))
    assert "its limit is $0.0001" in error.what
    (raised,) = re.findall(r"--max-cost ([0-9.]+)$", error.mend)
    metered(Settings(max_cost=float(raised))).check()


def test_a_session_counts_its_earlier_steps() -> None:
    earlier = Bill(500, 0.5)
    metered(Settings(session_max_tokens=SENT + 600), earlier=earlier).check()
    error = refused(Settings(session_max_tokens=SENT + 599), earlier=earlier)
    assert "bring the session to" in error.what and error.mend.startswith("git config gitgen.sessionMaxTokens ")
    error = refused(Settings(session_max_cost=0.5), earlier=earlier)
    assert error.mend == "git config gitgen.sessionMaxCost 0.5009"


def test_what_earlier_steps_cost_is_not_asked_for_in_vain() -> None:
    def never() -> Bill:
        raise AssertionError("the log was read")

    Metered(metered(Settings()).model, CAPPED, Settings(max_tokens=9999), lambda: Chat("fix"), never).check()


@pytest.mark.parametrize("chat", [Chat("fix"), answered(Usage(1, 1, 2))])
def test_an_unknown_price_is_told_not_guessed(chat: Chat) -> None:
    settings = Settings(models=("gpt-4.1", "mystery"), max_cost=100.0)
    error = refused(settings, chat)
    assert "price of mystery is not known" in error.what
    assert "--max-tokens N" in error.mend and "gitgen.models" in error.mend
    assert "price of odd" in refused(Settings(session_max_cost=1.0), earlier=Bill(5, 0.0, "odd")).what


def test_a_turn_is_priced_by_the_model_that_answered_else_by_the_one_asked() -> None:
    usage = Usage(1_000_000, 0, 1_000_000)
    assert bill_of_chat(answered(usage, model="gpt-4.1-mini"), None).usd == pytest.approx(0.4)
    assert bill_of_chat(answered(usage, model="deployment-7"), None).usd == pytest.approx(2.0)
    assert bill_of_chat(answered(usage, model="a", requested="b"), None).unpriced == "b"


def test_a_further_try_is_held_against_the_budget_too() -> None:
    chat = Chat("fix")
    with endpoint(says("a"), says("b")) as running:
        model = Endpoint(running.base_url, "", ("gpt-4.1",))
        settings = Settings(max_tokens=SENT + 150)
        guard = Metered(model, CAPPED, settings, lambda: chat, Bill)
        guard.complete(CAPPED, Heard())
        chat = answered(Usage(40, 11, 51))
        with pytest.raises(GitgenError):
            guard.complete(CAPPED, Heard())
        assert len(running.requests) == 1


class Slow:
    """A model that answers when it is let."""

    name = "gpt-4.1"

    def __init__(self, *usages: Usage | None) -> None:
        self.usages = list(usages)
        self.asked = Semaphore(0)
        self.answers = Semaphore(0)

    def complete(self, request: Request, listener: Listener) -> Completion:
        self.asked.release()
        assert self.answers.acquire(timeout=30)
        return Completion(Reply("x", "stop", self.name), self.usages.pop(0))


def test_what_is_under_way_is_reckoned_at_its_most_and_waited_for() -> None:
    purse, slow, heard = (
        Purse(Settings(), of_a_fleet(2 * SENT + 150, None), Bill()),
        Slow(Usage(5, 5, 10), None),
        Heard(),
    )
    with ThreadPoolExecutor() as pool:
        first = pool.submit(purse.of(slow).complete, CAPPED, Heard())
        assert slow.asked.acquire(timeout=30)
        second = pool.submit(purse.of(slow).complete, CAPPED, heard)
        wait_for(lambda: bool(heard.waits))
        assert not slow.asked.acquire(blocking=False)
        slow.answers.release()
        first.result(timeout=30)
        assert slow.asked.acquire(timeout=30)
        slow.answers.release()
        second.result(timeout=30)
    with pytest.raises(GitgenError) as raised:  # The second told no usage, so it counts as reckoned.
        purse.of(slow).complete(CAPPED, heard)
    assert raised.value.what.startswith(f"This would bring the fleet to {10 + 2 * (SENT + 100)} tokens")
    with pytest.raises(GitgenError, match="The budget is used up"):
        purse.of(slow)


def test_a_purse_counts_what_was_spent_before_and_a_request_that_failed_not_at_all() -> None:
    purse = Purse(Settings(), of_a_fleet(None, 1.0), Bill(usd=0.9995))
    with pytest.raises(GitgenError, match=r"bring the fleet to .* its limit is \$1\.0000"):
        purse.of(Slow()).complete(CAPPED, Heard())
    purse = Purse(Settings(), of_a_fleet(SENT + 100, None), Bill())
    unreachable = Endpoint("http://127.0.0.1:9/v1", "", ("gpt-4.1",), timeout=0.2)
    for _ in range(2):
        with pytest.raises(GitgenError, match="not reachable"):
            purse.of(unreachable).complete(CAPPED, Heard())


@pytest.mark.parametrize(
    ("name", "value"),
    [("maxTokens", "-1"), ("maxTokens", "1.5"), ("maxCost", "much"), ("maxCost", "nan"), ("sessionMaxTokens", "all")],
)
def test_a_limit_that_is_none_is_refused(name: str, value: str) -> None:
    with pytest.raises(GitgenError) as raised:
        resolve({}, {}, {f"gitgen.{name.lower()}": (value,)})
    assert value in raised.value.what


def test_limits_come_from_flags_environment_and_git_config() -> None:
    config = {"gitgen.maxtokens": ("5",), "gitgen.sessionmaxcost": ("2.5",), "gitgen.sessionmaxtokens": ("7",)}
    settings = resolve({"max_cost": 0.5}, {"GITGEN_MAX_TOKENS": "6"}, config)
    assert (settings.max_tokens, settings.max_cost) == (6, 0.5)
    assert (settings.session_max_tokens, settings.session_max_cost) == (7, 2.5)
    assert resolve({"max_tokens": 0}, {}, config).max_tokens == 0


Fix = Callable[..., Ran]


@pytest.fixture
def fix(gitgen: Gitgen) -> Fix:
    def run(scripted: Scripted, *args: str, model: str = "gpt-4.1", **environ: str) -> Ran:
        return gitgen(*args, "--model", model, "--base-url", scripted.base_url, **environ)

    return run


def test_over_the_budget_nothing_is_asked_and_nothing_begun(fix: Fix, folder: Path) -> None:
    with endpoint(says(FRENCH)) as scripted:
        ran = fix(scripted, "fix", "In French", "--name", "x", "--max-tokens", "50")
        assert (ran.code, scripted.requests) == (1, [])
        assert "error: This would bring the step to" in ran.err and "hint: --max-tokens " in ran.err
        assert git(folder, "for-each-ref", "refs/heads/gitgen", "refs/gitgen") == ""
        (enough,) = re.findall(r"hint: (--max-tokens [0-9]+)$", ran.err, re.M)
        assert fix(scripted, "fix", "In French", "--name", "x", *enough.split()).code == 0


def test_repair_rounds_stop_at_the_budget_and_go_on_when_it_is_raised(fix: Fix, folder: Path) -> None:
    with endpoint(says(MISFIT, usage=(5000, 100)), says(FRENCH, usage=(6000, 100))) as scripted:
        ran = fix(scripted, "fix", "In French", "--name", "x", "--max-tokens", "8000")
        assert ran.code == 1 and "(5100 spent, " in ran.err and len(scripted.requests) == 1
        assert re.search(r"hint: --max-tokens [0-9]+; then: gitgen resume gitgen/x", ran.err)
        again = fix(scripted, "resume", "gitgen/x", "--max-tokens", "20000")
        assert again.code == 0, again.err
        assert len(scripted.requests) == 2
    assert "Bonjour" in git(folder, "show", "gitgen/x:hello.py")
    assert "Gitgen-Total-Tokens: 11200" in git(folder, "log", "-1", "--format=%B", "gitgen/x")


def test_a_broken_stream_is_not_tried_again_beyond_the_budget(fix: Fix, folder: Path) -> None:
    with endpoint(says("word " * 3000, cut=True), says(FRENCH)) as scripted:
        ran = fix(scripted, "fix", "In French", "--name", "x", "--max-tokens", "6000")
        assert ran.code == 1 and len(scripted.requests) == 1 and "spent, " in ran.err
        assert fix(scripted, "resume", "gitgen/x", "--max-tokens", "90000").code == 0
    assert "Bonjour" in git(folder, "show", "gitgen/x:hello.py")


def test_the_limit_of_a_session_is_summed_from_its_trailers(fix: Fix, folder: Path) -> None:
    git(folder, "config", "gitgen.sessionMaxTokens", "9000")
    with endpoint(says(FRENCH, usage=(7000, 500)), says(FRENCH)) as scripted:
        assert fix(scripted, "fix", "In French", "--name", "x").code == 0
        ran = fix(scripted, "fix", "And this", "--branch", "gitgen/x")
    assert ran.code == 1 and "bring the session to" in ran.err and "(7500 spent, " in ran.err
    assert "hint: git config gitgen.sessionMaxTokens " in ran.err


def test_a_limit_of_costs_without_a_price_ends_before_anything_is_written(
    fix: Fix, gitgen: Gitgen, folder: Path
) -> None:
    with endpoint(says(PROGRAM), says(RUN_SH)) as scripted:
        new = ("new", str(folder.parent / "there"), "--steps=benchmark", "-m", "x", "--name", "s", "--max-cost", "1")
        ran = fix(scripted, *new, model="mystery-model")
        assert ran.code == 1 and "The price of mystery-model is not known" in ran.err
        assert scripted.requests == [] and not (folder.parent / "there").exists()
        own = folder.parent / "own.toml"
        own.write_text('["mystery*"]\nprice = { prompt = 1, completion = 2 }\n')
        ran = fix(scripted, *new, model="mystery-model", GITGEN_MODELS=str(own))
        assert ran.code == 0, ran.err
