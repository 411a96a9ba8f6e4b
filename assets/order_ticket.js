/** The order ticket on the page; what it computes is ticket_rules.js's. */
(function (af) {
  "use strict";

  const QUOTE_EVERY_MS = 2000;
  const TYPING_MS = 400; // a pause this long: the symbol is typed
  const NAME_MS = 3000; // the broker's list says by then whether there is such a symbol, or can't be had
  const ARROWS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]);
  const ticket = { side: "buy", unit: "shares", touched: new Set(), orderId: null, quote: {}, quoteFor: "", typedAt: 0, busy: false };
  const rules = () => af.ticket_rules;

  /** Return an element of the ticket. */
  const part = (name) => document.getElementById(`ticket-${name}`);

  /** Read the fields. */
  function form() {
    const text = (name) => rules().clean(part(name)?.value);
    return {
      symbol: text("symbol").toUpperCase(), side: ticket.side, type: part("type").value,
      timeInForce: part("tif").value, unit: ticket.unit, size: text("qty"),
      limitPrice: text("limit"), stopPrice: text("stop"),
    };
  }

  /** Return what the market says of the symbol: the quote, else the held position's price. */
  function market(symbol) {
    const held = af.portfolio_store.positions(af.stream_link.store).find((p) => p.symbol === symbol);
    const quote = ticket.quoteFor === symbol ? ticket.quote : {};
    return { bid: quote.bid, ask: quote.ask, last: quote.last ?? held?.currentPrice, held };
  }

  /** Bring the ticket up to date with its fields, the market and buying power. */
  function paint() {
    if (!part("form")) return;
    const now = form();
    const seen = market(now.symbol);
    part("limit-row").hidden = !rules().NEEDS_LIMIT.has(now.type);
    part("stop-row").hidden = !rules().NEEDS_STOP.has(now.type);
    paintHead(now, seen);
    paintEstimate(now, seen);
    const doubt = symbolProblem(now.symbol);
    const found = rules().problems(now).filter((one) => ticket.touched.has(one.field));
    paintProblems(doubt ? [doubt, ...found] : found);
    const button = part("submit");
    button.textContent = ticket.busy ? "Sending\u2026" : rules().verb(now);
    button.dataset.side = now.side;
    button.disabled = ticket.busy || Boolean(doubt) || rules().problems(now).length > 0 || !af.shell.tradingAccount();
  }

  /** Return what is wrong with a symbol that the broker was asked about. */
  function symbolProblem(symbol) {
    const text = { unknown: "No such symbol", untradable: "Can't be traded now" }[af.asset_names.standing(symbol)];
    return text ? { field: "symbol", text } : null;
  }

  /** Ask what the symbol is called, once its typing pauses. */
  function askName() {
    ticket.typedAt = Date.now();
    clearTimeout(ticket.nameTimer);
    ticket.nameTimer = setTimeout(() => part("form") && af.asset_names.want([form().symbol], af.shell.tradingAccount()), TYPING_MS);
  }

  /** Show symbol and quote in the head. */
  function paintHead(now, seen) {
    const price = af.format.price;
    const words = seen.bid && seen.ask ? `${now.symbol} \u00b7 ${price(seen.bid)} \u00d7 ${price(seen.ask)}`
      : seen.last ? `${now.symbol} \u00b7 ${price(seen.last)}` : now.symbol;
    write("quote", words);
    write("name", af.asset_names.of(now.symbol));
    part("unit").textContent = ticket.unit === "usd" ? "USD" : now.symbol.includes("/") ? "coins" : "shares";
    for (const button of document.querySelectorAll("[data-ticket-side]")) {
      const chosen = button.dataset.ticketSide === now.side;
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
    const accounts = af.shell.session()?.accounts ?? [];
    const target = af.shell.tradingAccount();
    const name = accounts.find((one) => one.accountId === target)?.name;
    write("account", accounts.length > 1 ? (name ? `Account: ${name}` : "Choose an account that you may trade") : "");
  }

  /** Write text into a part. */
  function write(name, text) {
    const element = part(name);
    if (element && element.textContent !== text) element.textContent = text;
  }

  /** Show cost and buying power, or what is left to sell. */
  function paintEstimate(now, seen) {
    const power = af.stream_link.store.accounts[af.shell.tradingAccount()]?.figures?.buyingPower;
    const guess = rules().estimate(now, seen, power);
    write("cost-label", now.side === "buy" ? "Estimated cost" : "Estimated proceeds");
    write("cost", af.format.money(guess.cost));
    write("after-label", now.side === "buy" ? "Buying power after" : "Held now");
    write("after", now.side === "buy" ? af.format.money(guess.after ?? power)
      : af.format.quantity(seen.held?.quantity ?? "0"));
    const lacks = part("lacks");
    lacks.hidden = !guess.short;
    if (guess.short) lacks.textContent = `${af.format.money(guess.short)} more than the buying power`;
  }

  /** Show problems at their fields; what belongs to none stands above the button. */
  function paintProblems(list, general = "") {
    const fields = { symbol: "symbol", qty: "qty", limitPrice: "limit", stopPrice: "stop", type: "type", timeInForce: "tif" };
    for (const [field, name] of Object.entries(fields)) {
      const found = list.find((one) => one.field === field);
      write(`${name}-error`, found?.text ?? ticket.refused?.[field] ?? "");
      part(name).setAttribute("aria-invalid", String(Boolean(found ?? ticket.refused?.[field])));
    }
    const other = list.filter((one) => !(one.field in fields)).map((one) => `${one.field}: ${one.text}`);
    write("error", [general || ticket.general || "", ...other].filter(Boolean).join(" \u00b7 "));
  }

  /** Write a failed answer as one sentence. */
  async function sentence(response) {
    const problem = await response.json().catch(() => null);
    return problem?.detail ?? problem?.title ?? `The server answered ${response.status}`;
  }

  /** Make an id that makes a second try harmless. */
  function newOrderId() {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    return "web-" + Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  }

  /** Send the order; the same id is used until the server has answered. */
  async function submit() {
    const now = form();
    for (const field of ["symbol", "qty", "limitPrice", "stopPrice"]) ticket.touched.add(field);
    const account = af.shell.tradingAccount();
    if (ticket.busy || symbolProblem(now.symbol) || rules().problems(now).length || !account) return paint();
    Object.assign(ticket, { busy: true, refused: null, general: "", orderId: ticket.orderId ?? newOrderId() });
    paint();
    try {
      await answer(await fetch("/api/orders", {
        method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify(rules().request(now, account, ticket.orderId)),
      }), now);
    } catch {
      // the order may have arrived: the next try carries the same id and can't double it
      ticket.general = "No answer from the server. Trying again is safe: it can't be placed twice.";
    }
    ticket.busy = false;
    return paint();
  }

  /** Take the server's answer in. */
  async function answer(response, now) {
    ticket.orderId = null;
    if (response.status === 401) return af.backup_polling.toLogin();
    if (response.ok) return accepted(now);
    const problem = await response.json().catch(() => null);
    const fields = rules().fieldErrors(problem);
    ticket.refused = Object.fromEntries(fields.map((one) => [one.field, one.text]));
    ticket.general = problem?.detail ?? problem?.title ?? `The server answered ${response.status}`;
    return undefined;
  }

  /** Say so, clear the size for the next order and put the sheet away. */
  function accepted(now) {
    write("sent", `Sent: ${rules().verb(now)}`);
    dash_clientside.set_props("ticket-qty", { value: "" });
    part("qty").value = "";
    ticket.touched.clear();
    document.documentElement.dataset.sheet = "closed";
  }

  /** Ask for the quote of the symbol in the ticket. */
  async function readQuote() {
    if (!part("form") || document.hidden) return;
    const { symbol } = form();
    const account = af.shell.tradingAccount();
    if (!symbol || !account || rules().problems({ ...form(), size: "1", limitPrice: "1", stopPrice: "1", type: "market" }).length) return;
    // a half-typed symbol is nobody's quote
    const standing = af.asset_names.standing(symbol);
    if (standing === "unknown" || (standing === "unasked" && Date.now() - ticket.typedAt < NAME_MS)) return;
    const query = `accountId=${encodeURIComponent(account)}&symbols=${encodeURIComponent(symbol)}`;
    const found = await af.backup_polling.getJson(`/api/quotes?${query}`).catch(() => null);
    const list = af.backup_polling.listOf(found, "quotes");
    const quote = Array.isArray(list) ? list.find((one) => one.symbol === symbol) : list?.[symbol];
    ticket.quoteFor = symbol;
    ticket.quote = quote ?? {};
    paint();
  }

  /** Put a symbol into the ticket, from a row of the positions. */
  function choose(symbol) {
    if (!part("form")) return;
    dash_clientside.set_props("ticket-symbol", { value: symbol });
    part("symbol").value = symbol;
    changed("symbol");
  }

  /** A field changed: what the server refused about it no longer holds. */
  function changed(name) {
    const field = { limit: "limitPrice", stop: "stopPrice", tif: "timeInForce" }[name] ?? name;
    if (ticket.refused) delete ticket.refused[field];
    Object.assign(ticket, { general: "", orderId: null });
    write("sent", "");
    if (name === "symbol") {
      offerTimes();
      readQuote();
      askName();
    }
    paint();
  }

  /** Offer only the times in force that the symbol's market knows. */
  function offerTimes() {
    const allowed = rules().timesInForce(form().symbol);
    const select = part("tif");
    for (const option of select.options) option.hidden = option.disabled = !allowed.includes(option.value);
    if (!allowed.includes(select.value)) select.value = allowed[0];
  }

  /** Hang the ticket's handlers on the document, once. */
  function listen() {
    const ours = (event) => (event.target.id?.startsWith("ticket-") ? event.target.id.slice(7) : null);
    document.addEventListener("input", (event) => ours(event) && changed(ours(event)));
    document.addEventListener("focusout", (event) => {
      const field = { symbol: "symbol", qty: "qty", limit: "limitPrice", stop: "stopPrice" }[ours(event)];
      if (field && event.target.value) ticket.touched.add(field) && paint();
    });
    document.addEventListener("submit", (event) => {
      if (event.target.id !== "ticket-form") return;
      event.preventDefault();
      submit();
    });
    document.addEventListener("keydown", (event) => {
      if (!event.target.closest("[data-ticket-side]") || !ARROWS.has(event.key)) return;
      event.preventDefault();
      ticket.side = ticket.side === "buy" ? "sell" : "buy";
      document.querySelector(`[data-ticket-side="${ticket.side}"]`)?.focus();
      changed("qty");
    });
    document.addEventListener("click", (event) => {
      const side = event.target.closest("[data-ticket-side]");
      if (side) ticket.side = side.dataset.ticketSide;
      if (event.target.closest("#ticket-unit")) ticket.unit = ticket.unit === "usd" ? "shares" : "usd";
      if (side || event.target.closest("#ticket-unit")) changed("qty");
      const row = event.target.closest("#positions-grid .ag-row[row-id]");
      if (row && !row.classList.contains("ag-row-pinned")) choose(row.getAttribute("row-id").split(":").slice(1).join(":"));
      // by keyboard: what comes next is the quantity
      if (row && event.detail === 0) part("qty")?.focus();
    });
    setInterval(readQuote, QUOTE_EVERY_MS);
    addEventListener("alphaflow:account", paint);
    addEventListener("alphaflow:names", () => {
      paint();
      if (ticket.quoteFor !== part("symbol")?.value) readQuote();
    });
  }

  let listening = false;

  /** Callback: the ticket was put on the page. */
  function mount() {
    if (!listening) listen();
    listening = true;
    Object.assign(ticket, { touched: new Set(), orderId: null, refused: null, general: "", busy: false });
    if (!part("form")) return;
    offerTimes();
    readQuote();
    paint();
  }

  af.order_ticket = { paint, sentence, choose };
  globalThis.dash_clientside = Object.assign(globalThis.dash_clientside || {}, { order_ticket: { mount } });
})((globalThis.alphaflow = globalThis.alphaflow || {}));
