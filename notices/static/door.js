// The page before the code: a form is sent once, and the next code can be asked for when its pause is over.
"use strict";
(() => {
  for (const form of document.querySelectorAll("form[data-once]")) form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    form.querySelector("button").disabled = true;
  });
  // Gone back to, the page can be used again.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[data-once]")) { delete form.dataset.sent; form.querySelector("button").disabled = false; }
  });
  const again = document.getElementById("again");
  if (again && Number(again.dataset.pause) > 0) {
    const title = again.textContent, until = Date.now() + Number(again.dataset.pause) * 1000;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      again.disabled = left > 0;
      again.textContent = left > 0 ? again.dataset.wait.replace("{left}", left) : title;
      if (left > 0) setTimeout(tick, 500);
    };
    tick();
  }
  const wrong = document.querySelector("[aria-invalid]");
  if (wrong) wrong.focus();
})();
