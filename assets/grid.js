/**
 * What the AG Grid tables share: the theme in the page's own tokens, the way to reach a grid that
 * may not be there (yet), and keeping a table's rows equal to a list with the fewest transactions.
 */
(function (af) {
  "use strict";

  /** Return a grid's API, or null while the page has no such grid. */
  function api(id) {
    try {
      const found = globalThis.dash_ag_grid?.getApi(id);
      return found && !found.isDestroyed() ? found : null;
    } catch {
      return null;
    }
  }

  /** Call back with the API as soon as the grid exists: its script loads after the page. */
  function whenReady(id, callback, tries = 1200) {
    const found = api(id);
    if (found) return callback(found);
    if (tries) setTimeout(() => whenReady(id, callback, tries - 1), 25);
    return undefined;
  }

  /**
   * Compare two generations of rows.
   * @param {Map<string, object>} shown rows on screen by id
   * @param {object[]} wanted rows to be shown
   * @returns {{add: object[], update: object[], remove: object[]}} a transaction
   */
  function difference(shown, wanted) {
    const ids = new Set(wanted.map((row) => row.id));
    const add = [];
    const update = [];
    for (const row of wanted) {
      const old = shown.get(row.id);
      if (!old) add.push(row);
      else if (!equal(old, row)) update.push(row);
    }
    const remove = [...shown.values()].filter((row) => !ids.has(row.id)).map(({ id }) => ({ id }));
    return { add, update, remove };
  }

  /** Compare two flat rows. */
  function equal(a, b) {
    const names = Object.keys(b);
    return names.length === Object.keys(a).length && names.every((name) => a[name] === b[name]);
  }

  /**
   * Name the columns whose cells show more than their own field, where that changed.
   * @param {Object<string, string[]>} composed further fields that a column's cells show
   */
  function outdated(composed, old, row) {
    return Object.keys(composed).filter((column) => composed[column].some((name) => old[name] !== row[name]));
  }

  /**
   * Make a table's mirror: remembers what is shown and applies differences.
   * @param {function(): Object<string, string[]>} [composed] the grid redraws a cell when its
   *   column's own field changes; these are the other fields that it must be redrawn for
   */
  function mirror(id, composed = () => ({})) {
    const shown = new Map();
    return {
      shown,
      /** Forget what was shown: the grid is a new one. */
      reset: () => shown.clear(),
      /** Show these rows; returns the transaction, or null without a grid. */
      show(wanted) {
        const grid = api(id);
        if (!grid) return null;
        const change = difference(shown, wanted);
        if (change.add.length + change.update.length + change.remove.length) {
          grid.applyTransaction(change);
          for (const row of change.update) {
            const columns = outdated(composed(), shown.get(row.id), row);
            if (columns.length) grid.refreshCells({ rowNodes: [grid.getRowNode(row.id)], columns, force: true });
          }
          for (const row of change.remove) shown.delete(row.id);
          for (const row of [...change.add, ...change.update]) shown.set(row.id, row);
        }
        return change;
      },
    };
  }

  /** Show or hide what stands for a table that is loading or empty. */
  function phase(id, name) {
    const host = document.getElementById(id)?.closest("[data-phase]");
    if (host && host.dataset.phase !== name) host.dataset.phase = name;
  }

  /** Let Enter or Space on a cell press the button in it; Enter on any other cell is a click on its row. */
  function press(event) {
    const { key, target } = event;
    if (!target.classList?.contains("ag-cell") || (key !== "Enter" && key !== " ")) return;
    const button = target.querySelector("button");
    if (!button && key !== "Enter") return;
    event.preventDefault();
    (button ?? target).click();
  }

  const functions = (globalThis.dashAgGridFunctions = globalThis.dashAgGridFunctions || {});

  /** Return the grid theme: every colour is a token, so it follows the page's theme by itself. */
  functions.alphaflowTheme = (base) =>
    base.withParams({
      accentColor: "var(--accent)", backgroundColor: "var(--panel)", foregroundColor: "var(--text)",
      headerBackgroundColor: "var(--panel)", headerTextColor: "var(--muted)",
      headerFontWeight: 500, headerHeight: 34, rowHeight: 46, fontSize: 13, fontFamily: "inherit",
      headerFontSize: 12, borderColor: "var(--border)", rowHoverColor: "var(--hover)",
      chromeBackgroundColor: "var(--panel)", wrapperBorder: false, wrapperBorderRadius: 0,
      columnBorder: false, headerColumnBorder: false, headerColumnResizeHandleColor: "transparent",
      oddRowBackgroundColor: "var(--panel)", selectedRowBackgroundColor: "var(--selected)",
      cellHorizontalPadding: 12, menuBackgroundColor: "var(--raised)", spacing: 6,
      inputBackgroundColor: "var(--field)", rowBorder: "1px solid var(--border)",
      browserColorScheme: "inherit", pinnedRowBorder: "1px solid var(--border)",
    });

  /** Sort decimal strings by value; what is missing comes last. */
  functions.byNumber = (a, b) => {
    if (a === b) return 0;
    if (a === null || a === undefined || a === "") return -1;
    if (b === null || b === undefined || b === "") return 1;
    return af.decimal.compare(a, b);
  };

  /**
   * Let the Tab key leave the table: false leaves the key to the browser. The grid's guards at both
   * ends would send the focus back in, so they stand aside for this one key.
   */
  functions.leaveGrid = () => {
    const guards = document.activeElement?.closest(".ag-root-wrapper")?.querySelectorAll(".ag-tab-guard") ?? [];
    for (const guard of guards) guard.setAttribute("tabindex", "-1");
    setTimeout(() => guards.forEach((guard) => guard.setAttribute("tabindex", "0")));
    return false;
  };

  functions.rowId = (params) => params.data.id;

  af.grid = { api, whenReady, difference, equal, mirror, phase, press };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
