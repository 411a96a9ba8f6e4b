/**
 * The session's line of each symbol: past prices over REST, its end moved by the stream. In a market
 * that never closes the session is the last 24 hours. A replayed tape has no past: its lines begin
 * with the first tick.
 */
(function (af) {
  "use strict";

  const MINUTE_MS = 60000;
  const HOUR_MS = 60 * MINUTE_MS;
  const DAY_MS = 24 * HOUR_MS;
  const NIGHT_MS = 4 * HOUR_MS; // no trade for so long: another session
  const LIVE_STEP_MS = 2000;
  const DRAW_EVERY_MS = 2000;
  const MOST_POINTS = 120;
  const ASK_AGAIN_MS = 5 * MINUTE_MS;
  const AT_ONCE = 50;
  const WAIT_MS = 20;
  const SYMBOL = /^[A-Z][A-Z0-9.]{0,9}(\/[A-Z]{3,5})?$/;
  const lines = new Map();
  const pending = { wanted: [], timer: null };

  /** Return a symbol's line, making it on first sight. */
  function line(symbol) {
    if (!lines.has(symbol)) lines.set(symbol, { step: LIVE_STEP_MS, points: [], path: "", drawnAt: 0, askAt: 0 });
    return lines.get(symbol);
  }

  /**
   * Move a line's end: within a step the last point moves, after it a new one follows.
   * @param {{step: number, points: Array<{x: number, y: number}>}} one changed in place
   * @param {number} at the price's own time, ms
   */
  function add(one, at, price) {
    if (!Number.isFinite(at) || !Number.isFinite(price)) return;
    const x = Math.floor(at / one.step) * one.step;
    const last = one.points[one.points.length - 1];
    if (last && x < last.x) return;
    if (last?.x === x) last.y = price;
    else one.points.push({ x, y: price });
    if (one.points.length > MOST_POINTS) coarsen(one);
  }

  /** Halve the points: each step becomes two, its last price counts. */
  function coarsen(one) {
    one.step *= 2;
    const bySteps = new Map(one.points.map(({ x, y }) => [Math.floor(x / one.step) * one.step, y]));
    one.points = [...bySteps].map(([x, y]) => ({ x, y }));
  }

  /** Keep the last session: what follows the last night, and no more than a day. */
  function session(points) {
    const last = points[points.length - 1];
    const night = points.findLastIndex(({ x }, i) => i > 0 && x - points[i - 1].x >= NIGHT_MS);
    return points.slice(Math.max(0, night)).filter(({ x }) => last.x - x <= DAY_MS);
  }

  /** Put the past before what was seen live. */
  function join(one, step, past) {
    const live = one.points;
    Object.assign(one, { step, points: session(past), drawnAt: 0 });
    for (const { x, y } of live) add(one, x, y);
  }

  /**
   * Say how far back a market's session reaches.
   * @param {"us_equity"|"crypto"} assetClass
   * @param {object|null} clock the market's hours
   * @returns {{since: number, step: number, timeframe: string}}
   */
  function reach(assetClass, clock, now) {
    const wide = { step: 15 * MINUTE_MS, timeframe: "15Min" };
    if (assetClass === "crypto") return { since: now - DAY_MS, ...wide };
    const close = Date.parse(clock?.nextClose);
    const open = af.freshness.isOpen(clock, assetClass, now);
    if (open && close - now > 0 && close - now < DAY_MS) {
      // a session with its early hours; the night before is longer than what is left of 12 hours
      return { since: close - 12 * HOUR_MS, step: 5 * MINUTE_MS, timeframe: "5Min" };
    }
    return { since: now - (open ? DAY_MS : 4 * DAY_MS), ...wide };
  }

  /** Take a position's price in and ask for its past when that isn't known. */
  function see(position, context) {
    const one = line(position.symbol);
    const at = Date.parse(position.priceAt);
    const last = one.points[one.points.length - 1];
    const torn = !last || at - last.x > 3 * one.step;
    const known = af.shell?.session()?.feed !== "tape" && position.assetClass !== "us_option" && SYMBOL.test(position.symbol);
    if (torn && known && context.now >= one.askAt) {
      one.askAt = context.now + ASK_AGAIN_MS;
      pending.wanted.push({ ...position, ...reach(position.assetClass, context.clock, context.now) });
      pending.timer ??= setTimeout(askAll, WAIT_MS);
    }
    add(one, at, Number(position.currentPrice));
  }

  /** Ask for what was wanted, positions of one account and market together. */
  async function askAll() {
    pending.timer = null;
    const groups = new Map();
    for (const one of pending.wanted.splice(0)) {
      const key = `${one.accountId} ${one.timeframe} ${one.since}`;
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    for (const group of groups.values()) {
      for (let i = 0; i < group.length; i += AT_ONCE) await ask(group.slice(i, i + AT_ONCE));
    }
  }

  /** Ask once; a line that has no past goes on from what is seen. */
  async function ask(group) {
    const { accountId, timeframe, since, step } = group[0];
    const asked = { accountId, timeframe, since: new Date(since).toISOString(), symbols: group.map((one) => one.symbol).join(",") };
    const query = Object.entries(asked).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
    try {
      const { bars } = await af.backup_polling.getJson(`/api/bars?${query}`);
      for (const { symbol } of group) {
        const past = (bars[symbol] ?? []).map((bar) => ({ x: Date.parse(bar.at), y: Number(bar.close) }));
        if (past.length > 1) join(line(symbol), step, past);
      }
    } catch {
      // asked again in a while
    }
  }

  /**
   * Draw prices as an SVG path in a 72 × 22 box.
   * @param {number[]} prices oldest first
   * @returns {string} path data, empty below two points
   */
  function path(prices) {
    if (prices.length < 2) return "";
    const low = Math.min(...prices);
    const span = Math.max(...prices) - low || 1;
    const step = 72 / (prices.length - 1);
    return prices
      .map((p, i) => `${i ? "L" : "M"}${(i * step).toFixed(1)} ${(20 - (18 * (p - low)) / span).toFixed(1)}`)
      .join("");
  }

  /** Return a symbol's line to draw, renewed every two seconds at most. */
  function drawn(symbol, now) {
    const one = line(symbol);
    if (now - one.drawnAt >= DRAW_EVERY_MS) {
      const prices = one.points.map(({ y }) => y);
      one.path = path(prices);
      one.tone = prices[prices.length - 1] < prices[0] ? "loss" : "gain";
      one.drawnAt = now;
    }
    return { spark: one.path, sparkUp: one.tone };
  }

  af.sparklines = { add, session, join, reach, see, path, drawn, line };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
