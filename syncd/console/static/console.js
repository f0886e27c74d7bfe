// What pages do beside being read. Everything works without it but the short ways.
"use strict";
document.addEventListener("submit", (event) => {
  const asks = event.target.dataset.asks;
  if (asks && !window.confirm(asks)) event.preventDefault();
});
document.addEventListener("change", (event) => {
  const here = event.target;
  if (here.matches("[data-goes]")) here.form.submit();
  if (here.matches("[data-all]")) {
    for (const box of document.querySelectorAll(here.dataset.all)) box.checked = here.checked;
  }
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  const search = document.querySelector("[type=search]");
  if (event.key === "/" && search && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});
const live = document.querySelector("[data-live]");
if (live && window.EventSource) {
  const source = new EventSource(live.dataset.live);
  source.addEventListener("progress", () => window.htmx.trigger(live, "progress"));
  source.addEventListener("end", () => source.close());
  window.addEventListener("pagehide", () => source.close());
}
