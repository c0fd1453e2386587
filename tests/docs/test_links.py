from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, anchors, links, name

every_page = pytest.mark.parametrize("page", PAGES, ids=name)


def relative(page: Path) -> list[tuple[Path, str]]:
    found = [link.partition("#") for link in links(page) if "://" not in link]
    return [((page.parent / path) if path else page, anchor) for path, _, anchor in found]


@every_page
def test_relative_links_lead_to_files(page: Path) -> None:
    assert [str(path) for path, _ in relative(page) if not path.exists()] == []


@every_page
def test_anchors_are_headings_of_their_page(page: Path) -> None:
    wanted = [(path, anchor) for path, anchor in relative(page) if anchor]
    assert [anchor for path, anchor in wanted if anchor not in anchors(path)] == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [PAGES[0]]
    while waiting:
        page = waiting.pop().resolve()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            waiting += [path for path, _ in relative(page)]
    assert reached >= set(PAGES)
