"""The road to the broker: live streams, REST and orders, for one or many accounts.

The only importer of alpaca-py. Everything that leaves this package is a type of
``portfolio``; what the broker sends is converted here, or refused with one clear
error. Read it in the order in which a frame travels: endpoints, credentials,
feed, ticks, convert; and for the way back rest, executor.
"""
