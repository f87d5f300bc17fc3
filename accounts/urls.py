"""People's own pages: sign-in, settings of an operator, a driver's profile."""

from django.urls import include, path

from accounts.views import security, switch, tokens

urlpatterns = [
    path("accounts/", security.page, name="account_security"),
    path("accounts/", include("allauth.urls")),
    path("ops/switch/", switch.operator, name="switch_operator"),
    path("ops/tokens/", tokens.page, name="tokens"),
    path("ops/tokens/new/", tokens.create, name="create_token"),
    path("ops/tokens/upload/", tokens.upload, name="upload_tokens"),
    path("ops/tokens/<int:pk>/", tokens.edit, name="edit_token"),
    path("ops/tokens/<int:pk>/status/", tokens.set_status, name="token_status"),
    path("ops/tokens/<int:pk>/delete/", tokens.delete, name="delete_token"),
]
