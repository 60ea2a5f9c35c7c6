// Draws a flame graph: in the file that `parity profile` writes, and in the page of recorded requests. What is in the data gets into it as
// text only (`textContent`).
"use strict";

// `data`: what `src/profiling/flamegraph.rs` says. `whole`: what is at the top. The others are elements that it fills.
function flame(data, whole, { graph, detail, kinds, search, found, reset, legend }) {
  const KINDS = [["time", [2, 3, 4, 5]], ["CPU", [2]], ["waiting", [3]], ["GIL", [4]], ["no CPU", [5]]];
  const ROW = 20, LEAST = 0.6;
  let kind = 0, zoomed = 0, wanted = "";

  const calls = data.calls.map((cells, number) => ({ cells, number, parent: cells[0], children: [], depth: 0 }));
  for (const call of calls) {
    if (call.parent >= 0) {
      calls[call.parent].children.push(call);
      call.depth = calls[call.parent].depth + 1;
    }
  }
  const value = call => KINDS[kind][1].reduce((sum, at) => sum + call.cells[at], 0);
  const time_of = call => call.cells[2] + call.cells[3] + call.cells[4] + call.cells[5];
  const name = call => call.cells[1] < 0 ? whole : data.functions[call.cells[1]][0];
  const place = call => call.cells[1] < 0 ? "" : data.functions[call.cells[1]][1] + ":" + data.functions[call.cells[1]][2];
  const packageOf = call => call.cells[1] < 0 ? "" : data.packages[data.functions[call.cells[1]][3]];

  function hue(text) {
    let hash = 7;
    for (const char of text) hash = (hash * 31 + char.codePointAt(0)) % 360;
    return hash;
  }
  function colour(call) {
    if (call.cells[1] < 0) return "#c8c8c8";
    if (data.compared) {
      const before = call.cells[7], now = time_of(call) / Math.max(1, data.requests);
      const part = Math.max(-1, Math.min(1, (now - before) / Math.max(before, now, 1)));
      return part >= 0 ? `hsl(5 85% ${88 - 33 * part}%)` : `hsl(215 80% ${88 + 30 * part}%)`;
    }
    const label = packageOf(call);
    if (label === "project") return "hsl(28 95% 66%)";
    return label.endsWith(" (Python)") ? "hsl(215 25% 80%)" : `hsl(${70 + hue(label) * 250 / 360} 50% 76%)`;
  }
  function time(micros) {
    return micros < 1e4 ? (micros / 1e3).toFixed(1) + " ms" : micros < 1e6 ? Math.floor(micros / 1e3) + " ms" : (micros / 1e6).toFixed(1) + " s";
  }
  function describe(call) {
    const all = value(calls[0]) || 1, [, , cpu, wait, gil, queue, samples] = call.cells;
    let text = `${name(call)}  ${place(call)}  ${(value(call) * 100 / all).toFixed(1)} % of ${KINDS[kind][0]}, ` +
      `${time(time_of(call))}: CPU ${time(cpu)}, waiting ${time(wait)}, GIL ${time(gil)}, no CPU ${time(queue)} (${samples} samples)`;
    if (data.compared) {
      text += `; for each request ${time(time_of(call) / Math.max(1, data.requests))}, before ${time(call.cells[7])}`;
    }
    return text;
  }
  const matches = call => wanted !== "" && (name(call) + "\n" + place(call) + "\n" + packageOf(call)).toLowerCase().includes(wanted);

  function draw() {
    graph.replaceChildren();
    const width = graph.clientWidth, root = calls[zoomed];
    let deepest = 0;
    const box = (call, left, wide, above) => {
      deepest = Math.max(deepest, call.depth);
      const box = document.createElement("div");
      box.style.cssText = `left:${left}px;width:${Math.max(wide - 1, 1)}px;top:${call.depth * ROW}px;background:${colour(call)}`;
      if (wide > 30) box.textContent = name(call);
      box.title = describe(call);
      box.tabIndex = 0;
      box.classList.toggle("above", above);
      box.classList.toggle("miss", wanted !== "" && !matches(call));
      box.onclick = () => { zoomed = call.number; draw(); };
      box.onkeydown = event => { if (event.key === "Enter") box.onclick(); };
      box.onmouseenter = box.onfocus = () => { detail.textContent = describe(call); };
      graph.append(box);
    };
    for (let at = root.parent; at >= 0; at = calls[at].parent) box(calls[at], 0, width, true);
    const todo = [[root, 0, width]];
    while (todo.length) {
      const [call, left, wide] = todo.pop();
      box(call, left, wide, false);
      const all = value(call);
      let at = left;
      for (const child of [...call.children].sort((a, b) => value(b) - value(a))) {
        const part = all ? value(child) / all * wide : 0;
        if (part >= LEAST) todo.push([child, at, part]);
        at += part;
      }
    }
    graph.style.height = (deepest + 1) * ROW + "px";
    reset.disabled = zoomed === 0;
    kinds.querySelectorAll("button").forEach((button, number) => button.setAttribute("aria-pressed", number === kind));
    let sum = 0;
    if (wanted !== "") {
      // A call within another that is found is in it already.
      const open = [calls[0]];
      while (open.length) {
        const call = open.pop();
        if (matches(call)) sum += value(call); else open.push(...call.children);
      }
    }
    found.textContent =
      wanted === "" ? "" : (sum * 100 / (value(calls[0]) || 1)).toFixed(1) + " % found";
    detail.textContent = describe(root);
  }

  KINDS.forEach(([text], number) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.onclick = () => { kind = number; draw(); };
    kinds.append(button, " ");
  });
  function sign(text, background) {
    const span = document.createElement("span"), mark = document.createElement("i");
    mark.style.background = background;
    span.append(mark, text);
    legend.append(span);
  }
  if (data.compared) {
    sign("longer than before", "hsl(5 85% 55%)");
    sign("shorter", "hsl(215 80% 58%)");
  } else {
    const own = new Map();
    for (const call of calls) {
      const inside = call.children.reduce((sum, child) => sum + value(child), 0);
      own.set(packageOf(call), (own.get(packageOf(call)) || 0) + value(call) - inside);
    }
    const shown = [...own].filter(([text]) => text !== "").sort((a, b) => b[1] - a[1]).slice(0, 6);
    for (const [text] of shown) sign(text, colour(calls.find(call => packageOf(call) === text)));
  }
  search.oninput = event => { wanted = event.target.value.trim().toLowerCase(); draw(); };
  reset.onclick = () => { zoomed = 0; draw(); };
  // Also when it comes into the page, and has no width before.
  let drawn = -1;
  new ResizeObserver(() => { if (graph.clientWidth !== drawn) { drawn = graph.clientWidth; draw(); } }).observe(graph);
}
