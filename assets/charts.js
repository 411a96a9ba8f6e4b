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

  const PAUSE_MS = 120000;
  const PAUSE_STEPS = 6;

  /**
   * Cut a line where nothing was recorded, so that no straight line is drawn through an outage:
   * at pauses of over two minutes that are also much longer than the usual step.
   * @param {Array<{x: string, y: number}>} points oldest first
   * @returns {Array<Array<{x: string, y: number}>>} the pieces
   */
  function cut(points) {
    const times = points.map((point) => Date.parse(point.x));
    const steps = times.slice(1).map((time, i) => time - times[i]);
    const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
    const limit = Math.max(PAUSE_MS, PAUSE_STEPS * usual);
    const pieces = [];
    points.forEach((point, i) => {
      if (i === 0 || steps[i - 1] > limit) pieces.push([]);
      pieces[pieces.length - 1].push(point);
    });
    return pieces;
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

  af.charts = { colors, layout, draw, thin, local, cut, line, area };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
