/** Calls of the Todo API, each with the access token in its header. */
import { accessToken, expire } from "./session.js";

/** An answer that is none: what was asked, and what the API said to it. */
export class Refusal extends Error {
  constructor(request, response, { error, description, code }) {
    super(description ?? error);
    Object.assign(this, { request, error, code, status: response.status });
    this.challenge = response.headers.get("WWW-Authenticate") ?? "";
  }
}

export async function call(method, path, body) {
  const headers = {};
  if (accessToken()) headers.Authorization = `Bearer ${accessToken()}`;
  if (body) headers["Content-Type"] = "application/json";
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  if (response.ok) return response.status === 204 ? null : response.json();
  const refusal = new Refusal(`${method} ${path}`, response, await response.json());
  if (refusal.status === 401 && accessToken()) expire(`The API said: ${refusal.message}`);
  throw refusal;
}
