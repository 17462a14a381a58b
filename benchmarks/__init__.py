"""Measures the server while an oracle checks what it says: scenarios, load generator, oracle."""
