// The few lines that every page shares. Pages read and work without them.
const root = document.documentElement;
const typing = node => /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName) || node.isContentEditable;

function nextTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.theme = root.dataset.theme; } catch { /* private mode */ }
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  toast(button.dataset.copied);
}

function toast(words) {
  const box = document.createElement("div");
  box.className = "toast";
  box.textContent = words;
  document.getElementById("toasts")?.append(box);
  setTimeout(() => box.remove(), 4000);
}

function open(button, event) {
  const dialog = document.getElementById(button.dataset.opens);
  if (!dialog) return;
  event.preventDefault();
  button.closest("details.menu")?.removeAttribute("open");
  dialog.close();
  dialog.classList.remove("here");
  dialog.showModal();
}

// One listener for the page, so that blocks which arrive later work too.
const clicks = {
  "[data-theme-next]": nextTheme,
  "[data-opens]": open,
  "[data-closes]": node => node.closest("dialog")?.close(),
  "[data-toggle]": node => node.setAttribute("aria-pressed", node.getAttribute("aria-pressed") !== "true"),
  "[data-close]": node => node.closest("[data-toast]")?.remove(),
  "[data-copy]": copy,
  "[data-print]": () => print(),
};
addEventListener("click", event => {
  for (const [selector, act] of Object.entries(clicks)) {
    const node = event.target.closest?.(selector);
    if (node) act(node, event);
  }
  document.querySelectorAll("details.menu[open]").forEach(menu => { if (!menu.contains(event.target)) menu.open = false; });
});

addEventListener("keydown", event => {
  if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach(menu => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target);
  const controlK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if (!slash && !controlK) return;
  const box = document.querySelector(".find input");
  if (box) { event.preventDefault(); box.focus(); box.select(); }
});

// filters submit themselves; without JavaScript there is a button
addEventListener("change", event => {
  const form = event.target.closest("form[data-submits]");
  if (form) form.requestSubmit();
});

// a second click on a button that acts must not act twice
addEventListener("submit", event => {
  if (event.target.method !== "post" || event.defaultPrevented) return;
  setTimeout(() => event.target.querySelectorAll("button:not([type=button])").forEach(button => { button.disabled = true; }));
});
addEventListener("pageshow", () => document.querySelectorAll("form button[disabled]:not([data-off])").forEach(button => { button.disabled = false; }));

// the tab's title tells how many problems are new, also while one looks elsewhere
const title = document.title;
function count() {
  const hot = document.querySelector(".rail .badge.hot");
  document.title = hot ? `(${hot.textContent}) ${title}` : title;
}
count();
addEventListener("htmx:load", count);

document.querySelector("[data-focus]")?.focus();
document.querySelectorAll("dialog.here[open]").forEach(dialog => { dialog.close(); dialog.classList.remove("here"); dialog.showModal(); });   // a link asked for it
setTimeout(() => document.querySelectorAll("[data-toast]").forEach(box => { if (!box.matches(":hover, :focus-within")) box.remove(); }), 10000);
if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("/sw.js").catch(() => {});
