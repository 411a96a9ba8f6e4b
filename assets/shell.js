/**
 * The app shell: wires the parts to the stream, shows the connection (U1), the market clock, the
 * account in view and the theme. Handlers hang on the document, so they outlive page changes.
 */
(function (af) {
  "use strict";

  const KEYS = { theme: "alphaflow.theme", palette: "alphaflow.palette", account: "alphaflow.account", title: "alphaflow.title" };
  const shell = { session: null, clock: null };

  /** Read a remembered choice; private windows may refuse. */
  function recall(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  }

  /** Remember a choice. */
  function remember(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // the choice holds for this page then
    }
  }

  /** Return an account's name, empty when there is only one. */
  function accountName(accountId) {
    const accounts = shell.session?.accounts ?? [];
    if (accounts.length < 2) return "";
    return accounts.find((one) => one.accountId === accountId)?.name ?? "";
  }

  /** Say whether an account may be traded by this person. */
  function mayTrade(accountId) {
    const one = (shell.session?.accounts ?? []).find((a) => a.accountId === accountId);
    return one?.permission === "trade" && shell.session.role !== "viewer";
  }

  /** Return the account that an order would go to: the one in view, or the first tradable. */
  function tradingAccount() {
    const selected = af.stream_link.store.selected;
    if (selected !== "all") return mayTrade(selected) ? selected : null;
    return (shell.session?.accounts ?? []).find((a) => mayTrade(a.accountId))?.accountId ?? null;
  }

  /** Paint every part that shows account data; each leaves at once when its page isn't open. */
  function paintAll(store) {
    for (const name of ["account_header", "positions_table", "orders_table", "trades_table", "equity_figure", "order_ticket"]) {
      af[name]?.paint(store);
    }
  }

  /** Hand an effect to those it concerns. */
  function onEffect(effect, store) {
    const moved = effect.positions.length + effect.removed.length > 0;
    if (effect.figures || moved) af.account_header.paint(store);
    if (moved || effect.snapshot) af.positions_table.paint(store);
    if (effect.orders.length || effect.snapshot) af.orders_table?.paint(store);
    if (effect.trades.length || effect.snapshot) af.trades_table?.paint(store);
    if (effect.figures) af.equity_figure?.paint(store);
    if (effect.figures || moved) af.order_ticket?.paint(store);
    for (const notice of effect.notices) af.toasts?.tell(notice);
  }

  /** Paint the connection indicator (U1). */
  function onLink(machine, shown) {
    const indicator = document.getElementById("connection-status");
    if (!indicator) return;
    indicator.dataset.state = shown.state;
    document.documentElement.dataset.link = shown.state;
    write("connection-text", shown.text);
    write("connection-latency", shown.state === "live" && machine.latencyMs !== null ? `${machine.latencyMs} ms` : "");
    paintDetails(machine, shown);
  }

  /** Write text, touching the page only on a change. */
  function write(id, text) {
    const element = document.getElementById(id);
    if (element && element.textContent !== text) element.textContent = text;
  }

  /** Paint what the indicator tells on hover or tap. */
  function paintDetails(machine, shown) {
    const store = af.stream_link.store;
    const last = store.lastMessageAt;
    write("detail-update", last ? af.format.ago(Date.now() - last) : "none yet");
    write("detail-latency", machine.latencyMs === null ? af.format.DASH : `${machine.latencyMs} ms round trip`);
    write("detail-window", `${af.stream_link.link.batchWindowMs ?? shell.session?.windowMs ?? af.format.DASH} ms`);
    write("detail-server", location.host);
    write("detail-feed", shell.session?.feedLabel ?? af.format.DASH);
    write("detail-reason", shown.state === "live" ? "" : machine.reason);
  }

  /** Write the market clock: "Market open · closes in 2 h 17 min". */
  function clockText(clock, now) {
    if (!clock) return "";
    const open = af.freshness.isOpen(clock, "us_equity", now);
    const until = Date.parse(open ? clock.nextClose : clock.nextOpen) - now;
    if (Number.isNaN(until) || until < 0 || until > 4 * 86400000) return open ? "Market open" : "Market closed";
    return open ? `Market open \u00b7 closes in ${af.format.span(until)}` : `Market closed \u00b7 opens in ${af.format.span(until)}`;
  }

  /** Once a second: ages grow by themselves. */
  function everySecond() {
    const store = af.stream_link.store;
    const clock = document.getElementById("market-clock");
    const now = af.portfolio_store.serverNow(store, Date.now());
    if (clock) {
      write("market-clock", clockText(shell.clock, now));
      clock.dataset.open = String(af.freshness.isOpen(shell.clock, "us_equity", now));
    }
    af.freshness.paint();
    af.positions_table.paint(store);
  }

  /** Set a theme or palette on the document. */
  function dress(name, value) {
    document.documentElement.dataset[name] = value;
    remember(KEYS[name], value);
    globalThis.dispatchEvent(new CustomEvent("alphaflow:theme"));
  }

  const clicks = {
    theme: () => dress("theme", document.documentElement.dataset.theme === "light" ? "dark" : "light"),
    palette: () => dress("palette", document.documentElement.dataset.palette === "blue" ? "green" : "blue"),
    sound: () => af.toasts.toggle("sound"),
    notify: () => af.toasts.toggle("notify"),
    sheet() {
      const root = document.documentElement;
      root.dataset.sheet = root.dataset.sheet === "open" ? "closed" : "open";
    },
    title() {
      remember(KEYS.title, titleShowsEquity() ? "off" : "on");
      paintChoices();
      af.account_header.paint(af.stream_link.store);
    },
  };

  /** Say whether the tab title shows equity. */
  function titleShowsEquity() {
    return recall(KEYS.title) === "on";
  }

  /** Show the state of switches in the user menu. */
  function paintChoices() {
    for (const [action, on] of [
      ["title", titleShowsEquity()], ["palette", document.documentElement.dataset.palette === "blue"],
      ["sound", af.toasts?.soundOn() ?? false], ["notify", af.toasts?.notifyOn() ?? false],
    ]) {
      document.querySelector(`[data-action="${action}"]`)?.setAttribute("aria-checked", String(on));
    }
  }

  /** Close open menus on a click elsewhere or Escape. */
  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!except || !menu.contains(except)) menu.removeAttribute("open");
    }
  }

  /** Select the account in view. */
  function select(accountId) {
    const store = af.stream_link.store;
    const known = (shell.session?.accounts ?? []).map((one) => one.accountId);
    store.selected = known.includes(accountId) ? accountId : known.length === 1 ? known[0] : "all";
    remember(KEYS.account, store.selected);
    const picker = document.getElementById("account-select");
    if (picker) picker.value = store.selected;
    document.documentElement.dataset.view = store.selected === "all" ? "all" : "one";
    paintAll(store);
    globalThis.dispatchEvent(new CustomEvent("alphaflow:account"));
  }

  /** Hang the shell's handlers on the document, once. */
  function listen() {
    document.addEventListener("click", (event) => {
      closeMenus(event.target);
      const action = event.target.closest("[data-action]")?.dataset.action;
      if (action in clicks) clicks[action]();
      if (action) paintChoices();
    });
    document.addEventListener("keydown", (event) => {
      af.grid.press(event);
      if (event.key !== "Escape") return;
      closeMenus();
      document.documentElement.dataset.sheet = "closed";
    });
    document.addEventListener("change", (event) => {
      if (event.target.id === "account-select") select(event.target.value);
    });
    document.addEventListener("toggle", paintChoices, true);
    // the indicator tells on hover as well as on a click
    const hover = (open) => (event) => {
      const status = event.target.closest?.(".connection");
      if (status && event.pointerType === "mouse" && !status.contains(event.relatedTarget)) status.open = open;
    };
    document.addEventListener("pointerover", hover(true));
    document.addEventListener("pointerout", hover(false));
  }

  /** Callback: the session arrived with the layout. */
  function start(session) {
    if (!session || shell.session) return;
    shell.session = session;
    shell.clock = session.clock;
    listen();
    af.stream_link.onEffect(onEffect);
    af.stream_link.onLink(onLink);
    select(recall(KEYS.account) ?? "all");
    af.stream_link.start(session);
    everySecond();
    setInterval(everySecond, 1000);
  }

  /** Callback: the market clock was read again. */
  function clock(data) {
    if (data) shell.clock = data;
  }

  /** Callback: mark the page's entry in the navigation and put the focus on the new page. */
  function navigate(pathname) {
    const here = pathname === "/" ? "/portfolio" : pathname;
    for (const link of document.querySelectorAll("a.nav-link")) {
      if (new URL(link.href).pathname === here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  af.shell = {
    accountName, mayTrade, tradingAccount, clockText, titleShowsEquity, recall, remember,
    clock: () => shell.clock, session: () => shell.session,
  };
  globalThis.dash_clientside = Object.assign(globalThis.dash_clientside || {}, { shell: { start, clock, navigate } });
})((globalThis.alphaflow = globalThis.alphaflow || {}));
