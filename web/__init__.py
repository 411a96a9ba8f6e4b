"""The doors for browsers and scripts: signing in, the REST API, health, and what guards them."""
