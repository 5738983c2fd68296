// What every page of the console shares. Each page works without it but for what moves by itself.
"use strict";

/* A menu closes when something else is clicked, and on Escape. */
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

/* On a phone the sections are wider than the screen: the open one is in sight. */
document.querySelector(".sections [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

/* A form that is being sent is not sent twice. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 4000);
});

/* What cannot be undone is asked twice. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-confirm]");
  if (button && !window.confirm(button.dataset.confirm)) event.preventDefault();
});

/** A request to the console's own pages that answers in JSON. */
async function ask(url, data) {
  const options = { headers: { Accept: "application/json" }, credentials: "same-origin" };
  if (data !== undefined) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    options.headers["X-CSRFToken"] = document.querySelector("meta[name=csrf]").content;
    options.body = JSON.stringify(data);
  }
  const response = await fetch(url, options);
  if (response.status === 401) window.location.reload();
  const body = await response.json();
  if (!response.ok) throw Object.assign(new Error(body.error.code), body.error, { status: response.status });
  return body;
}
