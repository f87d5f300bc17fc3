// The list on the page is the truth; the map shows its links as pins. Without tiles there is the outline of the country.
const WORST = ["faulted", "offline", "unavailable", "occupied", "reserved", "charging", "available"];
const BEST = ["available", "charging", "occupied", "reserved", "offline", "unavailable", "faulted"];
const box = document.querySelector("[data-map]");
const escaped = text => { const node = document.createElement("span"); node.textContent = text; return node.innerHTML; };

function pin(state, label) {
  const html = `<span class="map-pin ${state}"><svg class="st" aria-hidden="true"><use href="#${state}"/></svg>${label ? `<b>${escaped(label)}</b>` : ""}</span>`;
  return L.divIcon({ html, className: "map-icon", iconSize: null });
}

function start() {
  const order = box.dataset.order === "best" ? BEST : WORST;
  const map = L.map(box, { zoomControl: false, minZoom: 4, maxZoom: 19, zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches });
  map.attributionControl.setPrefix(false);
  L.control.zoom({ position: "bottomright", zoomInTitle: box.dataset.zoomIn, zoomOutTitle: box.dataset.zoomOut }).addTo(map);
  map.createPane("outline").style.zIndex = 150;
  fetch(box.dataset.outline).then(answer => answer.json()).then(shapes => L.geoJSON(shapes, {
    pane: "outline", interactive: false,
    style: shape => ({ className: shape.properties.home ? "land home" : "land", weight: 1 }),
  }).addTo(map)).catch(() => {});

  const tiles = () => L.tileLayer(box.dataset.tiles, { maxZoom: 19, attribution: escaped(box.dataset.attribution) }).addTo(map);
  if (box.dataset.ask) {
    const button = document.createElement("button");
    button.type = "button"; button.className = "btn s map-ask"; button.textContent = box.dataset.ask;
    button.onclick = () => { tiles(); button.remove(); };
    box.append(button);
  } else tiles();

  const state = cluster => order.find(one => cluster.getAllChildMarkers().some(marker => marker.options.state === one)) || "offline";
  const group = L.markerClusterGroup({
    maxClusterRadius: 48, showCoverageOnHover: false, animate: false,
    iconCreateFunction: cluster => pin(state(cluster), cluster.getChildCount()),
  }).addTo(map);
  let drawn = new Map();

  // the list may be fetched anew (live, filters): pins follow it, the view stays where it is
  function draw() {
    const links = [...document.querySelectorAll("[data-pin]")].filter(link => link.dataset.lat && link.dataset.lng);
    group.clearLayers();
    drawn = new Map();
    links.forEach(link => {
      const { lat, lng, label } = link.dataset;
      const marker = L.marker([Number(lat), Number(lng)], { icon: pin(link.dataset.state, label), state: link.dataset.state, title: link.dataset.title || link.textContent.trim(), alt: link.dataset.title || "", riseOnHover: true, keyboard: false });
      marker.on("click", () => location.assign(link.href));
      marker.on("mouseover", () => link.classList.add("on")).on("mouseout", () => link.classList.remove("on"));
      drawn.set(link.href, marker);
      group.addLayer(marker);
    });
  }
  draw();
  const bounds = group.getBounds();
  if (bounds.isValid()) map.fitBounds(bounds.pad(.15), { maxZoom: 14, animate: false });
  else map.setView([42.2, 12.5], 6);

  const lift = (link, on) => drawn.get(link?.href)?.getElement()?.classList.toggle("on", on);
  for (const [event, on] of [["mouseover", true], ["focusin", true], ["mouseout", false], ["focusout", false]])
    addEventListener(event, e => { const link = e.target.closest?.("[data-pin]"); if (link) lift(link, on); });
  addEventListener("htmx:load", event => { if (event.detail.elt.querySelector?.("[data-pin]")) draw(); });
}
if (box && window.L) start();
