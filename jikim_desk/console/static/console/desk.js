// What every page does with script; without it all of them still work.
"use strict";

// Menus close at Escape, at a click elsewhere, and when the focus leaves them.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
for (const kind of ["click", "focusin"]) {
  document.addEventListener(kind, (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
}

// Tables are walked with the arrow keys: up and down move between the first links of the rows.
document.addEventListener("keydown", (event) => {
  if (event.isComposing || !["ArrowDown", "ArrowUp"].includes(event.code)) return;
  const row = event.target.closest?.("table.walk tbody tr");
  if (!row || event.target.matches("input, select, textarea")) return;
  let next = row;
  do next = event.code === "ArrowDown" ? next.nextElementSibling : next.previousElementSibling;
  while (next && !next.querySelector("a, button"));
  if (!next) return;
  event.preventDefault();
  next.querySelector("a, button").focus();
});

// A filter that changes is applied at once; the button beside it is for those without script.
document.addEventListener("change", (event) => {
  if (event.target.matches("form.filters[method=get] select")) event.target.form.requestSubmit();
});

// Nobody sends the same form twice by a second click. (Pages taken from the browser's memory get their buttons back.)
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method === "get") return;
  for (const button of event.target.elements) if (button.matches("button:not([type=button])")) setTimeout(() => { button.disabled = true; });
});
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const button of document.querySelectorAll("form button[disabled]")) button.disabled = false;
});

// Where a page asks again by itself: say when the server cannot be reached, and when it can again.
for (const [kind, isAway] of [["htmx:sendError", true], ["htmx:responseError", true], ["htmx:afterOnLoad", false]]) {
  document.addEventListener(kind, () => {
    const notice = document.getElementById("offline");
    if (notice) notice.hidden = !isAway;
  });
}

// A button beside a field copies what stands in it; without script one selects the field.
for (const button of document.querySelectorAll("button[data-copies]")) {
  button.parentElement.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copies);
    field.select();
    if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
    else document.execCommand("copy"); // where the desk is not reached over https
    button.textContent = button.dataset.copied;
  });
}
