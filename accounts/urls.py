"""People's own pages: sign-in, settings of an operator, a driver's profile."""

from django.urls import include, path
from django.views.generic import RedirectView

from accounts.views import api_keys, members, operator_data, profile, security, switch, tokens

urlpatterns = [
    path("accounts/", security.page, name="account_security"),
    path("accounts/2fa/", RedirectView.as_view(pattern_name="account_security")),  # one page says it all
    path("accounts/invitation/<str:token>/", members.invitation, name="invitation"),
    path("accounts/", include("allauth.urls")),
    path("profile/", profile.page, name="profile"),
    path("ops/switch/", switch.operator, name="switch_operator"),
    path("ops/tokens/", tokens.page, name="tokens"),
    path("ops/tokens/new/", tokens.create, name="create_token"),
    path("ops/tokens/upload/", tokens.upload, name="upload_tokens"),
    path("ops/tokens/<int:pk>/", tokens.edit, name="edit_token"),
    path("ops/tokens/<int:pk>/status/", tokens.set_status, name="token_status"),
    path("ops/tokens/<int:pk>/delete/", tokens.delete, name="delete_token"),
    path("ops/settings/", operator_data.page, name="operator_data"),
    path("ops/settings/members/", members.page, name="members"),
    path("ops/settings/members/<int:pk>/role/", members.change_role, name="change_role"),
    path("ops/settings/members/<int:pk>/remove/", members.remove, name="remove_member"),
    path("ops/settings/members/<int:pk>/invite/", members.invite_again, name="invite_again"),
    path("ops/settings/api-keys/", api_keys.page, name="api_keys"),
    path("ops/settings/api-keys/<int:pk>/revoke/", api_keys.revoke, name="revoke_api_key"),
]
