/** Calls of the Todo API. The browser adds the session's cookie by itself. */
import { warn } from "./page.js";
import { ended, user } from "./session.js";

/** An answer that is an error. */
export class Refusal extends Error {
  constructor(request, response, { error, description, code, login, unreachable }) {
    super(description ?? error);
    Object.assign(this, { request, error, code, login, unreachable, status: response.status });
    this.retryAfter = Number(response.headers.get("Retry-After")) || 0;
  }

  /** Say on the page what is wrong. `again` repeats what failed. */
  tell(again) {
    const retry = { name: "Try again", run: () => (warn(""), again()) };
    if (this.status === 401) ended();
    else if (this.status === 503) warn(`${this.unreachable} cannot be reached.`, `${stillSignedIn()} Try again soon.`, retry);
    else warn(this.error, this.message, retry);
  }
}

/** The server gave no answer. */
class Silence extends Error {
  tell(again) {
    const run = () => (warn(""), again());
    warn("The server cannot be reached.", "What you typed is kept.", { name: "Try again", run });
  }
}

function stillSignedIn() {
  return user ? "You are still signed in." : "";
}

export async function call(method, path, body) {
  const request = { method, headers: {} };
  if (body) {
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  const response = await fetch(path, request).catch((error) => {
    throw new Silence(error.message);
  });
  if (response.ok) return response.status === 204 ? null : response.json();
  throw new Refusal(`${method} ${path}`, response, await response.json());
}
