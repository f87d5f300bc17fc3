"""What this member may do, for pages that hide what would only be refused."""

from django import template
from django.template import Context

from accounts import access

register = template.Library()


@register.simple_tag(takes_context=True)
def may(context: Context, action: str) -> bool:
    """`{% may "member.edit" as edits_members %}`, at the operator the member acts for."""
    request = context["request"]
    return request.operator is not None and access.can(request.user, action, request.operator)
