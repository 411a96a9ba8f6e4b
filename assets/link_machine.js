/**
 * The connection's state machine (R7, R8, R9), pure: `next(state, event)` returns the new state
 * and what to do. Time and chance come in with the event, so that every path can be tested.
 */
(function (af) {
  "use strict";

  const LIMITS = {
    attempts: 10, // then it counts as fallback and tries at a fixed pace
    firstDelayMs: 1000,
    maxDelayMs: 30000,
    fallbackAfterMs: 5000,
    pollEveryMs: 5000,
    pingEveryMs: 10000,
    muteAfterMs: 20000, // two pings unanswered
    reconcileEveryMs: 60000,
    handshakeMs: 10000,
  };

  /** Return the state before anything happened. */
  function initial({ enabled = true } = {}) {
    return {
      phase: "idle", // idle, connecting, open, live, waiting, ended
      enabled, attempt: 0, url: 0, downSince: null, dueAt: null, heardAt: null, pingAt: null,
      pollAt: null, reconcileAt: null, polling: false, pollWorks: null, opened: false,
      openedOnce: false, reason: "", latencyMs: null,
    };
  }

  /**
   * Return how long to wait before an attempt: full jitter under a doubling ceiling.
   * @param {number} attempt 0 for the first
   * @param {number} chance 0 ≤ chance < 1
   */
  function delay(attempt, chance) {
    if (attempt >= LIMITS.attempts) return LIMITS.maxDelayMs;
    return chance * Math.min(LIMITS.maxDelayMs, LIMITS.firstDelayMs * 2 ** attempt);
  }

  /** Open the next socket: a fresh url value is what makes the component reconnect. */
  function connect(state, now) {
    const next = { ...state, phase: "connecting", url: state.url + 1, opened: false, heardAt: now,
      dueAt: null, attempt: state.attempt + 1 };
    return [next, [{ do: "connect", url: next.url }]];
  }

  /** Wait for the next attempt. */
  function wait(state, now, delayMs, reason) {
    return { ...state, phase: "waiting", dueAt: now + delayMs, reason, latencyMs: null,
      downSince: state.downSince ?? now, pingAt: null };
  }

  const on = {
    start(state, { now }) {
      if (state.enabled) return connect({ ...state, downSince: now }, now);
      return [{ ...state, phase: "waiting", downSince: now, dueAt: null, polling: true, pollAt: now,
        reason: "Streaming is switched off" }, []];
    },

    opened(state, { now }) {
      if (state.phase !== "connecting") return [state, []];
      const next = { ...state, phase: "open", opened: true, heardAt: now };
      return [next, [{ do: "subscribe" }]];
    },

    /** The first account message or `subscribed`: the stream is back. */
    subscribed(state, { now }) {
      const next = { ...state, phase: "live", attempt: 0, downSince: null, polling: false,
        pollAt: null, heardAt: now, openedOnce: true, reason: "",
        pingAt: now, reconcileAt: now + LIMITS.reconcileEveryMs };
      return [next, [{ do: "live" }]];
    },

    heard(state, { now }) {
      return [{ ...state, heardAt: now }, []];
    },

    pong(state, { now, latencyMs }) {
      return [{ ...state, heardAt: now, latencyMs }, []];
    },

    closed(state, { now, code, chance, reason }) {
      if (state.phase === "ended" || state.phase === "idle") return [state, []];
      // the socket that was left behind by a reconnect may still report its end
      if (state.phase === "waiting") return [state, []];
      if (code === 1008) return [{ ...state, phase: "ended", reason: "session" }, [{ do: "login" }]];
      const busy = code === 1013;
      const next = wait(state, now, busy ? LIMITS.maxDelayMs : delay(state.attempt, chance),
        busy ? reason || "Maximum connections exceeded" : reason || "Connection lost");
      return [next, [{ do: "check" }]];
    },

    draining(state, { now, reconnectAfterMs }) {
      return [wait(state, now, reconnectAfterMs, "The server is restarting"), []];
    },

    /** The server answered over HTTP after it had not: no need to sit out the backoff. */
    polled(state, { now, ok, chance }) {
      const back = ok && state.pollWorks === false && state.phase === "waiting" && state.enabled;
      const next = { ...state, pollWorks: ok };
      return [back ? { ...next, dueAt: Math.min(next.dueAt ?? Infinity, now + 500 * chance) } : next, []];
    },

    /** The person asked, or the network came back. */
    retry(state, { now }) {
      if (state.phase !== "waiting" || !state.enabled) return [{ ...state, pollAt: state.polling ? now : null }, []];
      return connect({ ...state, attempt: 0 }, now);
    },

    tick: tick,
  };

  /** Ping, or give a mute socket up. */
  function tend(state, { now, chance }) {
    if (now - state.heardAt > LIMITS.muteAfterMs) {
      return [wait(state, now, delay(0, chance), "The server went silent"), []];
    }
    const actions = [];
    let next = state;
    if (now >= next.pingAt) {
      next = { ...next, pingAt: now + LIMITS.pingEveryMs };
      actions.push({ do: "ping" });
    }
    if (now >= next.reconcileAt) {
      next = { ...next, reconcileAt: now + LIMITS.reconcileEveryMs };
      actions.push({ do: "reconcile" });
    }
    return [next, actions];
  }

  /** Poll when it is time. */
  function poll(state, now, actions) {
    const due = state.downSince !== null && now - state.downSince >= LIMITS.fallbackAfterMs;
    if (!state.polling && !due) return state;
    const next = { ...state, polling: true };
    if (now < (next.pollAt ?? 0)) return next;
    actions.push({ do: "poll" });
    return { ...next, pollAt: now + LIMITS.pollEveryMs };
  }

  /** The clock moved: called about once a second. */
  function tick(state, event) {
    const { now, chance } = event;
    if (state.phase === "idle" || state.phase === "ended") return [state, []];
    if (state.phase === "live") return tend(state, event);
    let next = state;
    let actions = [];
    if (state.phase !== "waiting" && now - state.heardAt > LIMITS.handshakeMs) {
      next = wait(state, now, delay(state.attempt, chance), "No answer");
    } else if (state.phase === "waiting" && state.dueAt !== null && now >= state.dueAt) {
      [next, actions] = connect(state, now);
    }
    actions = [...actions];
    return [poll(next, now, actions), actions];
  }

  /**
   * Advance the machine.
   * @param {object} state from initial() or next()
   * @param {{type: string, now: number, chance?: number}} event
   * @returns {[object, Array<{do: string}>]} the new state and what to do
   */
  function next(state, event) {
    const step = on[event.type];
    if (!step) throw new Error(`link_machine: unknown event ${event.type}`);
    return step(state, { chance: Math.random(), ...event });
  }

  /**
   * Say what the indicator shows (U1).
   * @returns {{state: "live"|"connecting"|"offline"|"backup", text: string}}
   */
  function shown(state) {
    if (state.phase === "live") return { state: "live", text: "Live" };
    if (state.polling && state.pollWorks === true) {
      return { state: "backup", text: "Using backup connection" };
    }
    if (state.polling && state.pollWorks === false) return { state: "offline", text: "Offline" };
    if (state.phase === "ended") return { state: "offline", text: "Signed out" };
    if (!state.openedOnce && state.attempt <= 1) return { state: "connecting", text: "Connecting" };
    const n = Math.min(Math.max(state.attempt, 1), LIMITS.attempts);
    return { state: "connecting", text: `Reconnecting (${n}/${LIMITS.attempts})` };
  }

  af.link_machine = { LIMITS, initial, next, delay, shown };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
