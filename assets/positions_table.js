/**
 * The live positions table: one row per account and symbol, updated by transactions, the P&L cell
 * animated on a change (U2), the session's sparkline, the row's freshness beside it (U3).
 */
(function (af) {
  "use strict";

  const GRID = "positions-grid";
  const FLASH_MS = 500;
  const phone = globalThis.matchMedia?.("(max-width: 720px)");
  // on a phone the symbol's cell has a second line of figures
  const table = af.grid.mirror(GRID, () => ({
    symbol: phone?.matches ? ["kind", "quantity", "value", "badge", "badgeText"] : ["kind"], quantity: ["places"],
    dayPnl: ["dayPercent"], weight: ["bar"], pnl: ["pnlPercent"], spark: ["sparkUp"], badge: ["badgeText", "late"],
  }));
  const flashed = new Map();

  /** Return an id that survives every update. */
  function rowId(position) {
    return `${position.accountId}:${position.symbol}`;
  }

  /** Return the day's change in percent of what the holding was worth at the last close. */
  function dayPercent(position) {
    const base = Math.abs(Number(position.marketValue) - Number(position.intradayPnl));
    return base ? String((100 * Number(position.intradayPnl)) / base) : "0";
  }

  /** Make a grid row of a position. */
  function row(position, total, store, context) {
    const id = rowId(position);
    const fresh = af.freshness.ofPosition(store, position, context);
    const weight = total ? (100 * Math.abs(Number(position.marketValue))) / total : 0;
    return {
      id, accountId: position.accountId, account: af.shell?.accountName(position.accountId) ?? "",
      symbol: position.symbol, kind: kind(position), quantity: position.quantity,
      price: position.currentPrice, entry: position.entryPrice, dayPnl: position.intradayPnl,
      dayPercent: dayPercent(position), value: position.marketValue, weight: weight.toFixed(1),
      pnl: position.unrealizedPnl, pnlPercent: position.unrealizedPnlPercent,
      cost: position.costBasis, ...af.sparklines.drawn(position.symbol, context.now),
      badge: fresh.state, badgeText: af.freshness.text(fresh), late: fresh.late,
    };
  }

  const CLASSES = { crypto: "Crypto", us_option: "Option" };

  /** Say what is held: its name, or its class while the name isn't known; whether it is short; the strategy. */
  function kind(position) {
    const what = af.asset_names.of(position.symbol) || CLASSES[position.assetClass] || "Stock";
    // first, as a long name is cut off at its end
    const short = position.side === "short" ? "Short" : "";
    return [short, what, position.strategyId].filter(Boolean).join(" \u00b7 ");
  }

  /** Make all rows in view. */
  function rows(store, context) {
    const held = af.portfolio_store.positions(store);
    const total = Number(af.portfolio_store.figures(store)?.equity ?? 0);
    for (const position of held) {
      af.sparklines.see(position, context);
      af.asset_names.want([position.symbol], position.accountId);
    }
    const list = held.map((position) => row(position, total, store, context));
    const widest = Math.max(...list.map((one) => Number(one.weight)), 1);
    for (const one of list) one.bar = Math.round((100 * Number(one.weight)) / widest);
    return list;
  }

  /** Make the totals row. */
  function totals(list) {
    const value = af.decimal.sum(list.map((r) => r.value));
    const pnl = af.decimal.sum(list.map((r) => r.pnl));
    const day = af.decimal.sum(list.map((r) => r.dayPnl));
    const cost = list.reduce((n, r) => n + Math.abs(Number(r.cost)), 0);
    return {
      id: "total", symbol: "Total", total: true, value, pnl, dayPnl: day,
      pnlPercent: cost ? String((100 * Number(pnl)) / cost) : "0",
      weight: list.reduce((n, r) => n + Number(r.weight), 0).toFixed(1),
    };
  }

  /**
   * Decide which P&L cells move: those whose value changed, at most once per span each.
   * @returns {Array<{id: string, up: boolean}>}
   */
  function moves(before, updates, lastAt, now, spanMs) {
    return updates.flatMap((after) => {
      const old = before.get(after.id);
      const change = old ? af.decimal.compare(after.pnl, old) : 0;
      if (!change || now - (lastAt.get(after.id) ?? -Infinity) < spanMs) return [];
      lastAt.set(after.id, now);
      return [{ id: after.id, up: change > 0 }];
    });
  }

  /** Let a cell flash; the class goes when its animation has run. */
  function flash({ id, up }) {
    const cell = document.querySelector(`#${GRID} [row-id="${CSS.escape(id)}"] [col-id="pnl"]`);
    if (!cell) return;
    cell.classList.add(up ? "pnl-up" : "pnl-down");
    setTimeout(() => cell.classList.remove("pnl-up", "pnl-down"), FLASH_MS);
  }

  /** Bring the table up to date. */
  function paint(store) {
    const context = af.freshness.context();
    const list = rows(store, context);
    const before = new Map([...table.shown].map(([id, shown]) => [id, shown.pnl]));
    const places = Math.max(0, ...list.map((r) => af.format.decimals(af.format.quantity(r.quantity))));
    for (const one of list) one.places = places;
    const change = table.show(list);
    if (!change) return;
    const loaded = Object.values(store.accounts).some((state) => state.loaded);
    af.grid.phase(GRID, list.length ? "rows" : loaded ? "empty" : "loading");
    paintTotals(list);
    const span = Math.max(FLASH_MS, af.stream_link.link.batchWindowMs ?? 0);
    // cells exist after the grid has drawn its transaction
    const moved = moves(before, change.update, flashed, context.now, span);
    if (moved.length) requestAnimationFrame(() => moved.forEach(flash));
  }

  /** Show the totals row and the count in the panel's head. */
  function paintTotals(list) {
    const grid = af.grid.api(GRID);
    const total = totals(list);
    if (!paintTotals.last || !af.grid.equal(paintTotals.last, total)) {
      paintTotals.last = total;
      grid.setGridOption("pinnedBottomRowData", list.length ? [total] : []);
    }
    const count = document.getElementById("positions-count");
    const written = list.length ? String(list.length) : "";
    if (count && count.textContent !== written) count.textContent = written;
  }

  /** Filter by symbol and show or hide columns; remembered in this browser. */
  function listen() {
    document.addEventListener("input", (event) => {
      if (event.target.id !== "positions-filter") return;
      af.grid.api(GRID)?.setGridOption("quickFilterText", event.target.value);
    });
    document.addEventListener("click", (event) => {
      const item = event.target.closest(".columns-menu [data-column]");
      if (!item) return;
      const shown = item.getAttribute("aria-checked") !== "true";
      item.setAttribute("aria-checked", String(shown));
      af.shell.remember(`alphaflow.column.${item.dataset.column}`, shown ? "on" : "off");
      af.grid.api(GRID)?.setColumnsVisible([item.dataset.column], shown);
    });
  }

  /** Show the columns that were chosen before; on the phone the two that fit. */
  function arrange(grid) {
    for (const item of document.querySelectorAll(".columns-menu [data-column]")) {
      const choice = af.shell.recall(`alphaflow.column.${item.dataset.column}`);
      if (choice === null) continue;
      item.setAttribute("aria-checked", String(choice === "on"));
      grid.setColumnsVisible([item.dataset.column], choice === "on");
    }
  }

  const PHONE_HIDES = ["quantity", "price", "dayPnl", "value", "weight", "spark", "badge"];
  // what gives way first where there is less room, by the width in pixels that it needs
  const GIVES_WAY = { spark: 880, weight: 780, dayPnl: 680, price: 570 };

  /** Fit the columns to the screen: a phone shows two-line rows, P&L and freshness always stay. */
  function fit() {
    const grid = af.grid.api(GRID);
    if (!grid || !phone) return;
    const several = af.stream_link.store.selected === "all" && (af.shell.session()?.accounts.length ?? 0) > 1;
    grid.setColumnsVisible(PHONE_HIDES, !phone.matches);
    grid.refreshCells({ columns: ["symbol"], force: true });
    grid.setColumnsVisible(["account"], several && !phone.matches);
    if (phone.matches) return;
    arrange(grid);
    const width = document.getElementById(GRID).clientWidth - (several ? 90 : 0);
    const narrow = Object.keys(GIVES_WAY).filter((name) => width < GIVES_WAY[name]);
    grid.setColumnsVisible(narrow, false);
  }

  let listening = false;

  /** Callback: the grid was put on the page. */
  function mount() {
    table.reset();
    paintTotals.last = null;
    if (!listening) {
      listening = true;
      listen();
      addEventListener("resize", () => {
        clearTimeout(fit.timer);
        fit.timer = setTimeout(fit, 150);
      });
      addEventListener("alphaflow:account", fit);
      addEventListener("alphaflow:names", () => paint(af.stream_link.store));
    }
    af.grid.whenReady(GRID, () => {
      fit();
      paint(af.stream_link.store);
    });
  }

  const functions = (globalThis.dashAgGridFunctions = globalThis.dashAgGridFunctions || {});
  functions.positionRowHeight = ({ data }) => (data?.total ? 40 : 46);

  af.positions_table = { rowId, kind, dayPercent, totals, moves, rows, paint };
  globalThis.dash_clientside = Object.assign(globalThis.dash_clientside || {}, { positions_table: { mount } });
})((globalThis.alphaflow = globalThis.alphaflow || {}));
