/** Which view is shown, and who is signed in. */
import { adminView } from "./admin.js";
import { call, Refusal } from "./api.js";
import { boardView, welcomeView } from "./board.js";
import { chips, fill, onAction, said, say, show, template, warn } from "./page.js";
import * as session from "./session.js";
import { todosView } from "./todos.js";

const VIEWS = { "#/todos": todosView, "#/board": boardView, "#/admin": adminView };
const main = document.getElementById("main");
const account = document.getElementById("account");
const left = document.querySelector("header .left");

let turn = 0; // counts the views that were asked for: only the newest is shown

async function route(resume) {
  const mine = ++turn;
  const name = location.hash in VIEWS ? location.hash : "#/todos";
  const isWelcome = !session.user && name !== "#/board";
  await said(async () => {
    const view = await (isWelcome ? welcomeView() : VIEWS[name](resume)).catch((error) => {
      if (error instanceof Refusal && error.status === 403) return refusedView(error);
      throw error;
    });
    if (mine !== turn) return;
    for (const link of document.querySelectorAll("header nav a")) {
      link.ariaCurrent = link.hash === name && !isWelcome ? "page" : null;
    }
    show(view);
  });
  showTrouble();
}

/** Show something below the banner where the first view could not be had. */
function showTrouble() {
  if (!main.children.length) show(template("trouble"));
}

/** Show a refusal as the API put it. */
function refusedView({ request, status, error, message, code }) {
  const view = fill(template("refused"), { description: message, request, answer: `${status} ${code}` });
  view.querySelector("h1").textContent = error;
  view.querySelector('[data-field="groups"]').append(...(session.user.groups.length ? chips(session.user.groups) : ["none"]));
  return view;
}

function showUser() {
  const shown = { user: session.user, guest: !session.user, admin: session.isIn("admin") };
  for (const part of document.querySelectorAll("[data-for]")) part.hidden = !shown[part.dataset.for];
  if (!session.user) return;
  const button = fill(document.querySelector(".account"), { username: session.user.username });
  button.querySelector('[data-field="groups"]').replaceChildren(...chips(session.user.groups));
  tick();
  setInterval(tick, 1000);
}

/** Count down. The time is seen in the account's menu, when one points at the header, and when little is left. */
function tick() {
  const seconds = session.secondsLeft();
  const isLow = session.isLittle(seconds);
  if (isLow && seconds && !left.classList.contains("low")) say("Session ends soon");
  left.classList.toggle("low", isLow);
  left.textContent = `${clock(seconds)} left`;
  fill(account, { left: clock(seconds) });
  if (!seconds && tick.before) session.ended();
  tick.before = seconds;
}

function clock(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const parts = hours ? [hours, String(minutes).padStart(2, "0")] : [minutes];
  return [...parts, String(seconds % 60).padStart(2, "0")].join(":");
}

for (const link of document.querySelectorAll('header [data-action="sign-in"]')) {
  link.addEventListener("click", (event) => (event.preventDefault(), session.signIn()));
}
onAction(account, "sign-out", session.signOut);
onAction(account, "sign-out-everywhere", async () => {
  await call("POST", "/api/me/sign-out-everywhere");
  await session.signOut();
});
addEventListener("hashchange", () => (warn(""), route()));
addEventListener("visibilitychange", () => document.visibilityState === "visible" && session.check());
addEventListener("pageshow", (event) => event.persisted && session.check());

await said(async () => {
  await session.begin();
  const resume = session.resumed();
  showUser();
  await route(resume);
});
showTrouble();
