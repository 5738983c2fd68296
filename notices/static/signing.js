// A signature with a finger: strokes as points with times, kept in thousandths of the box's width, and drawn from those whenever the
// box changes its size. Nothing is ever read back from the picture.
"use strict";
window.Signing = (() => {
  const WIDTH = 1000, HEIGHT = 560, PEN = 9, NEAR = 3, MOST_POINTS = 7000, MOST_STROKES = 190, LATEST = 600000;
  const points = (strokes) => strokes.reduce((sum, stroke) => sum + stroke.length, 0);

  const draw = (canvas, strokes, color) => {
    const pen = canvas.getContext("2d"), scale = canvas.width / WIDTH;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.lineWidth = PEN;
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = color;
    for (const stroke of strokes) trace(pen, stroke, 0);
  };
  // A stroke from one of its points on; a point alone is a dot.
  const trace = (pen, stroke, from) => {
    pen.beginPath();
    pen.moveTo(stroke[from][0], stroke[from][1]);
    if (stroke.length === from + 1) pen.lineTo(stroke[from][0] + .1, stroke[from][1]);
    for (const [x, y] of stroke.slice(from + 1)) pen.lineTo(x, y);
    pen.stroke();
  };
  const color = () => getComputedStyle(document.documentElement).getPropertyValue("--pen").trim() || "#1b2a4a";

  // Why it is no signature yet; the server looks again, and more closely.
  const lacking = (strokes) => {
    const all = strokes.flat();
    if (all.length < 12) return "few";
    if (all[all.length - 1][2] - all[0][2] < 400) return "quick";
    const xs = all.map((each) => each[0]), ys = all.map((each) => each[1]);
    const wide = Math.max(...xs) - Math.min(...xs), high = Math.max(...ys) - Math.min(...ys);
    return Math.max(wide, high) < 150 ? "small" : "";
  };

  // Shows the box over everything until it is left; `done` gets the strokes.
  const open = (before, done) => {
    const byId = (id) => document.getElementById(id);
    const box = byId("signing"), room = byId("signing-room"), canvas = byId("pad"), told = byId("signing-told");
    const behind = [document.getElementById("main"), document.getElementById("top")];
    const ink = color(), returnTo = document.activeElement;
    let strokes = before.map((stroke) => stroke.slice()), began = null, pointer = null, shift = 0;
    const last = () => strokes.length ? strokes[strokes.length - 1][strokes[strokes.length - 1].length - 1] : null;

    const layout = () => {
      const space = room.getBoundingClientRect(), border = 4;
      const scale = Math.min((space.width - border) / WIDTH, (space.height - border) / HEIGHT);
      if (scale <= 0) return;
      const dense = Math.min(window.devicePixelRatio || 1, 3);
      canvas.style.width = Math.floor(WIDTH * scale) + border + "px";
      canvas.style.height = Math.floor(HEIGHT * scale) + border + "px";
      canvas.width = Math.floor(WIDTH * scale) * dense;
      canvas.height = Math.floor(HEIGHT * scale) * dense;
      draw(canvas, strokes, ink);
    };
    const buttons = () => {
      byId("signing-undo").disabled = byId("signing-clear").disabled = byId("signing-done").disabled = !strokes.length;
      told.textContent = "";
    };
    const at = (event) => {
      const space = canvas.getBoundingClientRect(), wide = space.width - 4;
      const inside = (value, most) => Math.max(0, Math.min(most, Math.round(value)));
      if (began === null) { began = event.timeStamp; shift = last() ? last()[2] + 1 : 0; }
      const floor = last() ? last()[2] : 0;
      return [
        inside((event.clientX - space.left - 2) / wide * WIDTH, WIDTH),
        inside((event.clientY - space.top - 2) / wide * WIDTH, HEIGHT),
        Math.min(LATEST, Math.max(floor, Math.round(event.timeStamp - began) + shift)),
      ];
    };
    const put = (event) => {
      const stroke = strokes[strokes.length - 1], end = stroke[stroke.length - 1], point = at(event);
      if (Math.abs(point[0] - end[0]) < NEAR && Math.abs(point[1] - end[1]) < NEAR) return;
      if (points(strokes) >= MOST_POINTS) return;
      stroke.push(point);
    };
    const down = (event) => {
      event.preventDefault();
      // A second finger or the palm writes nothing.
      if (pointer !== null || event.button > 0 || strokes.length >= MOST_STROKES || points(strokes) >= MOST_POINTS) return;
      pointer = event.pointerId;
      try { canvas.setPointerCapture(pointer); } catch (error) { /* gone already */ }
      strokes.push([at(event)]);
      trace(canvas.getContext("2d"), strokes[strokes.length - 1], 0);
      buttons();
    };
    const move = (event) => {
      if (event.pointerId !== pointer) return;
      event.preventDefault();
      const stroke = strokes[strokes.length - 1], from = stroke.length - 1;
      const between = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      for (const each of between.length ? between : [event]) put(each);
      if (stroke.length > from + 1) trace(canvas.getContext("2d"), stroke, from);
    };
    const up = (event) => { if (event.pointerId === pointer) pointer = null; };
    const undo = () => { strokes.pop(); if (!strokes.length) began = null; draw(canvas, strokes, ink); buttons(); };
    const clear = () => { strokes = []; began = null; draw(canvas, strokes, ink); buttons(); };
    const still = (event) => { if (!event.target.closest("button")) event.preventDefault(); };
    const keys = (event) => {
      if (event.key === "Escape") leave();
      if (event.key !== "Tab") return;
      // What lies behind cannot be reached.
      const able = [...box.querySelectorAll("button")].filter((each) => !each.disabled);
      const edge = event.shiftKey ? able[0] : able[able.length - 1];
      if (document.activeElement === edge) { event.preventDefault(); (event.shiftKey ? able[able.length - 1] : able[0]).focus(); }
    };

    const listeners = [
      [canvas, "pointerdown", down], [canvas, "pointermove", move], [canvas, "pointerup", up], [canvas, "pointercancel", up],
      [box, "touchstart", still], [box, "touchmove", still], [box, "contextmenu", still], [document, "keydown", keys], [window, "resize", layout],
      [byId("signing-undo"), "click", undo], [byId("signing-clear"), "click", clear],
      [byId("signing-leave"), "click", () => leave()], [byId("signing-done"), "click", () => finish()],
      [window, "popstate", () => close()],
    ];
    const watching = "ResizeObserver" in window ? new ResizeObserver(layout) : null;
    const close = () => {
      for (const [target, name, listener] of listeners) target.removeEventListener(name, listener);
      if (watching) watching.disconnect();
      box.hidden = true;
      document.documentElement.classList.remove("is-signing");
      for (const each of behind) each.inert = false;
      if (returnTo) returnTo.focus({ preventScroll: true });
    };
    // The phone's own way back leads out of the box, not off the page.
    const leave = () => history.back();
    const finish = () => {
      const why = lacking(strokes);
      if (why) { told.textContent = told.dataset[why]; return; }
      done(strokes);
      leave();
    };

    for (const [target, name, listener] of listeners) target.addEventListener(name, listener, name.startsWith("touch") ? { passive: false } : false);
    history.pushState({ signing: true }, "");
    document.documentElement.classList.add("is-signing");
    for (const each of behind) each.inert = true;
    box.hidden = false;
    buttons();
    layout();
    if (watching) watching.observe(room);
    byId("signing-leave").focus({ preventScroll: true });
  };
  return { open, draw: (canvas, strokes) => draw(canvas, strokes, color()) };
})();
