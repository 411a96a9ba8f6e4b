"""``alphaflow tail``: what the stream sends, one JSON line each, until interrupted."""

from __future__ import annotations

import json
import sys

from stream.client import PortfolioClient, StreamRefused

REFUSED = 1


def tail(url: str, user: str, password: str) -> int:
    """Follow the stream and print it, reconnecting and resuming.

    Args:
        url: base URL of a running AlphaFlow.
        user: who signs in.
        password: that user's.

    Returns:
        0 when interrupted, 1 when the server refused or couldn't be reached.
    """
    with PortfolioClient(url, user, password) as client:
        try:
            client.login()
            for message in client.follow():
                sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")
                sys.stdout.flush()
        except KeyboardInterrupt:
            return 0
        except (StreamRefused, OSError) as error:
            sys.stderr.write(f"alphaflow: {url}: {error}\n")
            return REFUSED
    return 0
