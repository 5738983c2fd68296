// Which weekday or holiday the chosen last day is, as soon as it is chosen.
"use strict";
(() => {
  const field = document.getElementById("due_on");
  const words = document.getElementById("due-words");
  if (!field || !words) return;
  field.addEventListener("change", async () => {
    try {
      const told = await ask(`${field.dataset.url}?on=${encodeURIComponent(field.value)}`);
      words.textContent = told.told;
    } catch { words.textContent = ""; }
  });
})();
