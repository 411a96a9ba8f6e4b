/**
 * The stream's figures over time, pure: readings of websocket-stats become rates, the server's
 * history the same rows, both one series for the charts.
 */
(function (af) {
  "use strict";

  const KEEP = 900; // half an hour at one reading per two seconds

  /** Return the first of several names that a row has as a number. */
  function pick(row, ...names) {
    for (const name of names) {
      const value = name.split(".").reduce((at, part) => at?.[part], row);
      if (value !== undefined && value !== null && Number.isFinite(Number(value))) return Number(value);
    }
    return null;
  }

  /** Make a row of one point of the server's history. */
  function fromHistory(row) {
    return {
      x: row.at, connections: pick(row, "connections"), messages: pick(row, "messagesPerSecond"),
      events: pick(row, "eventsPerSecond"), efficiency: pick(row, "efficiency"),
      disconnects: pick(row, "disconnectsPerMinute"), p50: pick(row, "p50"), p95: pick(row, "p95"),
      p99: pick(row, "p99"),
    };
  }

  /** Make a row of a reading; rates come from the one before it. */
  function fromStats(stats, before) {
    const seconds = before ? (Date.parse(stats.timestamp) - Date.parse(before.timestamp)) / 1000 : 0;
    const rate = (name) => {
      const more = stats[name] - (before?.[name] ?? 0);
      // totals start again with the server
      return seconds > 0 && more >= 0 ? more / seconds : null;
    };
    const performance = stats.performance ?? {};
    return {
      x: stats.timestamp, connections: stats.activeConnections,
      messages: pick(performance, "messagesPerSecond") ?? rate("totalMessagesDelivered"),
      events: pick(performance, "eventsPerSecond") ?? rate("totalEventsEmitted"),
      efficiency: pick(performance, "recentEfficiencyRaw", "batchEfficiencyRaw"),
      disconnects: pick(performance, "disconnectRatePerMinute"),
      p50: pick(performance, "latencyMs.p50"), p95: pick(performance, "latencyMs.p95"), p99: pick(performance, "latencyMs.p99"),
    };
  }

  /** Put the server's history and this page's own readings into one series, each moment once. */
  function joined(history, own) {
    const last = history.length ? Date.parse(history[history.length - 1].x) : -Infinity;
    return [...history, ...own.filter((row) => Date.parse(row.x) > last)].slice(-KEEP);
  }

  /**
   * Judge a figure against its limit.
   * @returns {"good"|"warning"|"bad"|"none"}
   */
  function tone(name, value, stats) {
    if (value === null || value === undefined) return "none";
    const share = { connections: value / (stats.limits?.maxTotalConnections || Infinity) }[name];
    if (share !== undefined) return share >= 0.9 ? "bad" : share >= 0.7 ? "warning" : "good";
    if (name === "p95") return value > 1000 ? "bad" : value > 500 ? "warning" : "good";
    if (name === "efficiency") return value < 0.5 ? "warning" : "good";
    if (name === "disconnects") return value > 10 ? "bad" : value > 2 ? "warning" : "good";
    return "none";
  }

  af.stream_samples = { KEEP, fromHistory, fromStats, joined, tone, pick };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
