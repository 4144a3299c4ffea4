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

/** Do something when the button of a `data-action` is used; what fails is said. */
export function onAction(root, action, doIt) {
  root.querySelector(`[data-action="${action}"]`).addEventListener("click", (event) => said(() => doIt(event)));
}

/** Do something when a form is sent, which stays on this page. */
export function onSubmit(form, doIt) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    doIt(new FormData(form));
  });
}

/** Show one view in place of the last. The focus goes to its title, so that a screen reader says where one is. */
export function show(view) {
  const main = document.getElementById("main");
  main.replaceChildren(view);
  const title = main.querySelector("h1");
  document.title = `${title.textContent} · Todo`;
  title.focus();
}

/** Say in a line at the bottom, and to screen readers, what happened. */
export function say(text, { problem = false } = {}) {
  const line = document.getElementById("status");
  line.classList.toggle("problem-toast", problem);
  line.textContent = text;
  clearTimeout(say.end);
  say.end = setTimeout(() => (line.textContent = ""), 6000);
}

/** Do something, and say so when it fails. */
export async function said(doIt) {
  try {
    await doIt();
  } catch (error) {
    say(error.message, { problem: true });
  }
}

/** Return the groups as small labels, or a word where there are none. */
export function chips(words) {
  if (!words.length) return ["none"];
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
