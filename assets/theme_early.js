/** Sets the remembered theme before the first paint; the only script in the page's head. */
(function () {
  "use strict";
  const root = document.documentElement;
  let theme = null;
  let palette = null;
  try {
    theme = localStorage.getItem("alphaflow.theme");
    palette = localStorage.getItem("alphaflow.palette");
  } catch {
    // no storage: the defaults hold
  }
  root.dataset.theme = theme === "light" ? "light" : "dark";
  root.dataset.palette = palette === "blue" ? "blue" : "green";
})();
