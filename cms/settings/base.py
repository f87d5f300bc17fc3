"""What every installation shares. The environment is read here and nowhere else (api-contract: README, "Settings")."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from .environment import Environment

BASE_DIR = Path(__file__).resolve().parents[2]

env = Environment()
UNREADABLE = env.unreadable
VAR_DIR = Path(env.text("COLONNINA_VAR", str(BASE_DIR / "var")))  # the data of this installation

DEBUG = False
SECRET_KEY = env.text("SECRET_KEY", "")
ALLOWED_HOSTS = env.texts("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.texts("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "django_htmx",
    "channels",
    "accounts",
    "stations",
    "sessions_app",
    "billing",
    "cms",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # a slow phone at the charger; what whitenoise has compressed stays as it is
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cms.language.choice",
    "accounts.middleware.OperatorMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "cms.fragments.kept_apart",
    "cms.api.middleware.api_conventions",
    "cms.refusals.DomainErrorPages",
]

ROOT_URLCONF = "cms.urls"
ASGI_APPLICATION = "cms.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# ---- data -------------------------------------------------------------------------------------------------------
# SQLite takes one writer at a time: IMMEDIATE makes a second one wait instead of failing, FULL survives a power cut. A checkpoint
# every 32 MB instead of every 4: a page of an index that each batch touches is copied from the log once, not for each batch.
# Mapped as far as SQLite allows (2 GB): what lies beyond is read page by page, 5 to 15 times the time in the kernel for a billing
# run on a file of 700 MB. Mapped pages are the system's cache, not this process's memory.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA temp_store=MEMORY;"
        "PRAGMA mmap_size=2147418112;PRAGMA cache_size=-8000;PRAGMA wal_autocheckpoint=8000;"
    ),
}
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'colonnina.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"].setdefault("OPTIONS", {}).update(SQLITE_OPTIONS)
else:  # cms.core.rows lets PostgreSQL plan its statements once; a pooler in between must know prepared statements
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("prepare_threshold", 3)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
}

LIVE_EVERY_S = 1.0  # a topic is pushed to browsers at most this often; 0 = never by itself

CACHES = {
    "default": {"BACKEND": "cms.core.cache.RedisOrNothing", "LOCATION": REDIS_URL, "KEY_PREFIX": "colonnina"},
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# ---- people -----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "accounts.passwords.LongEnough", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
MEMBER_SESSION_S = env.whole("MEMBER_SESSION_S", 12 * 3600)  # people who run chargers sign in every working day
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.forms.sign_in.LoginForm",
    "signup": "accounts.forms.sign_in.SignupForm",
    "request_login_code": "accounts.forms.sign_in.RequestLoginCodeForm",
    "reset_password": "accounts.forms.sign_in.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.sign_in.ResetPasswordKeyForm",
    "change_password": "accounts.forms.sign_in.ChangePasswordForm",
    "set_password": "accounts.forms.sign_in.SetPasswordForm",
    "add_email": "accounts.forms.sign_in.AddEmailForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = str
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# A code, not a link: it is typed where the journey began, so that a charge about to start is not lost.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_RATE_LIMITS = {
    "charge_without_account": "30/10m/ip"
}  # beside allauth's own: a mobile network has many behind one address
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
MFA_ADAPTER = "accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = True
MFA_TOTP_ISSUER = "Colonnina"
MFA_TOTP_TOLERANCE = 1

# ---- language, place --------------------------------------------------------------------------------------------
LANGUAGE_CODE = "it"
LANGUAGES = [("it", _("Italian")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["cms.formats"]
TIME_ZONE = "Europe/Rome"
USE_TZ = True

# ---- files ------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

EMAIL_CONFIG = env.mail("EMAIL_URL", f"filemail:///{VAR_DIR / 'mail'}")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Colonnina <noreply@colonnina.example>")

# ---- web --------------------------------------------------------------------------------------------------------
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "style-src": ["'self'"],
        "script-src": ["'self'"],
        "connect-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
    }
}
TILE_URL = env.text("TILE_URL", "https://tile.openstreetmap.org/{z}/{x}/{y}.png")
TILE_ATTRIBUTION = env.text("TILE_ATTRIBUTION", "© OpenStreetMap contributors")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["cms.api.auth.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["cms.api.permissions.RoleAllows"],
    "DEFAULT_PAGINATION_CLASS": "cms.api.pagination.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["cms.api.renderers.ExactJSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "cms.api.renderers.JSONAnyway",
    "DEFAULT_PARSER_CLASSES": ["cms.api.parsers.ExactJSONParser"],
    "EXCEPTION_HANDLER": "cms.api.errors.answer",
    "UNAUTHENTICATED_USER": None,
    "DATETIME_FORMAT": None,  # the renderer writes them: UTC with Z
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Colonnina API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",  # plain JSON Schema: tests hold every answer to it
    "DESCRIPTION": (
        "For an operator’s integrator: stations, commands, sessions, tokens, tariffs, charge detail records, invoices. "
        "A key (`Authorization: Token <key>`) sees its own operator only. Times are RFC 3339 in UTC; lists are paged, "
        "newest first; amounts are decimal strings; what stations and OCPI say is carried as they say it."
    ),
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "cms.api.schema.with_refusals",
    ],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# ---- the four seams that let a lower room ask an upper one (docs/decisions/0003) ---------------------------------
TOKEN_AUTHORIZERS = ["accounts.services.tokens.authorize"]
# driver ids → {id: why the next charge would be paid by nobody}
CREDIT_CHECK = "billing.services.debts.credit_check.refusals"
TOKEN_LOAD = "sessions_app.selectors.active_by_token"  # token ids → {id: sessions running now}
SESSION_PRICER = "billing.pricing.running_costs"  # sessions → {id: what each has cost so far}

# ---- payments: our own provider with a card page of ours, unless there is a key of Stripe's ------------------------
STRIPE_API_KEY = env.text("STRIPE_API_KEY", "")  # sk_live_…, sk_test_… or a restricted rk_…
STRIPE_PUBLISHABLE_KEY = env.text("STRIPE_PUBLISHABLE_KEY", "")  # pk_…: what the pay page shows the browser
STRIPE_WEBHOOK_SECRET = env.text("STRIPE_WEBHOOK_SECRET", "")  # whsec_…: signs what Stripe tells us
STRIPE_API_BASE = env.text("STRIPE_API_BASE", "")  # another address than Stripe's own: a stand-in for tests
PAYMENT_GATEWAY: str = "stripe" if STRIPE_API_KEY else "fake"
REAL_MONEY = False  # what production takes: then `manage.py check` warns of the fake provider and of test keys

# ---- charging ---------------------------------------------------------------------------------------------------
HEARTBEAT_INTERVAL_S = env.whole("HEARTBEAT_INTERVAL_S", 300)
# proxies in front of us: their X-Forwarded-For is believed, and the header with the verified subject of a client certificate
OCPP_PROXIES = env.texts("OCPP_PROXIES", ["127.0.0.0/8", "::1"])
OCPP_CERTIFICATE_HEADER = env.text(
    "OCPP_CERTIFICATE_HEADER", ""
)  # empty: stations with security profile 3 stay outside
FRAME_RETENTION_DAYS = env.whole("FRAME_RETENTION_DAYS", 90)
PORT = env.whole("PORT", 8000)
PUBLIC_URL = env.text("PUBLIC_URL", f"http://localhost:{PORT}")  # links in mails, QR codes and upload addresses
METRICS_TOKEN = env.text("METRICS_TOKEN", "")  # reading /metrics from elsewhere than the loopback
ADMIN_ENABLED = True
DEMO = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {
        "handlers": ["console"],
        "level": env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")),
    },
    "loggers": {
        "ocpp": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
        "django.channels.server": {"level": "WARNING"},
    },
}
