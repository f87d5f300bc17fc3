// Before first paint: the theme that was chosen, else the system's.
try {
  if (localStorage.theme) document.documentElement.dataset.theme = localStorage.theme;
} catch { /* private mode */ }
