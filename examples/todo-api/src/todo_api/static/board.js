/** The public board: anybody reads it, admins and moderators close what is on it. */
import { call } from "./api.js";
import { fill, onAction, pager, say, template } from "./page.js";
import { accessToken, decoded } from "./session.js";

const MAY_CLOSE = ["admin", "moderator"];

export async function boardView() {
  const view = template("board");
  await fillBoard(view.querySelector('[data-list="board"]'), view.querySelector("[data-pager]"));
  return view;
}

export async function fillBoard(list, pages, page = 1) {
  const board = await call("GET", `/api/board?page=${page}`);
  const refresh = (toPage = page) => fillBoard(list, pages, toPage);
  const empty = Object.assign(document.createElement("li"), { className: "nothing", textContent: "The board is empty." });
  list.replaceChildren(...(board.items.length ? board.items.map((todo) => row(todo, refresh)) : [empty]));
  if (pages) pager(pages, board, refresh);
}

function row(todo, refresh) {
  const item = fill(template("published-todo"), { title: todo.title, owner: todo.mine ? "yours" : todo.owner.username });
  const close = item.querySelector('[data-action="close"]');
  // A courtesy to those who may not: the API decides by itself.
  close.hidden = !accessToken() || !decoded().claims["cognito:groups"]?.some((group) => MAY_CLOSE.includes(group));
  close.ariaLabel = `Close: ${todo.title}`;
  onAction(item, "close", async () => {
    await call("POST", `/api/todos/${todo.id}/close`);
    say(`Closed “${todo.title}”.`);
    await refresh();
  });
  return item;
}
