//! Settings of Django, and of packages that Django projects use, that say nothing about files, so that a
//! project's settings can be brought along whole: they are accepted, and no command uses them.
//!
//! Sources: `django/conf/global_settings.py` of Django 6.1.3, without the settings that have a meaning here
//! (those of [`super::table`]); and of its documentation `BASE_DIR`, `MESSAGE_LEVEL`, `MESSAGE_TAGS`, `ROOT_URLCONF` and
//! `SITE_ID`, which that file does not have, `ASGI_APPLICATION`, which its servers read, and `USE_L10N` and
//! `FORMS_URLFIELD_ASSUME_HTTPS` of earlier versions. For packages: those of the project that
//! cookiecutter-django makes, and others whose settings have a first word of their own.

/// The names, sorted.
const NAMES: &[&str] = &[
    "ABSOLUTE_URL_OVERRIDES",
    "ADMINS",
    "APPEND_SLASH",
    "ASGI_APPLICATION",
    "AUTHENTICATION_BACKENDS",
    "AUTH_PASSWORD_VALIDATORS",
    "AUTH_USER_MODEL",
    "BASE_DIR",
    "CACHES",
    "CACHE_MIDDLEWARE_ALIAS",
    "CACHE_MIDDLEWARE_KEY_PREFIX",
    "CACHE_MIDDLEWARE_SECONDS",
    "CSRF_COOKIE_AGE",
    "CSRF_COOKIE_DOMAIN",
    "CSRF_COOKIE_HTTPONLY",
    "CSRF_COOKIE_NAME",
    "CSRF_COOKIE_PATH",
    "CSRF_COOKIE_SAMESITE",
    "CSRF_COOKIE_SECURE",
    "CSRF_FAILURE_VIEW",
    "CSRF_HEADER_NAME",
    "CSRF_TRUSTED_ORIGINS",
    "CSRF_USE_SESSIONS",
    "DATABASES",
    "DATABASE_ROUTERS",
    "DATETIME_FORMAT",
    "DATETIME_INPUT_FORMATS",
    "DATE_FORMAT",
    "DATE_INPUT_FORMATS",
    "DEBUG_PROPAGATE_EXCEPTIONS",
    "DECIMAL_SEPARATOR",
    "DEFAULT_AUTO_FIELD",
    "DEFAULT_CHARSET",
    "DEFAULT_EXCEPTION_REPORTER",
    "DEFAULT_EXCEPTION_REPORTER_FILTER",
    "DEFAULT_FROM_EMAIL",
    "DEFAULT_INDEX_TABLESPACE",
    "DEFAULT_TABLESPACE",
    "DISALLOWED_USER_AGENTS",
    "EMAIL_BACKEND",
    "EMAIL_HOST",
    "EMAIL_HOST_PASSWORD",
    "EMAIL_HOST_USER",
    "EMAIL_PORT",
    "EMAIL_SSL_CERTFILE",
    "EMAIL_SSL_KEYFILE",
    "EMAIL_SUBJECT_PREFIX",
    "EMAIL_TIMEOUT",
    "EMAIL_USE_LOCALTIME",
    "EMAIL_USE_SSL",
    "EMAIL_USE_TLS",
    "FIRST_DAY_OF_WEEK",
    "FIXTURE_DIRS",
    "FORMAT_MODULE_PATH",
    "FORMS_URLFIELD_ASSUME_HTTPS",
    "FORM_RENDERER",
    "IGNORABLE_404_URLS",
    "INTERNAL_IPS",
    "LANGUAGES",
    "LANGUAGES_BIDI",
    "LANGUAGE_CODE",
    "LANGUAGE_COOKIE_AGE",
    "LANGUAGE_COOKIE_DOMAIN",
    "LANGUAGE_COOKIE_HTTPONLY",
    "LANGUAGE_COOKIE_NAME",
    "LANGUAGE_COOKIE_PATH",
    "LANGUAGE_COOKIE_SAMESITE",
    "LANGUAGE_COOKIE_SECURE",
    "LOCALE_PATHS",
    "LOGGING",
    "LOGGING_CONFIG",
    "LOGIN_REDIRECT_URL",
    "LOGIN_URL",
    "LOGOUT_REDIRECT_URL",
    "MANAGERS",
    "MESSAGE_LEVEL",
    "MESSAGE_STORAGE",
    "MESSAGE_TAGS",
    "MIDDLEWARE",
    "MIGRATION_MODULES",
    "MONTH_DAY_FORMAT",
    "NUMBER_GROUPING",
    "PASSWORD_HASHERS",
    "PASSWORD_RESET_TIMEOUT",
    "PREPEND_WWW",
    "ROOT_URLCONF",
    "SECURE_CONTENT_TYPE_NOSNIFF",
    "SECURE_CROSS_ORIGIN_OPENER_POLICY",
    "SECURE_CSP",
    "SECURE_CSP_REPORT_ONLY",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    "SECURE_HSTS_PRELOAD",
    "SECURE_HSTS_SECONDS",
    "SECURE_PROXY_SSL_HEADER",
    "SECURE_REDIRECT_EXEMPT",
    "SECURE_REFERRER_POLICY",
    "SECURE_SSL_HOST",
    "SECURE_SSL_REDIRECT",
    "SERVER_EMAIL",
    "SESSION_CACHE_ALIAS",
    "SESSION_COOKIE_AGE",
    "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_PATH",
    "SESSION_COOKIE_SAMESITE",
    "SESSION_COOKIE_SECURE",
    "SESSION_ENGINE",
    "SESSION_EXPIRE_AT_BROWSER_CLOSE",
    "SESSION_FILE_PATH",
    "SESSION_SAVE_EVERY_REQUEST",
    "SESSION_SERIALIZER",
    "SHORT_DATETIME_FORMAT",
    "SHORT_DATE_FORMAT",
    "SIGNED_COOKIE_LEGACY_SALT_FALLBACK",
    "SIGNING_BACKEND",
    "SILENCED_SYSTEM_CHECKS",
    "SITE_ID",
    "TASKS",
    "TEMPLATES",
    "TEST_NON_SERIALIZED_APPS",
    "TEST_RUNNER",
    "THOUSAND_SEPARATOR",
    "TIME_FORMAT",
    "TIME_INPUT_FORMATS",
    "TIME_ZONE",
    "URLIZE_ASSUME_HTTPS",
    "USE_BLANK_CHOICE_DASH",
    "USE_I18N",
    "USE_L10N",
    "USE_THOUSAND_SEPARATOR",
    "USE_TZ",
    "USE_X_FORWARDED_HOST",
    "USE_X_FORWARDED_PORT",
    "WSGI_APPLICATION",
    "X_FRAME_OPTIONS",
    "YEAR_MONTH_FORMAT",
];

/// How names of settings of packages begin: `CELERY` stands for `CELERY` and for `CELERY_BROKER_URL`. No setting
/// that has a meaning here begins so; a misspelled one stays an error.
const OF_PACKAGES: &[&str] = &[
    "ACCOUNT",
    "ANYMAIL",
    "AXES",
    "CELERY",
    "CHANNEL_LAYERS",
    "COMPRESS",
    "CONSTANCE",
    "CORS",
    "CRISPY",
    "DEBUG_TOOLBAR",
    "DJANGO_VITE",
    "DJSTRIPE",
    "GRAPHENE",
    "HAYSTACK",
    "IMPORT_EXPORT",
    "OAUTH2_PROVIDER",
    "PHONENUMBER",
    "RECAPTCHA",
    "REST_AUTH",
    "REST_FRAMEWORK",
    "RQ",
    "SENTRY",
    "SIMPLE_JWT",
    "SOCIALACCOUNT",
    "SOCIAL_AUTH",
    "SPECTACULAR",
    "STRIPE",
    "TAGGIT",
    "THUMBNAIL",
    "TINYMCE",
    "UNFOLD",
    "WAGTAIL",
    "WAGTAILADMIN",
    "WEBPACK_LOADER",
];

/// Names that Django projects choose for values which their other settings use.
const OF_PROJECTS: &[&str] = &[
    "ADMIN_URL",
    "APPS_DIR",
    "DJANGO_ADMIN_FORCE_ALLAUTH",
    "DJANGO_APPS",
    "LOCAL_APPS",
    "PROJECT_APPS",
    "READ_DOT_ENV_FILE",
    "REDIS_SSL",
    "REDIS_URL",
    "THIRD_PARTY_APPS",
];

/// Returns whether `name` is one of them.
pub(super) fn is_unused(name: &str) -> bool {
    let is_of_a_package = |word: &&str| {
        let rest = name.strip_prefix(word);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    NAMES.binary_search(&name).is_ok()
        || OF_PROJECTS.contains(&name)
        || OF_PACKAGES.iter().any(is_of_a_package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted_and_none_is_there_twice() {
        assert!(NAMES.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn no_setting_that_has_a_meaning_here_is_among_them() {
        let table = super::super::table::Table::new(&crate::storages::builtin());

        for row in table.rows() {
            assert!(!is_unused(row.name), "{}", row.name);
        }
        for (name, expected) in [
            ("MIDDLEWARE", true),
            ("CELERY", true),
            ("CELERY_BROKER_URL", true),
            ("REDIS_URL", true),
            ("CELERYBEAT", false),
            ("AWS_STORAGE_BUCKET", false),
            ("STATIC_ROTO", false),
        ] {
            assert_eq!(is_unused(name), expected, "{name}");
        }
    }
}
