/** Which view is shown: the sign-in form, or the one that the address names after its `#`. */
import { adminView } from "./admin.js";
import { Refusal } from "./api.js";
import { boardView, fillBoard } from "./board.js";
import { meView } from "./me.js";
import { chips, fill, onAction, onSubmit, say, show, template } from "./page.js";
import { accessToken, begin, decoded, end, on, stay } from "./session.js";
import { todosView } from "./todos.js";

const VIEWS = { "#/todos": todosView, "#/board": boardView, "#/admin": adminView, "#/me": meView };
const banner = document.getElementById("expired");

let turn = 0; // counts the views that were asked for: one that comes after the next was asked for is not shown

async function route() {
  const mine = ++turn;
  const name = location.hash in VIEWS ? location.hash : "#/todos";
  say("");
  for (const part of document.querySelectorAll("[data-signed-in]")) part.hidden = !accessToken();
  for (const link of document.querySelectorAll("header nav a")) {
    link.ariaCurrent = link.hash === name ? "page" : null;
  }
  try {
    const view = await (accessToken() ? VIEWS[name] : signInView)();
    if (mine === turn) show(view);
  } catch (error) {
    if (mine !== turn) return;
    if (error instanceof Refusal) show(refusedView(error));
    else say(error.message, { problem: true });
  }
}

function signInView() {
  const view = template("sign-in");
  const form = view.querySelector("form");
  const problem = view.querySelector('[data-field="problem"]');
  const button = form.querySelector("button");
  onSubmit(form, async (fields) => {
    problem.textContent = "";
    button.disabled = true;
    try {
      await begin(fields.get("username"), fields.get("password"));
    } catch (error) {
      problem.textContent = error.message;
      form.elements.password.focus();
    }
    button.disabled = false;
  });
  fillBoard(view.querySelector('[data-list="board"]')).catch(() => {}); // without the board one can still sign in
  return view;
}

/** Show a refusal as the API put it. */
function refusedView({ request, status, error, message, code, challenge }) {
  const view = fill(template("refused"), {
    description: message,
    request,
    answer: `${status} ${code}`,
    challenge,
  });
  view.querySelector("h1").textContent = error;
  view.querySelector('[data-field="groups"]').append(...chips(decoded().claims["cognito:groups"] ?? []));
  return view;
}

on("signed-in", route);
on("renewed", () => {
  banner.hidden = true;
  // A form may hold what somebody was writing when the token expired.
  if (!document.querySelector("main form")) route();
});
on("expired", (reason) => {
  fill(banner, { reason });
  banner.hidden = false;
});
on("signed-out", () => {
  banner.hidden = true;
  history.replaceState(null, "", "/");
  route();
  say("You are signed out.");
});
addEventListener("hashchange", route);
for (const button of document.querySelectorAll('header [data-action="sign-out"], #expired [data-action="sign-out"]')) {
  button.addEventListener("click", end);
}
onAction(banner, "renew", stay);
route();
