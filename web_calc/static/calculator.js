// What the page does on top of a plain form: results while typing, finding places, rows, the share link. The form works without.
"use strict";
(() => {
  const form = document.getElementById("calc");
  if (!form || !form.dataset.live) return;
  const byId = (id) => document.getElementById(id);
  const answer = byId("answer"), section = answer.closest("section"), offline = byId("offline");
  const said = byId("said"), peek = byId("peek");

  // --- results while typing; answers that come late, or after a newer question, are dropped
  let asked = 0, timer = 0, running = null, pause = 1000;
  const ask = async () => {
    clearTimeout(timer);
    const mine = ++asked;
    if (running) running.abort();
    running = new AbortController();
    try {
      const reply = await fetch(form.dataset.live, { method: "POST", body: new URLSearchParams(new FormData(form)), signal: running.signal });
      if (!reply.ok) throw new Error(reply.status);
      const html = await reply.text();
      pause = 1000;
      if (mine === asked) show(html);
    } catch (error) {
      if (mine !== asked || error.name === "AbortError") return;
      section.classList.add("stale");
      offline.hidden = false;
      timer = setTimeout(ask, pause);  // what a phone says of being online is not to be relied on
      pause = Math.min(2 * pause, 30000);
    }
  };
  const askSoon = () => { clearTimeout(timer); timer = setTimeout(ask, 150); };

  // What can be opened in the answer, each under the words on it and on what it stands in; the third of a kind is #3.
  const foldingRows = () => {
    const found = new Map();
    for (const row of answer.querySelectorAll("details > summary")) {
      const words = [];
      for (let each = row.parentElement; each && answer.contains(each); each = each.parentElement.closest("details")) {
        const summary = each.querySelector(":scope > summary");
        words.push((summary.querySelector(".label") || summary).textContent.trim());
      }
      let key = words.join(" < "), count = 1;
      while (found.has(key)) key = `${words.join(" < ")} #${++count}`;
      found.set(key, row);
    }
    return found;
  };

  const show = (html) => {
    const fragment = new DOMParser().parseFromString(html, "text/html").querySelector("[data-fragment]");
    offline.hidden = true;
    section.classList.remove("stale");
    const open = new Set(), active = document.activeElement;
    let held = "";
    for (const [key, row] of foldingRows()) {
      if (row.parentElement.open) open.add(key);
      if (row === active) held = key;
    }
    answer.replaceChildren(fragment);
    for (const [key, row] of foldingRows()) {
      if (open.has(key)) row.parentElement.open = true;
      if (held && key === held) row.focus({ preventScroll: true });
    }
    markFields(fragment);
    openQuestions(fragment.dataset.line);
    const words = fragment.dataset.said || "";
    if (said.textContent !== words) said.textContent = words;
    peek.hidden = !words;
    peek.textContent = words ? "↓ " + words : "";
    const share = byId("share");
    if (share) share.hidden = false;
  };

  // What is wrong stands at its field; what nobody has got to yet is not wrong.
  const markFields = (fragment) => {
    for (const each of form.querySelectorAll(".error")) { each.hidden = true; each.textContent = ""; }
    for (const each of form.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
    for (const item of fragment.querySelectorAll("[data-field]:not([data-missing])")) {
      const name = item.dataset.field, place = byId(name + "-error");
      if (!place) continue;
      if (document.activeElement === byId(name) && byId(name).getAttribute("aria-expanded") === "true") continue;
      place.textContent = item.querySelector("a").textContent;
      place.hidden = false;
      byId(name).setAttribute("aria-invalid", "true");
    }
  };

  // Urban or rural, and the family's own line, are asked where the home's record leaves them open.
  const openQuestions = (state) => {
    byId("area-block").classList.toggle("not-needed", state === "unified" || state === "");
    const block = byId("line-block"), wanted = state === "unknown" || state === "stale";
    block.classList.toggle("wanted", wanted);
    if (wanted) block.open = true;
  };

  // The bar that leads to the result is for those who do not see it.
  new IntersectionObserver(([seen]) => { peek.classList.toggle("reached", seen.isIntersecting || seen.boundingClientRect.top < 0); }).observe(byId("answer-title"));

  window.addEventListener("pageshow", () => { if (byId("wage").value && !answer.querySelector(".result")) askSoon(); });
  form.addEventListener("input", askSoon);
  form.addEventListener("change", askSoon);
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button && (button.getAttribute("formaction") || button.name)) return;
    event.preventDefault();
    ask().then(() => {
      const first = answer.querySelector("[data-field]");
      const field = first && byId(first.dataset.field);
      if (!field) { byId("answer-title").scrollIntoView(); return; }
      for (const item of answer.querySelectorAll("[data-missing]")) item.removeAttribute("data-missing");
      markFields(answer);
      field.focus();
    });
  });
  byId("retry").addEventListener("click", ask);
  window.addEventListener("online", () => { if (!offline.hidden) ask(); });

  // --- places by name or pinyin
  const setPick = (name, code, text) => {
    const field = form.querySelector(`[data-place="${name}"]`);
    for (const each of field.querySelectorAll(".choices")) each.remove();
    for (const [part, value] of [["_pick", code], ["_for", text]]) {
      let hidden = field.querySelector(`input[type=hidden][name="${name}${part}"]`);
      if (!hidden) {
        hidden = Object.assign(document.createElement("input"), { type: "hidden", name: name + part });
        field.append(hidden);
      }
      hidden.value = value;
    }
    byId(name).value = text;
  };
  const findPlaces = (field) => {
    const input = field.querySelector("input[type=text]"), name = input.name;
    const list = Object.assign(document.createElement("ul"), { id: input.id + "-list", hidden: true });
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", field.querySelector("label").textContent);
    field.querySelector(".box").append(list);
    for (const [key, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]])
      input.setAttribute(key, value);
    let at = -1, searched = 0, wait = 0;
    const close = () => { list.hidden = true; at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
    const mark = (index) => {
      at = index;
      [...list.children].forEach((each, i) => each.setAttribute("aria-selected", String(i === at)));
      const item = list.children[at];
      if (!item) return;
      input.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    };
    const take = (item) => { setPick(name, item.dataset.code, item.textContent); close(); askSoon(); };
    const search = async () => {
      const text = input.value.trim(), mine = ++searched;
      if (!text) return close();
      try {
        const reply = await fetch(form.dataset.regions + "?q=" + encodeURIComponent(text));
        const found = (await reply.json()).regions;
        if (mine !== searched || document.activeElement !== input) return;
        list.replaceChildren(...found.map((each, i) => {
          const item = Object.assign(document.createElement("li"), { id: `${list.id}-${i}`, textContent: each.full_name });
          item.setAttribute("role", "option");
          item.setAttribute("aria-selected", "false");
          item.dataset.code = each.code;
          return item;
        }));
        list.hidden = !found.length;
        input.setAttribute("aria-expanded", String(!!found.length));
        at = -1;
      } catch { close(); }
    };
    input.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(search, 120); });
    input.addEventListener("keydown", (event) => {
      if (list.hidden) return;
      const count = list.children.length;
      if (event.key === "ArrowDown") { event.preventDefault(); mark((at + 1) % count); }
      else if (event.key === "ArrowUp") { event.preventDefault(); mark((at + count - 1) % count); }
      else if (event.key === "Enter") { event.preventDefault(); take(list.children[Math.max(at, 0)]); }
      else if (event.key === "Escape") close();
    });
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => { const item = event.target.closest("li"); if (item) take(item); });
    input.addEventListener("blur", close);
  };
  form.querySelectorAll("[data-place]").forEach(findPlaces);
  answer.addEventListener("click", (event) => {
    const pick = event.target.closest("[data-pick]");
    if (pick) { setPick(pick.dataset.for, pick.dataset.pick, pick.dataset.name); ask(); }
    if (event.target.id === "share") share();
    if (event.target.id === "recalculate") recalculate();
    const link = event.target.closest('a[href^="#"]');
    const target = link && byId(link.getAttribute("href").slice(1));
    if (target) for (let each = target.closest("details"); each; each = each.parentElement.closest("details")) each.open = true;
  });

  // --- rows for further earners
  const earners = byId("earners"), add = byId("add-earner"), model = earners.querySelector(".earner").cloneNode(true);
  const rows = () => [...earners.querySelectorAll(".earner")];
  const addRow = () => {
    const taken = rows().map((row) => Number(row.dataset.row));
    const number = Array.from({ length: 9 }, (_, i) => i + 2).find((each) => !taken.includes(each));
    const row = model.cloneNode(true);
    row.innerHTML = row.innerHTML.replaceAll("earner" + model.dataset.row + "_", "earner" + number + "_");
    row.dataset.row = number;
    row.querySelector("legend").textContent = row.querySelector("legend").textContent.replace(model.dataset.row, number);
    for (const input of row.querySelectorAll("input")) { if (input.type === "radio") input.checked = false; else input.value = ""; }
    add.before(row);
    row.querySelectorAll("[data-place]").forEach(findPlaces);
    arrange();
    return row;
  };
  const arrange = () => {
    add.hidden = rows().length >= 9;
    for (const row of rows()) row.querySelector(".remove").hidden = false;
  };
  add.addEventListener("click", () => addRow().querySelector("input").focus());
  earners.addEventListener("click", (event) => {
    if (!event.target.classList.contains("remove")) return;
    event.target.closest(".earner").remove();
    arrange();
    add.focus();
    ask();
  });
  arrange();

  // --- the share link: everything after "#", which no server ever sees
  const encode = (data) => btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(data)))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  const decode = (text) => JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))));
  const AT = ["as_of", "was_on", "sha"];
  const share = async () => {
    const result = answer.querySelector(".result").dataset, fields = {};
    for (const [name, value] of new FormData(form)) if (value && !AT.includes(name)) fields[name] = value;
    const link = location.origin + location.pathname + "#s=" + encode({ v: 1, f: fields, on: result.on, as_of: result.asOf, sha: result.sha });
    history.replaceState(null, "", link);
    const told = byId("shared");
    try { await navigator.clipboard.writeText(link); told.textContent = told.dataset.copied; }
    catch { told.textContent = told.dataset.inBar; }
  };
  const fill = (fields) => {
    for (const name of Object.keys(fields)) {
      const row = /^earner(\d+)_/.exec(name);
      while (row && !byId(name.replace(/_(pick|for)$/, "")) && rows().length < 9) addRow();
    }
    for (const input of form.elements) {
      if (!input.name || AT.includes(input.name)) continue;
      const value = Object.hasOwn(fields, input.name) ? String(fields[input.name]) : "";
      if (input.type === "radio") input.checked = input.value === value;
      else if (input.type === "checkbox") input.checked = !!value;
      else if (input.tagName === "INPUT") input.value = value;
      const closed = value && input.type !== "hidden" && input.closest("details");
      if (closed) closed.open = true;
    }
  };
  const openLink = () => {
    if (!location.hash.startsWith("#s=")) return false;
    try {
      const link = decode(location.hash.slice(3));
      fill(link.f || {});
      byId("as_of").value = link.as_of || "";
      byId("was_on").value = link.on || "";
      byId("sha").value = link.sha || "";
      ask();
      return true;
    } catch { byId("broken").hidden = false; return false; }
  };
  const recalculate = () => {
    for (const name of AT) byId(name).value = "";
    history.replaceState(null, "", location.pathname + location.search);
    ask();
  };
  window.addEventListener("hashchange", openLink);

  const shareButton = byId("share");
  if (shareButton) shareButton.hidden = false;
  if (!openLink()) {
    const begun = [...new FormData(form)].some(([, value]) => value);
    if (!begun) openQuestions("");
    else if (!answer.querySelector(".result")) ask();
  }
})();
