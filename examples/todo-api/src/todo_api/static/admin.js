/** The admin's view. Everybody may try to open it: the API says who may. */
import { call } from "./api.js";
import { onAction, pager, say, template } from "./page.js";

export async function adminView() {
  const view = template("admin");
  const list = view.querySelector('[data-list="everybody"]');
  const pages = view.querySelector("[data-pager]");
  const audit = view.querySelector('[data-list="audit"]');
  const dialog = view.querySelector("dialog");

  async function refresh(page = 1) {
    const todos = await call("GET", `/api/admin/todos?page=${page}`);
    list.replaceChildren(...rows(todos.items.map((todo) => [todo.owner.username, todo.title, todo.done ? "done" : "open"])));
    pager(pages, todos, refresh);
    const entries = await call("GET", "/api/admin/audit?per_page=10");
    audit.replaceChildren(
      ...rows(
        entries.items.map((entry) => [
          new Date(entry.at).toLocaleTimeString(),
          entry.username ?? "–",
          `${entry.method} ${entry.path}`,
          entry.event,
        ]),
      ),
    );
  }

  onAction(view, "clear", () => dialog.showModal());
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "clear") return;
    const { deleted } = await call("DELETE", "/api/admin/todos");
    say(`Deleted ${deleted} todos.`);
    await refresh();
  });
  await refresh();
  return view;
}

function rows(table) {
  return table.map((cells) => {
    const row = document.createElement("tr");
    row.append(...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
    return row;
  });
}
