"""Settings: where they come from, which one counts, and what is said when they are wrong."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from presence import config
from presence.config import RoomRings, RoomSetting, Settings, SettingsError
from presence.rings import Detail, Ring


def load(*flags: str, file: Path | None = None, **environ: str) -> Settings:
    """Load settings as the command line does."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    config.add_flags(parser)
    arguments = parser.parse_args(flags)
    return config.load(config.flags_from(arguments), environ, file or arguments.config)


def problems(*flags: str, file: Path | None = None, **environ: str) -> tuple[str, ...]:
    """Return what is wrong with settings."""
    with pytest.raises(SettingsError) as caught:
        load(*flags, file=file, **environ)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def toml(text: str) -> Path:
    """Write a settings file."""
    file = Path("settings.toml")
    file.write_text(text)
    return file


# --- where values come from -------------------------------------------------------------------------------------------


def test_nothing_given_is_the_safe_default() -> None:
    """Loopback only, no guests, limits on."""
    settings = load()
    assert (settings.host, settings.port, settings.tcp_port, settings.metrics_port) == ("127.0.0.1", 8080, 8081, 8082)
    assert (settings.allow_guests, settings.rate_limits, settings.is_tls) == (False, True, False)
    assert settings.rooms == (RoomSetting("hq", "headquarters"), RoomSetting("border", "checkpoint"))


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default() -> None:
    """The nearest to the person wins, and each value says where it came from."""
    file = toml("[presence]\ntick_hz = 30\nbots = 3\nmax_sessions = 7\n")
    settings = load("--tick-hz", "10", file=file, PRESENCE_TICK_HZ="15", PRESENCE_BOTS="4")
    assert (settings.tick_hz, settings.bots, settings.max_sessions, settings.max_per_address) == (10, 4, 7, 32)
    assert settings.sources["tick_hz"] == "flag --tick-hz"
    assert settings.sources["bots"] == "environment PRESENCE_BOTS"
    assert settings.sources["max_sessions"] == "file settings.toml"
    assert settings.sources["max_per_address"] == "default"


def test_plain_port_variables_count_unless_prefixed_ones_are_there() -> None:
    """PORT and TCP_PORT are what hosts and makefiles pass."""
    settings = load(PORT="9000", TCP_PORT="9500")
    assert (settings.port, settings.tcp_port, settings.sources["port"]) == (9000, 9500, "environment PORT")
    assert load(PORT="9000", PRESENCE_PORT="9100").port == 9100
    assert load("--port", "9200", PORT="9000").port == 9200


def test_other_ports_follow_the_port() -> None:
    """One number moves a server; port 0 means any free ones, and so does a number beyond the last."""
    settings = load(PORT="9000")
    assert (settings.tcp_port, settings.metrics_port) == (9001, 9002)
    assert settings.is_default("metrics_port")
    assert not settings.is_default("port")
    free = load("--port", "0")
    assert (free.port, free.tcp_port, free.metrics_port) == (0, 0, 0)
    last = load("--port", "65534")
    assert (last.tcp_port, last.metrics_port) == (65535, 0)


def test_an_empty_variable_counts_as_unset() -> None:
    """`PORT= make run` is no mistake."""
    assert load(PORT="", PRESENCE_ISSUER="").port == 8080


def test_a_file_in_the_working_directory_is_found_unless_another_is_named() -> None:
    """--config beats PRESENCE_CONFIG beats presence.toml."""
    for name, bots in (("presence.toml", 1), ("second.toml", 2), ("third.toml", 3)):
        Path(name).write_text(f"[presence]\nbots = {bots}\n")
    assert load().bots == 1
    assert load(PRESENCE_CONFIG="second.toml").bots == 2
    assert load("--config", "third.toml", PRESENCE_CONFIG="second.toml").bots == 3


def test_every_setting_can_be_given_in_each_way() -> None:
    """Flags, variables and keys derive from one declaration, so none is forgotten."""
    parser = argparse.ArgumentParser()
    config.add_flags(parser)
    flags = parser.format_help()
    for name, setting in config.DECLARED.items():
        assert f"--{name.replace('_', '-')}" in flags
        assert setting.help in " ".join(flags.split())
    assert [name for name, source in load().sources.items() if not source.startswith("default")] == []
    assert load().sources.keys() == config.DECLARED.keys()


def test_lists_and_switches_are_written_as_each_source_writes_them() -> None:
    """Repeated flags, commas in variables, arrays in TOML; on and off."""
    flags = load("--origins", "https://a.example", "--origins", "https://B.example:8443", "--no-rate-limits")
    assert flags.origins == ("https://a.example", "https://b.example:8443")
    assert not flags.rate_limits
    variables = load(PRESENCE_ROOMS="lobby=plaza, lab=open", PRESENCE_ALLOW_GUESTS="yes")
    assert variables.rooms == (RoomSetting("lobby", "plaza"), RoomSetting("lab", "open"))
    assert variables.allow_guests
    own = (
        RoomRings("hq", (Ring(10_000, 0, Detail.FULL), Ring(60_000, 3, Detail.ROOT))),
        RoomRings("border", (Ring(5_000, 1, Detail.FULL),)),
    )
    assert load(PRESENCE_ROOM_RINGS="hq=10:1,60:8:root, border=5:2").room_rings == own
    assert load(file=toml('[presence]\nroom_rings = ["hq=10:1,60:8:root", "border=5:2"]')).room_rings == own
    file = load(file=toml('[presence]\ntrusted_proxies = ["10.0.0.0/8", "fd00::/8"]\norigins = []\n'))
    assert [str(network) for network in file.trusted_proxies] == ["10.0.0.0/8", "fd00::/8"]
    assert file.origins == ()


def test_code_makes_the_same_settings() -> None:
    """Tests and tools get the same checks and derived values; None leaves a setting out."""
    settings = config.build(port=9000, rooms=(RoomSetting("a", "plaza"),), worlds_dir=Path(), tcp_port=None)
    assert (settings.tcp_port, settings.rooms, settings.worlds_dir) == (9001, (RoomSetting("a", "plaza"),), Path())
    with pytest.raises(SettingsError, match="port"):
        config.build(port=-1)
    with pytest.raises(ValueError, match="prot"):
        config.build(prot=1)


# --- what is wrong ----------------------------------------------------------------------------------------------------


def test_all_problems_are_told_at_once_with_their_source() -> None:
    """Nobody has to start a server five times to learn five mistakes."""
    found = problems("--port", "abc", "--host", "192.0.2.1", file=toml("[presence]\ntik_hz = 9\n"), PRESENCE_BOTS="-1")
    assert sorted(found) == [
        "bots (environment PRESENCE_BOTS): '-1' is not a whole number from 0 to 2000",
        (
            "host: 192.0.2.1 can be reached from other machines, where plain text is refused: "
            "give tls_cert and tls_key, or behind_tls_proxy when a proxy in front ends TLS"
        ),
        "port (flag --port): 'abc' is not a whole number from 0 to 65535",
        "settings.toml: tik_hz is not a setting; did you mean tick_hz?",
    ]


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--port", "65536"], "is not a whole number from 0 to 65535"),
        (["--port", "1.5"], "is not a whole number"),
        (["--heartbeat-s", "nan"], "is not a number from 0.05 to 60"),
        (["--heartbeat-s", "inf"], "is not a number"),
        (["--log-level", "loud"], "is not one of debug, info, warning, error"),
        (["--host", " "], "is not text"),
        (["--tls-cert", "none.pem"], "'none.pem' is not a file that is there"),
        (["--worlds-dir", "none"], "'none' is not a folder that is there"),
        (["--keys-url", "http://keys.example/"], "must use https://"),
        (["--trusted-proxies", "10.0.0.1/8"], "is not a network"),
        (["--origins", "hub.example"], "is not an origin"),
        (["--origins", "https://hub.example/path"], "is not an origin"),
        (["--origins", "https://me@hub.example"], "is not an origin"),
        (["--rooms", "lobby"], "is not of the form room=world"),
        (["--rooms", "Lobby=plaza"], "is not of the form room=world"),
        (["--rooms", "a=plaza,a=open"], "a is named 2 times"),
        (["--rings", "10"], "is not of the form metres:ticks"),
        (["--rings", "near:1"], "is not of the form metres:ticks"),
        (["--rings", "10:3"], "ticks one of 1, 2, 4, 8, 16, 32"),
        (["--rings", "10:1:hands"], "is not of the form metres:ticks"),
        (["--rings", "inf:1"], "is not of the form metres:ticks"),
        (["--rings", "0:1"], "is not of the form metres:ticks"),
        (["--rings", "20:1,10:2"], "each with a longer reach than the one before it"),
        (["--rings", ","], "name one at least"),
        (["--rings", "10.0005:1"], "metres up to 8000 with three decimals at most"),
        (["--room-rings", "10:1"], "has no room before it: write room=metres:ticks"),
        (["--room-rings", "hq=10"], "is not of the form metres:ticks"),
        (["--room-rings", "hq="], "is not of the form metres:ticks"),
        (["--room-rings", "hq=10:1,10:2"], "give each ring of hq a longer reach than the one before it"),
        (["--room-rings", "hq=10:1,hq=20:1"], "room_rings: hq is named 2 times, name it once with all its rings"),
        (
            ["--room-rings", "hall=10:1"],
            "hall is not one of rooms (hq, border): correct it, or add it there with its world",
        ),
        (["--tcp-port", "8080"], "is the port for HTTP already"),
        (["--tls-cert", __file__], "give both, or neither"),
        (["--keys-file", __file__, "--keys-url", "https://keys.example"], "give one of them, not both"),
        (["--revoked-file", __file__, "--revoked-url", "https://keys.example"], "give one of them, not both"),
    ],
)
def test_a_bad_value_is_told_in_plain_words(flags: list[str], problem: str) -> None:
    """Each kind of value says what it would have taken, once."""
    (found,) = problems(*flags)
    assert problem in found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[presence]\nport = '80x'", "port (file settings.toml): '80x' is not a whole number"),
        ("[presence]\nport = true", "is not a whole number"),
        ("[presence]\nport = 8080.0", "is not a whole number"),
        ("[presence]\nallow_guests = 'perhaps'", "is neither true nor false"),
        ("[presence]\nhost = 5", "is not text"),
        ("[presence]\nrooms = [1]", "is not text"),
        ("port = 80", "port stands outside the table [presence]"),
        ("presence = 1", "presence is not a table"),
        ("[presence", "is not TOML"),
    ],
)
def test_a_bad_file_is_told_in_plain_words(text: str, problem: str) -> None:
    """A file that would be half read is not read at all."""
    (found,) = problems(file=toml(text))
    assert problem in found


def test_a_named_file_must_be_there() -> None:
    """A typing error in --config is not a server with defaults."""
    assert problems("--config", "none.toml") == ("cannot read none.toml: No such file or directory",)


def test_a_service_link_of_kubernetes_is_recognised() -> None:
    """A service called presence sets PRESENCE_PORT to an address; the message says what to do."""
    (found,) = problems(PRESENCE_PORT="tcp://10.0.0.1:8080")
    assert "enableServiceLinks: false" in found


@pytest.mark.parametrize(
    "flags", [["--host", "localhost"], ["--host", "::1"], ["--host", "192.0.2.1", "--behind-tls-proxy"]]
)
def test_plain_text_is_allowed_where_nobody_else_can_read_it(flags: list[str]) -> None:
    """On this machine, or behind a proxy that ends TLS."""
    assert not load(*flags).is_tls


def test_tls_lets_a_server_be_reached() -> None:
    """With a certificate, other machines may come."""
    assert load("--host", "192.0.2.1", "--tls-cert", __file__, "--tls-key", __file__).is_tls


@pytest.mark.parametrize(
    "flags", [["--allow-guests"], ["--keys-file", __file__], ["--keys-url", "https://keys.example/"]]
)
def test_a_server_that_somebody_can_enter_has_no_entry_problem(flags: list[str]) -> None:
    """Guests or keys: one is enough; none is told before the start."""
    assert config.entry_problem(load(*flags)) is None
    assert "--allow-guests" in str(config.entry_problem(load()))


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_settings_are_described_with_value_unit_and_source() -> None:
    """What is printed can be read by a program, and holds no access key."""
    described = config.describe(load("--keys-url", "https://keys.example/set?sig=abc", "--bots", "5"))
    assert described["keys_url"].value == "https://keys.example/set?…"
    assert described["bots"] == config.Described(5, "", "flag --bots")
    assert described["heartbeat_s"] == config.Described(15.0, "s", "default")
    assert described["rooms"].value == ["hq=headquarters", "border=checkpoint"]
    assert described["rings"].value == ["10:1", "20:2", "40:2:root"]
    assert described["room_rings"] == config.Described([], "", "default")
    own = ["hq=10:1,20:2:root,60.5:8:dot", "border=5:1"]
    shown = config.describe(load("--room-rings", own[0], "--room-rings", own[1]))["room_rings"]
    assert shown == config.Described(own, "", "flag --room-rings")


@pytest.mark.parametrize(
    ("value", "words"),
    [(5.0, "5 s"), (None, "unset"), (True, "yes"), (False, "no"), ([], "none"), (["a", "b"], "a, b"), ("x", "x s")],
)
def test_values_are_written_for_people(value: object, words: str) -> None:
    """Nobody has to know Python to read a setting."""
    assert config.plain_words(value, "s") == words
