// Shows how far a check of the log is, and copies the key. Without this script the same buttons work, in silence.

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => Number(values[name]).toLocaleString("en"));

function note(mood, picture, words) {
  const place = document.createElement("p");
  place.className = `note note-${mood}`;
  place.setAttribute("role", mood === "bad" ? "alert" : "status");
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("class", "i");
  icon.setAttribute("aria-hidden", "true");
  icon.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
  icon.firstChild.setAttribute("href", `#i-${picture}`);
  const say = document.createElement("span");
  say.textContent = words;
  place.append(icon, say);
  document.getElementById("found").replaceChildren(place);
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    const parts = (rest + (value ?? "")).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
    if (done) return;
  }
}

async function verify(form) {
  const box = form.querySelector("[data-progress]");
  const bar = box.querySelector("progress");
  const status = box.querySelector("[data-status]");
  box.hidden = false;
  status.textContent = form.dataset.checking;
  const answer = await fetch(form.dataset.verify, { method: "POST" });
  let last = null;
  for await (const line of lines(answer.body)) {
    last = line;
    if (!("done" in line)) continue;
    bar.max = line.size;
    bar.value = line.done;
    status.textContent = fill(form.dataset.part, line);
  }
  if (last?.intact) note("ok", "check", fill(form.dataset.whole, last));
  else if (last?.problem) note("bad", "alert", last.problem.detail);
  else throw new Error("ended early");
}

for (const form of document.querySelectorAll("form[data-verify]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await verify(form);
    } catch {
      note("bad", "alert", form.dataset.lost);
    }
    form.querySelector("[data-progress]").hidden = true;
    button.disabled = false;
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = button.dataset.done;
    } catch {
      field.focus();
    }
  });
}
