/**
 * What an order ticket asks for, costs and says, pure: from the fields' text to the request,
 * the estimate, the button's words and the problems at each field.
 */
(function (af) {
  "use strict";

  const NEEDS_LIMIT = new Set(["limit", "stop_limit"]);
  const NEEDS_STOP = new Set(["stop", "stop_limit"]);
  const BY_VALUE = new Set(["market", "limit"]);

  /** Say whether a text is a number above zero. */
  function positive(text) {
    return af.decimal.parse(text) !== null && af.decimal.sign(text) > 0;
  }

  /** Tidy what was typed: "1,000" is a thousand. */
  function clean(text) {
    return String(text ?? "").trim().replaceAll(",", "").replace(/^\$/, "");
  }

  /**
   * Check the fields.
   * @param {object} form symbol, side, type, timeInForce, unit ("shares"|"usd"), size, limitPrice, stopPrice
   * @returns {Array<{field: string, text: string}>} empty when it can be sent
   */
  function problems(form) {
    const found = [];
    const shape = /^[A-Z][A-Z0-9.]{0,9}(\/[A-Z]{3,5})?$/;
    if (!shape.test(form.symbol)) found.push({ field: "symbol", text: "A ticker such as AAPL, or a pair such as BTC/USD" });
    if (!positive(form.size)) found.push({ field: "qty", text: "A number above 0" });
    else if (form.unit === "usd" && !BY_VALUE.has(form.type)) {
      found.push({ field: "qty", text: "By value for market and limit orders only" });
    }
    if (NEEDS_LIMIT.has(form.type) && !positive(form.limitPrice)) found.push({ field: "limitPrice", text: "A price above 0" });
    if (NEEDS_STOP.has(form.type) && !positive(form.stopPrice)) found.push({ field: "stopPrice", text: "A price above 0" });
    return found;
  }

  /** Return the price that the estimate uses: the order's own, else the side of the market it meets. */
  function estimatePrice(form, market) {
    if (NEEDS_LIMIT.has(form.type)) return form.limitPrice;
    if (form.type === "stop") return form.stopPrice;
    return (form.side === "buy" ? market.ask : market.bid) ?? market.last ?? null;
  }

  /**
   * Estimate what an order costs.
   * @returns {{cost: string|null, after: string|null, short: string|null}} USD; `short` is what
   *   buying power lacks
   */
  function estimate(form, market, buyingPower) {
    const price = estimatePrice(form, market);
    const byValue = form.unit === "usd";
    if (!positive(form.size) || (!byValue && !positive(price))) return { cost: null, after: null, short: null };
    const cost = byValue ? form.size : af.decimal.multiply(form.size, price);
    if (form.side !== "buy" || af.format.missing(buyingPower)) return { cost, after: null, short: null };
    const after = af.decimal.subtract(buyingPower, cost);
    const lacks = af.decimal.sign(after) < 0;
    return { cost, after, short: lacks ? af.decimal.subtract(cost, buyingPower) : null };
  }

  /** Say what the button will do: "Buy 10 AAPL at 188.40 limit". */
  function verb(form) {
    const side = form.side === "buy" ? "Buy" : "Sell";
    if (!form.symbol) return `${side}: choose a symbol`;
    if (!positive(form.size)) return `${side} ${form.symbol}: enter ${form.unit === "usd" ? "an amount" : "a quantity"}`;
    const what = form.unit === "usd" ? `${af.format.money(form.size)} of ${form.symbol}`
      : `${af.format.quantity(form.size)} ${form.symbol}`;
    return `${side} ${what} ${condition(form)}`;
  }

  /** Write at what price: "at market", "at 188.40 limit", "at 182.00 stop". */
  function condition(form) {
    const price = (value) => (positive(value) ? af.format.price(value) : "\u2026");
    if (form.type === "limit") return `at ${price(form.limitPrice)} limit`;
    if (form.type === "stop") return `at ${price(form.stopPrice)} stop`;
    if (form.type === "stop_limit") return `at ${price(form.stopPrice)} stop, ${price(form.limitPrice)} limit`;
    return "at market";
  }

  /** Make the request's body: only the fields that the type has. */
  function request(form, accountId, clientOrderId) {
    const body = {
      accountId, clientOrderId, symbol: form.symbol, side: form.side, type: form.type,
      timeInForce: form.timeInForce,
    };
    body[form.unit === "usd" ? "notional" : "qty"] = form.size;
    if (NEEDS_LIMIT.has(form.type)) body.limitPrice = form.limitPrice;
    if (NEEDS_STOP.has(form.type)) body.stopPrice = form.stopPrice;
    return body;
  }

  /** Take field errors out of a problem+json answer, for the fields that the ticket has. */
  function fieldErrors(problem) {
    const own = { notional: "qty", quantity: "qty" };
    return (problem?.errors ?? []).map((one) => ({
      field: own[one.field] ?? one.field,
      text: one.allowed ? `Expected ${one.allowed}` : one.message ?? "Not accepted",
    }));
  }

  /** Return the times in force that a symbol's market knows. */
  function timesInForce(symbol) {
    return symbol.includes("/") ? ["gtc", "ioc"] : ["day", "gtc", "ioc"];
  }

  af.ticket_rules = {
    NEEDS_LIMIT, NEEDS_STOP, clean, positive, problems, estimate, verb, request, fieldErrors, timesInForce,
  };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
