/** The stream's health: key figures with their limits, charts on one time axis, connections. */
(function (af) {
  "use strict";

  const EVERY_MS = 2000;
  const GRID = "connections-grid";
  const GRAPH = "stream-graph";
  let table = null;
  const state = { own: [], history: [], last: null, timer: null, historyMissing: false };

  /** Fetch JSON, null where that can't be had. */
  const ask = (url) => af.backup_polling.getJson(url).catch((error) => ({ failed: error.message }));

  /** Write text with a tone. */
  function write(id, text, tone) {
    const element = document.getElementById(id);
    if (!element) return;
    if (element.textContent !== text) element.textContent = text;
    if (tone) element.dataset.health = tone;
    delete element.dataset.loading;
  }

  /** Write a number with thousands separators. */
  const count = (value, places = 0) => (value === null || value === undefined ? af.format.DASH : af.format.number(Number(value).toFixed(6), places));

  /** Paint the key figures. */
  function paintFigures(stats, row) {
    const tone = (name, value) => af.stream_samples.tone(name, value, stats);
    const limits = stats.limits ?? {};
    write("stat-status", stats.status, { healthy: "good", degraded: "bad", offline: "none", disabled: "warning" }[stats.status]);
    write("stat-uptime", `up ${stats.uptime?.formatted ?? af.format.DASH}`);
    write("stat-connections", count(row.connections), tone("connections", row.connections));
    write("stat-connections-limit", `of ${count(limits.maxTotalConnections)}, ${count(limits.maxConnectionsPerUser)} per user`);
    write("stat-messages", count(row.messages, 1));
    write("stat-messages-total", `${count(stats.totalMessagesDelivered)} in total`);
    write("stat-events", count(row.events, 1));
    write("stat-events-total", `${count(stats.totalEventsEmitted)} in total`);
    write("stat-efficiency-note", `${stats.performance?.batchEfficiency ?? af.format.DASH} since the start`);
    write("stat-efficiency", row.efficiency === null ? af.format.DASH : `${count(100 * row.efficiency, 1)}%`, tone("efficiency", row.efficiency));
    write("stat-p95", row.p95 === null ? af.format.DASH : `${count(row.p95)} ms`, tone("p95", row.p95));
    write("stat-p95-note", `p50 ${count(row.p50)} \u00b7 p99 ${count(row.p99)} \u00b7 limit 500`);
    write("stat-disconnects", `${count(row.disconnects, 2)}/min`, tone("disconnects", row.disconnects));
    write("stat-disconnects-note", `${count(stats.totalDisconnects)} ended, ${count(stats.totalReconnects)} came back`);
    write("stat-drift", count(stats.performance?.driftCorrections ?? 0), stats.performance?.driftCorrections ? "warning" : "good");
    paintHops(stats.performance?.latencyMs?.byHop ?? {});
  }

  /** Paint latency by hop. */
  function paintHops(hops) {
    const host = document.getElementById("latency-hops");
    if (!host) return;
    const rows = Object.entries(hops).map(([hop, ms]) => [hop, ms.p50, ms.p95, ms.p99]);
    host.closest("section").hidden = !rows.length;
    host.replaceChildren(...[["Hop", "p50", "p95", "p99"], ...rows].map((cells, i) => {
      const line = document.createElement("tr");
      line.append(...cells.map((text, j) => {
        const cell = document.createElement(i ? (j ? "td" : "th") : "th");
        cell.textContent = i && j ? `${count(text)} ms` : String(text).replaceAll("_", " ");
        return cell;
      }));
      return line;
    }));
  }

  const ROWS = [
    { title: "Connections", lines: [["Connections", "connections", "accent"]], format: ",.0f", least: 4 },
    { title: "Per second", lines: [["Events/s", "events", "muted"], ["Messages/s", "messages", "accent"]], format: ",.0f" },
    { title: "Batch efficiency", lines: [["Efficiency", "efficiency", "gain"]], format: ".0%", limit: 0.95, least: 1 },
    { title: "Latency, broker to screen", lines: [["p99", "p99", "loss"], ["p95", "p95", "warning"], ["p50", "p50", "accent"]], format: ",.0f", suffix: " ms", limit: 500 },
    { title: "Disconnects per minute", lines: [["Disconnects/min", "disconnects", "warning"]], format: ",.1f" },
  ];

  /** Make the charts: one figure, one time axis, one band per metric. */
  function figure(samples, c, layout) {
    const x = samples.map((row) => af.charts.local(row.x));
    const gap = 0.07;
    const height = (1 - gap * ROWS.length) / ROWS.length;
    const parts = { annotations: [], data: [] };
    const axes = {};
    ROWS.forEach((row, i) => {
      const axis = i ? `y${i + 1}` : "y";
      const top = 1 - i * (height + gap) - gap * 0.6;
      const base = layout().yaxis;
      axes[`yaxis${i ? i + 1 : ""}`] = { ...base, domain: [top - height, top], tickformat: row.format, ticksuffix: row.suffix ?? "", nticks: 4, rangemode: "tozero", ...(row.least ? { range: [0, Math.max(row.least, 1.15 * Math.max(0, ...samples.map((one) => one[row.lines[0][1]] ?? 0)))] } : {}) };
      for (const [name, key, tone] of row.lines) {
        parts.data.push({ x, y: samples.map((one) => one[key]), name, yaxis: axis, mode: "lines", connectgaps: false, line: { color: c[tone], width: 1.6 }, hovertemplate: `${name} %{y:${row.format}}${row.suffix ?? ""}<extra></extra>` });
      }
      if (row.limit) parts.data.push({ x: x.length ? [x[0], x[x.length - 1]] : [], y: [row.limit, row.limit], yaxis: axis, mode: "lines", meta: "guide", hoverinfo: "skip", line: { color: c.muted, width: 1, dash: "dot" } });
      parts.annotations.push({ text: title(row, c), xref: "paper", yref: "paper", x: 0, y: top + 0.012, xanchor: "left", yanchor: "bottom", showarrow: false, font: { size: 12, color: c.text } });
    });
    return {
      data: parts.data,
      layout: layout({ ...axes, annotations: parts.annotations, xaxis: { type: "date", anchor: `y${ROWS.length}` }, margin: { l: 16, r: 72, t: 8, b: 30 } }),
    };
  }

  /** Write a band's title with its lines' colours. */
  function title(row, c) {
    if (row.lines.length === 1) return row.title;
    return row.title + row.lines.map(([name, , tone]) => `   <span style="color:${c[tone]}">\u2501 ${name}</span>`).join("");
  }

  /** Make a row of a connection. */
  function connectionRow(one) {
    return {
      id: one.connectionId, user: one.userName ?? one.userId, since: one.connectedAt ?? "",
      accounts: (one.accounts ?? []).join(", "), channels: (one.channels ?? []).join(", "),
      messages: String(one.messages ?? ""), events: String(one.events ?? ""),
      latency: one.latencyMs ?? null, backlog: String(one.backlogBytes ?? 0),
    };
  }

  /** Fall back on the counts by user where single connections aren't told. */
  function byUser(stats) {
    return Object.entries(stats.connectionsByUser ?? {}).map(([user, n]) => ({ connectionId: user, userId: user, channels: [`${n} connection${n === 1 ? "" : "s"}`] }));
  }

  /** Paint everything that one reading brought. */
  function paint(stats, connections) {
    if (stats.failed) {
      write("stat-status", "unreachable", "bad");
      return;
    }
    const row = af.stream_samples.fromStats(stats, state.last);
    if (state.last?.timestamp !== stats.timestamp) state.own = [...state.own, row].slice(-af.stream_samples.KEEP);
    state.last = stats;
    const series = af.stream_samples.joined(state.history, state.own);
    // a first reading knows no rates yet: the newest that are known stand in
    const known = { ...row };
    for (const name of ["messages", "events"]) known[name] ??= series.findLast((one) => one[name] !== null)?.[name] ?? null;
    paintFigures(stats, known);
    if (series.length > 1) af.charts.draw(GRAPH, figure(series, af.charts.colors(), af.charts.layout));
    const list = af.backup_polling.listOf(connections, "connections");
    table.show((Array.isArray(list) && list.length ? list : byUser(stats)).map(connectionRow));
    af.grid.phase(GRID, table.shown.size ? "rows" : "empty");
  }

  /** Read everything once. */
  async function read() {
    const [stats, history, connections] = await Promise.all([
      ask("/api/admin/websocket-stats"),
      state.historyMissing ? null : ask("/api/admin/stream-history"),
      ask("/api/admin/connections"),
    ]);
    if (history?.failed) state.historyMissing = true;
    else if (history) state.history = listOfHistory(history).map(af.stream_samples.fromHistory).filter((row) => row.x);
    paint(stats, connections);
  }

  /** Take the points out of the history's answer. */
  function listOfHistory(history) {
    return history.samples ?? [];
  }

  /** Read again and again while the page is open and seen. */
  async function loop() {
    clearTimeout(state.timer);
    if (!document.getElementById("stream-page")) return;
    if (!document.hidden) await read().catch((error) => console.error(error));
    state.timer = setTimeout(loop, EVERY_MS);
  }

  /** Callback: the page was put in place. */
  function mount() {
    table ??= af.grid.mirror(GRID);
    table.reset();
    state.historyMissing = false;
    af.figure_export.listen();
    af.grid.whenReady(GRID, () => undefined);
    loop();
  }

  af.admin_stream = { figure, connectionRow };
  globalThis.dash_clientside = Object.assign(globalThis.dash_clientside || {}, { admin_stream: { mount } });
})((globalThis.alphaflow = globalThis.alphaflow || {}));
