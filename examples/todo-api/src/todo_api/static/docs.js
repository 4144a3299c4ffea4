/* Show the routes in the colours that the user's system asks for, and let them be tried with the session or a token. */
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

async function get(path) {
  return (await fetch(path)).json();
}

async function sayWho() {
  const { signed_in, username } = await get("/auth/session");
  document.querySelector(`[data-for="${signed_in ? "user" : "guest"}"]`).hidden = false;
  if (signed_in) document.querySelector('[data-field="username"]').textContent = username;
}

async function showRoutes() {
  const spec = await get("/openapi.json");
  // The browser adds the session's cookie by itself: "Authorize" asks for a token only.
  delete spec.components.securitySchemes.cognito_session;
  window.SwaggerUIBundle({ spec, dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
}

sayWho();
showRoutes();
