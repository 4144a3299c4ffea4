/** The few things that every view does with the page. Text goes in as text: nothing a user wrote becomes HTML. */

/** Return a copy of the `<template>` of that id. */
export function template(id) {
  return document.getElementById(id).content.cloneNode(true);
}

/** Fill the elements that have a `data-field` of these names. */
export function fill(root, fields) {
  for (const [name, value] of Object.entries(fields)) {
    root.querySelector(`[data-field="${name}"]`).textContent = value;
  }
  return root;
}

/** Run `doIt` when the button with this `data-action` is used. */
export function onAction(root, action, doIt) {
  root.querySelector(`[data-action="${action}"]`).addEventListener("click", () => said(doIt));
}

/** Run `doIt` when a form is sent. The browser stays on this page. */
export function onSubmit(form, doIt) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    said(() => doIt(new FormData(form)));
  });
}

/** Show a view in place of the last one. Its title gets the focus, so that a screen reader reads it. */
export function show(view) {
  document.getElementById("main").replaceChildren(view);
  const title = document.getElementById("view-title");
  document.title = `${title.textContent} · Todo`;
  title.focus();
}

/** Return a row of text, with a note and perhaps one action: `{icon, name, run}`. */
export function row(text, aside, action) {
  const item = fill(template("row"), { text, aside }).firstElementChild;
  const button = item.querySelector("button");
  button.hidden = !action;
  if (action) {
    button.ariaLabel = button.title = action.name;
    button.querySelector("use").setAttribute("href", `#icon-${action.icon}`);
    onAction(item, "act", action.run);
  }
  return item;
}

/** Return a row that says that a list is empty. */
export function nothing(text) {
  return Object.assign(document.createElement("li"), { className: "nothing", textContent: text });
}

/** Return each group as a small label. */
export function chips(words) {
  return words.map((word) => Object.assign(document.createElement("span"), { className: "chip", textContent: word }));
}

/** Show "Page 2 of 3" and its two buttons where one page is not enough. */
export function pager(place, { page, per_page, total }, goTo) {
  place.replaceChildren();
  const last = Math.ceil(total / per_page);
  if (last <= 1) return;
  const buttons = fill(template("pager"), { position: `Page ${page} of ${last}` });
  buttons.querySelector('[data-action="previous"]').disabled = page <= 1;
  buttons.querySelector('[data-action="next"]').disabled = page >= last;
  onAction(buttons, "previous", () => goTo(page - 1));
  onAction(buttons, "next", () => goTo(page + 1));
  place.append(buttons);
}

/** Say what happened in at most three words, in the bar below. `undo` adds a button for ten seconds. */
export function say(text, undo) {
  const button = document.getElementById("undo");
  document.getElementById("status").textContent = text;
  button.hidden = !undo;
  button.onclick = () => said(undo);
  clearTimeout(say.end);
  const end = () => (document.activeElement === button ? null : say(""));
  say.end = setTimeout(end, undo ? 10_000 : 4_000);
  button.onblur = () => (say.end = setTimeout(end, 4_000)); // it stays as long as it has the focus
}

/** Say above the view what is wrong, with a button that helps. */
export function warn(what, more = "", help) {
  const banner = document.getElementById("banner");
  const button = banner.querySelector("button");
  fill(banner, { what, more });
  banner.hidden = !what;
  button.hidden = !help;
  button.textContent = help?.name ?? "";
  button.onclick = help?.run;
}

/** Do something. If it fails, say so: every error of `call` knows how. */
export async function said(doIt) {
  try {
    await doIt();
  } catch (error) {
    if (error.tell) error.tell(() => said(doIt));
    else warn("Something went wrong.", error.message);
  }
}
