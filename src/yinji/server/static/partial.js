// What a page does when htmx has replaced a part of it. Without scripts each of these is a page of its own.

// The posts below "older posts" take the focus that the link loses.
let grown = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const older = event.detail.requestConfig.elt.closest(".older");
  grown = older && (older.previousElementSibling ?? document.body);
});
document.addEventListener("htmx:afterSettle", (event) => {
  grown?.nextElementSibling?.querySelector("a")?.focus({ preventScroll: true });
  grown = null;
  if (event.target.id === "main") event.target.focus({ preventScroll: true });
});
