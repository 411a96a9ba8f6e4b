/**
 * How old a number is and who is late (U3, U4). Three clocks: the price's age, the broker link and
 * the browser's own link; the one that is late is named.
 */
(function (af) {
  "use strict";

  const LIVE_MS = 5000;
  const DELAYED_MS = 30000;
  const BANNER_MS = 60000;
  const LABEL = { live: "Live", delayed: "Delayed", stale: "Stale", offline: "Offline", closed: "Closed" };

  /**
   * Judge one value's freshness.
   * @param {object} clocks
   * @param {number|null} clocks.ageMs age of the price by the server's clock
   * @param {boolean} clocks.open whether its market is open
   * @param {string} clocks.link the indicator's state: live, connecting, offline, backup
   * @param {string[]} [clocks.silent] hops that the server reported silent
   * @returns {{state: string, late: string}} `late` names the clock at fault, or is empty
   */
  function judge({ ageMs, open, link, silent = [] }) {
    if (link === "offline") return { state: "offline", late: "no connection to the server" };
    if (!open) return { state: "closed", late: "" };
    const late = link === "connecting" ? "the browser's connection"
      : silent.includes("broker") ? "the broker link"
      : silent.includes("market_data") ? "the market data link" : "the price";
    if (ageMs === null || ageMs > DELAYED_MS) return { state: "stale", late };
    if (ageMs >= LIVE_MS) return { state: "delayed", late };
    return { state: "live", late: "" };
  }

  /** Say whether a market is open; coins trade always. */
  function isOpen(clock, assetClass, now) {
    if (assetClass === "crypto") return true;
    if (!clock) return true;
    const shut = clock.nextClose && now >= Date.parse(clock.nextClose);
    const opened = clock.nextOpen && now >= Date.parse(clock.nextOpen);
    return clock.isOpen ? !shut : Boolean(opened);
  }

  /** Return the age of a price by the server's clock, or null. */
  function age(store, iso, now) {
    const at = Date.parse(iso);
    return Number.isNaN(at) ? null : Math.max(0, af.portfolio_store.serverNow(store, now) - at);
  }

  /** Judge one position. */
  function ofPosition(store, position, context) {
    const state = store.accounts[position.accountId];
    const ageMs = age(store, position.priceAt, context.now);
    const verdict = judge({
      ageMs, link: context.link, silent: Object.keys(state?.silent ?? {}),
      open: isOpen(context.clock, position.assetClass, context.now),
    });
    return { ...verdict, ageMs };
  }

  /** Judge the page: by its youngest price, or the last message where nothing is held. */
  function ofPage(store, context) {
    const held = af.portfolio_store.positions(store);
    const judged = held.map((position) => ofPosition(store, position, context));
    const inMarket = judged.filter((one) => one.state !== "closed");
    const ages = inMarket.map((one) => one.ageMs).filter((ms) => ms !== null);
    if (held.length && !inMarket.length) return { state: "closed", late: "", ageMs: null };
    const ageMs = ages.length ? Math.min(...ages) : store.lastMessageAt && context.now - store.lastMessageAt;
    if (!held.length && context.link === "live") return { state: "live", late: "", ageMs };
    const silent = af.portfolio_store.inView(store).flatMap((state) => Object.keys(state.silent));
    return { ...judge({ ageMs, open: true, link: context.link, silent }), ageMs };
  }

  /** Write what a badge says. */
  function text({ state, ageMs }) {
    if (ageMs === null || state === "live" || state === "closed" || state === "offline") return LABEL[state];
    return af.format.ago(ageMs);
  }

  /** Return what judging needs, from the page. */
  function context(now = Date.now()) {
    const machine = af.stream_link?.link.machine;
    return { now, clock: af.shell?.clock() ?? null, link: machine ? af.link_machine.shown(machine).state : "connecting" };
  }

  /** Paint the page's badge and banner. */
  function paint() {
    const store = af.stream_link.store;
    const now = context();
    const verdict = ofPage(store, now);
    const badge = document.getElementById("page-badge");
    const loaded = Object.values(store.accounts).some((state) => state.loaded);
    if (badge && loaded) paintBadge(badge, verdict);
    paintBanner(verdict, loaded, now);
  }

  /** Write into the page's badge. */
  function paintBadge(badge, verdict) {
    badge.dataset.state = verdict.state;
    badge.hidden = false;
    const late = verdict.late ? `: ${verdict.late} is late` : "";
    badge.title = LABEL[verdict.state] + late;
    const label = LABEL[verdict.state];
    const written = ["delayed", "stale"].includes(verdict.state) && verdict.ageMs !== null
      ? `${label} \u00b7 ${af.format.ago(verdict.ageMs)}` : label;
    if (badge.textContent !== written) badge.textContent = written;
  }

  /** Show the banner when data are old in an open market; it goes by itself. */
  function paintBanner(verdict, loaded, now) {
    const banner = document.getElementById("staleness-banner");
    if (!banner) return;
    const old = loaded && verdict.state !== "closed" && verdict.state !== "live"
      && (verdict.ageMs ?? Infinity) > BANNER_MS;
    if (banner.hidden === old) banner.hidden = !old;
    if (!old) return;
    const words = bannerText(verdict, now.link);
    const host = banner.querySelector("[data-role=text]");
    // an alert is read out on a change: only a new sentence is written
    if (host.textContent !== words) host.textContent = words;
  }

  /** Say what is late and since when. */
  function bannerText(verdict, link) {
    const age = verdict.ageMs === null ? "" : ` The newest price came ${af.format.ago(verdict.ageMs)}.`;
    if (link === "offline") return "No connection to the server." + age;
    if (verdict.late === "the price") return "No new prices." + age;
    return `${verdict.late[0].toUpperCase()}${verdict.late.slice(1)} is silent.${age}`;
  }

  /** Callback: refresh on request. */
  function refresh(clicks) {
    if (clicks) af.stream_link.refresh();
  }

  af.freshness = { judge, isOpen, age, ofPosition, ofPage, text, bannerText, context, paint, LABEL };
  globalThis.dash_clientside = Object.assign(globalThis.dash_clientside || {}, { freshness: { refresh } });
})((globalThis.alphaflow = globalThis.alphaflow || {}));
