"""Brings what a service refused back to the fields of a form."""

from collections.abc import Mapping

from django import forms

from cms.core.errors import Invalid


def place(form: forms.BaseForm, error: Invalid, *, names: Mapping[str, str] | None = None) -> None:
    """Each message beside its field; a field that the form does not have becomes a message of the whole form.
    `names`: the service's field → the form's."""
    for field, texts in error.fields.items():
        name = (names or {}).get(field, field)
        for text in texts:
            form.add_error(name if name in form.fields else None, text)
