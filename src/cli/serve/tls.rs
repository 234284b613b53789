//! TLS, by rustls: a certificate and its key from PEM files.

use std::{path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};
use storehouse_storage::{Error, Result};

use crate::cli::flags::ServeFlags;

pub(super) use tokio_rustls::TlsAcceptor as Acceptor;

/// Makes what takes TLS connections, if the flags ask for it: HTTP/2 and HTTP/1.1 by ALPN.
///
/// # Errors
/// A file that cannot be read, is not PEM, or does not fit the other.
pub(super) fn acceptor(flags: &ServeFlags) -> Result<Option<Acceptor>> {
    match (&flags.tls_cert, &flags.tls_key) {
        (Some(cert), Some(key)) => of_files(cert, key).map(Some),
        _ => Ok(None),
    }
}

fn of_files(cert: &Path, key: &Path) -> Result<Acceptor> {
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
    Ok(Acceptor::from(Arc::new(config)))
}

fn unreadable(what: &str, path: &Path, error: &pem::Error) -> Error {
    let problem = format!("the {what} {} cannot be read: {error}", path.display());
    Error::configuration(problem).with_advice("it has to be a file in PEM, with -----BEGIN lines")
}
