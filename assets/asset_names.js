/** What symbols are called: asked for once per symbol, kept while the page is open. */
(function (af) {
  "use strict";

  const AT_ONCE = 50;
  const RETRY_MS = 60000;
  const WAIT_MS = 20; // what several parts ask for at the same time goes out as one request
  const SYMBOL = /^[A-Z][A-Z0-9.]{0,9}(\/[A-Z]{3,5})?$/;
  const state = { known: new Map(), asked: new Map(), wanted: new Map(), timer: null };

  // what a company's full name ends with and nobody says, the outermost first
  const SHARES = /[\s,]+(?:(?:class|series) [a-z0-9]+ )?(?:common stock|(?:common|ordinary|capital) shares?|american depositary.*|depositary.*|sponsored adr.*)$/i;
  const SERIES = /[\s,]+(?:class [a-z]|series \d+)$/i;
  const FORM = /[\s,]+(?:(?:&|and) )?(?:incorporated|inc|corporation|corp|company|co|limited|ltd|llc|l\.p|lp|plc|n\.?v|s\.?a|a\.?g|s\.?e|etf trust|etf|trust)\.?$/i;

  /**
   * Shorten an asset's full name to what people call it.
   * @param {string} full "Apple Inc. Common Stock", "Bitcoin / US Dollar"
   * @returns {string} "Apple", "Bitcoin"; the full name where nothing would be left
   */
  function short(full) {
    let name = full.replace(/\s+/g, " ").trim().replace(/ ?\/ ?US Dollar$/i, "");
    for (const ending of [SHARES, SERIES, FORM, FORM, FORM]) name = name.replace(ending, "") || name;
    name = name.replace(/^The /i, "").replace(/[\s,&]+$/, "");
    return name || full;
  }

  /** Return a symbol's short name, empty while it isn't known. */
  function of(symbol) {
    const asset = state.known.get(symbol);
    return asset ? short(asset.name) : "";
  }

  /**
   * Judge a symbol that somebody typed.
   * @returns {"unasked"|"unknown"|"untradable"|"tradable"}
   */
  function standing(symbol) {
    if (!state.known.has(symbol)) return "unasked";
    const asset = state.known.get(symbol);
    return asset ? (asset.tradable === false ? "untradable" : "tradable") : "unknown";
  }

  /** Ask for the names of symbols that nobody asked for yet. */
  function want(symbols, accountId) {
    const now = Date.now();
    for (const symbol of symbols) {
      if (!accountId || !SYMBOL.test(symbol) || state.known.has(symbol) || state.asked.get(symbol) > now) continue;
      state.asked.set(symbol, now + RETRY_MS);
      state.wanted.set(symbol, accountId);
    }
    if (state.wanted.size) state.timer ??= setTimeout(askAll, WAIT_MS);
  }

  /** Send the questions that came together, one request per account. */
  async function askAll() {
    state.timer = null;
    const byAccount = new Map();
    for (const [symbol, id] of state.wanted) byAccount.set(id, [...(byAccount.get(id) ?? []), symbol]);
    state.wanted.clear();
    for (const [id, symbols] of byAccount) {
      for (let i = 0; i < symbols.length; i += AT_ONCE) await ask(id, symbols.slice(i, i + AT_ONCE));
    }
  }

  /** Ask once; a failure is tried again later, when somebody wants the name then. */
  async function ask(accountId, symbols) {
    const query = `accountId=${encodeURIComponent(accountId)}&symbols=${encodeURIComponent(symbols.join(","))}`;
    try {
      learn(symbols, af.backup_polling.listOf(await af.backup_polling.getJson(`/api/assets?${query}`), "assets"));
      globalThis.dispatchEvent?.(new CustomEvent("alphaflow:names"));
    } catch {
      // rows say what is held without its name, and the broker has the last word on orders
    }
  }

  /** Keep an answer; what was asked for and isn't in it doesn't exist. */
  function learn(symbols, assets) {
    for (const symbol of symbols) state.known.set(symbol, assets.find((one) => one.symbol === symbol) ?? null);
  }

  af.asset_names = { short, of, standing, want, learn };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
