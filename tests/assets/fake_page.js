/** A page without a browser: what the scripts touch, recorded; time moves only when told to. */
globalThis.page = {
  hidden: false, props: [], timers: [], frames: [], tasks: [], fetched: [], went: [], now: 0,
  answers: {}, elements: {}, handlers: {},
};
globalThis.dash_clientside = { set_props: (id, props) => page.props.push([id, props]) };
globalThis.document = {
  get hidden() { return page.hidden; },
  getElementById: (id) => page.elements[id] ?? null,
  querySelector: () => null,
  querySelectorAll: () => [],
  addEventListener: (name, handler) => (page.handlers[name] = handler),
  documentElement: { dataset: {} },
};
globalThis.location = {
  protocol: "http:", host: "desk:8050", pathname: "/portfolio", search: "",
  assign: (url) => page.went.push(url),
};
globalThis.console = { log() {}, warn() {}, error() {} };
globalThis.performance = { now: () => page.now };
Date.now = () => Date.parse("2026-01-05T15:00:00.000Z") + page.now;
Date.prototype.getTimezoneOffset = () => 0;
globalThis.setTimeout = (task, ms) => page.timers.push({ task, at: page.now + ms });
globalThis.clearTimeout = () => undefined;
globalThis.setInterval = () => 0;
globalThis.addEventListener = () => undefined;
globalThis.structuredClone = (value) => JSON.parse(JSON.stringify(value));
globalThis.requestAnimationFrame = (task) => page.frames.push(task);
globalThis.MessageChannel = class {
  constructor() {
    this.port1 = {};
    this.port2 = { postMessage: () => page.tasks.push(() => this.port1.onmessage()) };
  }
};
globalThis.fetch = (url, options = {}) => {
  page.fetched.push([options.method ?? "GET", url, options.body ?? null]);
  const path = url.split("?")[0];
  const answer = page.answers[path];
  if (answer === undefined) return Promise.reject(new Error("unreachable"));
  return Promise.resolve({ ok: (answer.status ?? 200) < 400, status: answer.status ?? 200, json: () => Promise.resolve(answer.body) });
};

/** Move time on, running what falls due. */
page.pass = (ms) => {
  const until = page.now + ms;
  for (;;) {
    const due = page.timers.filter((one) => one.at <= until).sort((a, b) => a.at - b.at)[0];
    if (!due) break;
    page.timers.splice(page.timers.indexOf(due), 1);
    page.now = Math.max(page.now, due.at);
    due.task();
  }
  page.now = until;
};

/** Draw one frame. */
page.draw = () => {
  page.frames.splice(0).forEach((task) => task());
  page.tasks.splice(0).forEach((task) => task());
};

/** Return what was handed to the socket since last asked, in order. */
page.sent = () => {
  page.pass(500);
  const texts = page.props.filter(([id, props]) => id === "stream-socket" && "send" in props).map(([, props]) => props.send);
  page.props = [];
  return texts;
};

/** Open the stream as a browser would. */
page.open = (accounts = ["acc"]) => {
  alphaflow.stream_link.start({ accounts: accounts.map((accountId) => ({ accountId, name: accountId })), realtime: true });
  dash_clientside.stream_link.state({ readyState: 1 });
};

/** Let a message arrive. */
page.arrive = (message) => dash_clientside.stream_link.receive({ data: JSON.stringify(message) });
