//! In place of TLS where this build has none: there is no flag that asks for it.

use std::{convert::Infallible, io, path::Path};

use storehouse_storage::Result;

use super::listen::Connection;
use crate::cli::flags::ServeFlags;

/// What takes TLS connections: nothing does.
#[derive(Debug)]
pub(super) struct Acceptor(Infallible);

pub(super) fn acceptor(_: &ServeFlags) -> Result<Option<Acceptor>> {
    Ok(None)
}

pub(super) fn key(_: &ServeFlags) -> Option<&Path> {
    None
}

impl Acceptor {
    #[expect(clippy::unused_async, reason = "as the one of TLS")]
    pub(super) async fn accept(&self, _: Connection) -> io::Result<Connection> {
        match self.0 {}
    }

    pub(super) fn reload(&self) -> Result<()> {
        match self.0 {}
    }
}
