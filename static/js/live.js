// The live link: says which topics this page shows, and fetches a block again when its topic moves.
// When the link is lost, the dot says since when, and blocks are fetched every 15 s until it is back.
const POLL = 15000, CALM = 1000;
const dot = document.getElementById("live");
const blocks = () => [...document.querySelectorAll("[data-live]")];
const topics = () => [...new Set(blocks().flatMap(node => node.dataset.live.split(" ")))].filter(Boolean).sort();
let socket, asked = "", wait = 1000, polling, wasLost = false;
const fetched = new WeakMap(), due = new Map();
const calm = node => Number(node?.dataset.calm) * 1000 || CALM;   // how often a block is fetched at most

function say(live) {
  if (!dot) return;
  dot.classList.toggle("live-dot", live);
  dot.classList.toggle("paused", !live);
  dot.textContent = live ? dot.dataset.on : `${dot.dataset.off} ${new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false })}`;
}

// A block in use (being pressed, open dialog, typing, paused) is left alone until it is free: a click ends where it began.
const busy = node => node.matches(":active") || node.querySelector("dialog[open], details.menu[open]") || node.closest("[data-paused]") || node.querySelector("[data-paused]") ||
  (node.contains(document.activeElement) && /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName));

function refresh(id) {
  if (due.has(id)) return;
  const node = document.getElementById(id), since = Date.now() - (fetched.get(node) || 0);
  due.set(id, setTimeout(() => {
    due.delete(id);
    const now = document.getElementById(id);
    if (!now) return;
    if (busy(now) || document.hidden) { due.set(id, setTimeout(() => { due.delete(id); refresh(id); }, CALM)); return; }
    htmx.trigger(now, "live");
  }, Math.max(0, calm(node) - since)));
}

const all = () => blocks().forEach(node => refresh(node.id));
const moved = topic => blocks().forEach(node => { if (node.dataset.live.split(" ").includes(topic)) refresh(node.id); });

// What moved between the page's making and our subscription was told to nobody: blocks that cannot wait are fetched once.
const caughtUp = () => blocks().filter(node => "catchUp" in node.dataset && !fetched.has(node)).forEach(node => refresh(node.id));

function subscribe() {
  const wanted = JSON.stringify(topics());
  if (socket?.readyState !== WebSocket.OPEN || wanted === asked) return;
  asked = wanted;
  socket.send(JSON.stringify({ subscribe: topics() }));
}

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live/`);
  socket.onopen = () => {
    asked = ""; wait = 1000;
    clearInterval(polling); polling = null;
    say(true); subscribe();
    if (wasLost) all();
  };
  socket.onmessage = event => {
    const heard = JSON.parse(event.data);
    (heard.topics || []).forEach(moved);
    if (heard.subscribed) caughtUp();
  };
  socket.onclose = () => {
    if (!polling) { wasLost = true; say(false); polling = setInterval(all, POLL); }
    setTimeout(connect, wait + Math.random() * 500);
    wait = Math.min(wait * 2, 30000);
  };
}

// keep what the reader unfolded, and tint what changed
let before;
addEventListener("htmx:beforeSwap", event => {
  const node = event.detail.target, { responseURL } = event.detail.xhr;
  if (!node.dataset?.live) return;
  if (responseURL && new URL(responseURL).pathname !== event.detail.pathInfo.requestPath.split("?")[0]) {   // signed out
    event.detail.shouldSwap = false;
    location.reload();
    return;
  }
  if (busy(node)) {   // taken in use while the answer was on its way
    event.detail.shouldSwap = false;
    fetched.set(node, Date.now());
    refresh(node.id);
    return;
  }
  before = {
    open: [...node.querySelectorAll("details")].map(details => details.open),
    words: [...node.querySelectorAll("[data-flash]")].map(cell => [cell.dataset.flash, cell.textContent]),
    focus: node.contains(document.activeElement) ? document.activeElement.id : "",
  };
});
addEventListener("htmx:load", event => {
  const node = event.detail.elt;
  if (!node.dataset?.live) return;
  fetched.set(node, Date.now());
  if (before) {
    const old = new Map(before.words);
    node.querySelectorAll("details").forEach((details, i) => { if (before.open[i]) details.open = true; });
    node.querySelectorAll("[data-flash]").forEach(cell => {
      if (old.has(cell.dataset.flash) && old.get(cell.dataset.flash) !== cell.textContent) cell.classList.add("changed");
    });
    if (before.focus) document.getElementById(before.focus)?.focus({ preventScroll: true });
    before = null;
  }
  subscribe();
});

addEventListener("click", event => {   // pause and go on, for blocks one wants to read
  const button = event.target.closest("[data-pauses]");
  if (!button) return;
  const paused = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", paused);
  button.toggleAttribute("data-paused", paused);
  button.querySelector("span").textContent = paused ? button.dataset.go : button.dataset.stop;
});

addEventListener("visibilitychange", () => { if (!document.hidden && polling) all(); });
if (dot || topics().length) connect();
