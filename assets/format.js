/**
 * How numbers, times and sides are written on every page: thousands separators,
 * a real minus sign, a sign and an arrow with every gain or loss.
 */
(function (af) {
  "use strict";

  const MINUS = "\u2212";
  const FIGURE_SPACE = "\u2007";
  const POINT_SPACE = "\u2008";
  const DASH = "\u2013";

  /** Say whether there is no value to write. */
  function missing(value) {
    return value === null || value === undefined || value === "" || !af.decimal.parse(value);
  }

  /** Write digits with thousands separators; expects a plain decimal string without sign. */
  function grouped(digits) {
    const [whole, part] = digits.split(".");
    const groups = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
    return part === undefined ? groups : groups + "." + part;
  }

  /** Write a rounded number with the typographic minus. */
  function number(value, places) {
    if (missing(value)) return DASH;
    const plain = af.decimal.fixed(value, places);
    const negative = plain.startsWith("-") && /[1-9]/.test(plain);
    return (negative ? MINUS : "") + grouped(plain.replace("-", ""));
  }

  /** Write USD: "$1,234.50", "−$6,004.50". */
  function money(value, places = 2) {
    const plain = number(value, places);
    if (plain === DASH) return plain;
    return plain.startsWith(MINUS) ? MINUS + "$" + plain.slice(1) : "$" + plain;
  }

  /** Put a plus before what is above zero once rounded. */
  function plus(written, value) {
    return af.decimal.sign(value) > 0 && /[1-9]/.test(written) ? "+" + written : written;
  }

  /** Write a change in USD with its sign. */
  function signedMoney(value, places = 2) {
    return missing(value) ? DASH : plus(money(value, places), value);
  }

  /** Write a change in percent with its sign; the value is already in percent. */
  function signedPercent(value, places = 2) {
    return missing(value) ? DASH : plus(number(value, places) + "%", value);
  }

  /** Write a price: two decimals from $1 up, four below, more only where it has them. */
  function price(value) {
    if (missing(value)) return DASH;
    const least = Math.abs(Number(value)) >= 1 ? 2 : 4;
    const own = (af.decimal.trim(value).split(".")[1] || "").length;
    return number(value, Math.min(Math.max(least, own), Math.max(least, 4)));
  }

  /** Write a quantity with only the decimals it has. */
  function quantity(value) {
    if (missing(value)) return DASH;
    const plain = af.decimal.trim(value);
    return number(plain, (plain.split(".")[1] || "").length);
  }

  /** Count the decimals of a written number. */
  function decimals(written) {
    return (written.split(".")[1] || "").length;
  }

  /** Pad on the right with invisible digits so that a column's decimal points line up. */
  function aligned(written, places) {
    const own = decimals(written);
    if (own >= places) return written;
    const point = own ? "" : POINT_SPACE;
    return written + point + FIGURE_SPACE.repeat(places - own);
  }

  /** Name the direction of a change: gain, loss or flat. */
  function direction(value) {
    const sign = missing(value) ? 0 : af.decimal.sign(value);
    return sign > 0 ? "gain" : sign < 0 ? "loss" : "flat";
  }

  /** Return the arrow of a change, empty when flat. */
  function arrow(value) {
    return { gain: "\u25b2", loss: "\u25bc", flat: "" }[direction(value)];
  }

  /** Write an age: "just now", "12 s ago", "3 min ago", "2 h ago", "4 d ago". */
  function ago(ms) {
    const s = Math.max(0, Math.floor(ms / 1000));
    if (s < 1) return "just now";
    if (s < 60) return `${s} s ago`;
    if (s < 3600) return `${Math.floor(s / 60)} min ago`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ago`;
    return `${Math.floor(s / 86400)} d ago`;
  }

  /** Write a span ahead: "2 h 17 min", "3 d 4 h". */
  function span(ms) {
    const min = Math.max(0, Math.round(ms / 60000));
    if (min < 60) return `${min} min`;
    if (min < 1440) return `${Math.floor(min / 60)} h ${min % 60} min`;
    return `${Math.floor(min / 1440)} d ${Math.floor((min % 1440) / 60)} h`;
  }

  const two = (n) => String(n).padStart(2, "0");

  /** Write the local time of day of an ISO time. */
  function timeOfDay(iso) {
    const at = new Date(iso);
    if (Number.isNaN(at.getTime())) return DASH;
    return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  }

  /** Write the time of day, with the date before it when that isn't today. */
  function moment(iso, now = Date.now()) {
    const at = new Date(iso);
    if (Number.isNaN(at.getTime())) return DASH;
    if (at.toDateString() === new Date(now).toDateString()) return timeOfDay(iso);
    return `${at.toLocaleString("en", { month: "short" })} ${at.getDate()} ${timeOfDay(iso).slice(0, 5)}`;
  }

  af.format = {
    DASH, MINUS, missing, number, money, signedMoney, signedPercent, price, quantity,
    decimals, aligned, direction, arrow, ago, span, timeOfDay, moment,
  };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
