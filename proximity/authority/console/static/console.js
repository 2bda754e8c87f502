// What pages do beyond links and forms: count down, copy, print. All of it is extra:
// without this file every page still works.
"use strict";

const pad = (n) => String(n).padStart(2, "0");

function countDown(element) {
  const end = Date.now() + 1000 * Number(element.dataset.seconds);
  const show = () => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    element.textContent = `${pad(Math.floor(left / 60))}:${pad(left % 60)}`;
    if (left === 0) {
      element.textContent = element.dataset.over;
      document.querySelectorAll("[data-gone]").forEach((each) => each.classList.add("hidden"));
      return;
    }
    setTimeout(show, 1000);
  };
  show();
}

async function copy(button) {
  const said = document.getElementById(button.dataset.says);
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    said.textContent = button.dataset.done;
  } catch {
    said.textContent = button.dataset.failed;
  }
}

// A field of a date is written as the browser's language has it. Where that is not the
// language of the page, the date stands below once more: 3 May is not 5 March.
function tellDate(input) {
  const said = document.createElement("span");
  said.className = "dated";
  said.ariaHidden = "true";
  const show = () => {
    const [year, month, day] = input.value.split("-");
    said.textContent = day ? `${day}/${month}/${year}` : "";
  };
  input.after(said);
  input.addEventListener("input", show);
  show();
}

const browserSpeaks = new Intl.DateTimeFormat().resolvedOptions().locale;
if (document.documentElement.lang === "vi" && !browserSpeaks.startsWith("vi")) {
  document.querySelectorAll("input[type=date]").forEach(tellDate);
}
document.querySelectorAll("[data-seconds]").forEach(countDown);
document.querySelectorAll("[data-shows]").forEach((each) => each.classList.remove("hidden"));
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.copy) copy(button);
  if ("print" in button.dataset) window.print();
});
// A form is sent once, however often somebody presses.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});
