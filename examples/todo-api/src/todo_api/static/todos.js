/** The view "My todos": add, tick, edit, publish, filter and delete. */
import { call } from "./api.js";
import { fill, onAction, onSubmit, pager, said, say, template } from "./page.js";

export async function todosView() {
  const view = template("todos");
  const list = view.querySelector('[data-list="todos"]');
  const pages = view.querySelector("[data-pager]");
  const filter = view.querySelector(".filter");
  const form = view.querySelector('[data-form="add"]');
  let page = 1;

  async function refresh(toPage = page) {
    const show = filter.querySelector(":checked").value;
    const found = await call("GET", `/api/todos?show=${show}&page=${toPage}`);
    if (!found.items.length && toPage > 1) return refresh(toPage - 1);
    page = toPage;
    const focusBack = focusKeeper(list, form.elements.title);
    list.replaceChildren(...(found.items.length ? found.items.map((todo) => row(todo, refresh)) : [nothing(show)]));
    focusBack();
    pager(pages, found, refresh);
  }

  filter.addEventListener("change", () => said(() => refresh(1)));
  onSubmit(form, (fields) =>
    said(async () => {
      form.reset(); // at once: what is typed while the API answers is the next todo
      const todo = await call("POST", "/api/todos", { title: fields.get("title").trim() }).catch((error) => {
        form.elements.title.value ||= fields.get("title");
        throw error;
      });
      await refresh(1);
      say(`Added “${todo.title}”.`);
    }),
  );
  await refresh();
  return view;
}

function nothing(show) {
  const text = { all: "Nothing yet. Add your first todo above.", open: "Nothing left to do.", done: "Nothing done yet." };
  return Object.assign(document.createElement("li"), { className: "nothing", textContent: text[show] });
}

function row(todo, refresh) {
  const item = fill(template("todo"), { title: todo.title }).firstElementChild;
  const path = `/api/todos/${todo.id}`;
  const tick = item.querySelector('[data-action="tick"]');
  const publish = item.querySelector('[data-action="publish"]');

  tick.checked = todo.done;
  publish.ariaPressed = String(todo.published);
  publish.textContent = todo.published ? "Published" : "Publish";
  for (const name of ["publish", "edit", "delete"]) {
    const button = item.querySelector(`[data-action="${name}"]`);
    button.ariaLabel = `${button.textContent}: ${todo.title}`;
  }

  tick.addEventListener("change", () =>
    said(async () => {
      await call("PATCH", path, { done: tick.checked }).catch((error) => {
        tick.checked = todo.done;
        throw error;
      });
      await refresh();
      say(`${todo.title}: ${tick.checked ? "done" : "open again"}.`);
    }),
  );
  onAction(item, "publish", async () => {
    await call("PATCH", path, { published: !todo.published });
    await refresh();
    say(`${todo.title}: ${todo.published ? "yours alone" : "on the board"}.`);
  });
  onAction(item, "delete", async () => {
    await call("DELETE", path);
    await refresh();
    say(`Deleted “${todo.title}”.`);
  });
  onAction(item, "edit", () => edit(item, todo, refresh));
  item.dataset.id = todo.id;
  return item;
}

function edit(item, todo, refresh) {
  const form = template("todo-editor").firstElementChild;
  const input = form.querySelector("input");
  input.value = todo.title;
  onSubmit(form, () =>
    said(async () => {
      await call("PATCH", `/api/todos/${todo.id}`, { title: input.value.trim() });
      await refresh();
      say("Saved.");
    }),
  );
  onAction(form, "cancel", () => refresh());
  form.addEventListener("keydown", (event) => event.key === "Escape" && said(() => refresh()));
  item.replaceChildren(form);
  input.select();
}

/**
 * Remember which part of which todo has the focus, and return what gives it back once the list is made anew.
 * Where that todo is gone, the focus goes to where the next one is added.
 */
function focusKeeper(list, otherwise) {
  const { dataset } = document.activeElement;
  const id = document.activeElement.closest("[data-id]")?.dataset.id;
  return () => {
    if (!id) return;
    const part = (action) => list.querySelector(`[data-id="${id}"] [data-action="${action}"]`);
    (part(dataset.action) ?? part("edit") ?? otherwise).focus();
  };
}
