/** The view "My todos": add, tick, edit, publish, filter, delete and undo. */
import { call } from "./api.js";
import { fill, nothing, onAction, onSubmit, pager, said, say, template } from "./page.js";
import { draft, keepDraft } from "./session.js";

export async function todosView() {
  const view = template("todos");
  const list = view.querySelector('[data-list="todos"]');
  const pages = view.querySelector("[data-pager]");
  const filter = view.querySelector(".filter");
  const form = view.querySelector('[data-form="add"]');
  const title = form.elements.title;
  let page = 1;

  async function refresh(toPage = page) {
    const show = filter.querySelector(":checked").value;
    const found = await call("GET", `/api/todos?show=${show}&page=${toPage}`);
    if (!found.items.length && toPage > 1) return refresh(toPage - 1);
    page = toPage;
    const focusBack = focusKeeper(list, title);
    list.replaceChildren(...(found.items.length ? found.items.map((todo) => row(todo, refresh)) : [empty(show, title)]));
    focusBack();
    pager(pages, found, refresh);
  }

  filter.addEventListener("change", () => said(() => refresh(1)));
  title.value = draft("new");
  title.addEventListener("input", () => keepDraft("new", title.value));
  onSubmit(form, async (fields) => {
    form.reset(); // at once: what is typed while the API answers is the next todo
    await call("POST", "/api/todos", { title: fields.get("title").trim() }).catch((error) => {
      title.value ||= fields.get("title");
      throw error;
    });
    keepDraft("new", title.value);
    await refresh(1);
    say("Todo added");
  });
  await refresh();
  return view;
}

/** Return what an empty list says. Where there is nothing at all, it offers what one could begin with. */
function empty(show, title) {
  if (show !== "all") return nothing({ open: "Nothing left to do.", done: "Nothing done yet." }[show]);
  const item = template("nothing").firstElementChild;
  for (const idea of item.querySelectorAll("button")) {
    idea.addEventListener("click", () => {
      title.value = idea.textContent;
      title.focus();
    });
  }
  return item;
}

function row(todo, refresh) {
  const item = fill(template("todo"), { title: todo.title }).firstElementChild;
  const path = `/api/todos/${todo.id}`;
  const tick = item.querySelector('[data-action="tick"]');

  item.dataset.id = todo.id;
  item.classList.toggle("done", todo.done);
  item.querySelector(".text").title = todo.title;
  item.querySelector(".mark").toggleAttribute("hidden", !todo.published);
  tick.checked = todo.done;
  item.querySelector('[data-action="publish"]').ariaPressed = String(todo.published);
  for (const [action, name] of Object.entries({ publish: "Public", edit: "Edit", delete: "Delete" })) {
    const button = item.querySelector(`[data-action="${action}"]`);
    button.title = name;
    button.ariaLabel = `${name}: ${todo.title}`;
  }

  tick.addEventListener("change", () =>
    said(async () => {
      await call("PATCH", path, { done: tick.checked }).catch((error) => {
        tick.checked = todo.done;
        throw error;
      });
      await refresh();
      say(tick.checked ? "Done" : "Open again");
    }),
  );
  onAction(item, "publish", async () => {
    await call("PATCH", path, { published: !todo.published });
    await refresh();
    say(todo.published ? "Only yours again" : "On the board");
  });
  onAction(item, "delete", async () => {
    await call("DELETE", path);
    await refresh();
    say("Todo deleted", async () => {
      await call("POST", `${path}/restore`);
      await refresh();
      document.querySelector(`[data-id="${todo.id}"] [data-action="delete"]`)?.focus();
      say("Todo restored");
    });
    document.getElementById("undo").focus(); // not the field: a phone would show its keyboard
  });
  onAction(item, "edit", () => edit(item, todo, refresh));
  if (draft(todo.id)) edit(item, todo, refresh);
  return item;
}

function edit(item, todo, refresh) {
  const form = template("todo-editor").firstElementChild;
  const input = form.querySelector("input");
  const close = () => (keepDraft(todo.id, ""), refresh());
  input.value = draft(todo.id) || todo.title;
  input.addEventListener("input", () => keepDraft(todo.id, input.value));
  onSubmit(form, async () => {
    await call("PATCH", `/api/todos/${todo.id}`, { title: input.value.trim() });
    await close();
    say("Saved");
  });
  onAction(form, "cancel", close);
  form.addEventListener("keydown", (event) => event.key === "Escape" && said(close));
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
