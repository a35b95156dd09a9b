"""Django's settings, from `$JIKIM_HOME/config.toml` and the centre's keys; nothing here has to be edited."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote, urlsplit

from csp.constants import NONCE, NONE, SELF

from jikim_desk.config import desk_config, jikim_config
from jikim_desk.sealing import reference

_desk = desk_config()
HOME = jikim_config().home

DEBUG = False
SECRET_KEY = reference("desk", "cookies")  # under the centre's key: random from its first use, never a default
ALLOWED_HOSTS = list(_desk.hosts)
ROOT_URLCONF = "jikim_desk.console.urls"
WSGI_APPLICATION = "jikim_desk.wsgi.application"
AUTH_USER_MODEL = "accounts.User"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "jikim_desk.console",  # before allauth: its templates come first
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_htmx",
    "jikim_desk.accounts",
    "jikim_desk.audit",
    "jikim_desk.records",
    "jikim_desk.review",
    "jikim_desk.cases",
    "jikim_desk.figures",
    "jikim_desk.notices",
    "jikim_desk.notices.lookups",
    "jikim_desk.notices.inbox",
    "jikim_desk.notices.reports",
    "jikim_desk.notices.reuploads",
    "jikim_desk.notices.channels",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jikim_desk.accounts.tokens.TokenMiddleware",
    "jikim_desk.accounts.sessions.SessionLimitsMiddleware",
    "jikim_desk.accounts.language.LanguageMiddleware",
    "jikim_desk.console.refusing.SignInMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "jikim_desk.accounts.enrolment.EnrolmentMiddleware",
    "jikim_desk.accounts.rights.RightsMiddleware",
    "jikim_desk.console.refusing.NoNulMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["jikim_desk.console.templatetags.desk"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    }
]

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]


def _database() -> dict[str, object]:
    if not _desk.database:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HOME / "desk.sqlite",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
            },
        }
    url = urlsplit(_desk.database)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname or "",
        "PORT": str(url.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database()}

LANGUAGE_CODE = "ko"
LANGUAGES = [("ko", "한국어"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = _desk.time_zone

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True

SESSION_COOKIE_AGE = int(timedelta(hours=_desk.session_hours).total_seconds())
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _desk.is_https
CSRF_FAILURE_VIEW = "jikim_desk.console.trouble.forged"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"  # no-referrer makes browsers send "Origin: null" with our own forms, which CSRF refuses
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
FILE_UPLOAD_HANDLERS = [  # kept in memory for replies and teaching, else hashed as they come; never written anywhere
    "jikim_desk.console.reply_uploads.ReplyHandler",
    "jikim_desk.console.sealed_uploads.MemoryHandler",
    "jikim_desk.console.uploads.DigestHandler",
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "jikim_desk.accounts.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
MFA_SUPPORTED_TYPES = ["webauthn", "recovery_codes", *(["totp"] if _desk.totp_allowed else [])]
MFA_ADAPTER = "jikim_desk.accounts.adapters.MfaAdapter"
MFA_FORMS = {
    "authenticate": "jikim_desk.accounts.forms.CodeForm",
    "add_webauthn": "jikim_desk.accounts.forms.AddKeyForm",
    "authenticate_webauthn": "jikim_desk.accounts.forms.KeyForm",
    "login_webauthn": "jikim_desk.accounts.forms.KeyAloneForm",
    "reauthenticate_webauthn": "jikim_desk.accounts.forms.KeyAgainForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # half a minute: phones that may be used here have no network to set their clock by
MFA_TOTP_ISSUER = "Jikim"
ACCOUNT_RATE_LIMITS = {"login_failed": "60/m/ip,20/5m/key"}  # axes comes first; this is for what it does not see
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # the audit chain has it, without addresses
AXES_LOCKOUT_CALLABLE = "jikim_desk.console.sign_in.locked_out"
LOGGING_CONFIG = None
