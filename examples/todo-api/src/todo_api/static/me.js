/** The view "Who am I": the user's row, and the token with the time it has left. */
import { call } from "./api.js";
import { chips, fill, onAction, say, template } from "./page.js";
import { decoded, secondsLeft, stay } from "./session.js";

export async function meView() {
  const me = await call("GET", "/api/me");
  const { header, claims } = decoded();
  const view = fill(template("me"), {
    username: me.user.username,
    row: `number ${me.user.id} in the app’s database`,
    sub: me.sub,
    header: JSON.stringify(header, null, 2),
    claims: JSON.stringify(claims, null, 2),
  });
  view.querySelector('[data-field="groups"]').replaceChildren(...chips(me.groups));
  view.querySelector('[data-field="scopes"]').replaceChildren(...chips(me.scopes));
  onAction(view, "renew", async () => {
    await stay();
    say("You have a new token.");
  });
  const card = view.querySelector('[role="timer"]');
  const progress = view.querySelector("progress");
  const tick = () => {
    const left = secondsLeft();
    card.textContent = left ? `${clock(left)} left of ${clock(claims.exp - claims.iat)}` : "expired";
    progress.value = left / (claims.exp - claims.iat);
  };
  tick();
  const ticking = setInterval(() => (card.isConnected ? tick() : clearInterval(ticking)), 1000);
  return view;
}

function clock(seconds) {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
