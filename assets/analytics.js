/** Equity, drawdown and P&L by symbol over a span. */
(function (af) {
  "use strict";

  const state = { range: "1M", key: "", points: [], gaps: [], symbols: [] };

  /**
   * Compute the drawdown: how far below the highest value so far.
   * @param {Array<{x: string, y: number}>} points oldest first
   * @returns {Array<{x: string, y: number}>} percent, zero or below
   */
  function drawdown(points) {
    let peak = -Infinity;
    return points.map(({ x, y }) => {
      peak = Math.max(peak, y);
      return { x, y: peak > 0 ? (100 * (y - peak)) / peak : 0 };
    });
  }

  /** Sum up a span: change, the deepest drawdown, best and worst day. */
  function summary(points) {
    if (points.length < 2) return null;
    const first = points[0].y;
    const last = points[points.length - 1].y;
    const falls = drawdown(points);
    const deepest = falls.reduce((a, b) => (b.y < a.y ? b : a));
    return {
      change: last - first, percent: first ? (100 * (last - first)) / first : 0, drawdown: deepest.y,
      drawdownAt: deepest.x, high: Math.max(...points.map((p) => p.y)), now: falls[falls.length - 1].y,
    };
  }

  /** Add P&L rows of several accounts up by symbol, largest first. */
  function bySymbol(lists) {
    const sums = new Map();
    for (const row of lists.flat()) {
      const old = sums.get(row.symbol) ?? { symbol: row.symbol, realized: "0", unrealized: "0" };
      sums.set(row.symbol, {
        symbol: row.symbol,
        realized: af.decimal.sum([old.realized, row.realizedPnl ?? row.realized]),
        unrealized: af.decimal.sum([old.unrealized, row.unrealizedPnl ?? row.unrealized]),
      });
    }
    return [...sums.values()]
      .map((row) => ({ ...row, total: af.decimal.sum([row.realized, row.unrealized]) }))
      .sort((a, b) => af.decimal.compare(a.total, b.total));
  }

  /** Make the equity figure, open where nothing was recorded. */
  function equityFigure(points, gaps, c) {
    const shown = af.charts.thin(points, 1200);
    const low = Math.min(...shown.map((p) => p.y));
    const high = Math.max(...shown.map((p) => p.y));
    const room = (high - low || 1) * 0.1;
    return {
      data: [{ ...af.charts.line(af.charts.cut(shown, gaps)), name: "Equity", mode: "lines", connectgaps: false,
        line: { color: c.accent, width: 2 }, hovertemplate: "%{y:$,.2f}<extra></extra>" }],
      layout: af.charts.layout({ xaxis: { type: "date" }, yaxis: { range: [low - room, high + room] } }),
    };
  }

  /** Make the drawdown figure, open where nothing was recorded. */
  function drawdownFigure(points, gaps, c) {
    const pieces = af.charts.cut(af.charts.thin(drawdown(points), 1200), gaps);
    return {
      data: [
        { ...af.charts.area(pieces, 0), mode: "lines", meta: "guide", line: { width: 0 }, hoverinfo: "skip",
          fill: "tozeroy", fillcolor: c["loss-soft"] },
        { ...af.charts.line(pieces), name: "Drawdown", mode: "lines", connectgaps: false,
          line: { color: c.loss, width: 1.5 }, hovertemplate: "%{y:.2f}%<extra></extra>" },
      ],
      layout: af.charts.layout({ xaxis: { type: "date" }, yaxis: { tickformat: ".2f", ticksuffix: "%", rangemode: "tozero" } }),
    };
  }

  /** Make the P&L bars: realised and unrealised, one line per symbol. */
  function symbolFigure(rows, c) {
    const names = rows.map((row) => row.symbol);
    const bar = (name, key, tone) => ({
      type: "bar", orientation: "h", name, y: names, x: rows.map((row) => Number(row[key])),
      marker: { color: tone }, hovertemplate: `${name} %{x:$,.2f}<extra></extra>`,
    });
    return {
      data: [bar("Realised", "realized", c.muted), bar("Unrealised", "unrealized", c.accent)],
      layout: af.charts.layout({
        barmode: "relative", bargap: 0.45, showlegend: true, hovermode: "y unified",
        legend: { orientation: "h", x: 0, y: 1.06, yanchor: "bottom", font: { color: c.muted } },
        margin: { l: 76, r: 20, t: 32, b: 28 },
        xaxis: { tickformat: "$,.0f", tickformatstops: [], showgrid: true, zeroline: true, zerolinecolor: c.muted },
        yaxis: { side: "left", tickformat: "", showgrid: false, type: "category" },
      }),
    };
  }

  /** Write a figure of the summary. */
  function write(id, text, tone) {
    const element = document.getElementById(id);
    if (!element) return;
    element.textContent = text;
    delete element.dataset.loading;
    if (tone) element.dataset.tone = tone;
  }

  /** Write the key figures of the span. */
  function paintSummary() {
    const sum = summary(state.points);
    const f = af.format;
    write("span-change", sum ? f.signedMoney(sum.change.toFixed(2)) : f.DASH, f.direction(sum?.change.toFixed(2)));
    write("span-percent", sum ? f.signedPercent(sum.percent.toFixed(4)) : f.DASH, f.direction(sum?.percent.toFixed(4)));
    write("span-drawdown", sum ? f.signedPercent(sum.drawdown.toFixed(4)) : f.DASH);
    write("span-now", sum ? f.signedPercent(sum.now.toFixed(4)) : f.DASH);
    write("span-high", sum ? f.money(sum.high.toFixed(2)) : f.DASH);
  }

  /** Draw everything known. */
  function draw() {
    const c = af.charts.colors();
    paintSummary();
    phase("analytics-equity", state.points.length > 1);
    phase("analytics-drawdown", state.points.length > 1);
    phase("analytics-symbols", state.symbols.length > 0);
    if (state.points.length > 1) {
      af.charts.draw("analytics-equity", equityFigure(state.points, state.gaps, c));
      af.charts.draw("analytics-drawdown", drawdownFigure(state.points, state.gaps, c));
    }
    if (state.symbols.length) af.charts.draw("analytics-symbols", symbolFigure(state.symbols, c));
  }

  /** Show a chart, or the words that stand for its absence. */
  function phase(id, there) {
    document.getElementById(id)?.closest("[data-phase]")?.setAttribute("data-phase", there ? "rows" : "empty");
  }

  /** Fetch P&L by symbol of every account in view. */
  async function loadSymbols(since) {
    const accounts = af.portfolio_store.inView(af.stream_link.store);
    return bySymbol(await Promise.all(accounts.map(async ({ accountId }) => {
      const query = `accountId=${encodeURIComponent(accountId)}&since=${encodeURIComponent(since)}`;
      return af.backup_polling.listOf(await af.backup_polling.getJson(`/api/pnl-by-symbol?${query}`), "symbols");
    })));
  }

  /** Fetch and show a span; a late answer is dropped. */
  async function show(range) {
    if (!document.getElementById("analytics-equity")) return;
    state.range = range;
    const key = (state.key = `${range}:${Math.random()}`);
    for (const tab of document.querySelectorAll("[data-span]")) {
      tab.setAttribute("aria-pressed", String(tab.dataset.span === range));
    }
    const since = af.equity_figure.since(range, Date.now());
    const [line, symbols] = await Promise.all([
      af.equity_figure.load(range).catch(() => ({ points: [], gaps: [] })), loadSymbols(since).catch(() => []),
    ]);
    if (state.key === key) {
      Object.assign(state, line, { symbols });
      draw();
    }
  }

  let listening = false;

  /** Callback: the page was put in place. */
  function mount() {
    if (!listening) {
      listening = true;
      document.addEventListener("click", (event) => {
        const tab = event.target.closest("[data-span]");
        if (tab) show(tab.dataset.span);
      });
      addEventListener("alphaflow:theme", () => document.getElementById("analytics-equity") && draw());
      addEventListener("alphaflow:account", () => show(state.range));
    }
    af.figure_export.listen();
    show("1M");
  }

  af.analytics = { drawdown, summary, bySymbol, equityFigure, drawdownFigure };
  globalThis.dash_clientside = Object.assign(globalThis.dash_clientside || {}, { analytics: { mount } });
})((globalThis.alphaflow = globalThis.alphaflow || {}));
