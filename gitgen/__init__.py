"""gitgen: code written by a language model, with Git as its only database."""

__version__ = "0.1.0"
