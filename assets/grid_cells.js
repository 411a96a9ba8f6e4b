/** Cell renderers of the tables: small React functions, no HTML strings. */
(function (af) {
  "use strict";

  const cells = (globalThis.dashAgGridComponentFunctions = globalThis.dashAgGridComponentFunctions || {});
  const make = (...args) => globalThis.React.createElement(...args);
  const f = af.format;

  /** Symbol in bold, what it is muted below; on the phone its quantity and value. */
  cells.SymbolCell = ({ data }) =>
    make("div", { className: "cell-two" },
      make("b", null, data.symbol),
      data.total ? null : make("span", { className: "cell-sub wide-only", title: data.kind }, data.kind),
      data.total ? null : make("span", { className: "cell-sub phone-only" },
        make("i", { className: "dot", "data-state": data.badge, title: data.badgeText }),
        `${f.quantity(data.quantity)} \u00b7 ${f.money(data.value)}`));

  /** P&L: amount with sign and arrow, percent below. */
  cells.PnlCell = ({ data }) =>
    make("div", { className: `cell-two num ${f.direction(data.pnl)}` },
      make("b", null, make("i", { className: "arrow", "aria-hidden": true }, f.arrow(data.pnl)),
        f.signedMoney(data.pnl)),
      make("span", { className: "cell-sub" }, f.signedPercent(data.pnlPercent)));

  /** The day's change; of the total only the amount: the headline's percentage is of all equity. */
  cells.DayCell = ({ data }) => data.total
    ? make("div", { className: `num ${f.direction(data.dayPnl)}` },
      make("i", { className: "arrow", "aria-hidden": true }, f.arrow(data.dayPnl)), f.signedMoney(data.dayPnl))
    : make("div", { className: `cell-two num ${f.direction(data.dayPnl)}` },
      make("span", null, make("i", { className: "arrow", "aria-hidden": true }, f.arrow(data.dayPnl)),
        f.signedPercent(data.dayPercent)),
      make("span", { className: "cell-sub" }, f.signedMoney(data.dayPnl)));

  /** Weight as a bar and a number. */
  cells.WeightCell = ({ data }) =>
    make("div", { className: "cell-weight" },
      data.total ? null : make("i", { className: "bar", "aria-hidden": true },
        make("i", { style: { width: `${data.bar}%` } })),
      make("span", null, `${data.weight}%`));

  /** The session's line. */
  cells.SparkCell = ({ data }) => data.total ? null :
    make("svg", { className: `spark ${data.sparkUp}`, viewBox: "0 0 72 22", width: 72, height: 22, "aria-hidden": true },
      make("path", { d: data.spark || "M0 11L72 11", className: data.spark ? "" : "spark-none" }));

  /** How fresh the row is. */
  cells.BadgeCell = ({ data }) => data.total ? null :
    make("span", {
      className: "badge", "data-testid": "live-badge", "data-state": data.badge,
      title: data.late ? `${f.DASH} ${data.late} is late` : undefined,
    }, data.badgeText);

  /** Buy or sell, as a word in a box. */
  cells.SideCell = ({ data }) =>
    make("span", { className: "side", "data-side": data.side }, data.side.toUpperCase());

  /** An order in words with its state, and the button that cancels it. */
  cells.OrderCell = ({ data }) =>
    make("div", { className: "cell-two" },
      make("span", null, make("b", null, `${data.amount} ${data.symbol}`)),
      make("span", { className: "cell-sub", title: data.terms }, data.terms));

  cells.StatusCell = ({ data }) =>
    make("div", { className: "cell-two num" },
      make("span", { className: "order-status", "data-status": data.tone, title: data.reason || undefined }, data.statusText),
      make("span", { className: "cell-sub" }, data.progress));

  cells.CancelCell = ({ data }) => !data.cancellable ? null :
    make("button", {
      type: "button", className: "icon-button cancel", "data-action": "cancel-order",
      "data-order": data.orderId, "data-account": data.accountId,
      "aria-label": `Cancel ${data.side} ${data.amount} ${data.symbol}`, title: "Cancel order",
    });

  /** A fill: what and how much, with a mark when it was learnt after a gap. */
  cells.FillCell = ({ data }) =>
    make("div", { className: "cell-two" },
      make("b", null, `${data.quantity} ${data.symbol}`),
      make("span", { className: data.missed ? "cell-sub missed" : "cell-sub" },
        f.moment(data.at) + (data.missed ? " \u00b7 missed while away" : "")));

  const functions = (globalThis.dashAgGridFunctions = globalThis.dashAgGridFunctions || {});
  functions.asQuantity = ({ value, data }) => data.total ? "" : f.aligned(f.quantity(value), data.places ?? 0);
  functions.symbolAndName = ({ data }) => `${data.symbol} ${data.kind ?? ""}`;
  functions.asPrice = ({ value, data }) => data.total ? "" : f.price(value);
  functions.asMoney = ({ value }) => f.money(value);
  functions.asFillPrice = ({ value }) => `@ ${f.price(value)}`;
  functions.asCount = ({ value }) => (f.missing(value) ? f.DASH : f.number(value, 0));
  functions.asTime = ({ value }) => f.moment(value);
})((globalThis.alphaflow = globalThis.alphaflow || {}));
