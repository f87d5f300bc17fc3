// Ages count up; a value older than data-max seconds turns red. Blocks that are swapped in bring their own age.
const born = new WeakMap();
const words = s => s < 60 ? `${s} s` : s < 3600 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h`;

function tick() {
  const now = Date.now();
  document.querySelectorAll("[data-age]").forEach(node => {
    if (!born.has(node)) born.set(node, now - node.dataset.age * 1000);
    const seconds = Math.max(0, Math.round((now - born.get(node)) / 1000));
    node.classList.toggle("late", seconds > (Number(node.dataset.max) || Infinity));
    const shown = node.querySelector("b");
    if (shown && seconds < 86400) shown.textContent = words(seconds);
  });
  document.querySelectorAll("[data-until]").forEach(node => {   // "4 s of 30"
    if (!born.has(node)) born.set(node, now - node.dataset.since * 1000);
    const seconds = Math.min(Number(node.dataset.until), Math.round((now - born.get(node)) / 1000));
    const shown = node.querySelector("b");
    if (shown) shown.textContent = seconds;
  });
}
tick();
setInterval(tick, 1000);
