/** Short notices of what happened to orders (U5): on the page, by sound and by the browser. */
(function (af) {
  "use strict";

  const SHOWN = 2; // what fits beside the headline without covering the ticket
  const STAY_MS = 8000;
  const STAY_BAD_MS = 20000;
  const TITLES = {
    filled: "Order Filled", partial: "Order Partially Filled", rejected: "Order Rejected",
    canceled: "Order Canceled", expired: "Order Expired",
  };
  const TONES = { filled: "gain", partial: "accent", rejected: "loss", canceled: "muted", expired: "muted" };

  /** Write what an order was for: "BUY 10 AAPL", "BUY $500 AAPL". */
  function subject(order, quantity) {
    const size = quantity ?? order.qty;
    const amount = size ? af.format.quantity(size) : af.format.money(order.notional);
    return `${order.side.toUpperCase()} ${amount} ${order.symbol}`;
  }

  /**
   * Word a notice.
   * @param {{kind: string, order: object, missed?: boolean}} notice
   * @returns {{title: string, text: string, tone: string}}
   *   such as "Order Filled: BUY 10 AAPL @ $175.50"
   */
  function words({ kind, order, missed }) {
    const at = order.filledAvgPrice ? ` @ $${af.format.price(order.filledAvgPrice)}` : "";
    let title = `${TITLES[kind]}: `;
    if (kind === "filled") title += subject(order, order.filledQty) + at;
    else if (kind === "partial") {
      const whole = order.qty ? ` of ${af.format.quantity(order.qty)}` : "";
      title += subject(order, order.filledQty).replace(` ${order.symbol}`, `${whole} ${order.symbol}`) + at;
    } else title += subject(order);
    const parts = [];
    if (kind === "rejected") parts.push(order.rejectReason || "The broker gave no reason");
    if (missed) parts.push("Missed while away");
    parts.push(af.format.moment(order.updatedAt));
    return { title, text: parts.join(" \u00b7 "), tone: TONES[kind] };
  }

  /** Put a toast on the page; one about the same thing gives way to it. */
  function show({ title, text = "", tone = "accent", about = "", stayMs }) {
    const host = document.getElementById("toasts");
    if (!host) return;
    if (about) [...host.children].find((one) => one.dataset.about === about)?.remove();
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.dataset.testid = "toast";
    toast.dataset.tone = tone;
    toast.dataset.about = about;
    const head = document.createElement("b");
    head.textContent = title;
    const body = document.createElement("span");
    body.textContent = text;
    const close = document.createElement("button");
    Object.assign(close, { type: "button", className: "icon-button close" });
    close.setAttribute("aria-label", "Dismiss");
    close.addEventListener("click", () => toast.remove());
    toast.append(head, body, close);
    host.append(toast);
    while (host.children.length > SHOWN) host.firstElementChild.remove();
    leave(toast, stayMs ?? (tone === "loss" ? STAY_BAD_MS : STAY_MS));
  }

  /** Let a toast go after a while, not while it is being read. */
  function leave(toast, ms) {
    setTimeout(() => {
      if (toast.matches(":hover, :focus-within")) leave(toast, 2000);
      else toast.remove();
    }, ms);
  }

  /** Say whether a choice is on. */
  function chosen(name) {
    return af.shell?.recall(`alphaflow.${name}`) === "on";
  }

  /** Beep: two short tones, lower for bad news. */
  function beep(tone) {
    const Audio = globalThis.AudioContext;
    if (!Audio) return;
    const audio = new Audio();
    const base = tone === "loss" ? 330 : 660;
    [0, 0.12].forEach((after, i) => {
      const voice = audio.createOscillator();
      const volume = audio.createGain();
      voice.frequency.value = base * (tone === "loss" ? 1 - i * 0.2 : 1 + i * 0.25);
      volume.gain.setValueAtTime(0.08, audio.currentTime + after);
      volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + after + 0.1);
      voice.connect(volume).connect(audio.destination);
      voice.start(audio.currentTime + after);
      voice.stop(audio.currentTime + after + 0.11);
    });
    setTimeout(() => audio.close(), 500);
  }

  /** Tell of an order: toast, sound, and the browser's own notice when the tab is hidden. */
  function tell(notice) {
    const told = words(notice);
    // the fills of one order follow each other: the newest says it all
    show({ ...told, about: notice.order.orderId });
    if (chosen("sound")) beep(told.tone);
    const allowed = globalThis.Notification?.permission === "granted";
    if (chosen("notify") && allowed && document.hidden) {
      new Notification(told.title, { body: told.text, tag: notice.order.orderId });
    }
  }

  /** Turn a choice over; notices need the browser's permission. */
  async function toggle(name) {
    const on = !chosen(name);
    if (name === "notify" && on && (await globalThis.Notification?.requestPermission()) !== "granted") {
      show({ title: "Notices are blocked", text: "Allow them for this site in the browser's settings.", tone: "warning" });
      return;
    }
    af.shell.remember(`alphaflow.${name}`, on ? "on" : "off");
    if (name === "sound" && on) beep("gain");
    document.querySelector(`[data-action="${name}"]`)?.setAttribute("aria-checked", String(on));
  }

  af.toasts = {
    words, show, tell, toggle, soundOn: () => chosen("sound"), notifyOn: () => chosen("notify"),
  };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
