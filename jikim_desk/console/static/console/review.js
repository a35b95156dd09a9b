// The review by keyboard: physical keys, asleep in text fields and while Hangul is composed. Nothing is lifted without this file.
"use strict";
(() => {
  const one = (name, within = document) => within.querySelector(`[data-${name}]`);
  const page = one("review");
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  const post = (url, fields = {}, headers = {}) =>
    fetch(url, { method: "POST", body: new URLSearchParams(fields), headers: { "X-CSRFToken": token(), ...headers }, cache: "no-store" });

  const print = one("print");
  if (print) { print.hidden = false; print.addEventListener("click", () => window.print()); }

  const hasKeys = page ? page.dataset.shortcuts === "on" : true;
  const awakeAt = performance.now() + (page && "calm" in page.dataset ? 1000 : 0);

  // What is being typed belongs to the field it is typed in.
  const isTyping = (event) => event.isComposing || event.keyCode === 229 || event.target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
  const isOpen = () => document.querySelector("dialog[open]");

  // A form, or a button that sends the form with the note elsewhere.
  const submit = (name) => { const sent = one(name); if (sent instanceof HTMLFormElement) sent.requestSubmit(); else sent?.click(); };

  // Decisions
  const form = one("decide");
  const chosen = () => form?.querySelector("input[name=kind]:checked");
  const categories = () => chosen()?.closest(".review-kind").querySelectorAll("[data-category]") ?? [];
  const isComplete = () => chosen() && (!categories().length || [...categories()].some((input) => input.checked));
  let isChoosingCategory = false;

  const choose = (input) => { input.checked = true; input.focus({ preventScroll: true }); mind(); };
  const clear = () => {
    for (const input of form?.querySelectorAll("input[type=radio]") ?? []) input.checked = false;
    isChoosingCategory = false;
    mind();
  };
  // Only the categories of the chosen decision count, and one of them has to be chosen.
  const mind = () => {
    for (const input of form?.querySelectorAll("[data-category]") ?? []) {
      const isMine = chosen() && input.closest(".review-kind").contains(chosen());
      input.disabled = !isMine;
      input.required = Boolean(isMine);
      if (!isMine) input.checked = false;
    }
  };
  form?.addEventListener("change", (event) => {
    if (event.target.name === "kind") isChoosingCategory = categories().length > 0;
    mind();
  });
  mind();

  const digit = (number) => {
    if (!form) return false;
    if (isChoosingCategory && categories()[number - 1]) { choose(categories()[number - 1]); return true; }
    const input = form.querySelector(`[data-key="${number}"]`);
    if (!input) return false;
    choose(input);
    isChoosingCategory = categories().length > 0;
    return true;
  };

  // Reasons
  const step = (by) => {
    const reasons = [...document.querySelectorAll("[data-reason]")];
    if (!reasons.length) return false;
    const at = reasons.indexOf(document.activeElement);
    const next = reasons[Math.min(Math.max(at < 0 ? (by > 0 ? 0 : reasons.length - 1) : at + by, 0), reasons.length - 1)];
    next.focus();
    return true;
  };

  // Frames: one clear while V or the pointer is held; blurred again by itself.
  let lifted = null;
  let isHolding = false;
  const strip = () => one("lift");
  const frames = () => [...document.querySelectorAll(".review-frame")];
  const current = () => frames().find((frame) => frame.getAttribute("aria-current") === "true") ?? frames()[0];
  const say = (text) => { const place = one("lift-said"); if (place) place.textContent = text; };
  const point = (frame) => {
    for (const other of frames()) other.toggleAttribute("aria-current", false);
    frame?.setAttribute("aria-current", "true");
    frame?.focus({ preventScroll: true });
  };
  const reason = () => document.querySelector("[name=lift_reason]:checked")?.value;

  const fallBack = () => {
    isHolding = false;
    if (!lifted) return;
    const { canvas, timer, since, id } = lifted;
    lifted = null;
    clearTimeout(timer);
    canvas.hidden = true;
    canvas.width = canvas.height = 1;
    const url = strip().dataset.back.replace("/0/", `/${id}/`);
    fetch(url, { method: "POST", keepalive: true, headers: { "X-CSRFToken": token() }, body: new URLSearchParams({ seconds: ((performance.now() - since) / 1000).toFixed(2) }) });
  };

  const lift = async (frame) => {
    if (!frame || isHolding || lifted) return;
    one("lift-panel").hidden = false;
    point(frame);
    one("lift-panel").scrollIntoView({ block: "nearest" });
    if (!reason()) { one("lift-reasons").querySelector("input").focus(); return; }
    isHolding = true;
    say("");
    const answer = await post(strip().dataset.lift, { capture: frame.dataset.capture, at_s: frame.dataset.at, reason: reason() }, { "X-Held": "1" });
    if (answer.redirected) { location.reload(); return; }
    if (!answer.ok) { isHolding = false; say((await answer.json().catch(() => ({}))).sentence ?? ""); return; }
    const grey = new Uint8Array(await answer.arrayBuffer());
    const [width, height] = answer.headers.get("X-Size").split("x").map(Number);
    const canvas = one("lift-canvas");
    lifted = { canvas, id: answer.headers.get("X-Lift"), since: performance.now(), timer: setTimeout(fallBack, 1000 * strip().dataset.longest) };
    if (!isHolding) { fallBack(); return; }
    canvas.width = width;
    canvas.height = height;
    const pixels = new ImageData(width, height);
    grey.forEach((value, at) => pixels.data.set([value, value, value, 255], 4 * at));
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    canvas.hidden = false;
  };

  document.addEventListener("pointerdown", (event) => {
    const frame = event.target.closest?.(".review-frame");
    if (frame && event.button === 0) lift(frame);
  });
  for (const kind of ["pointerup", "pointercancel", "blur", "pagehide", "contextmenu"]) addEventListener(kind, fallBack);
  document.addEventListener("visibilitychange", fallBack);
  document.addEventListener("keyup", (event) => { if (["KeyV", "Space"].includes(event.code)) fallBack(); });

  const view = () => {
    if (strip()) lift(current());
    else submit("strip");
    return true;
  };

  document.addEventListener("htmx:afterSettle", () => strip()?.scrollIntoView({ block: "nearest" }));
  // Who is no longer signed in is led to sign in, not shown the page for it within this one.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!new URL(event.detail.xhr.responseURL).pathname.match(/\/(strip|compare)$/)) { event.detail.shouldSwap = false; location.reload(); }
  });

  const isChoosingReason = () => document.activeElement?.name === "lift_reason" || (one("lift-panel") && !one("lift-panel").hidden && !reason());

  const keys = {
    KeyJ: () => step(1),
    KeyK: () => step(-1),
    KeyN: () => { one("note")?.focus(); return Boolean(one("note")); },
    KeyU: () => { submit("undo"); return true; },
    KeyS: () => { submit("swap"); return true; },
    KeyB: () => { submit("rest"); return true; },
    KeyV: view,
    KeyC: () => { submit("compare"); return Boolean(one("compare")); },
    Escape: () => { one("lift-panel")?.setAttribute("hidden", ""); clear(); return true; },
    ArrowRight: () => move(1),
    ArrowLeft: () => move(-1),
  };
  const move = (by) => {
    const all = frames();
    if (!all.length || document.activeElement?.matches("input")) return false;
    point(all[Math.min(Math.max(all.indexOf(current()) + by, 0), all.length - 1)]);
    return true;
  };
  const help = () => { const dialog = one("keys"); if (dialog && !dialog.open) dialog.showModal(); return Boolean(dialog); };

  const press = (event) => {
    const number = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
    if (event.code === "Slash") {
      if (event.shiftKey) return help();
      location.assign("/");
      return true;
    }
    if (event.shiftKey) return false;
    if (number !== undefined) {
      if (number !== "0" && isChoosingReason()) {
        const input = document.querySelector(`[data-lift-key="${number}"]`);
        if (input) { input.checked = true; input.blur(); point(current()); }
        return true;
      }
      if (number === "0") { submit("danger"); return true; }
      return digit(Number(number));
    }
    if (event.code === "Enter" || event.code === "NumpadEnter") {
      if (event.target.closest?.("a, button, summary")) return false;
      if (form) { if (isComplete()) form.requestSubmit(); else form.reportValidity(); return true; }
      return false;
    }
    return keys[event.code]?.() ?? false;
  };

  document.addEventListener("keydown", (event) => {
    if (event.code === "Escape" && event.target === one("note")) { event.target.blur(); return; }
    if (event.code === "Space" && event.target.closest?.(".review-frame") && !event.repeat) { event.preventDefault(); lift(event.target.closest(".review-frame")); return; }
    if (!hasKeys || event.ctrlKey || event.metaKey || event.altKey || event.repeat || isOpen() || isTyping(event)) return;
    if (performance.now() < awakeAt) { event.preventDefault(); return; }
    if (press(event)) event.preventDefault();
  });
  one("help")?.addEventListener("click", help);
  if (one("help")) one("help").hidden = false;

  // What can no longer be undone is no longer offered.
  const undo = one("undo");
  if (undo) setTimeout(() => undo.remove(), 1000 * undo.dataset.left);

  // Somebody is here: once a minute, while they do something.
  let active = performance.now();
  for (const kind of ["keydown", "pointermove", "scroll", "pointerdown"]) addEventListener(kind, () => { active = performance.now(); }, { passive: true });
  const here = page?.dataset.here;
  if (here) setInterval(async () => {
    if (document.visibilityState !== "visible" || performance.now() - active > 180_000) return;
    const answer = await post(here).catch(() => null);
    if (answer?.redirected) one("signed-out").hidden = false;
    if (!answer?.ok || answer.redirected) return;
    const how = await answer.json();
    one("rest-due").hidden = how.may_work;
    one("lost").hidden = how.is_held;
  }, 60_000);
})();
