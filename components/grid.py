"""What the live tables share: options of AG Grid and the frame around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_ag_grid as dag
from dash import html
from dash.development.base_component import Component

from components.attributes import attributes

_OPTIONS: dict[str, Any] = {
    "theme": {"function": "alphaflowTheme(themeQuartz)"},
    # one stop for the Tab key, as the pattern wants it; arrows go on inside
    "tabToNextHeader": {"function": "leaveGrid(params)"},
    "tabToNextCell": {"function": "leaveGrid(params)"},
    "suppressCellFocus": False,
    "suppressDragLeaveHidesColumns": True,
    "suppressScrollOnNewData": True,
    "suppressColumnVirtualisation": True,
    "animateRows": False,
    "tooltipShowDelay": 400,
    "suppressNoRowsOverlay": True,
    "loading": False,
}
_COLUMN: dict[str, Any] = {
    "sortable": True,
    "resizable": True,
    "suppressHeaderMenuButton": True,
    "suppressMovable": False,
    "wrapHeaderText": False,
}


def function(expression: str) -> dict[str, str]:
    """Name a function of assets/ for the grid; it is parsed, never evaluated as script."""
    return {"function": expression}


def number_column(
    field: str, name: str, formatter: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return a right-aligned column whose decimal strings sort by value.

    Args:
        field: key in the row.
        name: heading.
        formatter: name of a formatter in assets/grid_cells.js.
        more: further column options.
    """
    column: dict[str, Any] = {
        "field": field,
        "headerName": name,
        "type": "rightAligned",
        "comparator": function("byNumber"),
        "cellClass": "num",
        **more,
    }
    if formatter:
        column["valueFormatter"] = function(f"{formatter}(params)")
    return column


def table(
    grid_id: str,
    columns: Sequence[dict[str, Any]],
    *,
    test_id: str,
    label: str,
    empty: Component,
    **options: Any,
) -> Component:
    """Return a grid with its loading and empty states; rows come from the browser's store.

    Args:
        grid_id: the grid's id.
        columns: column definitions.
        test_id: the frame's data-testid.
        label: what a screen reader calls the table.
        empty: shown when there is no row.
        options: grid options that differ from the shared ones.
    """
    grid = dag.AgGrid(
        id=grid_id,
        columnDefs=list(columns),
        rowData=[],
        defaultColDef=_COLUMN,
        getRowId="rowId(params)",
        dashGridOptions={**_OPTIONS, **options},
        className="grid",
        style={"height": None, "width": None},
    )
    skeleton = html.Div([html.I() for _ in range(5)], className="skeleton-rows")
    return html.Div(
        [grid, skeleton, html.Div(empty, className="empty")],
        className="table-frame",
        role="region",
        **attributes(data_testid=test_id, data_phase="loading", aria_label=label),
    )


def panel(
    title: str,
    body: Sequence[Component],
    *,
    note: Component | None = None,
    tools: Sequence[Component] = (),
    class_name: str = "",
) -> Component:
    """Return a panel with its head.

    Args:
        title: heading.
        body: what stands in it.
        note: muted, beside the heading.
        tools: at the head's right end.
        class_name: further classes.
    """
    head = [
        html.H2(title),
        *([] if note is None else [note]),
        html.Div(list(tools), className="panel-tools"),
    ]
    return html.Section(
        [html.Header(head, className="panel-head"), *body], className=f"panel {class_name}".strip()
    )
