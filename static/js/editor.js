// The tariff editor while one types: what is wrong stands beside its field, and what could not be saved is not lost.
const form = document.getElementById("editor");
const unsaved = document.getElementById("t-unsaved");
const before = document.getElementById("t-before");
const attempt = new URL(form.dataset.try, location).pathname;
const key = `unsaved ${attempt}`;
const left = new Set([...form.querySelectorAll("[aria-invalid]")].map(input => input.id));

// ---- beside the fields: the server's list of problems, said where somebody has typed or been ----

function say() {
  const wrong = new Map([...document.querySelectorAll("#t-problems [data-field]")].map(line => [line.dataset.field, line.querySelector("span").textContent]));
  form.querySelectorAll("#t-sheet .field").forEach(box => {
    const input = box.querySelector("input:not([type=hidden]), select, textarea");
    if (!input || input.id === "id_ocpi") return;   // read by its own button
    const words = input.value || left.has(input.id) ? wrong.get(box.dataset.field || input.id) : "";
    const said = box.querySelector("p.error");
    if ((said?.textContent.trim() || "") === (words || "")) return;
    box.querySelectorAll("p.error").forEach(line => line.remove());
    box.classList.toggle("wrong", Boolean(words));
    describe(input, words);
    if (words) box.append(line(input, words));
  });
}

function line(input, words) {
  const made = document.getElementById("t-error").content.firstElementChild.cloneNode(true);
  made.id = `${input.id}_error`;
  made.append(words);
  return made;
}

function describe(input, words) {
  const others = (input.getAttribute("aria-describedby") || "").split(" ").filter(id => id && !id.startsWith(`${input.id}_error`));
  const ids = words ? [...others, `${input.id}_error`] : others;
  if (ids.length) input.setAttribute("aria-describedby", ids.join(" ")); else input.removeAttribute("aria-describedby");
  if (words) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
}

form.addEventListener("focusout", event => { if (event.target.id) { left.add(event.target.id); say(); } });
addEventListener("htmx:oobAfterSwap", say);
addEventListener("htmx:afterSettle", say);

// htmx gives the focus back to the button that was pressed; where that is gone, the hands stay nearby
addEventListener("htmx:afterSettle", event => {
  if (event.target.id !== "t-sheet" || document.activeElement !== document.body) return;
  (document.getElementById("t-add") || document.getElementById("t-full"))?.focus();
});

// ---- nothing typed is lost: what the server did not take waits in this tab ----

function text() {
  return new URLSearchParams([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken")).toString();
}

function answered({ xhr, pathInfo }) {   // by whom it was asked: not by the page to sign in, which is 200 as well
  return xhr.status === 200 && new URL(xhr.responseURL || location).pathname === pathInfo.requestPath.split("?")[0];
}

addEventListener("htmx:beforeSwap", event => { if (!answered(event.detail)) event.detail.shouldSwap = false; });
addEventListener("htmx:afterRequest", event => {
  const path = event.detail.pathInfo.requestPath.split("?")[0];
  if (path !== attempt && path !== new URL(form.action).pathname) return;
  const taken = answered(event.detail);
  unsaved.hidden = taken;
  if (taken) sessionStorage.removeItem(key); else sessionStorage.setItem(key, text());
});

form.addEventListener("submit", event => {
  if (unsaved.hidden || event.defaultPrevented) return;   // it would be taken to the sign-in, and the text would be gone
  event.preventDefault();
  unsaved.scrollIntoView({ block: "center" });
});

async function take() {
  const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  const answer = await fetch(attempt, { method: "POST", body: new URLSearchParams(sessionStorage.getItem(key)), headers: { "X-CSRFToken": token, "HX-Request": "true" } });
  if (!answer.ok || answer.redirected) return;
  sessionStorage.removeItem(key);
  location.reload();
}

if (sessionStorage.getItem(key)) before.hidden = false;
before.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.value === "take") take(); else { sessionStorage.removeItem(key); before.hidden = true; }
});
