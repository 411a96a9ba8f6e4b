"""What hands a chart out: PNG, SVG and CSV."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from components.attributes import attributes


def export_menu(title: str, graph_id: str) -> Component:
    """Return the menu that saves a chart; figure_export.js hears it.

    Args:
        title: of the exported file.
        graph_id: the chart's graph.
    """
    kinds = (("png", "Picture (PNG)"), ("svg", "Drawing (SVG)"), ("csv", "Data (CSV)"))
    items = [
        html.Button(
            label,
            type="button",
            className="menu-item",
            **attributes(data_export=kind, data_graph=graph_id, data_title=title),
        )
        for kind, label in kinds
    ]
    summary = html.Summary(
        html.I(className="icon icon-download"),
        className="icon-button",
        title=f"Save {title.lower()}",
        **attributes(aria_label=f"Save {title.lower()}"),
    )
    return html.Details([summary, html.Div(items, className="menu-body")], className="menu")
