"""Look for replies that break the reader, guided by the code they reach: arguments are libFuzzer's."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["gitgen"]):
    from tests.fuzz.promises import check


def main() -> None:
    """Run until libFuzzer is told to stop, or until a reply breaks a promise."""

    def once(fuzz: bytes) -> None:
        check(fuzz)

    atheris.Setup(sys.argv, once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
