"""Read a model's reply: every shape that models answer in becomes edits, and nothing is guessed."""

from gitgen.reply.reader import read

__all__ = ["read"]
