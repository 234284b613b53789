//! TLS, by rustls: a certificate and its key from PEM files, which can be read again.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};
use storehouse_storage::{Error, Result};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::listen::Connection;
use crate::cli::flags::ServeFlags;

/// Takes TLS connections.
pub(super) struct Acceptor {
    cert: PathBuf,
    key: PathBuf,
    current: RwLock<TlsAcceptor>,
}

impl Acceptor {
    /// Takes a connection, with the certificate that was read last.
    pub(super) async fn accept(&self, connection: Connection) -> io::Result<TlsStream<Connection>> {
        // Its own variable: the lock is not held while the client takes its time.
        let current = self
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        current.accept(connection).await
    }

    /// Reads the files again, for the connections that come from now on. If that fails, what was read
    /// before stays.
    ///
    /// # Errors
    /// As [`acceptor`].
    pub(super) fn reload(&self) -> Result<()> {
        let read = of_files(&self.cert, &self.key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }
}

/// Makes what takes TLS connections, if the flags ask for it: HTTP/2 and HTTP/1.1 by ALPN.
///
/// # Errors
/// A file that cannot be read, is not PEM, or does not fit the other.
pub(super) fn acceptor(flags: &ServeFlags) -> Result<Option<Acceptor>> {
    match (&flags.tls_cert, &flags.tls_key) {
        (Some(cert), Some(key)) => Ok(Some(Acceptor {
            current: RwLock::new(of_files(cert, key)?),
            cert: cert.clone(),
            key: key.clone(),
        })),
        _ => Ok(None),
    }
}

/// Returns where the key is, if there is one.
pub(super) fn key(flags: &ServeFlags) -> Option<&Path> {
    flags.tls_key.as_deref()
}

fn of_files(cert: &Path, key: &Path) -> Result<TlsAcceptor> {
    let certs = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect);
    let certs: Vec<_> = certs.map_err(|error| unreadable("certificate", cert, &error))?;
    if certs.is_empty() {
        return Err(unreadable("certificate", cert, &pem::Error::NoItemsFound));
    }
    let private = PrivateKeyDer::from_pem_file(key);
    let private = private.map_err(|error| unreadable("key", key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| {
            config
                .with_no_client_auth()
                .with_single_cert(certs, private)
        });
    let mut config = config.map_err(|error| {
        let (cert, key) = (cert.display(), key.display());
        Error::configuration(format!("{cert} and {key} cannot be used for TLS: {error}"))
            .with_advice(
                "--tls-key has to be the key that the first certificate of --tls-cert was made for",
            )
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn unreadable(what: &str, path: &Path, error: &pem::Error) -> Error {
    let problem = format!("the {what} {} cannot be read: {error}", path.display());
    Error::configuration(problem).with_advice("it has to be a file in PEM, with -----BEGIN lines")
}

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey, generate_simple_self_signed};

    use super::*;

    #[test]
    fn what_cannot_be_read_again_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (
            folder.path().join("cert.pem"),
            folder.path().join("key.pem"),
        );
        let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let CertifiedKey {
            cert: made,
            signing_key,
        } = made;
        std::fs::write(&cert, made.pem()).unwrap();
        std::fs::write(&key, signing_key.serialize_pem()).unwrap();
        let read = of_files(&cert, &key).unwrap();
        let before = Arc::clone(read.config());
        let current = RwLock::new(read);
        let acceptor = Acceptor { cert, key, current };
        let config = || Arc::clone(acceptor.current.read().unwrap().config());

        std::fs::write(&acceptor.key, "").unwrap();
        let error = acceptor.reload().unwrap_err();

        assert!(error.to_string().contains("cannot be read"), "{error}");
        assert!(Arc::ptr_eq(&before, &config()));
        std::fs::write(&acceptor.key, signing_key.serialize_pem()).unwrap();
        acceptor.reload().unwrap();
        assert!(!Arc::ptr_eq(&before, &config()));
    }
}
