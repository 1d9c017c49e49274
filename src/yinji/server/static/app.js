// Saves a reload: sends a form with its file, shows how far it is, and puts the answer's region in place of its own.
// Without this script the same forms work, in one step more.

const shown = new Map(); // file name -> address of the file in this browser, for previews that never leave it

const forms = () => document.querySelectorAll("form[data-upload]");

function remember(files) {
  for (const url of shown.values()) URL.revokeObjectURL(url);
  shown.clear();
  for (const file of files) if (!shown.has(file.name)) shown.set(file.name, { url: URL.createObjectURL(file), type: file.type });
}

function player(entry) {
  const kind = entry.type.split("/")[0];
  if (entry.type === "image/svg+xml" || !["image", "video", "audio"].includes(kind)) return null;
  const element = document.createElement(kind === "image" ? "img" : kind);
  if (kind === "image") element.alt = "";
  else element.controls = true;
  element.src = entry.url;
  return element;
}

function preview(root) {
  const first = shown.values().next().value;
  for (const place of root.querySelectorAll("[data-preview], [data-thumb]")) {
    const element = first && player(first);
    if (!element || ("thumb" in place.dataset && element.localName !== "img")) continue;
    element.addEventListener("load", () => place.replaceChildren(element), { once: true });
    element.addEventListener("loadedmetadata", () => place.replaceChildren(element), { once: true });
  }
  for (const place of root.querySelectorAll("[data-shown]")) {
    const entry = shown.get(place.dataset.shown);
    const element = entry && player(entry);
    if (!element) continue;
    const show = () => { place.replaceChildren(element); place.hidden = false; };
    element.addEventListener("load", show, { once: true });
    element.addEventListener("loadedmetadata", show, { once: true });
  }
}

function tell(form, words, part = null) {
  const box = form.querySelector("[data-progress]");
  box.hidden = false;
  box.querySelector("[data-status]").textContent = words;
  const bar = box.querySelector("progress");
  bar.hidden = part === null;
  if (part !== null) bar.value = part;
}

// The answer is another page: signed out meanwhile, or a fault of ours. The form stays, with all that was typed.
function refused(form, answer) {
  const note = answer.querySelector("main .note-bad span");
  tell(form, note ? note.textContent : form.dataset.lost);
  const way = answer.querySelector("main a.btn-ink");
  if (!way) return;
  const link = document.importNode(way, true);
  link.target = "_blank";
  form.querySelector("[data-status]").append(" ", link);
}

function place(form, html) {
  const answer = new DOMParser().parseFromString(html, "text/html");
  const fresh = answer.getElementById("region");
  if (!fresh) return refused(form, answer);
  const region = document.getElementById("region");
  region.replaceChildren(...fresh.childNodes);
  preview(region);
  listen();
  region.querySelector("[data-focus]")?.focus({ preventScroll: true });
  region.querySelector("[data-focus]")?.scrollIntoView({ block: "start" });
}

function send(form) {
  const files = [...form.querySelector("input[type=file]").files];
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (total > Number(form.dataset.limit)) return tell(form, form.dataset.tooLarge);
  remember(files);
  const button = form.querySelector("button.btn-ink");
  const request = new XMLHttpRequest();
  const end = () => { button.disabled = false; };
  request.upload.addEventListener("progress", (e) => e.lengthComputable && tell(form, form.dataset.sending, (100 * e.loaded) / e.total));
  request.upload.addEventListener("load", () => tell(form, form.dataset.reading));
  request.addEventListener("error", () => { end(); tell(form, form.dataset.lost); });
  request.addEventListener("load", () => {
    end();
    form.querySelector("[data-progress]").hidden = true;
    place(form, request.responseText);
  });
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "text/html");
  request.send(new FormData(form));
  button.disabled = true;
  tell(form, form.dataset.sending, 0);
}

function listen() {
  for (const form of forms()) {
    if (form.dataset.ready) continue;
    form.dataset.ready = "yes";
    const input = form.querySelector("input[type=file]");
    if (!input) continue;
    if (form.dataset.upload === "auto") input.addEventListener("change", () => input.files.length && send(form));
    if (form.dataset.upload === "submit") {
      form.addEventListener("submit", (e) => {
        if (!input.files.length) return;
        e.preventDefault();
        send(form);
      });
      for (const name of ["dragenter", "dragover"]) form.addEventListener(name, (e) => { e.preventDefault(); form.classList.add("over"); });
      for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("over"));
      form.addEventListener("drop", (e) => {
        e.preventDefault();
        if (!e.dataTransfer.files.length) return;
        input.files = e.dataTransfer.files;
        send(form);
      });
    }
  }
}

listen();
