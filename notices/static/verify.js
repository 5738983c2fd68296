// The hash of a file is made here, and only the hash is sent; what is found is shown as the page itself would.
"use strict";
(() => {
  const form = document.getElementById("check"), here = document.getElementById("here"), send = document.getElementById("send");
  const problem = document.getElementById("problem"), found = document.getElementById("found");
  const file = document.getElementById("file"), code = document.getElementById("code");
  const canHash = Boolean(window.crypto && window.crypto.subtle && window.isSecureContext && File.prototype.arrayBuffer);
  const largest = 64 * 1024 * 1024;
  const paper = /^#[0-9a-f]{64}$/.test(location.hash) ? location.hash.slice(1) : "";
  const show = (id, shown) => { document.getElementById(id).hidden = !shown; };
  show("here", canHash);
  show("stays", canHash);
  show("cannot", !canHash);
  if (paper) {
    show("paper", true);
    document.querySelector("#paper .hash").textContent = paper;
  }

  const fail = (text) => {
    problem.querySelector("p").textContent = text;
    problem.hidden = !text;
  };
  const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const fill = (told) => {
    const summary = document.getElementById("summary");
    summary.textContent = told.summary;
    summary.classList.toggle("bad", !told.good);
    document.getElementById("sha256").textContent = told.sha256;
    show("sealed", told.sealed_at);
    document.querySelector("#sealed dd").textContent = told.sealed_at;
    const compared = paper && told.content_sha256;
    show("same", compared);
    if (compared) document.getElementById("same").textContent = told.content_sha256 === paper ? form.dataset.same : form.dataset.other;
    const lines = document.getElementById("lines"), sample = document.getElementById("line").content.firstElementChild;
    lines.replaceChildren(...told.lines.map((line) => {
      const item = sample.cloneNode(true);
      item.className = line.state;
      item.querySelector(".mark").textContent = line.state_text;
      item.querySelector(".title").textContent = line.title;
      item.querySelector(".says").textContent = line.says;
      item.querySelector(".not-proven span").textContent = line.not_proven;
      return item;
    }));
    found.hidden = false;
    found.focus();
    found.scrollIntoView({ block: "start" });
  };

  const lookUp = async () => {
    const chosen = file.files[0];
    if (!chosen) return fail(form.dataset.noFile);
    if (chosen.size > largest) return fail(form.dataset.tooLarge);
    const sha256 = hex(await crypto.subtle.digest("SHA-256", await chosen.arrayBuffer()));
    let answer, told;
    try {
      answer = await fetch(form.dataset.lookUp.replace("0".repeat(64), sha256), { method: "POST", body: new URLSearchParams({ code: code.value }), credentials: "omit" });
      told = await answer.json();
    } catch {
      return fail(form.dataset.noAnswer);
    }
    if (!answer.ok) return fail(told.error);
    fill(told);
  };

  form.addEventListener("submit", async (event) => {
    fail("");
    if (event.submitter === send || !canHash) {
      if (file.files[0] && file.files[0].size > Number(form.dataset.largest)) {
        event.preventDefault();
        fail(form.dataset.tooLarge);
      }
      return;
    }
    event.preventDefault();
    const title = here.textContent;
    found.hidden = true;
    here.disabled = true;
    here.textContent = form.dataset.working;
    try {
      await lookUp();
    } catch {
      fail(form.dataset.noAnswer);
    } finally {
      here.disabled = false;
      here.textContent = title;
    }
  });
})();
