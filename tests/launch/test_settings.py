"""Settings from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from launch.settings import InvalidSettings, Settings, read_settings, shown


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have neither a .env nor any setting."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "eighty", "integer"),
        ("PORT", "70000", "65535"),
        ("BATCH_WINDOW_MS", "49", "50"),
        ("BATCH_WINDOW_MS", "5001", "5000"),
        ("MAX_CONNECTIONS_PER_USER", "0", "1"),
        ("ALPACA_PAPER", "maybe", "boolean"),
        ("ALPACA_FEED", "otc", "'iex' or 'sip'"),
        ("ENABLE_REALTIME_PORTFOLIO", "sometimes", "boolean"),
        ("ALLOWED_ORIGINS", "desk.example", "https://desk.example"),
        ("TAPE", "/no/such/tape.csv", "no such file"),
        ("TAPE_SPEED", "fast", "max"),
        ("TAPE_SPEED", "-1", "above 0"),
        ("LOG_FORMAT", "xml", "json"),
        ("DEMO_PASSWORD", "abc", "4 characters"),
        ("DATABASE_URL", "oracle://x", "postgresql"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    """The error names the variable and says what is allowed, in one line."""
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings) as refusal:
        read_settings()
    line = str(refusal.value)
    assert (True, True, False) == (line.startswith(name), said in line, "\n" in line)


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mistakes need one start to be found."""
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("BATCH_WINDOW_MS", "x")
    with pytest.raises(InvalidSettings) as refusal:
        read_settings()
    assert {"PORT", "BATCH_WINDOW_MS"} == {p.split("=")[0] for p in refusal.value.problems}


def test_half_a_key_pair_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key id without its secret is a mistake, not a wish for the demo."""
    monkeypatch.setenv("ALPACA_API_KEY", "PK123")
    with pytest.raises(InvalidSettings, match="go together"):
        read_settings()


def test_a_secret_is_not_repeated_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that is refused does not appear in the log."""
    monkeypatch.setenv("DEMO_PASSWORD", "xyz")
    with pytest.raises(InvalidSettings) as refusal:
        read_settings()
    assert "xyz" not in str(refusal.value)


def test_secrets_are_masked_when_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """``alphaflow config`` shows every setting and no secret."""
    for name in ("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "SECRET_KEY", "CREDENTIALS_KEY"):
        monkeypatch.setenv(name, "hush-hush-hush-hush")
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada:hush-hush@db/desk")
    lines = shown(read_settings())
    assert (len(Settings.model_fields), False) == (len(lines), "hush" in "\n".join(lines))


def test_a_dotenv_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Settings come from .env, then from the environment."""
    (tmp_path / ".env").write_text("PORT=8100\nBATCH_WINDOW_MS=500\n")
    monkeypatch.setenv("PORT", "8200")
    settings = read_settings()
    assert (8200, 500) == (settings.port, settings.batch_window_ms)


def test_a_made_secret_is_kept_and_private(tmp_path: Path) -> None:
    """A key nobody set is made once, readable by its owner only."""
    settings = Settings(data_dir=tmp_path / "var")  # type: ignore[call-arg]
    first = settings.stored_secret("secret_key")
    mode = (tmp_path / "var" / "secret_key.txt").stat().st_mode & 0o777
    assert (first, 0o600, True) == (settings.stored_secret("secret_key"), mode, len(first) > 30)


def test_a_tape_has_a_world_of_its_own(tmp_path: Path) -> None:
    """Replaying a tape does not mix its positions with those of the synthetic market."""
    tape = tmp_path / "tape.csv"
    tape.touch()
    plain = Settings(data_dir=tmp_path)  # type: ignore[call-arg]
    replayed = Settings(data_dir=tmp_path, tape=tape)  # type: ignore[call-arg]
    assert plain.database != replayed.database
