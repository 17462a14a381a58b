"""What counts as this machine, and what may be read."""

from __future__ import annotations

import pytest

from presence.addresses import is_loopback, url_problem, without_query


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_loopback(host: str) -> None:
    """Every spelling of this machine counts, on every Python version."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "any", "::", "192.0.2.1", "localhost.example", "127.0.0.1.example", "::ffff:192.0.2.1"]
)
def test_everything_else_is_not(host: str) -> None:
    """Neither look-alikes nor "all interfaces" are this machine."""
    assert not is_loopback(host)


@pytest.mark.parametrize("url", ["https://id.example/keys?v=1", "http://localhost:9/keys", "http://[::1]:9/"])
def test_a_safe_url_has_no_problem(url: str) -> None:
    """TLS anywhere, plain text within the machine."""
    assert url_problem(url) is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://id.example/keys", "must use https://"),
        ("http://127.0.0.1.example/keys", "must use https://"),
        ("https://me:word@id.example/keys", "must not carry a user name"),
        ("ftp://id.example/keys", "not an https:// URL"),
        ("https:///keys", "not an https:// URL"),
        ("keys.json", "not an https:// URL"),
        ("https://id.example:port/", "not a URL"),
        ("https://[::1/", "not a URL"),
    ],
)
def test_an_unsafe_url_is_told_why(url: str, problem: str) -> None:
    """Trust is not read over a channel that others can write to, and no password stands in a setting."""
    assert problem in str(url_problem(url))


def test_a_query_is_not_shown() -> None:
    """A signed download link does not end up in a log."""
    assert without_query("https://id.example/keys?sig=abc#x") == "https://id.example/keys?…"
    assert without_query("https://id.example/keys") == "https://id.example/keys"
