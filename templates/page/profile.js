// What a profiler has seen of a request: how many samples there are of it, and where its time went, as a flame graph.
"use strict";

function profile(seen) {
  if (!seen) return [];
  const title = heading("Profile", counted(seen.samples, "sample"));
  const few = seen.few ? [make("p", "note", "too few samples to say where the time went")] : [];
  if (!seen.samples || seen.graph.calls.length < 2) return [title, ...few];
  const search = make("input"), reset = button("whole graph", () => {}, "Zoom out");
  search.type = "search";
  search.placeholder = "name, file or package";
  search.setAttribute("aria-label", "Find calls in the flame graph");
  const kinds = make("span", "flame-kinds"), found = make("span", "note"), legend = make("p", "flame-legend note");
  const detail = make("p", "flame-detail note"), graph = make("div", "flame");
  graph.setAttribute("aria-label", "Flame graph");
  flame(seen.graph, "this request", { graph, detail, kinds, search, found, reset, legend });
  return [title, ...few, make("div", "actions", kinds, search, found, reset), legend, detail, graph];
}
