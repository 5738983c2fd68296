// The inbox: what moves by itself, keys, and an answer that is written while others write. The server's order is the order.
"use strict";

(() => {
  const desk = document.getElementById("desk");
  if (!desk) return;
  const byId = (id) => document.getElementById(id);
  const words = byId("words").dataset;
  const filled = (text, figures) => text.replace(/\{(\w+)\}/g, (all, name) => figures[name] ?? all);
  const shown = (element) => element && !element.disabled && element.getClientRects().length > 0;

  // --- what this browser keeps: settings and drafts. A browser may refuse to.
  const store = {
    get(name, otherwise) {
      try { return JSON.parse(localStorage.getItem(name)) ?? otherwise; } catch { return otherwise; }
    },
    set(name, value) {
      try {
        if (value === null) localStorage.removeItem(name);
        else localStorage.setItem(name, JSON.stringify(value));
      } catch { /* full, or not allowed: then nothing is kept */ }
    },
  };
  const DRAFTS = `hr draft ${desk.dataset.me} `, WEEK = 7 * 24 * 3600 * 1000;
  try {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith("hr draft ") && Date.now() - (store.get(name, {}).at || 0) > WEEK) store.set(name, null);
    }
  } catch { /* no storage */ }

  // --- settings
  byId("settings").hidden = false;
  const setting = (id, otherwise, changed) => {
    const box = byId(id);
    box.checked = store.get(`hr ${id}`, otherwise);
    box.addEventListener("change", () => { store.set(`hr ${id}`, box.checked); changed(); });
    return box;
  };
  const title = document.title;
  const inTitle = setting("set-title", true, () => retitle());
  const sound = setting("set-sound", false, () => { if (sound.checked) ring(); });
  const enter = setting("set-enter", true, () => tellEnter());
  const waiting = () => Number(desk.querySelector("[data-count=waiting]").textContent);
  const retitle = () => { document.title = inTitle.checked && waiting() ? `(${waiting()}) ${title}` : title; };
  const ring = () => {
    const Context = window.AudioContext;
    if (!Context) return;
    const audio = new Context(), tone = audio.createOscillator(), loud = audio.createGain();
    tone.frequency.value = 660;
    loud.gain.setValueAtTime(0.08, audio.currentTime);
    loud.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.3);
    tone.connect(loud).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.3);
    tone.addEventListener("ended", () => audio.close());
  };

  // --- lines and bubbles from their templates: data becomes text and nothing else
  const fill = (element, data) => {
    for (const part of element.querySelectorAll("[data-f]")) {
      part.textContent = data[part.dataset.f];
      part.hidden = !data[part.dataset.f];
    }
    return element;
  };
  const model = (id) => byId(id).content.firstElementChild.cloneNode(true);

  // --- the list
  const cases = byId("cases");
  const lineOf = (number) => cases.querySelector(`[data-number="${CSS.escape(number)}"]`);
  const before = (one, other) => {
    for (let index = 0; index < Math.max(one.length, other.length); index++) {
      const less = (one[index] ?? 0) - (other[index] ?? 0);
      if (less) return less < 0;
    }
    return false;
  };
  const place = (line) => {
    const rank = JSON.parse(line.dataset.rank);
    const next = [...cases.children].find((each) => each !== line && before(rank, JSON.parse(each.dataset.rank)));
    if (line.nextElementSibling !== (next ?? null) || line.parentElement !== cases) cases.insertBefore(line, next ?? null);
  };
  const draw = (line, row) => {
    fill(line, row);
    Object.assign(line.dataset, { number: row.number, change: row.change, rank: JSON.stringify(row.rank), until: row.until });
    line.classList.toggle("overdue", row.overdue);
    line.querySelector("a").href = row.url;
    line.querySelector("input").value = row.number;
    if (row.number === desk.dataset.case) line.querySelector("a").setAttribute("aria-current", "true");
  };
  const leave = (line) => {
    if (line.contains(document.activeElement)) (line.nextElementSibling || line.previousElementSibling)?.querySelector("a").focus();
    line.remove();
  };
  // Whether the row is new to this list.
  const take = (row) => {
    let line = lineOf(row.number);
    if (line && Number(line.dataset.change) >= row.change) return false;
    const live = desk.dataset.live === "1", here = row.box === desk.dataset.box;
    if (!line && !(live && here)) return false;
    if (line && live && !here) {
      leave(line);
      return false;
    }
    const fresh = !line, focused = line?.contains(document.activeElement) && document.activeElement;
    line = line || model("row");
    draw(line, row);
    place(line);
    if (focused) focused.focus();
    line.classList.remove("fresh");
    void line.offsetWidth; // so that the mark shows again on a line that had it
    line.classList.add("fresh");
    return fresh;
  };

  // --- the open case
  const article = byId("case"), said = byId("said"), reply = byId("reply");
  const moved = (text) => {
    byId("moved").hidden = false;
    byId("moved").querySelector("span").textContent = text;
  };
  const watch = (row) => {
    if (!article || row.number !== article.dataset.number) return;
    if (row.box === article.dataset.state && row.holder === article.dataset.holder) return;
    moved(row.holder ? filled(words.held, { name: row.holder }) : words.moved);
  };
  const lastSeen = () => Number(said.dataset.last);
  // Bubbles from here on are asked for again: their way to the employee is not over.
  const firstOpen = () => {
    const open = [...said.children].slice(-20).find((each) => each.dataset.pending);
    return open ? Number(open.dataset.seq) - 1 : lastSeen();
  };
  const bubble = (one) => {
    let item = said.querySelector(`[data-seq="${one.seq}"]`);
    const fresh = !item;
    if (fresh) {
      item = model("one-said");
      item.dataset.seq = one.seq;
      item.className = `said ${one.author}`;
    }
    fill(item, one);
    item.querySelector("[data-f=state]").classList.toggle("bad", one.again);
    const again = item.querySelector(".again");
    again.hidden = !one.again;
    again.querySelector("[name=seq]").value = one.seq;
    if (one.pending) item.dataset.pending = "1";
    else delete item.dataset.pending;
    if (fresh) {
      const next = [...said.children].find((each) => Number(each.dataset.seq) > one.seq);
      said.insertBefore(item, next ?? null);
      said.dataset.last = Math.max(lastSeen(), one.seq);
      byId("nothing-said").hidden = true;
    }
    return fresh && one.author === "employee";
  };

  // --- asking what changed: every few seconds, more seldom while it fails, not at all in a hidden tab
  const PACE = 3000, SLOWEST = 60000;
  let change = Number(desk.dataset.change), pace = PACE, timer = null, asking = false;
  // A case that was laid aside comes back by the clock, without a change: then the counts tell that the list is another.
  const behind = () => {
    const box = desk.dataset.box, count = box && desk.querySelector(`[data-count=${box}]`);
    const here = cases.childElementCount;
    return desk.dataset.live === "1" && count && !byId("later-ones") && here < 50 && Number(count.textContent) !== here;
  };
  const address = () => {
    const url = new URL(desk.dataset.changes, location.href);
    url.searchParams.set("after", change);
    if (behind()) url.searchParams.set("whole", "1");
    if (article && said) {
      url.searchParams.set("case", article.dataset.number);
      url.searchParams.set("said", firstOpen());
    }
    return url;
  };
  const news = (data) => {
    const fresh = data.rows.filter((row) => { watch(row); return take(row); }).length;
    const wrote = said ? data.said.map(bubble).some(Boolean) : false;
    for (const [box, count] of Object.entries(data.counts)) {
      for (const place of desk.querySelectorAll(`[data-count=${box}]`)) place.textContent = count;
    }
    if (data.whole && desk.dataset.live === "1") {
      for (const line of [...cases.children]) if (!data.whole.includes(line.dataset.number)) leave(line);
    }
    byId("empty").hidden = cases.childElementCount > 0;
    change = data.change;
    retitle();
    pick();
    if (fresh || wrote) {
      byId("news").textContent = fresh ? filled(fresh === 1 ? words.one : words.some, { count: fresh }) : words.wrote;
      if (sound.checked) ring();
    }
    return data.more;
  };
  const poll = async () => {
    clearTimeout(timer);
    if (asking || document.hidden) return;
    asking = true;
    try {
      while (news(await ask(address())));
      pace = PACE;
    } catch {
      pace = Math.min(2 * pace, SLOWEST);
    }
    asking = false;
    timer = setTimeout(poll, pace);
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { pace = PACE; poll(); } });
  setInterval(() => {
    for (const line of cases.children) {
      const late = line.dataset.until && Date.parse(line.dataset.until) < Date.now();
      if (late && !line.classList.contains("overdue")) {
        line.classList.add("overdue");
        line.querySelector("[data-f=due]").textContent = words.overdue;
      }
    }
  }, 30000);

  // --- picking many
  const all = byId("pick-all");
  const ticks = () => [...cases.querySelectorAll("input[type=checkbox]")];
  const pick = () => {
    if (!all) return;
    const count = ticks().filter((each) => each.checked).length, told = all.querySelector("span");
    told.dataset.none = told.dataset.none || told.textContent;
    told.textContent = count ? filled(told.dataset.picked, { count }) : told.dataset.none;
    all.querySelector("input").checked = count > 0 && count === ticks().length;
    for (const act of byId("many").querySelectorAll(":scope > button, :scope > details")) act.hidden = !count;
  };
  if (all) {
    all.hidden = false;
    all.querySelector("input").addEventListener("change", (event) => {
      for (const each of ticks()) each.checked = event.target.checked;
      pick();
    });
    cases.addEventListener("change", pick);
  }

  // --- the answer: kept while it is written, sent under one key until the server has it
  const text = byId("text"), problem = byId("text-error"), used = byId("used");
  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (each) => each.toString(16).padStart(2, "0")).join("");
  const tellEnter = () => {
    if (!reply) return;
    byId("enter-hint").hidden = false;
    byId("enter-hint").querySelector("[data-on]").hidden = !enter.checked;
    byId("enter-hint").querySelector("[data-off]").hidden = enter.checked;
  };
  const tell = (message) => {
    problem.textContent = message;
    problem.hidden = !message;
    if (message) { text.setAttribute("aria-invalid", "true"); text.setAttribute("aria-describedby", "text-error"); }
    else text.removeAttribute("aria-invalid");
  };
  if (reply) {
    const draft = DRAFTS + article.dataset.number;
    let key = newKey(), checked = false, sending = false;
    const picked = () => [...used.querySelectorAll("input:checked")].map((each) => each.value);
    const keep = () => {
      const names = Object.fromEntries([...used.querySelectorAll("input")].map((each) => [each.value, each.dataset.title || ""]));
      store.set(draft, text.value ? { text: text.value, used: picked().map((ref) => [ref, names[ref]]), at: Date.now() } : null);
    };
    const attach = (ref, name) => {
      if ([...used.querySelectorAll("input")].some((each) => each.value === ref)) return;
      const item = model("one-used"), box = item.querySelector("input"), told = item.querySelector("span");
      box.value = ref;
      box.dataset.title = name;
      told.textContent = filled(told.dataset.words, { title: name });
      used.append(item);
    };
    const kept = store.get(draft, null);
    if (kept && !reply.dataset.typed && !text.value) {
      text.value = kept.text;
      for (const [ref, name] of kept.used) attach(ref, name);
    }
    text.addEventListener("input", () => { keep(); checked = false; tell(""); });
    used.addEventListener("change", () => { keep(); checked = false; tell(""); });
    tellEnter();

    reply.addEventListener("click", (event) => {
      const button = event.target.closest("[name=insert]");
      if (!button) return;
      event.preventDefault();
      const put = button.closest(".offer").querySelector(".text").textContent;
      const start = text.value && !text.value.endsWith("\n") ? "\n" : "";
      text.value += start + put;
      attach(button.value, button.dataset.title);
      keep();
      tell("");
      text.focus();
    });
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || event.keyCode === 229 || event.shiftKey) return;
      if (!enter.checked && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      reply.requestSubmit(byId("send"));
    });
    reply.addEventListener("submit", async (event) => {
      if (event.submitter?.name === "insert") return;
      event.preventDefault();
      event.stopPropagation(); // the page stays: what console.js does for forms that leave it is not wanted
      if (sending) return;
      sending = true;
      byId("send").disabled = true;
      const sent = text.value;
      try {
        const data = await ask(reply.action, {
          text: sent, key, seen: lastSeen(), used: picked(), take: reply.elements.take ? "1" : "", checked: checked ? "1" : "",
        });
        key = newKey();
        checked = false;
        tell("");
        if (text.value === sent) {
          text.value = "";
          used.replaceChildren();
        }
        keep();
        data.said.forEach(bubble);
        if (reply.elements.take) location.reload(); // it is mine now: other buttons, and nothing typed is left
      } catch (error) {
        checked = error.code === "figures";
        tell(error.status && error.message !== error.code ? error.message : words.offline);
        if (error.code === "collision") poll();
      }
      sending = false;
      byId("send").disabled = false;
    });

    // Files have no place here yet: said at once, where they are dropped or pasted.
    const hasFiles = (data) => data && [...data.types].includes("Files") && ![...data.types].includes("text/plain");
    for (const box of document.querySelectorAll("#text, #note-text")) {
      box.addEventListener("paste", (event) => {
        if (!hasFiles(event.clipboardData)) return;
        event.preventDefault();
        tell(words.files);
      });
    }
    for (const name of ["dragover", "drop"]) {
      document.addEventListener(name, (event) => {
        if (!hasFiles(event.dataTransfer)) return;
        event.preventDefault();
        if (name === "drop") tell(words.files);
      });
    }
  }

  // --- a note that is not written to its end yet
  const note = byId("note");
  if (note) {
    const name = `${DRAFTS}${article.dataset.number} note`, written = byId("note-text");
    if (!written.value) written.value = store.get(name, { text: "" }).text;
    written.addEventListener("input", () => store.set(name, written.value ? { text: written.value, at: Date.now() } : null));
    note.addEventListener("submit", () => store.set(name, null));
  }

  // --- naming a colleague in a note
  for (const row of document.querySelectorAll(".mentions")) row.hidden = false;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-mention]");
    if (!button) return;
    const note = byId("note-text");
    note.setRangeText(button.dataset.mention, note.selectionStart, note.selectionEnd, "end");
    note.focus();
  });

  // --- keys, where nobody is typing
  const keys = byId("keys"), hint = byId("keys-hint");
  if (hint) hint.hidden = false;
  byId("show-keys").addEventListener("click", () => { byId("settings").open = false; keys.showModal(); });
  const links = () => [...cases.querySelectorAll("a")];
  const step = (by) => {
    const found = links();
    if (!found.length || !shown(found[0])) return;
    const now = found.findIndex((each) => each.closest("li").contains(document.activeElement));
    const from = now >= 0 ? now : found.findIndex((each) => each.hasAttribute("aria-current"));
    const to = from < 0 ? 0 : Math.min(found.length - 1, Math.max(0, from + by));
    found[to].focus();
    found[to].scrollIntoView({ block: "nearest" });
  };
  const focusedLine = () => document.activeElement.closest?.("#cases > li");
  // In an open case a key presses its button; in the list it ticks the line and presses that of the many.
  const press = (key) => {
    const line = focusedLine();
    if (!article && line && !ticks().some((each) => each.checked)) {
      line.querySelector("input").checked = true;
      pick();
    }
    const within = article || byId("many");
    const button = within && [...within.querySelectorAll(`[data-key="${key}"]`)].find(shown);
    if (!button) return;
    button.click();
    if (button.matches("summary")) button.parentElement.querySelector("button, input, select")?.focus();
  };
  const ACTS = {
    j: () => step(1),
    k: () => step(-1),
    t: () => press("t"),
    d: () => press("d"),
    s: () => press("s"),
    x: () => { focusedLine()?.querySelector("input").click(); },
    r: () => { if (shown(text)) text.focus(); },
    n: () => byId("note-text")?.focus(),
    "/": () => {
      if (!shown(byId("search"))) return;
      byId("search").open = true;
      (byId("who") || byId("box")).focus();
    },
    "?": () => keys.showModal(),
    ArrowDown: () => { if (focusedLine()) step(1); },
    ArrowUp: () => { if (focusedLine()) step(-1); },
  };
  const typing = (element) => element.matches("textarea, select, input:not([type=checkbox]):not([type=radio])");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || keys.open) return;
    if (event.key === "Escape" && typing(event.target)) {
      event.target.blur();
      (links().find((each) => each.hasAttribute("aria-current")) || links()[0])?.focus();
      return;
    }
    if (typing(event.target) || !Object.hasOwn(ACTS, event.key)) return;
    if (event.key.startsWith("Arrow") && !focusedLine()) return;
    event.preventDefault();
    ACTS[event.key]();
  });

  // --- back from an act: the place in the list is found again
  const list = desk.querySelector(".list");
  list.scrollTop = Number(sessionStorage.getItem("hr list") || 0);
  addEventListener("pagehide", () => sessionStorage.setItem("hr list", list.scrollTop));

  retitle();
  pick();
  if (said) {
    // On a page that was just drawn nothing tells which bubbles are still on their way: all of the last ones are asked for.
    for (const each of [...said.children].slice(-20)) if (each.matches(".hr")) each.dataset.pending = "1";
  }
  timer = setTimeout(poll, PACE);
})();
