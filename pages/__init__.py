"""One file per page: register_page, layout() and its callbacks."""
