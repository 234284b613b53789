//! Storehouse from outside: the command as a process, and the drivers as an application has them.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a check reports by panicking"
)]

mod bad_input;
#[cfg(target_os = "linux")]
mod behind_nginx;
mod bucket;
mod bucket_unchanged;
mod checks;
mod collectstatic;
mod collectstatic_says;
mod copying;
mod environments;
mod findstatic;
mod golden;
mod hostile;
#[cfg(unix)]
mod http_cases;
mod integrity;
mod last_good;
mod lesser_services;
mod manifest_storage;
#[cfg(target_os = "linux")]
mod nginx;
mod numbered;
#[cfg(target_os = "linux")]
mod phases;
mod plans;
mod post_processing;
mod processes;
mod push;
mod push_attributes;
mod push_killed;
mod pushing;
#[cfg(unix)]
mod python_names;
mod releases;
mod review;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod serving;
#[cfg(unix)]
mod serving_apps;
#[cfg(unix)]
mod serving_command;
#[cfg(unix)]
mod serving_fields;
#[cfg(unix)]
mod serving_kept;
#[cfg(target_os = "linux")]
mod serving_many;
#[cfg(unix)]
mod serving_parts;
mod serving_root;
#[cfg(unix)]
mod serving_settings;
mod serving_tls;
mod serving_urls;
mod signed_urls;
mod site;
mod sources;
mod static_bad_input;
mod static_bad_places;
mod static_changing;
mod static_compressed;
mod static_integrity;
mod static_kept_names;
mod static_options;
mod static_plans;
mod static_retention;
mod static_together;
mod static_urls;
mod uploads;
#[cfg(unix)]
mod uploads_broken_off;
#[cfg(unix)]
mod uploads_by_socket;
mod uploads_failing;
mod uploads_fields;
mod uploads_given_up;
mod uploads_kept;
mod uploads_retried;
mod uploads_settings;
mod uploads_unkept;
mod verbs;
