"""The record: who may see what, and what happened in every account. Only importer of SQLAlchemy."""
