// Before anything is painted: which scheme the viewer chose here, if not the system's.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  if (root.dataset.theme) return; // the address says it
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch {
    // Storage may be forbidden; the system's scheme then.
  }
})();
