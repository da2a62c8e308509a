"""The embedded engine, for real: llama.cpp's server in this process with the pinned weights."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from gitgen.ai import local, weights
from gitgen.errors import GitgenError
from gitgen.models.profiles import profile_of

WEIGHTS = weights.path()
LACKING = local.missing() or (None if WEIGHTS else "the weights are not here: run `gitgen models pull`")
needs_model = pytest.mark.skipif(LACKING is not None, reason=str(LACKING))
needs_engine = pytest.mark.skipif(local.missing() is not None, reason=str(local.missing()))

QUESTION: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello."}]


@pytest.fixture(scope="module")
def address() -> Iterator[local.Address]:
    assert WEIGHTS is not None
    with local.serve(WEIGHTS, context=2048) as address:
        yield address


@pytest.fixture
def client(address: local.Address) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=address.base_url, api_key=address.api_key, max_retries=0) as client:
        yield client


@needs_model
def test_it_answers_on_loopback_only_to_its_key(address: local.Address) -> None:
    connection = HTTPConnection(urlsplit(address.base_url).netloc, timeout=30)
    connection.request("GET", "/health")
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b'{"status":"ok"}')
    assert urlsplit(address.base_url).hostname == "127.0.0.1"
    with (
        openai.OpenAI(base_url=address.base_url, api_key="guessed", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.chat.completions.create(model=address.alias, messages=QUESTION, max_tokens=1)


@needs_model
def test_a_reply_names_the_model_and_its_usage(client: openai.OpenAI, address: local.Address) -> None:
    first, second = (
        client.chat.completions.create(
            model=address.alias,
            messages=QUESTION,
            temperature=0,
            seed=1,
            max_tokens=40,
        )
        for _ in range(2)
    )
    assert first.choices[0].finish_reason == "stop"
    assert first.model == address.alias
    assert first.usage and first.usage.prompt_tokens > 0 and first.usage.completion_tokens > 0
    assert first.usage.total_tokens == first.usage.prompt_tokens + first.usage.completion_tokens
    assert first.choices[0].message.content == second.choices[0].message.content


@needs_model
def test_a_stream_ends_with_its_reason_and_its_usage(client: openai.OpenAI, address: local.Address) -> None:
    stream = client.chat.completions.create(
        model=address.alias,
        messages=QUESTION,
        temperature=0,
        seed=1,
        max_tokens=40,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    usages = [c.usage for c in chunks if c.usage]
    assert len(usages) == 1 and usages[0].completion_tokens > 0


@needs_model
def test_a_grammar_binds_the_reply_and_a_bad_one_is_a_clear_error(
    client: openai.OpenAI, address: local.Address
) -> None:
    def ask(grammar: str) -> str | None:
        reply = client.chat.completions.create(
            model=address.alias,
            messages=QUESTION,
            extra_body={"grammar": grammar},
        )
        return reply.choices[0].message.content

    assert ask('root ::= "yes" | "no"') in ("yes", "no")
    with pytest.raises(openai.BadRequestError):
        ask("root ::= (")


@needs_model
def test_a_bare_request_is_answered_with_the_files_that_it_names(client: openai.OpenAI, address: local.Address) -> None:
    parameters = profile_of("qwen2.5-coder-0.5b-instruct-q4_k_m").request("", None, paths=('src/odd "name".py',))
    reply = client.chat.completions.create(
        model=address.alias,
        messages=[{"role": "user", "content": "Print hello in Python."}],
        temperature=0,
        max_tokens=40,
        extra_body={"grammar": parameters["grammar"]},
    )
    assert (reply.choices[0].message.content or "").startswith('src/odd "name".py\n```')


@needs_model
def test_a_file_beyond_the_bound_of_the_grammar_is_not_closed(client: openai.OpenAI, address: local.Address) -> None:
    """A runaway ends by itself, and what it wrote is never taken for a whole file."""
    grammar = profile_of(address.alias).grammar
    assert grammar is not None
    small = grammar.replace("{1,99}", "{1,2}").replace("{100,100}", "{3,3}")
    assert small != grammar
    reply = client.chat.completions.create(
        model=address.alias,
        messages=[{"role": "user", "content": "Write numbers.txt with the numbers from 1 to 50, one on each line."}],
        temperature=0,
        max_tokens=400,
        extra_body={"grammar": small},
    )
    text = reply.choices[0].message.content or ""
    assert reply.choices[0].finish_reason == "stop"
    assert text.count("```") % 2 == 1 and text.endswith("\n")


@needs_model
@pytest.mark.parametrize(
    "act",
    [
        "pass",
        "raise KeyboardInterrupt",
        "os.kill(os.getpid(), signal.SIGINT); time.sleep(10)",
        "sys.exit(130)",
        "next(openai_stream(a))",
    ],
)
def test_it_closes_in_every_way_out_and_says_nothing(act: str) -> None:
    program = f"""
import os, signal, sys, time
from pathlib import Path
from gitgen.ai import local
def openai_stream(a):
    import openai
    question = [{{"role": "user", "content": "Tell a long story."}}]
    client = openai.OpenAI(base_url=a.base_url, api_key=a.api_key)
    return iter(client.chat.completions.create(model=a.alias, messages=question, stream=True))
try:
    with local.serve(Path(sys.argv[1]), context=2048) as a:
        {act}
except KeyboardInterrupt:
    sys.exit(130)
"""
    done = subprocess.run([sys.executable, "-c", program, str(WEIGHTS)], capture_output=True, timeout=60)
    assert done.returncode == (0 if act in ("pass", "next(openai_stream(a))") else 130)
    assert (done.stdout, done.stderr) == (b"", b"")


@needs_engine
@pytest.mark.parametrize("content", [None, b"", b"not a model", b"GGUF" + bytes(64)])
def test_a_file_that_is_no_model_is_one_clear_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "model.gguf"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(GitgenError, match=r"model\.gguf"), local.serve(file, context=2048):
        pass


def test_an_old_cpu_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    cpu = tmp_path / "cpuinfo"
    cpu.write_text("flags : fpu sse sse2 avx\n")
    obstacle = local._obstacle(cpu)
    if find_spec("xllamacpp") is None:
        assert obstacle and "pip install 'gitgen[local]'" in obstacle.mend
    elif platform.machine() in ("x86_64", "AMD64"):
        assert obstacle and "AVX2" in obstacle.what
