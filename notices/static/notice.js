// The notice: whether it was seen to its end, the questions, the answer. What was typed stays in this tab until it has arrived.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (selector, within) => [...(within || document).querySelectorAll(selector)];
  const page = byId("visit");

  class Failed extends Error {
    constructor(status, error) { super(error.message || ""); this.status = status; this.error = error; }
  }
  const ask = async (address, data) => {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), 30000);
    const options = { credentials: "same-origin", cache: "no-store", signal: stop.signal, headers: { Accept: "application/json" } };
    if (data) Object.assign(options, { method: "POST", body: JSON.stringify(Object.assign({ form: page.dataset.form }, data)) });
    if (data) options.headers["Content-Type"] = "application/json";
    try {
      const reply = await fetch(address, options);
      if (reply.ok) return await reply.json();
      let error = {};
      try { error = (await reply.json()).error; } catch (unread) { /* a proxy's own page */ }
      throw new Failed(reply.status, error);
    } finally { clearTimeout(timer); }
  };

  // --- afterwards: the copy is looked for again and again, less and less often
  const waitForCopy = () => {
    const done = byId("done"), sealing = byId("sealing"), first = sealing.textContent, since = Date.now();
    try { for (const key of Object.keys(sessionStorage)) if (key.startsWith(`notice.${done.dataset.id}.`)) sessionStorage.removeItem(key); } catch (error) { /* forbidden */ }
    let pause = 1500, timer = 0;
    const look = async () => {
      clearTimeout(timer);
      try {
        const { answered } = await ask(done.dataset.stateAt);
        if (answered && answered.code) {
          byId("code").textContent = answered.code;
          byId("sealed").hidden = false;
          sealing.hidden = true;
          return;
        }
        sealing.textContent = Date.now() - since > 120000 ? sealing.dataset.slow : first;
      } catch (error) {
        if (error.status) sealing.textContent = sealing.dataset.slow;
        else sealing.textContent = sealing.dataset.offline;
        if (error.status === 401) return;
      }
      pause = Math.min(pause * 1.5, 30000);
      if (Date.now() - since < 20 * 60000) timer = setTimeout(look, pause);
    };
    window.addEventListener("online", look);
    if (!sealing.hidden) timer = setTimeout(look, pause);
  };
  if (byId("done")) return waitForCopy();

  // --- what this tab keeps
  const kept = (name) => `notice.${page.dataset.id}.${name}`;
  const store = {
    get(name) { try { return JSON.parse(sessionStorage.getItem(kept(name))); } catch (error) { return null; } },
    set(name, value) { try { sessionStorage.setItem(kept(name), JSON.stringify(value)); } catch (error) { /* full or forbidden */ } },
  };
  const words = byId("words").dataset, notice = byId("notice");

  // --- reading aloud, a line at a time: one long text is cut off by some browsers
  const aloud = byId("aloud");
  let heard = () => {};
  const lines = () => all("h2, h3, p, li, dl > div", notice)
    .filter((each) => !each.closest("[data-quiet]") && !each.querySelector("p, h3, dl"))
    .map((each) => ({ text: (each.children.length ? [...each.childNodes].map((part) => part.textContent).join(" ") : each.textContent).replace(/\s+/g, " ").trim(), lang: each.closest("[lang]").lang }))
    .filter((each) => each.text);
  const hush = () => {
    speechSynthesis.cancel();
    aloud.setAttribute("aria-pressed", "false");
    aloud.querySelector("span").textContent = aloud.dataset.off;
  };
  const speak = () => {
    if (aloud.getAttribute("aria-pressed") === "true") return hush();
    speechSynthesis.cancel();
    aloud.setAttribute("aria-pressed", "true");
    aloud.querySelector("span").textContent = aloud.dataset.on;
    const said = lines(), began = Date.now(), length = said.reduce((sum, each) => sum + each.text.length, 0);
    said.forEach((line, index) => {
      const spoken = new SpeechSynthesisUtterance(line.text);
      spoken.lang = { "zh-Hans": "zh-CN", "zh-Hant": "zh-TW", en: "en-US" }[line.lang] || "zh-CN";
      spoken.onerror = (event) => { if (event.error !== "interrupted" && event.error !== "canceled") hush(); };
      if (index === said.length - 1) spoken.onend = () => {
        hush();
        // A phone without a voice is through at once.
        if (Date.now() - began > length * 40) heard();
      };
      speechSynthesis.speak(spoken);
    });
  };
  if ("speechSynthesis" in window && "SpeechSynthesisUtterance" in window) {
    aloud.hidden = false;
    aloud.addEventListener("click", speak);
    window.addEventListener("pagehide", () => speechSynthesis.cancel());
  }
  if (!byId("step-read")) return;

  // --- 1: seen to the end. Seconds count while the page is before somebody.
  let seconds = store.get("seconds") || 0, read = Boolean(page.dataset.read), ended = false, telling = false, again = 0;
  const reading = byId("read-state");
  setInterval(() => {
    if (read || document.hidden) return;
    seconds += 1;
    if (seconds % 5 === 0) store.set("seconds", seconds);
  }, 1000);
  const isRead = () => {
    read = true;
    reading.textContent = reading.dataset.done;
    byId("step-read").classList.add("done");
    missing(false);
  };
  const tellRead = async () => {
    clearTimeout(again);
    if (read || telling) return;
    telling = true;
    reading.textContent = reading.dataset.wait;
    let pause = 5;
    try {
      await ask(page.dataset.readAt, { seconds });
      isRead();
    } catch (error) {
      if (error.status) reading.textContent = [error.error.message, error.error.way].filter(Boolean).join(" ") || reading.dataset.open;
      else reading.textContent = reading.dataset.offline;
      if (error.error && error.error.left) pause = error.error.left;
      if (error.status === 401) pause = 0;
    } finally { telling = false; }
    if (!read && pause) again = setTimeout(tellRead, pause * 1000);
  };
  heard = tellRead;
  const atEnd = () => { if (!ended) { ended = true; store.set("ended", true); tellRead(); } };
  if (read) byId("step-read").classList.add("done");
  else if (store.get("ended")) atEnd();
  else if ("IntersectionObserver" in window) new IntersectionObserver((seen) => { if (seen.some((each) => each.isIntersecting)) atEnd(); }).observe(byId("end"));
  else window.addEventListener("scroll", () => { if (byId("end").getBoundingClientRect().top < innerHeight) atEnd(); }, { passive: true });
  window.addEventListener("online", () => { if (ended) tellRead(); });

  // --- 2: understood. A wrong answer is explained, and chosen again.
  const questions = all(".question");
  const checked = () => questions.every((each) => each.dataset.right);
  const showChecked = () => {
    byId("step-check").classList.toggle("done", checked());
    byId("check").hidden = checked();
    if (checked()) missing(false);
  };
  byId("checks").addEventListener("change", (event) => { event.target.closest(".question").querySelector(".wrong").hidden = true; });
  byId("checks").addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = byId("check"), problem = byId("check-problem"), answers = {};
    for (const each of questions) {
      const chosen = each.querySelector("input:checked");
      if (chosen && !each.dataset.right) answers[each.dataset.key] = chosen.value;
    }
    problem.hidden = true;
    if (questions.some((each) => !each.dataset.right && !(each.dataset.key in answers))) {
      problem.textContent = words.needAll;
      problem.hidden = false;
      return;
    }
    button.disabled = true;
    try {
      const data = await ask(page.dataset.checkAt, { answers });
      for (const each of questions) {
        if (!(each.dataset.key in answers)) continue;
        const right = data.checked[each.dataset.key];
        each.querySelector(".right").hidden = !right;
        const wrong = each.querySelector(".wrong");
        wrong.textContent = right ? "" : [wrong.dataset.wrong, data.explained[each.dataset.key]].filter(Boolean).join("");
        wrong.hidden = right;
        if (right) { each.dataset.right = "yes"; for (const choice of all("input", each)) choice.disabled = true; }
      }
      showChecked();
    } catch (error) {
      problem.textContent = error.status ? [error.error.message, error.error.way].filter(Boolean).join(" ") : `${words.offlineTitle}${document.documentElement.lang === "en" ? ". " : "。"}${words.offlineWay}`;
      problem.hidden = false;
    } finally { button.disabled = false; }
  });
  showChecked();

  // --- 3: the answer. The buttons are always there; what is missing is said.
  const panel = byId("panel"), send = byId("send"), statement = byId("statement"), withChat = byId("with-chat"), sendTitle = send.textContent;
  let outcome = "", strokes = [], sending = false;
  const ticked = () => all(".ticks input:checked");
  function missing(show) {
    const box = byId("missing");
    for (const each of all("[data-missing]", box)) each.hidden = each.dataset.missing === "read" ? read : checked();
    const some = !read || !checked();
    if (show || !some) box.hidden = !some;
    if (show && some) box.focus();
    return some;
  }
  const summary = () => {
    const put = (id, text) => { byId(id).textContent = text || byId(id).dataset.none; };
    byId("say-outcome").textContent = byId("panel-title").textContent;
    put("say-lines", ticked().map((each) => each.nextElementSibling.firstChild.textContent.trim()).join("、"));
    put("say-words", statement.value.trim());
    if (withChat) put("say-chat", withChat.checked ? byId("say-chat").dataset.some : "");
    put("say-signature", strokes.length ? byId("say-signature").dataset.some : "");
  };
  const choose = (chosen, moves) => {
    outcome = chosen;
    store.set("outcome", outcome);
    for (const each of all(".choice")) each.setAttribute("aria-expanded", String(each.dataset.outcome === outcome));
    for (const each of all("[data-for]", panel)) each.hidden = !each.dataset.for.split(" ").includes(outcome);
    byId("panel-title").textContent = byId("panel-title").dataset[outcome];
    panel.hidden = false;
    byId("problem").hidden = true;
    summary();
    if (moves) byId("panel-title").focus();
  };
  for (const each of all(".choice")) each.addEventListener("click", () => { if (!missing(true)) choose(each.dataset.outcome, true); });
  byId("back").addEventListener("click", () => {
    panel.hidden = true;
    store.set("outcome", "");
    for (const each of all(".choice")) each.setAttribute("aria-expanded", "false");
    all(`.choice[data-outcome="${outcome}"]`)[0].focus();
  });

  const keepDraft = () => { store.set("draft", { words: statement.value, lines: ticked().map((each) => each.value) }); summary(); };
  panel.addEventListener("input", keepDraft);
  panel.addEventListener("change", keepDraft);

  // --- signing
  const drawn = () => {
    byId("signature").hidden = !strokes.length;
    if (strokes.length) { Signing.draw(byId("signature-picture"), strokes); byId("sign").textContent = byId("sign").dataset.again; }
    summary();
  };
  byId("sign").addEventListener("click", () => Signing.open(strokes, (signed) => { strokes = signed; byId("problem").hidden = true; drawn(); }));

  // --- sending: once, however often it is tapped; what did not go is still there
  const complain = (title, text, way) => {
    const [first, second, third] = all("p", byId("problem"));
    first.firstChild.textContent = title;
    second.textContent = text || "";
    third.textContent = way || "";
    byId("problem").hidden = false;
    byId("problem").focus();
  };
  const lacks = () => {
    const said = statement.value.trim();
    if (outcome === "objected" && !said && !ticked().length) return [words.needWords, words.needWordsText];
    if (outcome === "refused" && !said) return [words.needWords, words.needWhyText];
    if (outcome !== "refused" && !strokes.length) return [words.needSign, words.needSignText];
    return null;
  };
  panel.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending || missing(true)) return;
    const lacking = lacks();
    if (lacking) return complain(...lacking);
    sending = true;
    send.disabled = true;
    send.textContent = send.dataset.sending;
    byId("problem").hidden = true;
    const worded = outcome !== "acknowledged";
    try {
      const data = await ask(page.dataset.answerAt, {
        outcome, shown: page.dataset.shown, consent: page.dataset.consent, strokes,
        lines: outcome === "objected" ? ticked().map((each) => each.value) : [], statement: worded ? statement.value.trim() : "",
        chat_upto: worded && withChat && withChat.checked ? Number(withChat.value) : 0,
      });
      location.replace(data.go);
      return;
    } catch (error) {
      // Its receipt was lost on the way, or another tab was first: the page tells what is on record.
      if (error.error && error.error.code === "answered") { location.replace(page.dataset.here); return; }
      if (error.status) complain(error.error.title || words.offlineTitle, error.error.message, error.error.way);
      else complain(words.offlineTitle, words.offline, words.offlineWay);
      send.textContent = send.dataset.again;
    }
    sending = false;
    send.disabled = false;
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) { sending = false; send.disabled = false; send.textContent = sendTitle; } });

  // --- the draft of before
  const draft = store.get("draft");
  if (draft) {
    statement.value = draft.words || "";
    for (const each of all(".ticks input")) each.checked = (draft.lines || []).includes(each.value);
  }
  if (store.get("outcome") && read && checked()) choose(store.get("outcome"), false);
})();
