"""What a service refused, said beside the fields of the form that asked."""

from django.forms import BaseForm

from cms.core.errors import Invalid


def tell(form: BaseForm, refused: Invalid) -> None:
    for name, said in refused.fields.items():
        form.add_error(name if name in form.fields else None, list(said))
