"use strict";
// The state comes whole whenever it changed; a bubble is drawn anew only where it is not the same any more.

const find = (selector) => document.querySelector(selector);
const main = find("main"), list = find(".bubbles"), input = find("#text"), send = find(".write button");
const TIME_BETWEEN = 300;
let state = null, shown = null, mode = "", drawn = [], read = {};

function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const two = (number) => String(number).padStart(2, "0");
// The company's time, wherever the page is looked at.
const CHINA = { timeZone: "Asia/Shanghai", hourCycle: "h23", hour: "2-digit", minute: "2-digit" };
const minutes = new Intl.DateTimeFormat("zh-CN", CHINA), exact = new Intl.DateTimeFormat("zh-CN", { ...CHINA, second: "2-digit" });
const clock = (seconds, withSeconds) => (withSeconds ? exact : minutes).format(seconds * 1000);

async function act(what, value, number) {
  await fetch("api/do", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ phone: shown, act: what, value: value ?? "", number: number ?? -1 }),
  }).catch(() => undefined);
}

// -- Words

function link(address, words) {
  const made = make("a", "", words);
  made.href = address;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

function withLinks(text, into) {
  let from = 0;
  for (const found of text.matchAll(/https?:\/\/[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%\[\]]+/g)) {
    into.append(text.slice(from, found.index), link(found[0], found[0]));
    from = found.index + found[0].length;
  }
  into.append(text.slice(from));
}

// What WeCom shows of Markdown: headings, bold, quotes, links, code and its three colours.
function markdown(text, into) {
  text.split("\n").forEach((line, index) => {
    if (index && !into.lastChild?.matches?.("blockquote")) into.append("\n");
    const heading = /^#{1,6} +(.*)/.exec(line), quote = /^> ?(.*)/.exec(line);
    const at = heading ? make("span", "head") : quote ? make("blockquote") : into;
    inline(heading?.[1] ?? quote?.[1] ?? line, at);
    if (at !== into) into.append(at);
  });
}

function inline(text, into) {
  const marks = /\*\*(.+?)\*\*|\[([^\]]+)\]\((https?:[^)\s]+)\)|`([^`]+)`|<font color="(?:info|comment|warning)">(.*?)<\/font>/g;
  let from = 0;
  for (const found of text.matchAll(marks)) {
    withLinks(text.slice(from, found.index), into);
    if (found[1] !== undefined) into.append(make("b", "", found[1]));
    else if (found[2] !== undefined) into.append(link(found[3], found[2]));
    else into.append(make(found[4] === undefined ? "span" : "code", "", found[4] ?? found[5]));
    from = found.index + found[0].length;
  }
  withLinks(text.slice(from), into);
}

// -- Bubbles

function choice(bubble, each, words) {
  const button = make("button", "choice", words);
  button.type = "button";
  button.disabled = Boolean(bubble.closed);
  button.addEventListener("click", () => act("tap", each.label, bubble.number));
  return button;
}

function card(bubble, item) {
  const body = make("div", "body");
  if (bubble.title) body.append(make("div", "title", bubble.title));
  if (bubble.text) withLinks(bubble.text, body.appendChild(make("div")));
  item.append(body);
  if (bubble.closed) item.append(choice(bubble, {}, bubble.closed));
  else item.append(...bubble.choices.map((each) => choice(bubble, each, each.label)));
}

function draw(bubble) {
  const item = make("li", `${bubble.author} as-${bubble.kind}`);
  item.dataset.number = bubble.number;
  if (bubble.kind === "image") item.append(make("span", "kind", "［图片］"));
  else if (bubble.kind === "voice") item.append(make("span", "kind", "［语音］"), bubble.text);
  else if (bubble.kind === "card") card(bubble, item);
  else if (bubble.kind === "markdown") markdown(bubble.text, item);
  else withLinks(bubble.text, item);
  if (bubble.kind !== "card" && bubble.choices.length) item.append(...bubble.choices.map((each) => choice(bubble, each, each.label)));
  for (const [words, address] of Object.entries(bubble.more.links ?? {})) {
    const opens = link(address, words);
    opens.className = "choice";
    item.append(opens);
  }
  if (bubble.tail) withLinks(bubble.tail, item);
  return item;
}

function show(bubbles) {
  const stuck = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  let before = 0, changed = false;
  const items = [];
  bubbles.forEach((bubble) => {
    if (bubble.at - before > TIME_BETWEEN) items.push([`time ${bubble.at}`, () => make("li", "time", clock(bubble.at))]);
    before = bubble.at;
    items.push([JSON.stringify(bubble), () => draw(bubble)]);
  });
  items.forEach(([key, drawItem], index) => {
    if (drawn[index] === key) return;
    changed = true;
    const item = drawItem(), old = list.children[index];
    if (old) old.replaceWith(item); else list.append(item);
  });
  while (list.children.length > items.length) list.lastElementChild.remove();
  drawn = items.map(([key]) => key);
  return changed && stuck;
}

// -- Around the bubbles

function buttons(into, entries, onTap) {
  const key = JSON.stringify(entries);
  if (into.dataset.key === key) return;
  into.dataset.key = key;
  into.replaceChildren(...entries.map(([name, words, title]) => {
    const button = make("button", "", words);
    button.type = "button";
    if (title) button.title = title;
    button.dataset.act = name;
    button.addEventListener("click", () => onTap(name));
    return button;
  }));
}

function people() {
  const into = find(".people");
  if (into.children.length !== state.people.length) {
    into.replaceChildren(...state.people.map((each) => {
      const button = make("button", "", each.name);
      button.append(make("small", "", each.platform));
      button.type = "button";
      button.addEventListener("click", () => { shown = each.id; drawn = []; list.replaceChildren(); mode = ""; redraw(); });
      return button;
    }));
  }
  state.people.forEach((each, index) => {
    const heard = each.bubbles.filter((bubble) => bubble.author !== "me").length;
    if (each.id === shown || read[each.id] === undefined) read[each.id] = heard;
    into.children[index].setAttribute("aria-pressed", String(each.id === shown));
    into.children[index].classList.toggle("new", heard > read[each.id]);
  });
}

// What is written goes out as something else than a message: as speech, as a code that is scanned.
function choose(name) {
  mode = name;
  const entry = current().acts.find(([act]) => act === name);
  input.placeholder = entry?.[2] ?? "写消息";
  for (const button of document.querySelectorAll(".acts button")) {
    if (button.title) button.setAttribute("aria-pressed", String(button.dataset.act === mode));
  }
}

function otherAct(name) {
  const entry = current().acts.find(([act]) => act === name);
  if (!entry[2]) { act(name); return; }
  choose(mode === name ? "" : name);
  input.focus();
}

const current = () => state.people.find((each) => each.id === shown);

function quota() {
  const me = state && current(), line = find(".quota");
  line.hidden = !me?.quota || !me.there;
  if (line.hidden) return;
  const seconds = Math.max(0, Math.floor(me.quota.until - Date.now() / 1000));
  const left = `${Math.floor(seconds / 3600)} 小时 ${two(Math.floor(seconds / 60) % 60)} 分 ${two(seconds % 60)} 秒`;
  const open = seconds > 0 && me.quota.left > 0;
  line.classList.toggle("shut", !open);
  if (seconds <= 0) line.textContent = "现在发不出去：要等员工再说话";
  else line.textContent = me.quota.left > 0 ? `还能发 ${me.quota.left} 条，剩 ${left}` : `额度用完了，要等员工再说话（窗口剩 ${left}）`;
}

function log(entries) {
  find(".log").replaceChildren(...entries.map((each) => {
    const item = make("li");
    item.append(make("time", "", clock(each.at, true)));
    item.append(make("span", "", each.way === "out" ? `平台 → 系统　${each.what}` : `系统 → 平台　${each.what}`));
    item.append(make("span", each.good ? "" : "bad", each.result));
    return item;
  }));
}

// -- What happens next

async function happen(path, what) {
  const answer = await fetch(`story/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(what),
  }).catch(() => undefined);
  if (!answer?.ok) find(".said").textContent = "没有做成，再按一次试试。";
}

function event(each, isNext) {
  const item = make("li", each.done ? "done" : isNext ? "is-next" : ""), text = make("div");
  text.append(make("strong", "", each.title), make("p", "", each.does), make("p", "look", `看：${each.look}`));
  if (each.file) text.append(link(each.file, "下载这张表"));
  const button = make("button", "", each.done ? `${clock(each.done)} 发生了` : "让它发生");
  button.type = "button";
  button.dataset.event = each.key;
  button.disabled = !each.can;
  button.setAttribute("aria-label", `${button.textContent}：${each.title}`);
  button.addEventListener("click", () => { button.disabled = true; happen("play", { event: each.key }); });
  item.append(text, button);
  return item;
}

function story() {
  const panel = find(".story"), key = JSON.stringify(state.story);
  panel.hidden = !state.story;
  find('.sides [data-side="story"]').hidden = !state.story;
  if (!state.story || panel.dataset.key === key) return;
  panel.dataset.key = key;
  const { events } = state.story, next = events.find((each) => each.can);
  const focused = document.activeElement?.dataset.event;
  find(".events").replaceChildren(...events.map((each) => event(each, each === next)));
  if (focused) find(`.events [data-event="${next?.key ?? focused}"]`)?.focus();
  const done = events.filter((each) => each.done).sort((one, other) => one.done - other.done);
  find(".next").textContent = next ? next.title : "都发生过了";
  find(".count").textContent = `${done.length} / ${events.length}`;
  find(".again button").disabled = !done.length;
  find(".now").hidden = !next;
  find(".now").dataset.event = next?.key ?? "";
  find(".now").setAttribute("aria-label", `让它发生：${next?.title ?? ""}`);
  find(".said").textContent = done.length ? `刚才：${done.at(-1).title}。看：${done.at(-1).look}` : "";
}

function redraw() {
  story();
  const me = current();
  document.body.className = `on-${me.id}`;
  find(".account").textContent = me.account;
  find(".bar .platform").textContent = me.platform;
  find(".clock").textContent = clock(Date.now() / 1000);
  people();
  const below = show(me.bubbles);
  find(".enter").hidden = me.there || !me.enter;
  if (me.enter) buttons(find(".enter"), [me.enter], act);
  find(".write").hidden = !me.there;
  find(".menu").hidden = !me.there || !me.menu.length;
  buttons(find(".menu"), me.menu, (key) => act("click", key));
  buttons(find(".acts"), me.acts, otherAct);
  buttons(find(".tricks"), me.tricks, act);
  choose(mode);
  quota();
  log(me.log);
  if (below) list.scrollTop = list.scrollHeight;
}

// -- Talk

async function listen() {
  let after = "";
  for (;;) {
    try {
      const answer = await fetch(`api/state?after=${after}`);
      find(".waiting").hidden = true;
      if (answer.status !== 200) continue;
      state = await answer.json();
      after = state.version;
      shown ??= state.people[0].id;
      redraw();
    } catch {
      find(".waiting").hidden = false;
      await new Promise((go) => setTimeout(go, 1000));
      after = "";
    }
  }
}

find(".write").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (!text) return;
  act(mode || "write", text);
  choose("");
  input.value = "";
  send.disabled = true;
  list.scrollTop = list.scrollHeight;
});
input.addEventListener("input", () => { send.disabled = !input.value.trim(); });
for (const button of document.querySelectorAll(".sides button")) {
  button.addEventListener("click", () => {
    main.dataset.side = find(".story").dataset.side = button.dataset.side;
    find(".story details").open ||= button.dataset.side === "story";
    for (const each of document.querySelectorAll(".sides button")) each.setAttribute("aria-pressed", String(each === button));
  });
}
find(".now").addEventListener("click", (tap) => happen("play", { event: tap.target.dataset.event }));
find(".again button").addEventListener("click", () => happen("anew", {}));
find(".behind details").open = window.matchMedia("(min-width: 60rem)").matches;
setInterval(quota, 1000);
fetch("api/state?after=").then((answer) => answer.json()).then((first) => {
  find("iframe").src = `${first.product}/hr/`;
  find(".own").href = `${first.product}/hr/`;
});
listen();
