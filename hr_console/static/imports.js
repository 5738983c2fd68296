// An import that runs beside the requests: how far it is, and the page anew when it is done.
"use strict";
(() => {
  const bar = document.getElementById("progress");
  const look = async () => {
    try {
      const now = await ask(bar.dataset.url);
      if (!now.running) { window.location.reload(); return; }
      bar.max = Math.max(now.total, 1);
      bar.value = now.done;
      document.getElementById("progress-told").textContent = `${now.done} / ${now.total}`;
    } catch { /* the next look tells */ }
    setTimeout(look, 700);
  };
  if (bar) setTimeout(look, 700);
})();
