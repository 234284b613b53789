//! One storage layer for an application's static and media files, with Django's vocabulary: the
//! application crate. The contract that drivers are written against is [`storage`].
//!
//! | module | holds |
//! |---|---|
//! | [`settings`] | what is set, and where each value comes from |
//! | [`storages`] | the storage string, and the configured storages by alias |
//! | [`staticfiles`] | finders, the plan, and what carries it out |
//! | `templates` | `static` in templates (features `minijinja`, `tera`, `askama`) |
//! | [`media`] | uploads: from a form into a storage; signed URLs |
//! | [`serve`] | static and media files over HTTP: services for tower, by RFC 9110 |
//! | [`checks`] | what is wrong with the settings |
//! | `cli` | the command (feature `cli`) |
//!
//! # Features
//! `cli`, `compression`, `filesystem`, `memory`, `s3` and `tls`, all on by default. Each driver is a
//! feature: without `s3` there is no client of HTTP in the build, and without `tls` too no TLS. `zstd`,
//! off by default, builds a C library.
//! `minijinja`, `tera` and `askama`, off by default too, put `static` into the templates of that
//! engine; `axum` makes the form of a request an extractor.

pub use storehouse_storage as storage;

pub mod checks;
#[cfg(feature = "cli")]
pub mod cli;
pub mod media;
pub mod serve;
pub mod settings;
pub mod staticfiles;
pub mod storages;
#[cfg(any(feature = "askama", feature = "minijinja", feature = "tera"))]
pub mod templates;

/// The code of the README has to compile.
#[cfg(all(doctest, feature = "s3", feature = "filesystem"))]
#[doc = include_str!("../README.md")]
mod readme {}

/// So does that of the page on serving.
#[cfg(all(doctest, feature = "s3", feature = "filesystem"))]
#[doc = include_str!("../docs/serving.md")]
mod serving {}
