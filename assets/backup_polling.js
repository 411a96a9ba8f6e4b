/**
 * REST beside the stream: the backup while it is down (R9) and the reconciliation
 * while it is up (R10).
 */
(function (af) {
  "use strict";

  /** Go to the login page and come back here afterwards. */
  function toLogin() {
    const next = encodeURIComponent(location.pathname + location.search);
    location.assign(`/login?next=${next}`);
  }

  /**
   * Fetch JSON; a lost session leads to the login page.
   * @param {string} url
   * @returns {Promise<any>} rejects when the server can't be reached or refuses
   */
  async function getJson(url) {
    const response = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (response.status === 401) {
      toLogin();
      throw new Error("signed out");
    }
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    return response.json();
  }

  /** Take the list out of an answer, whether bare or under its name. */
  function listOf(answer, name) {
    if (Array.isArray(answer)) return answer;
    return answer?.[name] ?? answer?.data ?? answer?.items ?? [];
  }

  /** Fetch all of one account. */
  async function fetchAccount(accountId) {
    const query = `?accountId=${encodeURIComponent(accountId)}`;
    const [positions, orders, trades, account] = await Promise.all([
      getJson(`/api/positions${query}`), getJson(`/api/orders${query}`),
      getJson(`/api/trades${query}`), getJson(`/api/account${query}`),
    ]);
    return {
      positions: listOf(positions, "positions"), orders: listOf(orders, "orders"),
      trades: listOf(trades, "trades"), account: "account" in account ? account.account : account,
    };
  }

  /**
   * Fetch every account and merge it.
   * @returns {Promise<boolean>} whether the server answered
   */
  async function poll(store, publish) {
    try {
      for (const accountId of Object.keys(store.accounts)) {
        const touched = store.accounts[accountId].touched;
        const lists = await fetchAccount(accountId);
        // the stream came back meanwhile: what it said is newer than this answer
        if (store.accounts[accountId].touched !== touched) continue;
        publish(af.portfolio_store.merge(store, accountId, lists, Date.now()));
      }
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Compare with REST while the stream is up; correct, count and report a difference.
   * An account that the stream touched during the request is compared with what came before and
   * after: only what neither agrees with is a difference.
   */
  async function reconcile(store, publish) {
    for (const state of Object.values(store.accounts)) {
      try {
        const before = structuredClone(state);
        const lists = await fetchAccount(state.accountId);
        const earlier = new Set(af.portfolio_store.differences(before, lists));
        const found = af.portfolio_store.differences(state, lists).filter((line) => earlier.has(line));
        if (!found.length) continue;
        af.drift = (af.drift ?? 0) + found.length;
        console.warn("reconciliation corrected:", found.join(", "));
        publish(af.portfolio_store.merge(store, state.accountId, lists, Date.now()));
        report(state.accountId, found);
      } catch {
        // the next round tries again; the stream itself is what shows an outage
      }
    }
  }

  /** Tell the server what was corrected. */
  function report(accountId, found) {
    const body = JSON.stringify({ accountId, corrections: found.length, details: found.slice(0, 20) });
    return fetch("/api/drift", { method: "POST", headers: { "Content-Type": "application/json" }, body })
      .catch(() => undefined);
  }

  /** After a refused or lost socket, see whether it is the session that ended. */
  function checkSession() {
    return getJson("/api/session").catch(() => undefined);
  }

  af.backup_polling = { poll, reconcile, checkSession, toLogin, getJson, listOf, fetchAccount };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
