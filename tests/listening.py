"""A listener that remembers what it was told."""

from __future__ import annotations

from dataclasses import dataclass, field

from gitgen.ai import Completion


@dataclass
class Heard:
    """What a run told its user, by kind."""

    asked: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    answers: list[Completion] = field(default_factory=list)
    waits: list[tuple[float, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def asking(self, model: str) -> None:
        self.asked.append(model)

    def text(self, piece: str) -> None:
        self.pieces.append(piece)

    def answered(self, completion: Completion) -> None:
        self.answers.append(completion)

    def waiting(self, seconds: float, why: str) -> None:
        self.waits.append((seconds, why))

    def note(self, line: str) -> None:
        self.notes.append(line)
