// Shortcuts of the review desk. Without this script everything works with Tab, arrows and Enter.
// Single keys can be switched off (WCAG 2.1.4), never act inside a field, and are remembered in this browser only.

const find = (selector) => document.querySelector(selector);
const keys = find("[data-keys]");

for (const element of document.querySelectorAll("[data-script]")) element.hidden = false;
keys.checked = localStorage.getItem("review-keys") !== "off";
keys.addEventListener("change", () => localStorage.setItem("review-keys", keys.checked ? "on" : "off"));

const mute = find("[data-mute]");
const silence = () => { for (const player of document.querySelectorAll("video, audio")) player.muted = mute.checked; };
if (mute) {
  mute.addEventListener("change", silence);
  silence();
}

// Only the policies that bear the chosen decision can be chosen.
function narrow() {
  const chosen = find("[data-decide] [name=decision]:checked");
  const list = find("#policy");
  if (!chosen || !list) return;
  for (const option of list.options) {
    const fits = !option.value || option.dataset.outcomes.split(" ").includes(chosen.value);
    option.disabled = option.hidden = !fits;
    if (!fits && option.selected) list.value = "";
  }
  const fitting = [...list.options].filter((option) => option.value && !option.disabled);
  if (!list.value && fitting.length === 1) list.value = fitting[0].value;
}
find("[data-decide]")?.addEventListener("change", narrow);
narrow();

function step(by) {
  const links = [...document.querySelectorAll(".queue a")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const current = at >= 0 ? at : links.findIndex((link) => link.ariaCurrent === "true");
  links[Math.min(links.length - 1, Math.max(0, current + by))].focus();
}

function toggle(name) {
  find(`.tools input[name=${name}]`)?.click();
}

const actions = {
  j: () => step(1),
  k: () => step(-1),
  n: () => (find("[data-claim]") ?? find("[data-next]"))?.requestSubmit(),
  b: () => toggle("blur"),
  g: () => toggle("grey"),
  e: () => toggle("marks"),
  m: () => toggle("mute"),
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") return find("[data-decide]")?.requestSubmit();
  if (!keys.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("textarea, select, input:not([type=radio], [type=checkbox])")) return;
  const choices = document.querySelectorAll("[data-decide] [name=decision]");
  const choice = choices[Number(event.key) - 1];
  if (choice) {
    choice.checked = true;
    choice.focus();
    narrow();
  } else if (actions[event.key.toLowerCase()]) {
    actions[event.key.toLowerCase()]();
  } else return;
  event.preventDefault();
});
