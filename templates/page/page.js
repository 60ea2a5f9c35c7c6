// The page of recorded requests. What was recorded gets into it as text only (`textContent`): there is no markup from strings here, and
// the policy that the page comes with allows none.
"use strict";

const ROW = 28;           // Pixels, as in page.css.
const BEYOND = 8;         // Rows that are drawn above and below what is seen.
const POLL = 1000;        // Milliseconds between two looks at the store.
const LATER = 60;         // Milliseconds after which details follow the cursor.
const TYPED = 250;        // Milliseconds after which the store is searched for what was typed.
const SLOW = 1e6;         // Microseconds that stand out.
const ATTEMPTS = 3;       // Fetches that are tried before a page says that it is not live.
const SAFE = ["GET", "HEAD", "OPTIONS"];

const byId = (id) => document.getElementById(id);
const list = byId("list"), space = byId("space"), details = byId("details"), main = document.querySelector("main");

let token = "";
let rows = [];            // The oldest first: [id, began, method, target, status, micros, size, statements, error]
let shown = [];           // Those that the filters let pass, the newest first.
let cursor = null;        // Numbers, since rows come and go.
let marked = [];
let view = null;          // { id } or { one, other }
let refusal = "";         // Why there is no list.
let found = { text: "", ids: new Set() };   // Requests with the text anywhere in them, by the store.
let asked = 0;            // The last question for details: answers to others are late.
const drawn = [];

/* ---- Words ---- */

const micros = (n) => (n < 1e4 ? `${(n / 1e3).toFixed(1)} ms` : n < 1e6 ? `${Math.floor(n / 1e3)} ms` : `${(n / 1e6).toFixed(1)} s`);
const bytes = (n) => (n < 1e3 ? `${n} B` : n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(1)} GB`);
const number = new Intl.NumberFormat("en");
const counted = (n, word) => `${number.format(n)} ${word}${n === 1 ? "" : "s"}`;
const two = (n) => String(n).padStart(2, "0");

function clock(ms) {
  const at = new Date(ms), minutes = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday ? `${minutes}:${two(at.getSeconds())}` : `${two(at.getMonth() + 1)}-${two(at.getDate())} ${minutes}`;
}

/* ---- Elements ---- */

function make(tag, kind, ...children) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function button(text, action, title) {
  const element = make("button", "", text);
  element.type = "button";
  if (title) element.title = title;
  element.addEventListener("click", () => action(element));
  return element;
}

/* ---- The server ---- */

class Refused extends Error {
  constructor(status, said) {
    super(said.error || `status ${status}`);
    this.status = status;
    this.more = [...(said.causes || []), ...(said.hints || [])];
  }
}

async function ask(path, method = "GET", headers = { "x-parity-token": token }) {
  const answer = await fetch(path, { method, headers, cache: "no-store" });
  const said = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, said);
  return said;
}

// The link's fragment is seen by no server. What is in it is kept for this tab, and taken out of the address.
async function enter() {
  const key = location.hash.slice(1);
  token = sessionStorage.getItem("token") || "";
  if (!key) return;
  history.replaceState(null, "", location.pathname);
  token = key.startsWith("once-") ? (await ask("/api/token", "POST", { "x-parity-ticket": key.slice(5) })).token : key;
  sessionStorage.setItem("token", token);
}

/* ---- The list ---- */

async function look() {
  const newest = rows.length ? rows[rows.length - 1][0] : 0;
  let now = await ask(`/api/requests?after=${newest}`);
  let fresh = now.rows;
  if (now.newest < newest) rows = [];
  rows = rows.filter((row) => row[0] >= now.oldest).concat(fresh);
  // Some were removed by number, or it is another store.
  if (rows.length !== now.total) {
    now = await ask("/api/requests?after=0");
    fresh = rows = now.rows;
  }
  if (byId("project").textContent !== now.project) {
    byId("project").textContent = now.project;
    document.title = `Requests · ${now.project}`;
  }
  return fresh.length > 0 || now.total !== look.total ? ((look.total = now.total), true) : false;
}

function filter() {
  const text = byId("text").value.trim().toLowerCase(), method = byId("method").value, status = byId("status").value;
  const least = (parseFloat(byId("slower").value) || 0) * 1000;
  const isWanted = (row) =>
    (!text || row[3].toLowerCase().includes(text) || (row[8] || "").toLowerCase().includes(text) || (found.text === text && found.ids.has(row[0]))) &&
    (!method || row[2] === method) &&
    (!status || (status === "failed" ? row[4] === null || row[8] !== null : String(row[4])[0] === status)) &&
    (!least || row[5] > least);
  // What is looked at stays where it is while others come in above it.
  const top = Math.floor(list.scrollTop / ROW), anchor = list.scrollTop > 0 && shown[top] ? shown[top][0] : null;
  shown = rows.filter(isWanted).reverse();
  space.style.height = `${shown.length * ROW}px`;
  const at = anchor === null ? -1 : shown.findIndex((row) => row[0] === anchor);
  if (at >= 0) list.scrollTop = at * ROW + (list.scrollTop % ROW);
  marked = marked.filter((id) => rows.some((row) => row[0] === id));
  methods();
  tell();
  draw();
}

// Headers and bodies are not here. What was found already is shown meanwhile.
function search() {
  clearTimeout(search.timer);
  const text = byId("text").value.trim().toLowerCase();
  if (!text) return;
  search.timer = setTimeout(async () => {
    try {
      const { ids } = await ask(`/api/search?text=${encodeURIComponent(text)}`);
      found = { text, ids: new Set(ids) };
      filter();
    } catch {
      // Whether the page is live is told by what is asked all the time.
    }
  }, TYPED);
}

function methods() {
  const select = byId("method"), known = new Set([...select.options].map((option) => option.value));
  for (const method of new Set(rows.map((row) => row[2]))) if (!known.has(method)) select.add(new Option(method, method));
}

function tell() {
  byId("count").textContent = shown.length === rows.length ? counted(rows.length, "request") : `${number.format(shown.length)} of ${counted(rows.length, "request")}`;
  byId("compare").hidden = marked.length < 2;
  byId("count").hidden = Boolean(refusal);
  byId("empty").hidden = !refusal && shown.length > 0;
  byId("empty").textContent = refusal || (rows.length ? "No request matches the filters: Esc clears them" : "No requests are recorded: `parity up --record` records them");
}

function line() {
  const names = ["mark", "dim", "method", "status", "number", "number wide", "number wide", "path", "track wide"];
  const element = make("div", "row", ...names.map((name) => make("span", name)));
  element.setAttribute("role", "option");
  element.children[0].title = "Mark for a comparison ( m )";
  element.lastChild.append(make("span", "bar"));
  list.append(element);
  return element;
}

// Only rows that are seen are there, and are used again for others.
function draw() {
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - BEYOND);
  const count = Math.max(0, Math.min(shown.length - first, Math.ceil(list.clientHeight / ROW) + 2 * BEYOND));
  while (drawn.length < count) drawn.push(line());
  const [from, whole] = span(Math.floor(list.scrollTop / ROW));
  drawn.forEach((element, at) => {
    element.hidden = at >= count;
    if (element.hidden) return;
    const [id, began, method, target, status, took, size, statements, error] = shown[first + at];
    const cells = element.children, isHere = id === cursor;
    element.id = `r${id}`;
    element.style.transform = `translateY(${(first + at) * ROW}px)`;
    element.classList.toggle("here", isHere);
    element.classList.toggle("marked", marked.includes(id));
    element.setAttribute("aria-selected", String(isHere));
    element.setAttribute("aria-posinset", String(first + at + 1));
    element.setAttribute("aria-setsize", String(shown.length));
    cells[1].textContent = clock(began);
    cells[2].textContent = method;
    cells[3].textContent = status === null ? "–" : status;
    cells[3].className = `status s${status === null ? 0 : String(status)[0]}`;
    cells[4].textContent = micros(took);
    cells[4].classList.toggle("slow", took >= SLOW);
    cells[5].textContent = bytes(size);
    cells[6].textContent = statements || "";
    cells[7].textContent = target;
    cells[7].title = target;
    if (error) cells[7].append(make("span", "error", error));
    const bar = cells[8].firstChild.style;
    bar.left = `${(100 * (began - from)) / whole}%`;
    bar.width = `${(took / 10) / whole}%`;
  });
  list.setAttribute("aria-activedescendant", cursor === null ? "" : `r${cursor}`);
}

// The time that the rows that are seen take together, in milliseconds: what ran beside what is seen by their bars.
function span(first) {
  const seen = shown.slice(first, first + Math.ceil(list.clientHeight / ROW));
  const from = Math.min(...seen.map((row) => row[1])), until = Math.max(...seen.map((row) => row[1] + row[5] / 1e3));
  return [from, Math.max(1, until - from)];
}

const place = () => shown.findIndex((row) => row[0] === cursor);

function go(at) {
  if (!shown.length) return;
  at = Math.max(0, Math.min(shown.length - 1, at));
  cursor = shown[at][0];
  reveal(at);
  draw();
  if (view) {
    clearTimeout(go.timer);
    go.timer = setTimeout(() => open(cursor), LATER);
  }
}

function reveal(at) {
  const top = at * ROW;
  if (at < 0) return;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
}

function mark(id) {
  if (id === null) return;
  marked = marked.includes(id) ? marked.filter((other) => other !== id) : [...marked, id].slice(-2);
  tell();
  draw();
}

/* ---- Details ---- */

async function into(next, question, build) {
  clearTimeout(go.timer);
  view = next;
  const mine = ++asked;
  let content;
  try {
    content = build(await ask(question));
  } catch (error) {
    content = [make("div", "title", make("h2", "", "Not shown"), closer()), ...trouble(error)];
  }
  if (mine !== asked || !view) return;
  details.replaceChildren(...content);
  details.scrollTop = 0;
  const wasHidden = details.hidden;
  details.hidden = false;
  main.classList.add("open");
  if (wasHidden) reveal(place());
  draw();
}

const open = (id) => (id === null ? undefined : into({ id }, `/api/requests/${id}`, one));

function close() {
  clearTimeout(go.timer);
  view = null;
  asked++;
  details.hidden = true;
  main.classList.remove("open");
  list.focus();
  draw();
}

const closer = () => button("×", close, "Close ( Esc )");
const trouble = (error) => [make("p", "", error.message), ...(error.more || []).map((text) => make("p", "note", text))];

function one(request) {
  const status = request.status === null ? "no answer" : `${request.status} ${request.reason}`;
  const outcome = make("div");
  const isSafe = SAFE.includes(request.method);
  return [
    make("div", "title", make("h2", "", `${request.method} ${request.target}`), closer()),
    make("p", "about", make("b", `s${request.status === null ? 0 : String(request.status)[0]}`, status.trim()),
      `  in ${micros(request.timings.total)} · #${request.id} · ${new Date(request.began).toLocaleString()}${request.remarks.map((text) => ` · ${text}`).join("")}`),
    make("div", "actions",
      button(isSafe ? "Replay" : `Replay ${request.method}`, (element) => replay(request, element, outcome), isSafe ? "Ask the running server again" : "Ask the running server again: this may change its data"),
      button("Copy as curl", (element) => copy(request.curl, element), "c"),
      button("Copy debug command", (element) => copy(request.debug, element), request.debug),
      button("Mark for a comparison", () => mark(request.id), "m")),
    outcome,
    ...(request.error ? [heading("Exception", request.error.type), make("pre", "", request.error.traceback.trimEnd() || `${request.error.type}: ${request.error.text}`),
      ...request.error.locals.filter((frame) => frame.locals.length).reverse().map((frame) => make("details", "", make("summary", "", `Variables of ${frame.function} in ${frame.place}`), pairs(frame.locals)))] : []),
    ...(request.log.lines.length ? [heading("Log", request.log.more ? `${number.format(request.log.more)} earlier lines are not kept` : ""), make("pre", "", request.log.lines.join("\n"))] : []),
    ...timings(request.timings),
    ...sql(request.statements),
    ...profile(request.profile),
    ...passed("Request", `${request.method} ${request.protocol}`, request.request),
    ...passed("Response", `${request.protocol} ${status}`, request.response),
    ...(request.templates.length ? [heading("Templates"), make("pre", "", request.templates.join("\n"))] : []),
    ...(request.environ.length ? [make("details", "", make("summary", "", "WSGI environ"), pairs(request.environ))] : []),
  ];
}

const heading = (text, more) => make("h3", "", text, more ? make("small", "", more) : "");
const pairs = (all) => make("dl", "headers", ...all.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));

function passed(title, more, { headers, body }) {
  const all = [heading(title, more)];
  if (headers.length) all.push(pairs(headers));
  if (body.missing !== undefined) all.push(make("p", "note", `${bytes(body.bytes)}${body.type ? ` of ${body.type}` : ""}: ${body.missing}`));
  else if (body.text) all.push(make("pre", "", body.text));
  if (body.hidden) all.push(make("p", "note", `… ${bytes(body.hidden)} more: parity requests show ID --whole`));
  return all;
}

function bar(kind, from, part, whole) {
  const element = make("div", `bar ${kind}`);
  element.style.left = `${(100 * from) / whole}%`;
  element.style.width = `${(100 * Math.min(part, whole - from)) / whole}%`;
  return make("div", "track", element);
}

// Parts of the application's time begin where it does: when each was is not recorded.
function timings(time) {
  if (!time.measured) return [];
  const whole = Math.max(1, time.queue + time.total);
  const lines = [["Queue", "queue", 0, time.queue], ["Application", "", time.queue, time.total], ["SQL", "part sql", time.queue, time.sql],
    ["processor", "part", time.queue, time.cpu], ["waiting for the interpreter", "part queue", time.queue, time.gil]];
  const wanted = lines.filter(([, , , part], at) => at < 2 || part > 0);
  const cells = ([name, kind, from, part]) => [make("span", kind.split(" ")[0], name), bar(kind, from, part, whole), make("span", "value", micros(part))];
  return [heading("Timings"), make("div", "bars", ...wanted.flatMap(cells))];
}

function sql({ count, micros: took, all, hidden }) {
  if (!count) return [];
  const cells = all.flatMap((one) => [make("span", one.times > 1 ? "times often" : "times", one.times > 1 ? `${one.times}×` : ""), make("span", "value", micros(one.micros)), make("span", "sql", one.sql)]);
  const repeated = all.reduce((sum, one) => sum + one.times - 1, 0);
  const more = `${counted(count, "statement")}, ${micros(took)}${repeated ? `, ${number.format(repeated)} repeated` : ""}`;
  return [heading("SQL", more), make("div", "statements", ...cells), ...(hidden ? [make("p", "note", `… ${hidden} more`)] : [])];
}

function changes(lines) {
  const kinds = { "+": "add", "-": "remove", "…": "gap" };
  return make("pre", "diff", ...lines.map(([sign, text]) => make("span", kinds[sign] || "", `${sign} ${text}`)));
}

/* ---- What buttons do ---- */

async function copy(text, element) {
  const before = element.textContent;
  try {
    await navigator.clipboard.writeText(text);
    element.textContent = "Copied";
  } catch {
    element.textContent = "The browser refused";
  }
  setTimeout(() => { element.textContent = before; }, 1500);
}

async function replay(request, element, result) {
  element.disabled = true;
  result.replaceChildren(make("p", "note", "asking the running server…"));
  try {
    const done = await ask(`/api/requests/${request.id}/replay`, "POST");
    const took = done.now.milliseconds === null ? "" : ` in ${micros(done.now.milliseconds * 1000)} (recorded: ${micros(request.timings.total)})`;
    const said = done.trouble || `${done.now.status}${took}: ${done.alike ? "answered as recorded" : "the answer differs"}`;
    result.replaceChildren(make("div", done.alike ? "outcome alike" : "outcome", make("p", "", said), done.remark ? make("p", "note", done.remark) : "",
      ...done.differences.flatMap((difference) => [make("p", "", difference.what), changes(difference.lines.map((line) => [line[0], line.slice(2)]))])));
  } catch (error) {
    result.replaceChildren(make("div", "outcome", ...trouble(error)));
  }
  element.disabled = false;
}

function compare() {
  const pair = marked.length === 1 && cursor !== null && cursor !== marked[0] ? [marked[0], cursor] : marked;
  if (pair.length < 2) return;
  const [first, second] = [...pair].sort((a, b) => a - b);
  into({ one: first, other: second }, `/api/diff?one=${first}&other=${second}`, ({ parts, judged }) => [
    make("div", "title", make("h2", "", `#${first} and #${second}`), closer()),
    make("p", "about", judged.length ? `The answers differ: ${judged.join(", ")}` : "The answers are alike but for times, ids and tokens"),
    ...parts.filter(({ lines }) => lines.length).flatMap(({ title, lines }) => [heading(title), changes(lines)]),
    parts.some(({ lines }) => lines.length) ? "" : make("p", "note", "Nothing differs."),
  ].filter(Boolean));
}

/* ---- Keys and clicks ---- */

function clear() {
  for (const id of ["text", "method", "status", "slower"]) byId(id).value = "";
  filter();
}

const KEYS = {
  j: () => go(place() + 1), ArrowDown: () => go(place() + 1),
  k: () => go(Math.max(0, place() - 1)), ArrowUp: () => go(Math.max(0, place() - 1)),
  PageDown: () => go(place() + Math.floor(list.clientHeight / ROW)), PageUp: () => go(place() - Math.floor(list.clientHeight / ROW)),
  g: () => go(0), Home: () => go(0), G: () => go(shown.length - 1), End: () => go(shown.length - 1),
  Enter: () => { if (place() < 0) go(0); open(cursor); },
  Escape: () => (view ? close() : clear()),
  "/": () => byId("text").select(),
  m: () => mark(cursor), d: compare, "?": () => byId("help").showModal(),
  c: () => { const copier = [...details.querySelectorAll("button")].find((one) => one.textContent === "Copy as curl"); if (view && copier) copier.click(); },
};

// Keys that scroll belong to what has the focus.
const SCROLLS = ["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  if (event.target.matches("input, select")) {
    if (event.key === "Escape" || event.key === "Enter") {
      if (details.contains(event.target)) details.focus();
      else if (event.key === "Escape" && event.target.value) clear();
      else list.focus();
      event.preventDefault();
    }
    return;
  }
  const isInDetails = details.contains(event.target);
  if (isInDetails && (SCROLLS.includes(event.key) || (event.key === "Enter" && event.target !== details))) return;
  if (event.key === "Enter" && event.target.matches("button")) return;
  const action = KEYS[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});

list.addEventListener("click", (event) => {
  const at = drawn.indexOf(event.target.closest(".row"));
  if (at < 0) return;
  const id = Number(drawn[at].id.slice(1));
  if (event.target.classList.contains("mark")) return mark(id);
  cursor = id;
  open(id);
  draw();
});
list.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
new ResizeObserver(draw).observe(list);
byId("filters").addEventListener("input", () => { list.scrollTop = 0; filter(); search(); });
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("compare").addEventListener("click", compare);
byId("keys").addEventListener("click", () => byId("help").showModal());

/* ---- The beginning, and what goes on ---- */

function live(isLive, said) {
  byId("live").className = isLive ? "" : "off";
  byId("live").textContent = said;
}

function refuse(error) {
  refusal = [error.message, ...(error.more || [])].join(": ");
  live(false, "not live");
  tell();
}

let failures = 0;

async function follow() {
  clearTimeout(follow.timer);
  if (!document.hidden) {
    try {
      const isNew = await look();
      if (isNew || refusal || !follow.hasBegun) {
        refusal = "";
        follow.hasBegun = true;
        filter();
        search();
      }
      failures = 0;
      live(true, "live");
    } catch (error) {
      failures++;
      if (error instanceof Refused) {
        refuse(error);
      } else if (failures >= ATTEMPTS || !rows.length) live(false, "`parity requests open` has ended");
    }
  }
  follow.timer = setTimeout(follow, POLL);
}

async function begin() {
  try {
    await enter();
  } catch (error) {
    return refuse(error);
  }
  await follow();
  list.focus();
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) follow(); });
addEventListener("hashchange", begin);
begin();
