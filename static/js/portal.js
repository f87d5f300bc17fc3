// The driver's pages. Everything here only shortens a way that works without it.
const within = (event, selector) => event.target.closest?.(selector);

// "Near me": asked of the browser only after a tap; about 100 m is near enough
const here = document.querySelector("[data-here]");
if (here && "geolocation" in navigator && isSecureContext) {
  const says = document.getElementById("here-says");
  here.hidden = false;
  here.addEventListener("click", () => {
    here.disabled = true;
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      const to = new URL(location.href);
      to.searchParams.set("lat", coords.latitude.toFixed(3));
      to.searchParams.set("lon", coords.longitude.toFixed(3));
      to.searchParams.delete("from");
      location.assign(to);
    }, () => {
      here.disabled = false;
      says.textContent = here.dataset.refused;
      document.querySelector("#wish input[type=search]").focus();
    }, { maximumAge: 60000, timeout: 10000 });
  });
}

// Streets: the map library and the first tile are fetched only after a tap
const streets = document.querySelector("[data-streets]");
if (streets) {
  streets.hidden = false;
  const style = href => document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));
  const script = src => new Promise((done, failed) =>
    document.head.append(Object.assign(document.createElement("script"), { src, onload: done, onerror: failed })));
  streets.addEventListener("click", async () => {
    streets.disabled = true;
    streets.dataset.styles.split(" ").forEach(style);
    for (const src of streets.dataset.needs.split(" ")) await script(src);
    const canvas = document.querySelector("[data-canvas]");
    canvas.hidden = false;
    canvas.dataset.map = "";
    document.querySelector(".sketch").remove();
    await import(streets.dataset.streets);
    streets.remove();
  });
}

// "Stop": the question in a dialog instead of on a page of its own
addEventListener("click", event => {
  const asks = within(event, "a[data-asks]"), closes = within(event, "dialog a[data-closes]");
  const dialog = asks && document.getElementById(asks.dataset.asks);
  if (dialog || closes) event.preventDefault();
  dialog?.showModal();
});

// The fake provider's page: a tap on a test card fills the form
addEventListener("click", event => {
  const card = within(event, "[data-card]");
  const fields = card && document.querySelector("[data-card-form]").elements;
  if (fields) Object.assign(fields.number, { value: card.dataset.card }), fields.expiry.value = "12/40", fields.cvc.value = "123";
});

// How long the charger still waits for the cable; at zero the page asks how it went. Not inside a live region: it would be read out every second.
setInterval(() => document.querySelectorAll("[data-left]").forEach(node => {
  const left = Math.max(0, node.dataset.left - 1);
  if (left === Number(node.dataset.left)) return;
  node.dataset.left = left;
  node.textContent = node.textContent.replace(/\d+/, left);
  if (!left) htmx.trigger(node.closest("[data-live]"), "live");
}), 1000);
