"""The journey of one brokerage account's events, wired from the parts that know nothing of another.

Broker frames come in (broker), are booked (portfolio), stored (db) and handed
to whoever listens (stream). This package owns the accounts of its process.
"""
