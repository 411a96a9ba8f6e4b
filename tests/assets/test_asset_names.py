"""What symbols are called, and which of them exist."""

from __future__ import annotations

import pytest

from tests.assets.conftest import Run

APPLE = {"symbol": "AAPL", "name": "Apple Inc. Common Stock", "tradable": True}


@pytest.mark.parametrize(
    ("full", "short"),
    [
        ("Apple Inc. Common Stock", "Apple"),
        ("Amazon.com, Inc. Common Stock", "Amazon.com"),
        ("Alphabet Inc. Class A Common Stock", "Alphabet"),
        ("Microsoft Corporation Common Stock", "Microsoft"),
        ("JPMorgan Chase & Co. Common Stock", "JPMorgan Chase"),
        ("Wells Fargo & Company Common Stock", "Wells Fargo"),
        ("Eli Lilly and Company Common Stock", "Eli Lilly"),
        ("The Goldman Sachs Group, Inc. Common Stock", "Goldman Sachs Group"),
        ("The Coca-Cola Company Common Stock", "Coca-Cola"),
        ("AT&T Inc. Common Stock", "AT&T"),
        ("Berkshire Hathaway Inc. Class B", "Berkshire Hathaway"),
        ("Taiwan Semiconductor Manufacturing Company Ltd.", "Taiwan Semiconductor Manufacturing"),
        (
            "Alibaba Group Holding Limited American Depositary Shares each representing eight",
            "Alibaba Group Holding",
        ),
        ("SPDR S&P 500 ETF Trust", "SPDR S&P 500"),
        ("SPDR Gold Shares", "SPDR Gold Shares"),
        ("Invesco QQQ Trust, Series 1", "Invesco QQQ"),
        ("iShares 20+ Year Treasury Bond ETF", "iShares 20+ Year Treasury Bond"),
        ("Costco Wholesale Corporation Common Stock", "Costco Wholesale"),
        ("Bitcoin  / US Dollar", "Bitcoin"),
        ("Trust", "Trust"),
        ("", ""),
    ],
)
def test_names_are_as_people_say_them(js: Run, full: str, short: str) -> None:
    """Share classes and legal forms go; something always stays."""
    assert short == js("alphaflow.asset_names.short(full)", full=full)


def test_symbols_are_asked_for_once_and_together(js: Run) -> None:
    """What several parts want at a moment is one request; what is on its way isn't asked again."""
    script = """(() => {
      const names = alphaflow.asset_names;
      names.want(["AAPL", "BTC/USD", "not a symbol"], "acc");
      names.want(["AAPL", "MSFT"], "acc");
      names.want(["KO"], null);
      page.pass(50);
      names.want(["AAPL"], "acc");
      page.pass(50);
      return page.fetched.map(([, url]) => url);
    })()"""
    assert ["/api/assets?accountId=acc&symbols=AAPL%2CBTC%2FUSD%2CMSFT"] == js(script)


def test_a_failed_question_is_asked_again_later(js: Run) -> None:
    """Not at once, and not never."""
    script = """[0, 30000, 40000].map((ms) => {
      page.pass(ms);
      alphaflow.asset_names.want(["AAPL"], "acc");
      page.pass(50);
      return page.fetched.length;
    })"""
    assert [1, 1, 2] == js(script)


@pytest.mark.parametrize(
    ("symbol", "standing", "name"),
    [("AAPL", "tradable", "Apple"), ("NOPE", "unknown", ""), ("KO", "unasked", ""),
     ("GONE", "untradable", "Gone")],
)  # fmt: skip
def test_a_symbol_that_does_not_exist_is_known_as_such(
    js: Run, symbol: str, standing: str, name: str
) -> None:
    """What was asked for and isn't in the answer doesn't exist."""
    script = """(() => {
      const names = alphaflow.asset_names;
      names.learn(["AAPL", "NOPE", "GONE"], found);
      return [names.standing(symbol), names.of(symbol)];
    })()"""
    gone = {"symbol": "GONE", "name": "Gone Inc.", "tradable": False}
    assert [standing, name] == js(script, symbol=symbol, found=[APPLE, gone])
