/** The equity line: history over REST, its end moved by the stream. */
(function (af) {
  "use strict";

  const GRAPH = "equity-graph";
  const DRAW_EVERY_MS = 2000; // a redraw costs some 70 ms; the headline moves with every message
  const POINT_EVERY_MS = 5000;
  const DAY_MS = 86400000;
  const RANGES = { "1D": DAY_MS, "1W": 7 * DAY_MS, "1M": 30 * DAY_MS, "3M": 91 * DAY_MS, "1Y": 365 * DAY_MS };
  const SILENT_MS = 90000; // no figures for so long: what the server recorded meanwhile is fetched
  const POINTS = 700; // more than the chart has pixels to show
  const state = { range: "1D", points: [], gaps: [], base: null, key: "", loading: false, drawnAt: 0, timer: null };

  /** Move the line's end: a new point every few seconds, the last one moved between. */
  function extend(points, at, equity) {
    const last = points[points.length - 1];
    const before = points[points.length - 2];
    const point = { x: at, y: equity, live: true };
    if (last?.live && before && Date.parse(at) - Date.parse(before.x) < POINT_EVERY_MS) {
      points[points.length - 1] = point;
    } else points.push(point);
    return points;
  }

  /** Make the figure: the line, filled towards yesterday's close, open where nothing was recorded. */
  function figure(points, gaps, base, range, c, layout) {
    const shown = af.charts.thin(points);
    const x = shown.map((p) => af.charts.local(p.x));
    const y = shown.map((p) => p.y);
    const end = shown[shown.length - 1];
    const from = range === "1D" && base !== null ? base : shown[0]?.y ?? 0;
    const tone = end && end.y < from ? "loss" : "gain";
    const line = { color: c[tone], width: 2, shape: "linear" };
    const pieces = af.charts.cut(shown, gaps);
    return {
      data: [
        { x, y: y.map(() => from), mode: "lines", meta: "guide", line: { width: 1, dash: "dot", color: c.muted }, hoverinfo: "skip" },
        { ...af.charts.area(pieces, from), mode: "lines", meta: "guide", line: { width: 0 }, hoverinfo: "skip",
          fill: "tonexty", fillcolor: c[`${tone}-soft`] },
        { ...af.charts.line(pieces), mode: "lines", line, name: "Equity", connectgaps: false,
          hovertemplate: "%{y:$,.2f}<extra></extra>" },
        { x: x.slice(-1), y: end ? [end.y] : [], mode: "markers", meta: "guide", hoverinfo: "skip",
          marker: { size: 8, color: c[tone], line: { width: 4, color: c[`${tone}-soft`] } }, cliponaxis: false },
      ],
      layout: layout({ yaxis: { range: bounds([...y, from]), nticks: 6 }, xaxis: { type: "date" } }),
    };
  }

  /** Return axis bounds with room above and below. */
  function bounds(values) {
    const low = Math.min(...values);
    const high = Math.max(...values);
    const room = (high - low || Math.abs(high) * 0.01 || 1) * 0.12;
    return [low - room, high + room];
  }

  /** Return the moment that a range starts. */
  function since(range, now) {
    if (range === "YTD") return new Date(new Date(now).getFullYear(), 0, 1).toISOString();
    return range in RANGES ? new Date(now - RANGES[range]).toISOString() : new Date(0).toISOString();
  }

  /** Fetch the accounts' lines for a range. */
  async function load(range) {
    const accounts = af.portfolio_store.inView(af.stream_link.store).map((one) => one.accountId);
    const from = since(range, Date.now());
    const lines = await Promise.all(accounts.map(async (id) => {
      const query = `accountId=${encodeURIComponent(id)}&since=${encodeURIComponent(from)}&points=${POINTS}`;
      return af.charts.history(await af.backup_polling.getJson(`/api/equity?${query}`));
    }));
    return af.charts.combine(lines.length ? lines : [{ points: [], gaps: [] }]);
  }

  /** Fetch and show a range; an answer that comes late is dropped. */
  async function show(range) {
    state.range = range;
    const key = (state.key = `${range}:${af.stream_link.store.selected}:${Date.now()}`);
    for (const tab of document.querySelectorAll("[data-range]")) {
      tab.setAttribute("aria-pressed", String(tab.dataset.range === range));
    }
    state.loading = true;
    const line = await load(range).catch(() => null);
    if (state.key !== key) return;
    state.loading = false;
    document.getElementById("equity-frame")?.setAttribute("data-phase", line === null ? "error" : "rows");
    Object.assign(state, line ?? { points: [], gaps: [] });
    paint(af.stream_link.store, true);
  }

  /** Say whether a live line was left alone so long that only the server knows what came between. */
  function torn(points, at) {
    const last = points[points.length - 1];
    return Boolean(last?.live) && Date.parse(at) - Date.parse(last.x) > SILENT_MS;
  }

  /** Move the line's end and draw, every two seconds at most and only when seen. */
  function paint(store, now = false) {
    if (!document.getElementById(GRAPH) || (document.hidden && !now)) return;
    const figures = af.portfolio_store.figures(store);
    if (figures) {
      state.base = Number(figures.lastEquity) || null;
      const at = new Date(af.portfolio_store.serverNow(store, Date.now())).toISOString();
      if (!state.loading && torn(state.points, at)) return void show(state.range);
      extend(state.points, at, Number(figures.equity));
    }
    const wait = DRAW_EVERY_MS - (Date.now() - state.drawnAt);
    if (!now && wait > 0) {
      state.timer ??= setTimeout(() => draw(), wait);
      return;
    }
    draw();
  }

  /** Draw what is known. */
  function draw() {
    clearTimeout(state.timer);
    state.timer = null;
    state.drawnAt = Date.now();
    const words = { "1D": "against the last close" };
    const note = document.getElementById("equity-note");
    if (note) note.textContent = words[state.range] ?? "";
    if (state.points.length < 2) return;
    af.charts.draw(GRAPH, figure(state.points, state.gaps, state.base, state.range, af.charts.colors(), af.charts.layout));
  }

  let listening = false;

  /** Callback: the figure was put on the page. */
  function mount() {
    if (!listening) {
      listening = true;
      document.addEventListener("click", (event) => {
        const tab = event.target.closest("[data-range]");
        if (tab) show(tab.dataset.range);
      });
      addEventListener("alphaflow:theme", () => draw());
      addEventListener("alphaflow:account", () => document.getElementById(GRAPH) && show(state.range));
    }
    af.figure_export.listen();
    show("1D");
  }

  af.equity_figure = { extend, torn, figure, bounds, since, load, paint };
  globalThis.dash_clientside = Object.assign(globalThis.dash_clientside || {}, { equity_figure: { mount } });
})((globalThis.alphaflow = globalThis.alphaflow || {}));
