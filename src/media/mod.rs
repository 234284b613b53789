//! Media on their way in and out of a storage. Which storage, and how it keeps them, is not decided
//! here.
//!
//! | module | does |
//! |---|---|
//! | `signed` | checks signed URLs: [`UrlVerifier`] |

mod signed;

pub use signed::{Grant, Refusal, UrlVerifier};
