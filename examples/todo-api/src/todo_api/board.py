"""The public board: todos that their owners published. No sign-in is needed; signed-in users see which are theirs."""

from apiflask import APIBlueprint
from flask_cognito import cognito_auth_optional, current_user
from sqlalchemy import select

from .models import Todo, db
from .schemas import Board, BoardTodo, PageQuery, TodoView

board = APIBlueprint("board", __name__, url_prefix="/api")


@board.get("/board")
@cognito_auth_optional
@board.input(PageQuery, "query")
@board.output(Board)
def show_board(query_data: PageQuery) -> Board:
    """List the published todos that are still open, the newest first."""
    published = select(Todo).where(Todo.published, ~Todo.done).order_by(Todo.id.desc())
    page = db.paginate(published, page=query_data.page, per_page=query_data.per_page, error_out=False)
    items = [seen(todo) for todo in page.items]
    return Board(items=items, page=page.page, per_page=page.per_page, total=page.total or 0)


def seen(todo: Todo) -> BoardTodo:
    """Return a todo as the caller sees it; `current_user` is falsy for a caller who is not signed in."""
    mine = bool(current_user) and todo.owner_id == current_user.id
    return BoardTodo(**dict(TodoView.model_validate(todo)), mine=mine)
