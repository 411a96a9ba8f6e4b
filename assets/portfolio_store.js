/**
 * What the page knows of every account: applies the stream's messages and REST answers,
 * each any number of times, newest wins. Pure: no DOM, no clock of its own.
 */
(function (af) {
  "use strict";

  const MAX_TRADES = 200;
  const MAX_CLOSED_ORDERS = 200;
  const FINAL = new Set(["filled", "canceled", "expired", "rejected", "replaced"]);

  /** Make an empty store. */
  function create() {
    return { accounts: {}, selected: "all", offsetMs: null, lastMessageAt: null };
  }

  /** Return an account's state, making it on first sight. */
  function account(store, accountId) {
    return (store.accounts[accountId] ??= {
      accountId, epoch: null, seq: null, positions: {}, orders: {}, trades: [], figures: null,
      silent: {}, loaded: false, receivedAt: null, touched: 0,
    });
  }

  /** Estimate how far this clock runs ahead of the server's: the smallest difference seen. */
  function learnOffset(store, timestamp, now) {
    const difference = now - Date.parse(timestamp);
    if (Number.isNaN(difference)) return;
    store.offsetMs = store.offsetMs === null ? difference : Math.min(store.offsetMs, difference);
  }

  /** Return the server's time as well as it is known here. */
  function serverNow(store, now) {
    return now - (store.offsetMs ?? 0);
  }

  /**
   * Judge whether a message follows what was applied (R11).
   * @returns {"apply"|"duplicate"|"gap"}
   */
  function judge(state, message) {
    if (message.type === "snapshot" || message.prevSeq === null) return "apply";
    if (state.epoch !== message.epoch || state.seq === null) return "gap";
    if (message.seq <= state.seq) return "duplicate";
    return message.prevSeq > state.seq ? "gap" : "apply";
  }

  /** Turn any account message into the shape of a batch. */
  function body(message) {
    const data = message.data ?? {};
    if (message.type === "position_update") return { positions: [data] };
    if (message.type === "order_update") return { orders: [data] };
    if (message.type === "account_update") return { account: data };
    if (message.type === "trade_executed") return { trades: [data] };
    return data;
  }

  /** Make the record of what one message changed. */
  function nothing(verdict, accountId) {
    return {
      verdict, accountId, snapshot: false, positions: [], removed: [], orders: [], trades: [],
      figures: false, notices: [],
    };
  }

  /** Put a position in, or take it out when it is closed. */
  function putPosition(state, position, effect) {
    const { symbol } = position;
    if (af.decimal.sign(position.quantity) === 0) {
      if (symbol in state.positions) effect.removed.push(symbol);
      delete state.positions[symbol];
      return;
    }
    effect.positions.push(symbol);
    state.positions[symbol] = position;
  }

  /** Say whether an order is newer than the one held: later, or equal and not less final. */
  function newer(held, order) {
    if (!held) return true;
    const before = Date.parse(held.updatedAt);
    const after = Date.parse(order.updatedAt);
    if (after !== before) return after > before;
    return !FINAL.has(held.status) || FINAL.has(order.status);
  }

  /** Put an order in when it is newer, noting what a trader wants to hear of. */
  function putOrder(state, order, effect, missed, quiet) {
    const held = state.orders[order.orderId];
    if (!newer(held, order)) return;
    state.orders[order.orderId] = order;
    effect.orders.push(order.orderId);
    const notice = quiet ? null : noticeOf(held, order);
    if (notice) effect.notices.push({ ...notice, missed });
  }

  /** Name what happened to an order between two states of it, if it is worth a toast. */
  function noticeOf(held, order) {
    const grew = af.decimal.compare(order.filledQty ?? "0", held?.filledQty ?? "0") > 0;
    if (order.status === "partially_filled" && grew) return { kind: "partial", order };
    if (held?.status === order.status) return null;
    const kinds = { filled: "filled", rejected: "rejected", canceled: "canceled", expired: "expired" };
    const kind = kinds[order.status];
    return kind ? { kind, order } : null;
  }

  /** Put trades in, once each by their id, newest first. */
  function putTrades(state, trades, effect) {
    const known = new Set(state.trades.map((trade) => trade.tradeId));
    const fresh = trades.filter((trade) => !known.has(trade.tradeId) && known.add(trade.tradeId));
    if (!fresh.length) return;
    effect.trades.push(...fresh);
    state.trades = [...fresh, ...state.trades]
      .sort((a, b) => Date.parse(b.executedAt) - Date.parse(a.executedAt))
      .slice(0, MAX_TRADES);
  }

  /** Forget the oldest closed orders beyond what a page shows. */
  function dropOldOrders(state) {
    const closed = Object.values(state.orders).filter((order) => FINAL.has(order.status));
    if (closed.length <= MAX_CLOSED_ORDERS) return;
    closed.sort((a, b) => Date.parse(b.updatedAt) - Date.parse(a.updatedAt));
    for (const order of closed.slice(MAX_CLOSED_ORDERS)) delete state.orders[order.orderId];
  }

  /** Take out positions that a complete list doesn't name. */
  function dropAbsent(state, positions, effect) {
    const present = new Set(positions.map((position) => position.symbol));
    for (const symbol of Object.keys(state.positions)) {
      if (present.has(symbol)) continue;
      delete state.positions[symbol];
      effect.removed.push(symbol);
    }
  }

  /** Apply lists; shared by messages and REST answers. */
  function put(state, lists, effect, { complete, missed, quiet }) {
    const late = new Set((lists.trades ?? []).filter((t) => t.missed).map((t) => t.orderId));
    if (complete && lists.positions) dropAbsent(state, lists.positions, effect);
    for (const position of lists.positions ?? []) putPosition(state, position, effect);
    for (const order of lists.orders ?? []) {
      putOrder(state, order, effect, missed || late.has(order.orderId), quiet);
    }
    putTrades(state, lists.trades ?? [], effect);
    if (lists.account) {
      state.figures = lists.account;
      effect.figures = true;
    }
    dropOldOrders(state);
  }

  /**
   * Apply one account message.
   * @param {object} store from create()
   * @param {object} message the parsed envelope
   * @param {number} now this clock, ms
   * @returns {object} the effect: verdict and what changed
   */
  function apply(store, message, now) {
    const state = account(store, message.accountId);
    learnOffset(store, message.timestamp, now);
    store.lastMessageAt = now;
    const verdict = judge(state, message);
    const effect = nothing(verdict, message.accountId);
    if (verdict !== "apply") return effect;
    const complete = message.type === "snapshot";
    effect.snapshot = complete;
    // the first snapshot is the state of the world, not news; a later one tells what was missed
    const away = complete && state.loaded;
    put(state, body(message), effect, { complete, missed: away, quiet: complete && !state.loaded });
    Object.assign(state, { epoch: message.epoch, seq: message.seq, receivedAt: now });
    state.loaded = state.loaded || complete;
    state.touched += 1;
    return effect;
  }

  /**
   * Merge a complete REST answer (backup polling, or reconciliation).
   * @param {{positions?, orders?, trades?, account?}} lists
   */
  function merge(store, accountId, lists, now) {
    const state = account(store, accountId);
    const effect = nothing("apply", accountId);
    effect.snapshot = !state.loaded;
    put(state, lists, effect, { complete: true, missed: false, quiet: !state.loaded });
    state.loaded = true;
    state.receivedAt = now;
    store.lastMessageAt = now;
    state.touched += 1;
    return effect;
  }

  /**
   * Count what a REST answer says differently where both should agree (R10).
   * Prices move between the two readings, so only quantities, entries and statuses are compared.
   * @returns {string[]} one line per difference
   */
  function differences(state, lists) {
    const found = [];
    const theirs = Object.fromEntries((lists.positions ?? []).map((p) => [p.symbol, p]));
    for (const symbol of new Set([...Object.keys(theirs), ...Object.keys(state.positions)])) {
      const a = state.positions[symbol];
      const b = theirs[symbol];
      const same = a && b && af.decimal.compare(a.quantity, b.quantity) === 0
        && af.decimal.compare(a.entryPrice, b.entryPrice) === 0;
      if (!same) found.push(`position ${symbol}`);
    }
    for (const order of lists.orders ?? []) {
      const held = state.orders[order.orderId];
      if (newer(held, order) && held?.status !== order.status) found.push(`order ${order.orderId}`);
    }
    return found;
  }

  /** Return what to send as `resume`: the last position applied, per account. */
  function resume(store) {
    const at = {};
    for (const [id, state] of Object.entries(store.accounts)) {
      if (state.seq !== null) at[id] = { epoch: state.epoch, seq: state.seq };
    }
    return at;
  }

  /** Return the accounts in view: the selected one, or all. */
  function inView(store) {
    const all = Object.values(store.accounts);
    return store.selected === "all" ? all : all.filter((a) => a.accountId === store.selected);
  }

  const SUMMED = [
    "equity", "lastEquity", "buyingPower", "cash", "portfolioValue", "longMarketValue",
    "shortMarketValue", "dayPnl", "realizedPnlToday",
  ];

  /** Return the figures in view, summed over its accounts; null before the first arrive. */
  function figures(store) {
    const states = inView(store);
    const known = states.map((state) => state.figures).filter(Boolean);
    // a sum without an account that is still on its way would read as a loss
    if (!known.length || states.some((state) => !state.loaded && !state.figures)) return null;
    const total = {};
    for (const name of SUMMED) total[name] = af.decimal.sum(known.map((f) => f[name]));
    const last = Number(total.lastEquity);
    total.dayPnlPercent = last ? String((100 * Number(total.dayPnl)) / last) : "0";
    if (known.length === 1) total.dayPnlPercent = known[0].dayPnlPercent ?? total.dayPnlPercent;
    total.unrealizedPnl = af.decimal.sum(positions(store).map((p) => p.unrealizedPnl));
    return total;
  }

  /** Return the positions in view, each with its account. */
  function positions(store) {
    return inView(store).flatMap((state) =>
      Object.values(state.positions).map((p) => ({ ...p, accountId: state.accountId })));
  }

  /** Return the orders in view, newest first. */
  function orders(store) {
    return inView(store)
      .flatMap((state) => Object.values(state.orders).map((o) => ({ ...o, accountId: state.accountId })))
      .sort((a, b) => Date.parse(b.submittedAt) - Date.parse(a.submittedAt));
  }

  /** Return the trades in view, newest first. */
  function trades(store) {
    return inView(store)
      .flatMap((state) => state.trades.map((t) => ({ ...t, accountId: state.accountId })))
      .sort((a, b) => Date.parse(b.executedAt) - Date.parse(a.executedAt));
  }

  af.portfolio_store = {
    FINAL, create, account, judge, apply, merge, differences, resume, inView, figures, positions,
    orders, trades, serverNow, learnOffset, noticeOf,
  };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
