"""The embedded paper exchange: Alpaca's wire protocol on one local port.

The independent other side of AlphaFlow: it imports nothing of the desk, and
the desk talks to it with the same client library as to Alpaca itself.
"""
