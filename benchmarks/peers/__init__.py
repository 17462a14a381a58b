"""Other servers under the same load: how each is had, started, spoken to and judged. README.md says why it is fair."""
