"""What stands side by side on a page: in line, written alike, and marked where it matters."""

import re

import pytest
from playwright.sync_api import Page, expect

TOPS = """halves => [...halves.querySelectorAll(':scope > .field > .input')]
    .map(input => Math.round(input.getBoundingClientRect().top))"""


@pytest.mark.parametrize("name", ["call-import", "call-import-checked"])
def test_fields_side_by_side_are_in_line(clean_page: Page, gallery: str, name: str) -> None:
    clean_page.goto(f"{gallery}/gallery/{name}")
    pairs = clean_page.locator("main form .halves")
    expect(pairs).to_have_count(3)
    for pair in pairs.all():
        left, right = pair.evaluate(TOPS)
        assert left == right


def test_that_a_file_is_still_here_stands_above_the_field_for_another(
    clean_page: Page, gallery: str
) -> None:
    clean_page.set_viewport_size({"width": 390, "height": 844})
    clean_page.goto(f"{gallery}/gallery/call-import-checked")
    hint = clean_page.get_by_text("The file is still here.").bounding_box()
    field = clean_page.get_by_label("File", exact=True).bounding_box()
    format_of_file = clean_page.get_by_label("What wrote the file").bounding_box()
    assert hint
    assert field
    assert format_of_file
    assert hint["y"] < field["y"] < format_of_file["y"]


def test_numbers_of_a_file_of_calls_are_written_as_everywhere_else(
    clean_page: Page, gallery: str
) -> None:
    clean_page.goto(f"{gallery}/gallery/call-import-checked")
    table = clean_page.get_by_role("region", name="Calls of the file")
    expect(table.get_by_text("+1 212-555-0100 to +44 20 7946 0321").first).to_be_visible()


def test_a_low_balance_is_marked_where_it_stands(clean_page: Page, gallery: str) -> None:
    clean_page.goto(f"{gallery}/gallery/accounts")
    warned = clean_page.locator(".low")
    expect(warned.filter(has_text="$5.05")).to_be_visible()
    expect(warned.filter(has_text=re.compile(r"^2$"))).to_be_visible()
    expect(warned.filter(has_text="$174.81")).to_have_count(0)
    colours = set(warned.evaluate_all("all => all.map(one => getComputedStyle(one).color)"))
    other = clean_page.locator(".table .strong:not(.low)").first
    assert len(colours) == 1
    assert other.evaluate("one => getComputedStyle(one).color") not in colours


def test_a_check_that_changes_nothing_names_no_zeros(clean_page: Page, gallery: str) -> None:
    clean_page.goto(f"{gallery}/gallery/numbers-checked")
    report = clean_page.get_by_role("status").filter(has_text="File checked. Nothing imported yet.")
    expect(report).to_contain_text("2 numbers to change, 3 unchanged, 1 row refused.")
