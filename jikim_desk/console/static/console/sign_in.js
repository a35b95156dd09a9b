// Says in words what the browser's dialogue for security keys refused; the ceremony itself is allauth's.
"use strict";
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const place = document.getElementById("key-failed");
  if (place) { place.hidden = false; place.focus(); }
});
