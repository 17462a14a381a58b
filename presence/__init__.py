"""The realtime presence server: who is here, where they are, and what each of them may see."""

__version__ = "0.1.0"
