// What allauth's ceremony of a security key leaves open: its buttons wait for it, and what the browser refused is said in words.
"use strict";
// This script comes last, so the ceremony is bound by now: a press before that would be lost.
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("[data-ceremony]")) button.disabled = false;
});
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const place = document.getElementById("key-failed");
  if (place) { place.hidden = false; place.focus(); }
});
