"""Every event type that may be asked for has one address, and its path speaks of its fields."""

import re

import msgspec
import pytest

from api.act_paths import PATHS
from ledger import catalogue

RECORDABLE = [one for one in catalogue.NEWEST.values() if not one.by_rules]


def test_every_recordable_event_type_has_a_path_and_no_other_has() -> None:
    assert sorted(PATHS) == sorted(one.title for one in RECORDABLE)


def test_no_two_event_types_share_a_path() -> None:
    shapes = [re.sub(r"\{\w+\}", "{}", path) for path in PATHS.values()]
    assert len(set(shapes)) == len(shapes)


@pytest.mark.parametrize("one", RECORDABLE, ids=lambda one: one.title)
def test_what_a_path_names_is_a_field_of_the_event(one: catalogue.Type) -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(one.kind)}
    assert set(re.findall(r"\{(\w+)\}", PATHS[one.title])) <= fields


@pytest.mark.parametrize("one", RECORDABLE, ids=lambda one: one.title)
def test_a_path_is_kebab_case_and_ends_in_a_collection(one: catalogue.Type) -> None:
    assert re.fullmatch(r"(?:/[a-z]+(?:-[a-z]+)*(?:/\{\w+\}(?=/))?)+", PATHS[one.title])


@pytest.mark.parametrize("one", [one for one in RECORDABLE if one.kind.CREATES], ids=str)
def test_what_makes_a_thing_does_not_name_it_in_its_path(one: catalogue.Type) -> None:
    assert f"{{{one.kind.CREATES}}}" not in PATHS[one.title]
