"""The stream's health, for administrators."""

from __future__ import annotations

from dash.development.base_component import Component

from components import admin_stream, mounting
from components.page import register_page
from components.refusal import forbidden
from components.visitor import current_visitor

register_page(__name__, "Stream", "/admin/stream")


def layout(**_: str) -> Component:
    """Build the page; the role is checked here too, as pages also open without a page load."""
    visitor = current_visitor()
    if visitor is None or not visitor.is_admin:
        return forbidden()
    page = admin_stream.page()
    page.children.append(mounting.point("admin_stream"))
    return page


mounting.bind("admin_stream")
