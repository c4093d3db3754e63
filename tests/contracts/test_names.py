# ruff: noqa: RUF001 - letters of other alphabets are what this is about
"""Names in the order of their readers' alphabet, and found without accents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.names import search_key, sort_key


@pytest.mark.parametrize(
    ("country", "names"),
    [
        ("DE", ["Abel", "Ägidius", "Albert", "oben", "Öhler", "Ost", "Über", "Ude", "Zoll"]),
        ("US", ["apple", "Banana", "Éclair", "Egg", "élan", "zebra", "Żubr"]),
        ("SE", ["Adam", "Zorn", "Åberg", "Ängel", "Ärla", "Öberg"]),
        ("DK", ["Adam", "Zorn", "Ærø", "Østergaard", "Åberg"]),
        ("ES", ["Nuria", "Ñandú", "Óscar", "Oso"]),
        ("PL", ["Lato", "Lutnia", "Łódź", "Mazur", "Zet", "Źrebak", "Żubr"]),
        ("CZ", ["Cyril", "Čapek", "Dvořák", "Zeman", "Žižka"]),
        ("TR", ["Cem", "Çelik", "Hakan", "Işık", "İdil", "Zeki"]),
        ("EE", ["Sepp", "Šmidt", "Zorn", "Žukov", "Tamm", "Vaher", "Õun", "Ärm", "Öpik", "Ülo"]),
    ],
)
def test_names_stand_in_the_order_of_the_alphabet_of_their_country(
    country: str, names: list[str]
) -> None:
    assert sorted(set(names), key=lambda name: sort_key(name, country)) == names


def test_case_does_not_count_and_accents_count_last() -> None:
    names = ["Muller", "Müller", "Mullers"]
    assert sorted(set(names), key=lambda name: sort_key(name, "DE")) == names
    assert sort_key("MÜLLER", "DE") == sort_key("Mu\u0308ller", "DE")


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Müller", "muller"),
        ("Muller", "MÜLLER"),
        ("Ærø Øst", "aero ost"),
        ("Łódź", "lodz"),
        ("Straße", "strasse"),
        ("İzmir", "izmir"),
        ("Café", "cafe\u0301"),
        ("H²O", "h2o"),
        ("Ёлка", "елка"),
    ],
)
def test_a_name_is_found_without_its_accents(name: str, typed: str) -> None:
    assert search_key(name) == search_key(typed)


@given(
    text=st.text(st.characters(categories=["L", "Nd"]), max_size=20),
    country=st.sampled_from(["US", "SE", "TR", "PL"]),
)
def test_keys_are_the_same_for_a_text_and_its_key_in_any_country(text: str, country: str) -> None:
    assert search_key(search_key(text)) == search_key(text)
    assert sort_key(text, country) == sort_key(f" {text} ", country)
