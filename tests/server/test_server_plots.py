from __future__ import annotations

import pytest

from yinji.server import plots
from yinji.server.formatting import told


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 4), (4, 4), (5, 8), (9, 12), (13, 16), (17, 20), (61, 80), (768, 800), (801, 1000), (1001, 1200)],
)
def test_the_axis_ends_at_a_round_number(most: int, top: int) -> None:
    assert plots.ceiling(most) == top
    assert all(line.value.is_integer() for line in plots.grid_of(top))


def test_columns_stand_on_the_base_line_and_their_parts_on_each_other() -> None:
    plot = plots.stacked([[1, 2, 1], [0, 0, 0], [4, 0, 0]])
    first, empty, last = plot.columns
    assert [part.series for part in first.parts] == [0, 1, 2]
    assert first.parts[0].y + first.parts[0].height == pytest.approx(plots.BASE)
    assert first.parts[1].y + first.parts[1].height == pytest.approx(first.parts[0].y, abs=0.5)
    assert first.parts[-1].y == pytest.approx(plots.TOP)
    assert empty.parts == ()
    assert last.parts[0].y == pytest.approx(plots.TOP)
    assert all(column.x >= 0 and column.x + column.width <= 100 for column in plot.columns)


def test_the_newest_day_is_named_and_no_more_names_than_there_is_room_for() -> None:
    for count in (1, 2, 7, 14, 31, 365):
        columns = plots.stacked([[1]] * count).columns
        assert columns[-1].named
        assert sum(column.named for column in columns) <= 8


def test_a_line_breaks_where_there_is_no_value() -> None:
    plot = plots.line([10, 20, None, 40, 50], goal=60)
    assert [dot.index for dot in plot.dots] == [0, 1, 3, 4]
    assert [len(stroke.split()) for stroke in plot.strokes] == [2, 2]
    assert plot.goal is not None and plots.TOP <= plot.goal < plot.dots[-1].y


def test_bars_are_measured_by_the_longest() -> None:
    assert plots.shares([4, 1, 0]) == (100.0, 25.0, 0.0)
    assert plots.shares([0, 0]) == (0.0, 0.0)


def test_told_numbers_are_bold_and_nothing_else_becomes_markup() -> None:
    assert str(told("{4} posts <b>")) == "<b>4</b> posts &lt;b&gt;"
    assert str(told("{<i>}")) == "<b>&lt;i&gt;</b>"
