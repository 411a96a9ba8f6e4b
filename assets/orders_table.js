/** The orders blotter: working orders, or all of them, each with what it waits for. */
(function (af) {
  "use strict";

  const GRID = "orders-grid";
  const table = af.grid.mirror(GRID, () => ({
    symbol: ["amount", "terms"], statusText: ["tone", "progress", "reason"], cancellable: ["orderId"],
  }));
  let scope = "working";

  const STATUS = {
    pending_submit: ["Sending", "accent"], new: ["Working", "accent"], accepted: ["Working", "accent"],
    pending_new: ["Working", "accent"], accepted_for_bidding: ["Working", "accent"],
    partially_filled: ["Partly filled", "accent"], held: ["Held", "accent"],
    pending_cancel: ["Canceling", "muted"], pending_replace: ["Replacing", "muted"],
    filled: ["Filled", "gain"], canceled: ["Canceled", "muted"], expired: ["Expired", "muted"],
    replaced: ["Replaced", "muted"], rejected: ["Rejected", "loss"], done_for_day: ["Done for day", "muted"],
    stopped: ["Stopped", "accent"], suspended: ["Suspended", "warning"], calculated: ["Settling", "muted"],
  };
  const KIND = {
    market: "Market", limit: "Limit", stop: "Stop", stop_limit: "Stop limit", trailing_stop: "Trailing stop",
  };

  /** Say whether an order can still be canceled. */
  function isWorking(order) {
    return !af.portfolio_store.FINAL.has(order.status) && order.status !== "done_for_day";
  }

  /** Write what an order is for: "10" shares or "$500". */
  function amount(order) {
    return order.notional && !order.qty ? af.format.money(order.notional) : af.format.quantity(order.qty);
  }

  /** Write an order's terms: "Limit 138.20 · day", "Stop 455.00, limit 520.00 · gtc". */
  function terms(order) {
    const price = af.format.price;
    let words = KIND[order.type] ?? order.type;
    if (order.type === "limit") words += ` ${price(order.limitPrice)}`;
    if (order.type === "stop") words += ` ${price(order.stopPrice)}`;
    if (order.type === "stop_limit") words = `Stop ${price(order.stopPrice)}, limit ${price(order.limitPrice)}`;
    if (order.trailPercent) words += ` ${af.format.number(order.trailPercent, 1)}%`;
    else if (order.trailPrice) words += ` ${price(order.trailPrice)}`;
    const group = order.orderClass && order.orderClass !== "simple" ? ` \u00b7 ${order.orderClass}` : "";
    return `${words} \u00b7 ${order.timeInForce}${group}`;
  }

  /** Write how far an order came: "2 of 5", "@ 379.02", or when it was sent. */
  function progress(order) {
    const filled = af.decimal.sign(order.filledQty ?? "0") > 0;
    if (order.status === "filled" || (filled && !isWorking(order))) return `@ ${af.format.price(order.filledAvgPrice)}`;
    if (filled) return `${af.format.quantity(order.filledQty)} of ${amount(order)}`;
    return af.format.moment(order.submittedAt);
  }

  /** Make a grid row of an order. */
  function row(order) {
    const [statusText, tone] = STATUS[order.status] ?? [order.status.replaceAll("_", " "), "muted"];
    return {
      id: `${order.accountId}:${order.orderId}`, orderId: order.orderId, accountId: order.accountId,
      symbol: order.symbol, side: order.side, amount: amount(order), terms: terms(order), statusText,
      tone, progress: progress(order), reason: order.rejectReason ?? "", at: order.submittedAt,
      cancellable: isWorking(order) && order.status !== "pending_cancel" && Boolean(af.shell?.mayTrade(order.accountId)),
    };
  }

  /** Bring the table up to date. */
  function paint(store) {
    const all = af.portfolio_store.orders(store);
    const working = all.filter(isWorking);
    const shown = table.show((scope === "working" ? working : all).map(row));
    if (!shown) return;
    const loaded = Object.values(store.accounts).some((state) => state.loaded);
    af.grid.phase(GRID, table.shown.size ? "rows" : loaded ? "empty" : "loading");
    const count = document.getElementById("orders-count");
    if (count) count.textContent = working.length ? String(working.length) : "";
  }

  /** Cancel one order; the stream tells when it is done. */
  async function cancel(button) {
    button.disabled = true;
    const { order, account } = button.dataset;
    const url = `/api/orders/${encodeURIComponent(order)}?accountId=${encodeURIComponent(account)}`;
    try {
      const response = await fetch(url, { method: "DELETE", headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(await af.order_ticket.sentence(response));
    } catch (error) {
      button.disabled = false;
      af.toasts.show({ tone: "loss", title: "Not canceled", text: error.message });
    }
  }

  /** Choose between working orders and all. */
  function choose(next) {
    scope = next;
    for (const tab of document.querySelectorAll("[data-scope]")) {
      tab.setAttribute("aria-pressed", String(tab.dataset.scope === scope));
    }
    paint(af.stream_link.store);
  }

  let listening = false;

  /** Callback: the grid was put on the page. */
  function mount() {
    table.reset();
    scope = "working";
    if (!listening) {
      listening = true;
      document.addEventListener("click", (event) => {
        const button = event.target.closest("[data-action='cancel-order']");
        if (button) cancel(button);
        const tab = event.target.closest("[data-scope]");
        if (tab) choose(tab.dataset.scope);
      });
    }
    af.grid.whenReady(GRID, () => paint(af.stream_link.store));
  }

  af.orders_table = { isWorking, amount, terms, progress, row, paint };
  globalThis.dash_clientside = Object.assign(globalThis.dash_clientside || {}, { orders_table: { mount } });
})((globalThis.alphaflow = globalThis.alphaflow || {}));
