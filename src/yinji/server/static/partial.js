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

// A form goes out once, however often it is clicked. The server would recognise most repetitions; this spares them.
window.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => { delete form.dataset.sent; }, 3000); // a download leaves the page as it is
});
window.addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });
