// What the pages do beyond plain links and forms; every one of them works without this file.

const find = (selector, within = document) => within.querySelector(selector);
const isField = (element) => element.matches("input, select, textarea, [contenteditable]");

// Dialogs: a link or button with data-dialog opens the one with that id; without this file the
// link's page, or the button's answer, has the dialog standing open.
// A wrong field first, then the first field; with none, the button that ends something is not the
// one that Enter would press.
const FIRST_FOCUSED = [
  "[aria-invalid]",
  ".dialog-body :is(input:not([type=hidden]), select, textarea)",
  ".dialog-foot :is(button:not(.danger), a)",
];

function show(dialog) {
  dialog.removeAttribute("open");
  dialog.showModal();
  const first = FIRST_FOCUSED.map((selector) => find(selector, dialog)).find(Boolean);
  first?.focus();
}
const showOpened = () => document.querySelectorAll("dialog[open]:not(:modal)").forEach(show);

function onClick(event) {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog) {
    event.preventDefault();
    show(dialog);
  }
  if (event.target.closest("[data-close]")) {
    event.preventDefault();
    event.target.closest("dialog, .toast").matches("dialog")
      ? event.target.closest("dialog").close()
      : event.target.closest(".toast").remove();
  }
  const step = event.target.closest("[data-step]");
  if (step) {
    const input = find("input", step.parentElement);
    Number(step.dataset.step) > 0 ? input.stepUp() : input.stepDown();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  const calendar = event.target.closest("[data-calendar]");
  if (calendar) pickDay(find("input", calendar.parentElement));
  const copy = event.target.closest("[data-copy]");
  if (copy) navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).value);
}

// A day that is chosen in the browser's calendar is written as pages write days: 22 Nov 2026.
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
function pickDay(calendar) {
  const written = new Date(`${find("input", calendar.closest(".input")).value} UTC`);
  if (!Number.isNaN(written.getTime())) calendar.value = written.toISOString().slice(0, 10);
  calendar.showPicker();
}
function writeDay(calendar) {
  if (!calendar.value) return;
  const [year, month, day] = calendar.value.split("-").map(Number);
  find("input", calendar.closest(".input")).value = `${day} ${MONTHS[month - 1]} ${year}`;
}

// Select all, and how many are selected; ticks stay when the list is brought up to date.
function onChange(event) {
  if (event.target.matches(".calendar input")) return writeDay(event.target);
  const list = event.target.closest(".list");
  if (!list || !event.target.closest(".select")) return;
  const all = find("thead .select input", list);
  if (event.target === all)
    for (const box of list.querySelectorAll("tbody .select input")) box.checked = all.checked;
  countSelected(list);
}

function countSelected(list) {
  const all = find("thead .select input", list);
  if (!all) return;
  const boxes = [...list.querySelectorAll("tbody .select input")];
  const chosen = boxes.filter((box) => box.checked).length;
  all.checked = chosen > 0 && chosen === boxes.length;
  all.indeterminate = chosen > 0 && chosen < boxes.length;
  for (const place of list.querySelectorAll("[data-selected]")) place.textContent = chosen;
}

// Keys: an element with data-key is focused when it is a field, clicked when it is not.
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
  const target = find(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target || find("dialog:modal")) return;
  event.preventDefault();
  isField(target) ? target.focus() : target.click();
}

// The theme, at once; the cookie is the one that the form would have the server set.
function onSubmit(event) {
  const chosen = event.submitter?.name === "theme" ? event.submitter.value : null;
  if (chosen === null) return;
  event.preventDefault();
  document.documentElement.dataset.theme = chosen;
  document.cookie = `theme=${chosen}; path=/; max-age=31536000; samesite=lax`;
  for (const one of event.target.elements) one.ariaPressed = String(one.value === chosen);
  event.target.closest("[popover]")?.hidePopover();
}

// An answer that comes while something is pressed waits until it is let go: a button that an answer
// moves away from under the pointer would not be clicked. Who leaves a field by pressing a button
// asks for such an answer, the charge of now, with the same press.
const PRESS_MILLISECONDS_MAX = 1_000;
let pressed = Promise.resolve();
let release = () => {};

function onPress() {
  release();
  pressed = new Promise((resolve) => {
    release = resolve;
    setTimeout(resolve, PRESS_MILLISECONDS_MAX); // not everything that is let go says so
  });
}
const onRelease = () => setTimeout(release); // after the click that it makes

function beforeRequest({ detail: { ctx } }) {
  const ask = ctx.fetch;
  ctx.fetch = async (...request) => {
    const answer = await ask(...request);
    await pressed;
    return answer;
  };
}

// An answer without the awaited part (signed out meanwhile, an error page) changes nothing here, and
// is told once, however many of them come.
const SIGNED_OUT = 401;
const isLogin = (answer) => answer?.redirected && new URL(answer.url).pathname === "/login";

function trouble(response) {
  const kind = response?.status === SIGNED_OUT || isLogin(response) ? "signed-out" : "trouble";
  if (find(`#toasts [data-trouble="${kind}"]`)) return;
  find("#toasts [data-trouble]")?.remove();
  find("#toasts").append(document.getElementById(kind).content.cloneNode(true));
}

function beforeSwap(event) {
  const { ctx, tasks } = event.detail;
  if (ctx.select && !tasks[0]?.fragment.firstElementChild) {
    event.preventDefault();
    return trouble(ctx.response.raw);
  }
  for (const { target, fragment } of tasks) {
    const place = typeof target === "string" ? find(target) : target;
    if (place) keepOpened(place, fragment, ctx.sourceElement);
  }
}

function keepOpened(place, fragment, source) {
  // what somebody unfolded stays so: the server does not know of it
  for (const details of place.querySelectorAll("details[id]")) {
    const next = find(`#${CSS.escape(details.id)}`, fragment);
    if (next) next.open = details.open;
  }
  // a dialog that a morph would take out of the top layer is closed first, and shown again after:
  // by its page, or here when somebody opened it while the answer to something else was under way
  for (const dialog of place.querySelectorAll("dialog:modal")) {
    dialog.close();
    if (!dialog.contains(source)) openedMeanwhile.add(dialog.id);
  }
}

const openedMeanwhile = new Set();

function afterSwap() {
  showOpened();
  for (const id of openedMeanwhile) {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) show(dialog);
  }
  openedMeanwhile.clear();
  document.querySelectorAll(".list").forEach(countSelected);
}

const live = (state) => () => find("[data-live]")?.setAttribute("data-live", state);

// On a phone, tabs and filters scroll: the current one is in view.
function showCurrent() {
  for (const current of document.querySelectorAll(":is(.tabs, .segments) [aria-current]"))
    current.scrollIntoView({ block: "nearest", inline: "center", behavior: "instant" });
}

document.addEventListener("click", onClick);
document.addEventListener("change", onChange);
document.addEventListener("keydown", onKey);
document.addEventListener("submit", onSubmit);
document.addEventListener("pointerdown", onPress, true);
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, onRelease, true);
document.addEventListener("htmx:before:request", beforeRequest);
document.addEventListener("htmx:sse:after:connection", live("on"));
for (const end of ["htmx:sse:close", "htmx:sse:error"]) document.addEventListener(end, live("off"));
document.addEventListener("htmx:before:swap", beforeSwap);
document.addEventListener("htmx:after:swap", afterSwap);
document.addEventListener("htmx:error", (event) => event.target.matches?.("[data-live]") || trouble());
showCurrent();
showOpened();
if (!find("dialog:modal")) (find("[aria-invalid]") ?? find("[data-error-summary]"))?.focus();
