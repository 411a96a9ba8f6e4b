"""A chart in its panel, with what hands it out."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from components.attributes import attributes
from components.equity_figure import CONFIG, empty_figure
from components.export_menu import export_menu
from components.grid import panel


def chart_panel(
    title: str, graph_id: str, *, empty: str, class_name: str = "", tools: Sequence[Component] = ()
) -> Component:
    """Return a panel with a chart that can be saved as PNG, SVG and CSV.

    Args:
        title: heading, also the exported file's title.
        graph_id: the graph's id; a script of assets/ draws it.
        empty: what stands there when there is nothing to draw.
        class_name: sets the chart's height.
        tools: shown before the export menu.
    """
    graph = dcc.Graph(
        id=graph_id, figure=empty_figure(), config=CONFIG, className="chart", responsive=True
    )
    frame = html.Div(
        [graph, html.Div(empty, className="empty-note")],
        className=f"chart-frame {class_name}".strip(),
        **attributes(data_phase="loading"),
    )
    return panel(title, [frame], tools=[*tools, export_menu(title, graph_id)])
