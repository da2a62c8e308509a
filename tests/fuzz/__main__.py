"""Look for input that breaks a parser, guided by the code it reaches: a target's name, then libFuzzer's arguments."""

from __future__ import annotations

import sys
from importlib import import_module

import atheris


def main(target: str, *arguments: str) -> None:
    """Run until libFuzzer is told to stop, or until an input breaks a promise."""
    with atheris.instrument_imports(include=["gitgen"]):
        check = import_module(f"tests.fuzz.{target}").check

    def once(fuzz: bytes) -> None:
        check(fuzz)

    atheris.Setup([sys.argv[0], *arguments], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
