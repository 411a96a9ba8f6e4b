/**
 * Hands a chart or its data out: PNG, SVG and CSV, each stamped with as-of time, masked account
 * and feed, so that a picture in a report still says what it is.
 */
(function (af) {
  "use strict";

  const SIZE = { width: 1280, height: 640 };

  /** Name the accounts in view, their numbers masked. */
  function accountLabel(session, selected) {
    const accounts = session?.accounts ?? [];
    const shown = selected === "all" ? accounts : accounts.filter((one) => one.accountId === selected);
    return shown.map((one) => `${one.name} ${one.number}`).join(", ") || "no account";
  }

  /** Name the offset that the charts' local times have. */
  function zone(now) {
    const ahead = -new Date(now).getTimezoneOffset();
    const [hours, minutes] = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60];
    return `UTC${ahead < 0 ? "-" : "+"}${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`;
  }

  /** Make the stamp. */
  function stamp(title, session, selected, now) {
    return {
      title, asOf: new Date(now).toISOString(), account: accountLabel(session, selected),
      feed: session?.feedLabel ?? "unknown feed", times: zone(now),
    };
  }

  /** Write the stamp as one line. */
  function line(mark) {
    return `${mark.title} \u00b7 as of ${mark.asOf} \u00b7 ${mark.account} \u00b7 ${mark.feed}`;
  }

  /** Quote a cell where CSV needs it; a cell that a spreadsheet would run is made text. */
  function cell(value) {
    const text = String(value ?? "");
    const number = /^-?\d+(\.\d+)?$/.test(text);
    const safe = !number && /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  /** Write rows as CSV, the stamp in comment lines before the header. */
  function csv(mark, header, rows) {
    const notes = Object.entries({ chart: mark.title, "as of": mark.asOf, account: mark.account, feed: mark.feed, times: mark.times })
      .map(([name, value]) => `# ${name}: ${value}`);
    return [...notes, header.map(cell).join(","), ...rows.map((row) => row.map(cell).join(","))].join("\r\n") + "\r\n";
  }

  /** Take a figure's traces as rows: one line per point. */
  function rowsOf(data) {
    return data.filter((trace) => trace.meta !== "guide").flatMap((trace) => {
      const sideways = trace.orientation === "h";
      const x = Array.from((sideways ? trace.y : trace.x) ?? []);
      const y = Array.from((sideways ? trace.x : trace.y) ?? []);
      return x.map((one, i) => [trace.name ?? "", one, y[i]]);
    });
  }

  /** Make a file's name: "alphaflow-equity-2026-01-04T10-30-00.csv". */
  function fileName(mark, kind) {
    const slug = mark.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    return `alphaflow-${slug}-${mark.asOf.slice(0, 19).replaceAll(":", "-")}.${kind}`;
  }

  /** Let the browser save a file. */
  function save(name, url) {
    const link = document.createElement("a");
    Object.assign(link, { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
  }

  /** Draw the figure with its stamp, on the page's own ground. */
  function stamped(graph, mark) {
    const c = af.charts.colors();
    const note = {
      text: line(mark), xref: "paper", yref: "paper", x: 0, y: -0.1, xanchor: "left", yanchor: "top",
      showarrow: false, font: { size: 11, color: c.muted },
    };
    const layout = structuredClone(graph.layout);
    return {
      data: graph.data,
      layout: {
        ...layout, ...SIZE, paper_bgcolor: c.panel, plot_bgcolor: c.panel,
        title: { text: mark.title, font: { size: 16, color: c.text }, x: 0.02 },
        margin: { ...layout.margin, l: Math.max(40, layout.margin?.l ?? 0), t: 60, b: 90 },
        annotations: [...(layout.annotations ?? []), note],
      },
    };
  }

  /**
   * Export a chart.
   * @param {string} id the graph's id
   * @param {"png"|"svg"|"csv"} kind
   * @param {string} title
   */
  async function give(id, kind, title) {
    const graph = document.querySelector(`#${CSS.escape(id)} .js-plotly-plot`);
    if (!graph?.data?.length) return;
    const mark = stamp(title, af.shell.session(), af.stream_link.store.selected, Date.now());
    if (kind === "csv") {
      const text = csv(mark, ["series", "x", "y"], rowsOf(graph.data));
      const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
      save(fileName(mark, kind), url);
      setTimeout(() => URL.revokeObjectURL(url), 1000);
      return;
    }
    const url = await globalThis.Plotly.toImage(stamped(graph, mark), { format: kind, scale: kind === "png" ? 2 : 1, ...SIZE });
    save(fileName(mark, kind), url);
  }

  let listening = false;

  /** Hear the export buttons, once. */
  function listen() {
    if (listening) return;
    listening = true;
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-export]");
      if (!button) return;
      give(button.dataset.graph, button.dataset.export, button.dataset.title)
        .catch((error) => af.toasts.show({ title: "Export failed", text: error.message, tone: "loss" }));
    });
  }

  af.figure_export = { accountLabel, stamp, line, csv, rowsOf, fileName, listen };
})((globalThis.alphaflow = globalThis.alphaflow || {}));
