/** The tape of fills, newest first; what was learnt after a gap says so. */
(function (af) {
  "use strict";

  const GRID = "trades-grid";
  const table = af.grid.mirror(GRID, () => ({ symbol: ["missed"] }));

  /** Make a grid row of a trade. */
  function row(trade) {
    return {
      id: `${trade.accountId}:${trade.tradeId}`, at: trade.executedAt, symbol: trade.symbol,
      side: trade.side, quantity: af.format.quantity(trade.quantity), price: trade.price,
      missed: Boolean(trade.missed),
    };
  }

  /** Bring the table up to date. */
  function paint(store) {
    const shown = table.show(af.portfolio_store.trades(store).map(row));
    if (!shown) return;
    const loaded = Object.values(store.accounts).some((state) => state.loaded);
    af.grid.phase(GRID, table.shown.size ? "rows" : loaded ? "empty" : "loading");
  }

  /** Callback: the grid was put on the page. */
  function mount() {
    table.reset();
    af.grid.whenReady(GRID, () => paint(af.stream_link.store));
  }

  af.trades_table = { row, paint };
  globalThis.dash_clientside = Object.assign(globalThis.dash_clientside || {}, { trades_table: { mount } });
})((globalThis.alphaflow = globalThis.alphaflow || {}));
