// Offers regions while somebody types one; without it the name is looked up when the form is sent.
"use strict";

for (const input of document.querySelectorAll("input[data-regions]")) {
  const list = document.getElementById(input.getAttribute("list"));
  let last = "";
  input.addEventListener("input", async () => {
    const text = input.value.trim();
    if (!text || text === last) return;
    last = text;
    const found = await ask(`${input.dataset.regions}?q=${encodeURIComponent(text)}`).catch(() => null);
    if (found === null || text !== last) return;
    list.replaceChildren(...found.regions.map((each) => Object.assign(document.createElement("option"), { value: each.code, label: each.name })));
  });
}
