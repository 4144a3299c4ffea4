/** Who is signed in. The session is a cookie that no script can read, so this module asks the app about it. */
import { say, warn } from "./page.js";

const LITTLE_SECONDS = 120;

/** The signed-in user: `{username, groups}`, or null. */
export let user = null;

let endsAt = 0;
let hasEnded = false;

/** Ask the app who is signed in. */
export async function begin() {
  const state = await ask();
  if (!state.signed_in) return;
  const answer = await fetch("/api/me");
  const me = answer.ok ? await answer.json() : { groups: [] };
  user = { username: state.username, groups: me.groups };
  endsAt = Date.now() + state.expires_in * 1000;
}

export function isIn(...groups) {
  return groups.some((group) => user?.groups.includes(group));
}

/** Return the seconds that are left of the session. */
export function secondsLeft() {
  return user ? Math.max(0, Math.ceil((endsAt - Date.now()) / 1000)) : 0;
}

export function isLittle(seconds) {
  return seconds <= LITTLE_SECONDS;
}

/** Say that the session has ended. The view stays as it is, with whatever is typed into it. */
export function ended() {
  hasEnded = true;
  endsAt = 0;
  const run = () => signIn();
  warn("Your session has ended.", "What you typed is kept.", { name: "Sign in again", run });
}

/** Look again when the user comes back to this tab: another tab may have signed in or out meanwhile. */
export async function check() {
  if (hasEnded && !user) return;
  const state = await ask().catch(() => null);
  if (!state || (state.signed_in ? state.username : null) === (user?.username ?? null)) {
    if (state?.signed_in && hasEnded) location.reload();
    return;
  }
  if (user && !state.signed_in) ended();
  else location.reload();
}

/** Send the browser to sign in. It comes back to this view, where `resume` is done if it is given. */
export function signIn(login = "/auth/login?next=/", resume = null) {
  sessionStorage.setItem("return", JSON.stringify({ hash: location.hash, resume }));
  location.assign(login);
}

/** Return once what was to be resumed after the sign-in, and go back to the view that it began from. */
export function resumed() {
  const { hash, resume } = JSON.parse(sessionStorage.getItem("return") ?? "{}");
  sessionStorage.removeItem("return");
  if (user && hash) history.replaceState(null, "", hash);
  return user ? resume : null;
}

/** End the session here and at Cognito. Nothing of it stays in this tab. */
export async function signOut() {
  const answer = await fetch("/auth/logout", { method: "POST" });
  const { location: next } = await answer.json();
  sessionStorage.clear();
  document.getElementById("main").replaceChildren(); // Back must not show it
  location.assign(next);
}

/** Keep what the user is typing in this tab until it is sent. Only the same user gets it back. */
export function keepDraft(name, text) {
  if (text) sessionStorage.setItem(`draft:${name}`, JSON.stringify({ username: user.username, text }));
  else sessionStorage.removeItem(`draft:${name}`);
}

export function draft(name) {
  const kept = JSON.parse(sessionStorage.getItem(`draft:${name}`) ?? "{}");
  return kept.username === user.username ? kept.text : "";
}

async function ask() {
  const answer = await fetch("/auth/session");
  if (answer.ok) return answer.json();
  throw new Unknown("The session cannot be checked.");
}

/** The app cannot tell whether its user is signed in. */
class Unknown extends Error {
  tell() {
    warn(this.message, "You need not sign in again. Try again soon.", { name: "Try again", run: () => location.reload() });
  }
}
