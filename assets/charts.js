/** What the charts share: colours from the tokens, one quiet layout, drawing through dcc.Graph. */
(function (af) {
  "use strict";

  /** Read the theme's colours. */
  function colors() {
    const style = getComputedStyle(document.documentElement);
    const names = ["panel", "border", "text", "muted", "gain", "loss", "accent", "warning", "gain-soft", "loss-soft", "accent-soft", "raised"];
    return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  /**
   * Return a layout.
   * @param {object} more what differs
   */
  function layout(more = {}) {
    const c = colors();
    const axis = {
      gridcolor: c.border, linecolor: c.border, zerolinecolor: c.border, tickcolor: c.border,
      tickfont: { color: c.muted, size: 11 }, fixedrange: true, automargin: false, zeroline: false,
      showline: false,
    };
    const { xaxis, yaxis, ...rest } = more;
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 11, color: c.text },
      margin: { l: 12, r: 68, t: 12, b: 28 }, showlegend: false, hovermode: "x unified",
      hoverlabel: { bgcolor: c.raised, bordercolor: c.border, font: { color: c.text, size: 12 } },
      separators: ".,", uirevision: "keep", dragmode: false,
      xaxis: { ...axis, showgrid: false, tickformatstops: TIME_STOPS, nticks: 7, hoverformat: "%b %-d %H:%M", ...xaxis },
      yaxis: { ...axis, side: "right", tickformat: "$,.0f", ...yaxis },
      ...rest,
    };
  }

  const TIME_STOPS = [
    { dtickrange: [null, 59999], value: "%H:%M:%S" },
    { dtickrange: [60000, 43200000], value: "%H:%M" },
    { dtickrange: [43200001, "M1"], value: "%b %-d" },
    { dtickrange: ["M1", null], value: "%b %Y" },
  ];

  /** Return a moment as the chart's local time: its axes know no time zones. */
  function local(at) {
    const moment = new Date(at);
    return new Date(moment - moment.getTimezoneOffset() * 60000).toISOString().slice(0, -1);
  }

  /** Draw a figure if its graph is on the page. */
  function draw(id, figure) {
    if (!document.getElementById(id)) return;
    dash_clientside.set_props(id, { figure });
  }

  /** Take at most one point per pixel or so: the extremes of each span stay. */
  function thin(points, most = 600) {
    if (points.length <= most) return points;
    const size = Math.ceil(points.length / (most / 2));
    const kept = [];
    for (let i = 0; i < points.length; i += size) {
      const span = points.slice(i, i + size);
      const low = span.reduce((a, b) => (b.y < a.y ? b : a));
      const high = span.reduce((a, b) => (b.y > a.y ? b : a));
      kept.push(...(low.x <= high.x ? [low, high] : [high, low]));
    }
    kept.push(points[points.length - 1]);
    return kept;
  }

  /**
   * Read an account's recorded equity.
   * @returns {{points: Array<{x: string, y: number}>, gaps: Array<{from: string, to: string}>}}
   *   gaps: when nothing was recorded, as the server knows from all samples
   */
  function history(answer) {
    const points = af.backup_polling.listOf(answer, "equity")
      .map((row) => ({ x: row.timestamp, y: Number(row.equity) }))
      .filter((point) => point.x && Number.isFinite(point.y));
    return { points, gaps: answer?.gaps ?? [] };
  }

  /** Add up several accounts' lines: each holds its last value until its next point; a gap in one is one in all. */
  function combine(lines) {
    if (lines.length === 1) return lines[0];
    const events = lines.flatMap(({ points }, i) => points.map((point) => ({ ...point, i })));
    events.sort((a, b) => Date.parse(a.x) - Date.parse(b.x));
    const latest = lines.map(({ points }) => (points.length ? points[0].y : 0));
    const points = events.map(({ x, y, i }) => {
      latest[i] = y;
      return { x, y: latest.reduce((sum, one) => sum + one, 0) };
    });
    return { points, gaps: lines.flatMap(({ gaps }) => gaps) };
  }

  /**
   * Cut a line where nothing was recorded, so that no straight line is drawn through an outage.
   * @param {Array<{x: string, y: number}>} points oldest first
   * @param {Array<{from: string, to: string}>} gaps
   * @returns {Array<Array<{x: string, y: number}>>} the pieces, none empty
   */
  function cut(points, gaps) {
    const spans = gaps.map(({ from, to }) => [Date.parse(from), Date.parse(to)]);
    const pieces = [[]];
    let before = -Infinity;
    for (const point of points) {
      const at = Date.parse(point.x);
      // another account's figures: a sum without this one's is none
      if (spans.some(([from, to]) => at > from && at < to)) continue;
      if (spans.some(([from, to]) => before <= from && at >= to)) pieces.push([]);
      pieces[pieces.length - 1].push(point);
      before = at;
    }
    return pieces.filter((piece) => piece.length);
  }

  /** Return a line's coordinates with a hole between its pieces. */
  function line(pieces) {
    const joined = pieces.flatMap((piece, i) => (i ? [{ x: piece[0].x, y: null }, ...piece] : piece));
    return { x: joined.map((point) => local(point.x)), y: joined.map((point) => point.y) };
  }

  /** Return the area's coordinates: between the pieces it lies flat on its base. */
  function area(pieces, base) {
    const joined = pieces.flatMap((piece, i) => [
      ...(i ? [{ x: piece[0].x, y: base }] : []), ...piece,
      ...(i < pieces.length - 1 ? [{ x: piece[piece.length - 1].x, y: base }] : []),
    ]);
    return { x: joined.map((point) => local(point.x)), y: joined.map((point) => point.y) };
  }

  af.charts = { colors, layout, draw, thin, local, history, combine, cut, line, area };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
