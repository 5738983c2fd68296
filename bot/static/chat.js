// The chat: what was said is drawn as the server counts it; what is not there yet waits in this tab and is sent again under its key.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const chat = byId("chat"), scroll = byId("scroll"), log = byId("log"), said = byId("said"), waiting = byId("waiting");
  const typing = byId("typing"), newer = byId("newer"), composer = byId("composer"), text = byId("text");
  const words = byId("words").dataset, longest = Number(chat.dataset.longest);
  byId("plain").remove();
  const model = (id) => byId(id).content.firstElementChild.cloneNode(true);
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const filled = (element, figures) => {
    for (const [name, value] of Object.entries(figures)) element.textContent = element.textContent.replace(`{${name}}`, value);
    return element;
  };

  // --- what this tab keeps until it is closed, of each chat for itself
  const kept = (name) => `${chat.dataset.tab}.${name}`;
  const store = {
    get(name) { try { return JSON.parse(sessionStorage.getItem(kept(name))); } catch { return null; } },
    set(name, value) { try { sessionStorage.setItem(kept(name), JSON.stringify(value)); } catch { /* full or forbidden: memory has it */ } },
    clear() { try { for (const name of ["queue", "start", "draft"]) sessionStorage.removeItem(kept(name)); } catch { /* forbidden */ } },
  };
  // A page that is not served over https has no randomUUID.
  const newKey = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  };

  // --- where the reader is
  const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  const toEnd = () => { scroll.scrollTop = scroll.scrollHeight; newer.hidden = true; };
  // A long answer is read from its beginning.
  const toBeginning = (entry) => {
    scroll.scrollTop = entry.offsetTop - 8;
    newer.hidden = atEnd();
  };
  let following = true;
  scroll.addEventListener("scroll", () => { following = atEnd(); if (following) newer.hidden = true; }, { passive: true });
  // A keyboard that opens takes its room from the log; some phones lay it over the page instead.
  if ("ResizeObserver" in window) new ResizeObserver(() => { if (following) toEnd(); }).observe(scroll);
  if (window.visualViewport) visualViewport.addEventListener("resize", () => {
    const covered = visualViewport.scale === 1 && visualViewport.height < innerHeight - 1;
    chat.style.height = covered ? visualViewport.height + "px" : "";
    if (covered) window.scrollTo(0, 0);
  });
  newer.addEventListener("click", () => { toEnd(); scroll.focus({ preventScroll: true }); });

  // --- drawing
  let last = 0, thread = null, lastAt = null, openChips = [], openPapers = [];
  const hours = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, hours);
  const calendar = new Intl.DateTimeFormat(document.documentElement.lang, { month: "long", day: "numeric", ...hours });
  const time = (at) => {
    const today = at.toDateString() === new Date().toDateString();
    return make("p", { className: "time", textContent: (today ? clock : calendar).format(at) });
  };
  const paragraphs = (bubble, content) => {
    let list = null;
    for (const line of content.split("\n")) {
      if (!line.trim()) continue;
      if (line.startsWith("· ")) {
        if (!list) bubble.append(list = make("ul"));
        list.append(make("li", { textContent: line.slice(2) }));
      } else {
        bubble.append(make("p", { textContent: line }));
        list = null;
      }
    }
  };
  const language = (content) => {
    const lang = document.documentElement.lang;
    return /[\u4e00-\u9fff]/.test(content) ? (lang === "en" ? "zh-Hans" : lang) : "en";
  };
  const entryOf = (author, content) => {
    const entry = model("bubble"), bubble = entry.querySelector(".bubble");
    entry.classList.add(author === "employee" ? "you" : author);
    entry.querySelector(".who").textContent = { employee: words.you, assistant: words.assistant, hr: words.hr }[author];
    bubble.lang = language(content);
    if (author === "employee") bubble.textContent = content;
    else paragraphs(bubble, content);
    return entry;
  };
  const chips = (buttons) => {
    const row = make("div", { className: "chips" });
    for (const { title, payload } of buttons) {
      const [slot, value] = payload.split("=");
      const chip = slot === "notice"
        ? make("a", { className: "chip", href: chat.dataset.notices + encodeURIComponent(value), textContent: title })
        : make("button", { className: "chip", type: "button", textContent: title });
      chip.dataset.payload = payload;
      row.append(chip);
    }
    openChips.push(row);
    return row;
  };
  // Only what was said last can be answered by a tap; the rest stays to be read.
  const closeChips = () => {
    for (const row of openChips) for (const chip of row.querySelectorAll("button")) chip.disabled = true;
    openChips = [];
  };
  const basis = (sources) => {
    const details = model("sources");
    filled(details.querySelector("summary"), { count: sources.length });
    for (const source of sources) details.querySelector(".sources").append(record(source));
    return details;
  };
  const record = (source) => {
    const shown = model("source"), put = (name, value, figure) => {
      const place = shown.querySelector(name);
      if (!value) place.remove();
      else if (figure) filled(place, { [figure]: value });
      else place.textContent = value;
    };
    put("cite", source.title);
    put("blockquote", source.read_in.length && source.read_in[0].quote);
    put(".number", source.number);
    put(".article", source.article);
    put(".place", source.place, "place");
    put(".since", source.effective_from, "day");
    const list = shown.querySelector(".read ul");
    for (const each of source.read_in) {
      const item = make("li", { lang: "zh-Hans" }, each.title, "（", make("span", { className: "where", textContent: each.where }), "）");
      if (each.quote) item.append(" ", make("q", { textContent: each.quote }));
      list.append(item);
    }
    if (!source.read_in.length) shown.querySelector(".read").remove();
    return shown;
  };
  const isResult = (message) => message.papers.includes("report") && message.papers.includes("note");
  const papers = (message, chartTold) => {
    const block = model("papers");
    for (const each of block.querySelectorAll("[data-paper]")) if (!message.papers.includes(each.dataset.paper)) each.remove();
    const chart = block.querySelector("[data-paper=chart] img");
    if (chart) {
      const link = chart.parentElement;
      chart.alt = chartTold || words.chart;
      chart.addEventListener("error", () => link.replaceWith(make("p", { className: "retired", textContent: words.gone })), { once: true });
      chart.src = link.href + "&of=" + message.seq;
    }
    if (message.papers.some((name) => name !== "sample_paper" && name !== "me")) openPapers.push(block);
    return block;
  };
  // The papers are those of the last result; under an earlier one they would show another's figures.
  const retirePapers = () => {
    for (const block of openPapers) block.replaceChildren(make("p", { className: "retired", textContent: words.retired }));
    openPapers = [];
  };
  const draw = (message, sources, chartTold) => {
    const at = new Date(message.at);
    if (message.author === "employee") closeChips();
    if (!message.text) return null;
    if (!lastAt || at - lastAt > 5 * 60 * 1000) said.append(time(at));
    lastAt = at;
    const entry = entryOf(message.author, message.text), bubble = entry.querySelector(".bubble");
    entry.dataset.seq = message.seq;
    if (isResult(message)) { retirePapers(); bubble.classList.add("card"); }
    if (message.papers.length) { bubble.append(papers(message, chartTold)); bubble.classList.add("wide"); }
    const tools = make("div", { className: "tools" });
    if (message.author !== "employee" && message.text.length > 60 && "speechSynthesis" in window) tools.append(model("aloud"));
    if (message.sources.length) tools.append(basis(message.sources.map((index) => sources[index])));
    if (tools.childElementCount) bubble.append(tools);
    if (message.buttons.length) entry.append(chips(message.buttons));
    said.append(entry);
    return entry;
  };
  const forget = () => {
    said.replaceChildren();
    last = 0; lastAt = null; openChips = []; openPapers = [];
  };

  // What the server tells, in its order; what is already drawn is left out.
  const take = (data) => {
    if (thread && data.thread !== thread) { forget(); thread = data.thread; return "anew"; }
    thread = data.thread;
    const fresh = data.messages.filter((message) => message.seq > last).sort((one, other) => one.seq - other.seq);
    const follow = atEnd();
    let first = null;
    for (const message of fresh) {
      const entry = draw(message, data.sources, data.chart);
      if (entry && message.author !== "employee") first = first || entry;
      last = message.seq;
    }
    byId("held").hidden = data.holder !== "person";
    if (data.version !== chat.dataset.version) byId("updated").hidden = false;
    if (first && !follow) newer.hidden = false;
    if (follow) { toEnd(); if (first && first.offsetHeight > scroll.clientHeight - 40) toBeginning(first); }
    return data.more ? "more" : "";
  };

  // --- talking to the server
  class Failed extends Error {
    constructor(status, message, seconds) { super(message); this.status = status; this.seconds = seconds; }
  }
  const ask = async (address, options = {}) => {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), 30000);
    try {
      const reply = await fetch(address, { ...options, credentials: "same-origin", cache: "no-store", signal: stop.signal });
      if (reply.ok) return await reply.json();
      let message = "";
      try { message = (await reply.json()).error.message; } catch { /* a proxy's own page */ }
      throw new Failed(reply.status, message, Number(reply.headers.get("Retry-After")) || 0);
    } finally { clearTimeout(timer); }
  };
  const later = async () => {
    let state;
    do state = take(await ask(`${chat.dataset.messages}&after=${last}`)); while (state);
  };

  // --- sending: one after the other, each under its own key until the server has it
  let queue = store.get("queue") || [], sending = false, retry = 0, pause = 2000, over = false;
  const redraw = () => {
    store.set("queue", queue);
    const stuck = queue.some((each) => each.failed);
    waiting.replaceChildren(...queue.filter((each) => each.text).map((each) => {
      const entry = entryOf("employee", each.text);
      entry.classList.add("unsent");
      if (each.told) entry.append(state(each.told));
      else entry.append(stuck ? model("failed") : state(words.sending));
      return entry;
    }));
  };
  const state = (content) => make("p", { className: "state", textContent: content });
  const push = (message) => {
    queue.push({ key: newKey(), kind: "text", text: "", payload: "", ...message });
    closeChips();
    redraw();
    toEnd();
    flush();
  };
  const welcome = () => {
    const key = store.get("start") || newKey();
    store.set("start", key);
    push({ key, kind: "start" });
  };
  const expire = () => {
    over = true;
    clearTimeout(retry);
    store.clear();
    queue = [];
    redraw();
    forget();
    byId("send").disabled = true;
    if (byId("visit")) byId("visit").hidden = true;
    const notice = (thread === null && byId("cookies")) || byId("expired");
    notice.hidden = false;
    notice.focus();
  };
  const tryAgain = (seconds) => {
    clearTimeout(retry);
    retry = setTimeout(flush, seconds ? seconds * 1000 : pause);  // what a phone says of being online is not to be relied on
    pause = Math.min(2 * pause, 30000);
  };
  const flush = async () => {
    clearTimeout(retry);
    const head = queue[0];
    if (!head || sending || over || thread === null) return;
    sending = true;
    head.failed = false;
    head.told = "";
    redraw();
    const slow = setTimeout(() => { const follow = atEnd(); typing.hidden = false; if (follow) toEnd(); }, 250);
    try {
      const data = await ask(chat.dataset.messages, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ key: head.key, kind: head.kind, text: head.text, payload: head.payload, after: last }),
      });
      taken(head);
      typing.hidden = true;
      if (take(data)) await later();
    } catch (error) {
      refused(head, error);
    } finally {
      clearTimeout(slow);
      typing.hidden = true;
      sending = false;
      if (!over) redraw();
    }
    if (queue.length && !queue[0].failed) flush();
  };
  const taken = (head) => {
    const follow = atEnd();
    queue = queue.filter((each) => each !== head);
    pause = 2000;
    byId("offline").hidden = byId("trouble").hidden = true;
    redraw();
    if (follow) toEnd();
  };
  const complain = (error) => {
    byId("offline").hidden = error.status !== undefined;
    byId("trouble").hidden = !(error.status >= 500);
  };
  const refused = (head, error) => {
    if (error.status === 401) return expire();
    if (error.status >= 400 && error.status < 500 && error.status !== 429) {
      const entry = entryOf("employee", head.text);
      entry.append(state(error.message));
      said.append(entry);
      return taken(head);
    }
    head.failed = true;
    if (error.status === 429) head.told = error.message;
    complain(error);
    tryAgain(error.seconds);
  };
  window.addEventListener("online", () => { pause = 2000; begin(); flush(); });
  window.addEventListener("offline", () => { byId("offline").hidden = false; });

  // --- listening: what HR answers comes by itself; within two seconds while a person is on it, however long that takes them;
  // seldom in a forgotten tab
  let listening = 0, active = Date.now();
  const listen = () => {
    clearTimeout(listening);
    const idle = Date.now() - active;
    const held = !byId("held").hidden, forgotten = idle > 30 * 60000;
    listening = setTimeout(poll, forgotten ? 60000 : held ? 1200 : idle < 3 * 60000 ? 1500 : 5000);
  };
  const poll = async () => {
    try {
      if (!over && !document.hidden && thread !== null && !queue.length) {
        const data = await ask(`${chat.dataset.messages}&after=${last}`);
        // An answer that was under way while something was sent may hold that very bubble: the sending tells it better.
        if (!queue.length && take(data)) await later();
        if (!thread && !queue.length) welcome();
        byId("offline").hidden = true;
      }
    } catch (error) {
      if (error.status === 401) expire();
    }
    listen();
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { active = Date.now(); poll(); flush(); } });

  // --- the bar
  const size = () => {
    text.style.height = "auto";
    text.style.height = Math.min(text.scrollHeight + 2, 144) + "px";
    const count = [...text.value.trim()].length, notice = byId("too-long");
    notice.hidden = count <= longest;
    if (count > longest) notice.textContent = words.tooLong.replace("{count}", count).replace("{most}", longest);
    store.set("draft", text.value);
  };
  const say = () => {
    const content = text.value.trim();
    active = Date.now();
    if (!content || over || [...content].length > longest) return text.focus();
    text.value = "";
    size();
    push({ text: content });
    text.focus({ preventScroll: true });
  };
  text.addEventListener("input", size);
  text.addEventListener("keydown", (event) => {
    // While a Chinese word is being composed, Enter chooses it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    say();
  });
  composer.addEventListener("submit", (event) => { event.preventDefault(); say(); });
  byId("send").addEventListener("pointerdown", (event) => event.preventDefault());  // the keyboard stays open
  const photograph = () => { active = Date.now(); if (!over) push({ kind: "image", text: words.photo }); };
  byId("photo").addEventListener("change", (event) => {
    // The picture stays on the phone: only that there was one is told.
    const chosen = event.target.files.length;
    event.target.value = "";
    if (chosen) photograph();
  });
  text.addEventListener("paste", (event) => {
    if (![...event.clipboardData.files].some((file) => file.type.startsWith("image/"))) return;
    event.preventDefault();
    photograph();
  });
  byId("privacy").addEventListener("click", (event) => {
    active = Date.now();
    if (!over) push({ text: event.currentTarget.textContent, payload: "topic=privacy" });
  });
  log.addEventListener("click", (event) => {
    const chip = event.target.closest("button.chip");
    if (chip) {
      active = Date.now();
      push({ text: chip.textContent, payload: chip.dataset.payload });
      if (!event.detail) text.focus({ preventScroll: true });  // pressed by key: the button can no longer hold the focus
    } else if (event.target.closest("button.failed")) {
      pause = 2000;
      flush();
      if (!event.detail) text.focus({ preventScroll: true });
    } else if (event.target.closest(".aloud")) readAloud(event.target.closest(".aloud"));
  });
  document.addEventListener("click", (event) => {
    const menu = document.querySelector(".languages[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
    if (event.target.closest("[data-reload]")) location.reload();
    if (event.target.closest("[data-restart]")) { store.clear(); location.reload(); }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector(".languages[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // --- reading aloud, a line at a time: one long text is cut off by some browsers
  let reading = null;
  const hush = () => {
    speechSynthesis.cancel();
    if (!reading) return;
    reading.setAttribute("aria-pressed", "false");
    reading.querySelector("span").textContent = words.aloud;
    reading = null;
  };
  const readAloud = (button) => {
    const again = button === reading;
    hush();
    if (again) return;
    const bubble = button.closest(".bubble");
    const lines = [...bubble.querySelectorAll(":scope > p, :scope > ul > li")].map((each) => each.textContent);
    reading = button;
    button.setAttribute("aria-pressed", "true");
    button.querySelector("span").textContent = words.quiet;
    lines.forEach((line, index) => {
      const spoken = new SpeechSynthesisUtterance(line);
      spoken.lang = { "zh-Hans": "zh-CN", "zh-Hant": "zh-TW", en: "en-US" }[bubble.lang];
      if (index === lines.length - 1) spoken.onend = () => { if (reading === button) hush(); };
      spoken.onerror = (event) => { if (reading === button && event.error !== "interrupted" && event.error !== "canceled") hush(); };
      speechSynthesis.speak(spoken);
    });
  };
  window.addEventListener("pagehide", () => { if ("speechSynthesis" in window) speechSynthesis.cancel(); });

  // --- a code from a sheet of paper comes behind the #, which no server is told; it goes on as a message like any other
  const enterCode = () => {
    const found = /^#bind=([A-Za-z0-9-]{8,9})$/.exec(location.hash);
    if (!found) return;
    history.replaceState(null, "", location.pathname + location.search);
    push({ text: found[1] });
  };
  window.addEventListener("hashchange", enterCode);

  // --- a link leads to the bubble that it was sent with
  const showLinked = () => {
    const found = /^#at=(\d{1,9})$/.exec(location.hash);
    if (!found) return;
    history.replaceState(null, "", location.pathname + location.search);
    const entry = said.querySelector(`[data-seq="${found[1]}"]`);
    if (entry) toBeginning(entry);
  };

  // --- the beginning: what was said, else the welcome
  let beginning = false;
  const begin = async () => {
    if (beginning || over || thread !== null) return;
    beginning = true;
    try {
      await later();
      byId("offline").hidden = byId("trouble").hidden = true;
      log.setAttribute("aria-live", "polite");
      toEnd();
      if (thread || queue.length) flush();
      else welcome();
      enterCode();
      showLinked();
      listen();
    } catch (error) {
      if (error.status === 401) return expire();
      complain(error);
      for (const each of queue) each.failed = true;
      redraw();
      setTimeout(begin, pause);
      pause = Math.min(2 * pause, 30000);
    } finally { beginning = false; }
  };
  text.value = store.get("draft") || "";
  size();
  redraw();
  begin();
  if (matchMedia("(hover: hover) and (pointer: fine)").matches) text.focus({ preventScroll: true });
})();
