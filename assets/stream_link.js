/**
 * Binds the stream to the page: the WebSocket component's messages go into the store and on to
 * whoever shows them, and each is acknowledged once it is on the screen.
 * The decisions are link_machine.js's, the data portfolio_store.js's.
 */
(function (af) {
  "use strict";

  const SOCKET = "stream-socket";
  const CHANNELS = ["positions", "orders", "account", "trades"];
  // `send` is one property, overwritten by the next value of the same render: leave it a render's time
  const SEND_GAP_MS = 12;
  const PAINT_WAIT_MS = 100;

  const link = {
    machine: null, session: null, timer: null, outbox: [], sending: false, sent: 0,
    pingedAt: null, batchWindowMs: null, subscribers: [], painters: [],
  };
  const store = af.portfolio_store.create();

  /** Hear of every effect: listener(effect, store). */
  function onEffect(listener) {
    link.subscribers.push(listener);
  }

  /** Hear of every change of the connection: listener(machine, shown). */
  function onLink(listener) {
    link.painters.push(listener);
  }

  /** Call listeners, one's failure not being the others'. */
  function tell(listeners, ...args) {
    for (const listener of listeners) {
      try {
        listener(...args);
      } catch (error) {
        console.error(error);
      }
    }
  }

  /** Advance the machine and do what it says. */
  function step(type, fields = {}) {
    if (!link.machine) return;
    const [machine, actions] = af.link_machine.next(link.machine, { type, now: Date.now(), ...fields });
    link.machine = machine;
    for (const action of actions) perform[action.do](action);
    tell(link.painters, machine, af.link_machine.shown(machine));
  }

  const perform = {
    connect({ url }) {
      link.outbox = [];
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      dash_clientside.set_props(SOCKET, { url: `${scheme}://${location.host}/ws/portfolio?c=${Date.now()}-${url}` });
    },
    subscribe: () => send(subscription({ resume: af.portfolio_store.resume(store) })),
    ping() {
      link.pingedAt = performance.now();
      send({ type: "ping" });
    },
    live: () => undefined,
    poll: () => af.backup_polling.poll(store, publish).then((ok) => step("polled", { ok })),
    reconcile: () => af.backup_polling.reconcile(store, publish),
    check: () => af.backup_polling.checkSession(),
    login: () => af.backup_polling.toLogin(),
  };

  /** Make a subscribe message. */
  function subscription(extra) {
    return { type: "subscribe", channels: CHANNELS, ack: true, ...extra };
  }

  /** Queue a message for the socket; acks go first. */
  function send(message) {
    if (message.type === "ack") link.outbox.unshift(message);
    else link.outbox.push(message);
    if (!link.sending) flush();
  }

  /** Hand the next message to the component, one per render. */
  function flush() {
    // the component would open a socket of its own if it were given something to send while closed
    if (!["open", "live"].includes(link.machine.phase)) link.outbox = [];
    const message = link.outbox.shift();
    link.sending = Boolean(message);
    if (!message) return;
    // an unchanged value isn't sent, so equal messages are told apart by trailing blanks
    link.sent += 1;
    const text = JSON.stringify(message) + " ".repeat(link.sent % 2);
    dash_clientside.set_props(SOCKET, { send: text });
    setTimeout(flush, SEND_GAP_MS);
  }

  /** Acknowledge a message once it was painted; a hidden tab paints nothing and isn't waited for. */
  function acknowledge(message, appliedAt) {
    const ack = {
      type: "ack", accountId: message.accountId ?? null, epoch: message.epoch ?? null,
      seq: message.seq ?? null,
    };
    if (ack.seq === null) ack.accountId = ack.epoch = null;
    if (ack.seq === null || document.hidden) return send(ack);
    let done = false;
    const finish = (painted) => {
      if (done) return;
      done = true;
      send(painted ? { ...ack, paintMs: Math.round((performance.now() - appliedAt) * 10) / 10 } : ack);
    };
    // a task queued in the frame callback runs after that frame was drawn
    requestAnimationFrame(() => afterPaint(() => finish(true)));
    setTimeout(() => finish(false), PAINT_WAIT_MS);
  }

  /** Run a task after the current frame, without a timer's minimum delay. */
  function afterPaint(task) {
    const channel = new MessageChannel();
    channel.port1.onmessage = task;
    channel.port2.postMessage(null);
  }

  /** Hand an effect on. */
  function publish(effect) {
    tell(link.subscribers, effect, store);
  }

  const control = {
    subscribed(message) {
      const data = message.data ?? {};
      link.batchWindowMs = data.batchWindowMs ?? message.batchWindowMs ?? null;
      if (link.machine.phase !== "live") step("subscribed");
    },
    unsubscribed: () => undefined,
    pong: () => step("pong", { latencyMs: Math.round(performance.now() - link.pingedAt) }),
    draining(message) {
      const after = message.data?.reconnectAfterMs ?? message.reconnectAfterMs ?? 1000;
      step("draining", { reconnectAfterMs: after });
    },
    stale: (message) => silence(message, true),
    fresh: (message) => silence(message, false),
    error(message) {
      const data = message.data ?? message;
      link.error = data.message ?? data.code;
      console.warn("stream:", link.error);
    },
  };

  /** Note which hop upstream is silent (R14), for one account or all. */
  function silence(message, silent) {
    const data = message.data ?? message;
    const states = message.accountId
      ? [af.portfolio_store.account(store, message.accountId)]
      : Object.values(store.accounts);
    for (const state of states) {
      if (silent) state.silent[data.hop] = data.since ?? message.timestamp;
      else delete state.silent[data.hop];
    }
  }

  /** Apply an account message; a gap asks for a snapshot. */
  function take(message) {
    if (link.machine.phase === "open") step("subscribed");
    const appliedAt = performance.now();
    const effect = af.portfolio_store.apply(store, message, Date.now());
    if (effect.verdict === "gap") send(subscription({ accounts: [message.accountId] }));
    if (effect.verdict === "apply") publish(effect);
    acknowledge(message, appliedAt);
  }

  /** Callback: the component's `message` changed. */
  function receive(event) {
    if (!event || !link.machine) return;
    let message;
    try {
      message = JSON.parse(event.data);
    } catch {
      console.error("stream: not JSON");
      return;
    }
    link.machine.heardAt = Date.now();
    if (!(message.type in control)) return take(message);
    if (message.timestamp) af.portfolio_store.learnOffset(store, message.timestamp, Date.now());
    control[message.type](message);
    acknowledge({}, 0);
  }

  /** Callback: the component's `state` changed. */
  function state(event) {
    if (!event) return;
    if (event.readyState === 1) {
      // a new socket starts with nothing under way
      link.error = null;
      step("opened");
    }
    if (event.readyState === 3 && event.code !== undefined) {
      step("closed", { code: event.code, reason: event.reason || link.error });
    }
  }

  /**
   * Start the stream, once.
   * @param {{accounts: Array, realtime: boolean, windowMs: number}} session
   */
  function start(session) {
    if (!session || link.machine) return;
    link.session = session;
    for (const one of session.accounts) af.portfolio_store.account(store, one.accountId);
    link.machine = af.link_machine.initial({ enabled: session.realtime !== false });
    link.timer = setInterval(() => step("tick"), 1000);
    addEventListener("online", () => step("retry"));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) step("tick");
    });
    step("start");
  }

  /** Refresh on request: over REST at once, and reconnect if waiting. */
  function refresh() {
    step("retry");
    return af.backup_polling.poll(store, publish).then((ok) => step("polled", { ok }));
  }

  af.stream_link = { store, link, start, onEffect, onLink, refresh, publish, send };
  globalThis.dash_clientside = Object.assign(globalThis.dash_clientside || {}, {
    stream_link: { state, receive },
  });
})((globalThis.alphaflow = globalThis.alphaflow || {}));
