"""The schema's history, run in process by ``Database.upgrade``."""
