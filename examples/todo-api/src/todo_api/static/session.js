/**
 * Who is signed in. The tokens live in this module's memory and nowhere else: not in a URL, a cookie or a storage,
 * so they end with the page.
 */
import { renew, signIn } from "./cognito.js";

const changes = new EventTarget();
let tokens = null;
let expiry; // the timer that ends the token

/** Call `listener` at "signed-in", "renewed", "expired" (with a reason) or "signed-out". */
export function on(change, listener) {
  changes.addEventListener(change, (event) => listener(event.detail));
}

export function accessToken() {
  return tokens?.AccessToken;
}

export function refreshToken() {
  return tokens?.RefreshToken;
}

export async function begin(username, password) {
  accept(await signIn(username, password), "signed-in");
}

export async function stay() {
  // Cognito keeps the refresh token, so its answer has none.
  accept({ ...tokens, ...(await renew(refreshToken())) }, "renewed");
}

/** Take tokens as Cognito gives them. */
export function accept(result, change) {
  tokens = result;
  clearTimeout(expiry);
  expiry = setTimeout(() => expire("The API refuses it from now on."), secondsLeft() * 1000);
  changes.dispatchEvent(new CustomEvent(change));
}

export function expire(reason) {
  clearTimeout(expiry);
  changes.dispatchEvent(new CustomEvent("expired", { detail: reason }));
}

export function end() {
  tokens = null;
  clearTimeout(expiry);
  changes.dispatchEvent(new CustomEvent("signed-out"));
}

/** What the token says, for people to look at: only the API, which checks the signature, may believe it. */
export function decoded() {
  const [header, claims] = tokens.AccessToken.split(".").slice(0, 2).map(decodedPart);
  return { header, claims };
}

export function secondsLeft() {
  return Math.max(0, decoded().claims.exp - Date.now() / 1000);
}

function decodedPart(part) {
  const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (byte) => byte.charCodeAt(0))));
}
