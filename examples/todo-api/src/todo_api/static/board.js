/** The public board: any caller reads it, admins and moderators close what is on it. */
import { call } from "./api.js";
import { nothing, pager, row, say, template } from "./page.js";
import { isIn, signIn } from "./session.js";

export async function boardView() {
  const view = template("board");
  await fillBoard(view.querySelector('[data-list="board"]'), view.querySelector("[data-pager]"));
  return view;
}

/** Return what a user sees who is not signed in. */
export async function welcomeView() {
  const view = template("welcome");
  view.querySelector('[data-action="sign-in"]').addEventListener("click", (event) => (event.preventDefault(), signIn()));
  await fillBoard(view.querySelector('[data-list="board"]'), view.querySelector("[data-pager]"));
  return view;
}

async function fillBoard(list, pages, page = 1) {
  const board = await call("GET", `/api/board?page=${page}`);
  const refresh = (toPage = page) => fillBoard(list, pages, toPage);
  list.replaceChildren(...board.items.map((todo) => published(todo, refresh)));
  if (!board.items.length) list.append(nothing("The board is empty. Publish a todo to put it here."));
  pager(pages, board, refresh);
}

function published(todo, refresh) {
  const close = {
    icon: "tick",
    name: `Close: ${todo.title}`,
    async run() {
      await call("POST", `/api/todos/${todo.id}/close`);
      await refresh();
      say("Todo closed");
    },
  };
  // The button is a courtesy: the API decides by itself who may close a todo.
  return row(todo.title, todo.mine ? "you" : todo.owner.username, isIn("admin", "moderator") && close);
}
