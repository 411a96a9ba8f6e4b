/** The headline: equity and today's P&L, then what they are made of. */
(function (af) {
  "use strict";

  const MONEY = { equity: "equity", cash: "cash", "buying-power": "buyingPower" };
  const CHANGES = { unrealized: "unrealizedPnl", realized: "realizedPnlToday" };

  /** Write text, touching the page only on a change. */
  function write(id, text, tone) {
    const element = document.getElementById(id);
    if (!element) return;
    if (element.textContent !== text) element.textContent = text;
    if (tone && element.dataset.tone !== tone) element.dataset.tone = tone;
    if (element.dataset.loading) delete element.dataset.loading;
  }

  /** Write the day's P&L as the pill says it: "▲ +$1,284.11 · +1.24%". */
  function dayText(figures) {
    const arrow = af.format.arrow(figures.dayPnl);
    const words = `${af.format.signedMoney(figures.dayPnl)} \u00b7 ${af.format.signedPercent(figures.dayPnlPercent)}`;
    return arrow ? `${arrow} ${words}` : words;
  }

  /** Bring the headline up to date. */
  function paint(store) {
    const figures = af.portfolio_store.figures(store);
    if (!figures) return;
    for (const [id, name] of Object.entries(MONEY)) write(id, af.format.money(figures[name]));
    for (const [id, name] of Object.entries(CHANGES)) {
      write(id, af.format.signedMoney(figures[name]), af.format.direction(figures[name]));
    }
    write("day-pnl", dayText(figures), af.format.direction(figures.dayPnl));
    const title = `${af.format.money(figures.equity)} \u00b7 AlphaFlow`;
    if (af.shell?.titleShowsEquity() && document.title !== title) document.title = title;
  }

  /** Callback: the headline was put on the page. */
  function mount() {
    paint(af.stream_link.store);
  }

  af.account_header = { dayText, paint };
  globalThis.dash_clientside = Object.assign(globalThis.dash_clientside || {}, { account_header: { mount } });
})((globalThis.alphaflow = globalThis.alphaflow || {}));
