"""The portfolio itself: values, P&L arithmetic and the book of one account.

Pure: standard library only, no I/O, no clock, no threads. Everything else in
the tree may import this package; it imports nothing of the tree.
"""
