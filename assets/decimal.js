/**
 * Exact arithmetic on the wire's decimal strings: money never passes through a float.
 * A number is held as a BigInt and the count of its decimals.
 */
(function (af) {
  "use strict";

  const SHAPE = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,3}))?$/;

  /**
   * Read a decimal string.
   * @param {string|number|null|undefined} text such as "-12.50"
   * @returns {{n: bigint, s: number}|null} value × 10^s, or null when it isn't a number
   */
  function parse(text) {
    const match = SHAPE.exec(String(text ?? "").trim());
    if (!match || !(match[2] || match[3])) return null;
    let n = BigInt((match[2] || "0") + match[3]);
    let s = match[3].length - Number(match[4] || 0);
    if (s < 0) {
      n *= 10n ** BigInt(-s);
      s = 0;
    }
    return { n: match[1] === "-" ? -n : n, s };
  }

  /** Bring two numbers to the same count of decimals. */
  function level(a, b) {
    const s = Math.max(a.s, b.s);
    return [a.n * 10n ** BigInt(s - a.s), b.n * 10n ** BigInt(s - b.s), s];
  }

  /** Write {n, s} as a plain decimal string. */
  function text({ n, s }) {
    const digits = (n < 0n ? -n : n).toString().padStart(s + 1, "0");
    const whole = digits.slice(0, digits.length - s);
    return (n < 0n ? "-" : "") + whole + (s ? "." + digits.slice(digits.length - s) : "");
  }

  const zero = { n: 0n, s: 0 };

  /** Add decimal strings; what isn't a number counts as zero. */
  function sum(values) {
    let total = zero;
    for (const value of values) {
      const [a, b, s] = level(total, parse(value) ?? zero);
      total = { n: a + b, s };
    }
    return text(total);
  }

  /** Return a − b as a decimal string. */
  function subtract(a, b) {
    const [x, y, s] = level(parse(a) ?? zero, parse(b) ?? zero);
    return text({ n: x - y, s });
  }

  /** Return a × b as a decimal string. */
  function multiply(a, b) {
    const x = parse(a) ?? zero;
    const y = parse(b) ?? zero;
    return text({ n: x.n * y.n, s: x.s + y.s });
  }

  /** Compare: −1, 0 or 1. */
  function compare(a, b) {
    const [x, y] = level(parse(a) ?? zero, parse(b) ?? zero);
    return x < y ? -1 : x > y ? 1 : 0;
  }

  /** Return the sign: −1, 0 or 1. */
  function sign(value) {
    return compare(value, "0");
  }

  /**
   * Round half to even to a fixed count of decimals, as the server does.
   * @param {string} value decimal string
   * @param {number} places decimals to show
   * @returns {string} such as "-12.50"
   */
  function fixed(value, places) {
    const { n, s } = parse(value) ?? zero;
    if (s <= places) return text({ n: n * 10n ** BigInt(places - s), s: places });
    const unit = 10n ** BigInt(s - places);
    const size = n < 0n ? -n : n;
    let kept = size / unit;
    const twice = (size % unit) * 2n;
    if (twice > unit || (twice === unit && kept % 2n === 1n)) kept += 1n;
    return text({ n: n < 0n ? -kept : kept, s: places });
  }

  /** Drop zeros that say nothing after the point. */
  function trim(value) {
    const plain = text(parse(value) ?? zero);
    return plain.includes(".") ? plain.replace(/\.?0+$/, "") : plain;
  }

  af.decimal = { parse, sum, subtract, multiply, compare, sign, fixed, trim };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
