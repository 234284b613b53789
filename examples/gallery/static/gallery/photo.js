// Makes the page of a photo quicker to use: arrow keys, and a button that copies the link.
"use strict";

const steps = { ArrowLeft: "#newer", ArrowRight: "#older" };

document.addEventListener("keydown", (event) => {
  // In a select the arrows choose; with a modifier they are the browser's own (Alt: back).
  if (event.target.closest("select, input, textarea")) return;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (Object.hasOwn(steps, event.key)) document.querySelector(steps[event.key])?.click();
});

const share = document.querySelector("#share");

if (share) {
  share.textContent = share.href; // with the host, as it is sent to somebody
  const told = document.querySelector("#told");
  const copy = document.querySelector("#copy");
  copy.hidden = false; // without this script it would do nothing

  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(share.href);
      told.textContent = "Copied.";
    } catch {
      // Browsers have a clipboard for pages on https or localhost only.
      getSelection().selectAllChildren(share);
      told.textContent = "Selected. Copy it with Ctrl+C or ⌘C.";
    }
  });
}
