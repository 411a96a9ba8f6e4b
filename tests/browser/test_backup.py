"""A desk whose streaming is switched off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.page import Page
from tests.desk_server import DeskProcess, running_desk
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProcess]:
    """A desk without streaming."""
    folder = tmp_path_factory.mktemp("backup")
    with running_desk(folder, ENABLE_REALTIME_PORTFOLIO="false") as desk:
        yield desk


def test_without_streaming_the_page_polls(page: Page) -> None:
    """Streaming off: the page says that it uses the backup, and its figures move (R9, O1)."""
    page.enter("trader")
    page.await_link("backup")
    assert "Using backup connection" == page.text("#connection-text")
    before = {symbol: row["price"] for symbol, row in page.await_rows().items()}
    wait_for(lambda: {s: row["price"] for s, row in page.rows("positions").items()} != before)
    assert not page.js("return alphaflow.stream_link.link.machine.opened")
