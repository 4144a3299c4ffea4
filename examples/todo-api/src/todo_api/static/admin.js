/** The admin's view. Any user may try to open it: the API decides. */
import { call } from "./api.js";
import { nothing, onAction, pager, row, said, say, template } from "./page.js";
import { signIn, user } from "./session.js";

export async function adminView(resume) {
  const view = template("admin");
  const [everybody, users, audit] = ["everybody", "users", "audit"].map((name) =>
    view.querySelector(`[data-list="${name}"]`),
  );
  const pages = view.querySelector("[data-pager]");
  const dialog = view.querySelector("dialog");

  async function refresh(page = 1) {
    const todos = await call("GET", `/api/admin/todos?page=${page}`);
    everybody.replaceChildren(...todos.items.map(shown));
    if (!todos.items.length) everybody.append(nothing("No user has a todo."));
    pager(pages, todos, refresh);
    const owners = new Map(todos.items.map((todo) => [todo.owner.id, todo.owner]));
    users.replaceChildren(...[...owners.values()].map(person));
    const entries = await call("GET", "/api/admin/audit?per_page=10");
    audit.replaceChildren(...entries.items.map(entry));
  }

  onAction(view, "clear", () => dialog.showModal());
  dialog.addEventListener("close", () => dialog.returnValue === "clear" && said(clear));

  async function clear() {
    const { deleted } = await call("DELETE", "/api/admin/todos").catch((error) => {
      // The sign-in is too old for this: the user signs in again, and comes back to the same question.
      if (error.code === "insufficient_authentication") signIn(error.login, "clear");
      else throw error;
      return new Promise(() => {});
    });
    await refresh();
    say(`${deleted} todos deleted`);
  }

  await refresh();
  if (resume === "clear") setTimeout(() => dialog.showModal()); // once the view is shown
  return view;
}

function shown(todo) {
  const item = row(todo.title, todo.owner.username);
  item.classList.toggle("done", todo.done);
  return item;
}

function person({ id, username }) {
  const isYou = username === user.username;
  const signOut = {
    icon: "out",
    name: `Sign out: ${username}`,
    async run() {
      await call("POST", `/api/admin/users/${id}/sign-out`);
      say(`${username} signed out`);
    },
  };
  return row(username, isYou ? "you" : "", !isYou && signOut);
}

function entry({ at, username, method, path, event }) {
  return row(`${method} ${path}`, `${username ?? event} · ${new Date(at).toLocaleTimeString()}`);
}
