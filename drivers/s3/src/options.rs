//! The values of the options as a [`Config`] that is checked as a whole. Nothing is opened here.

use std::{net::Ipv4Addr, path::PathBuf, time::Duration};

use storehouse_storage::{DriverConfig, Error, Files, Name, Options, Result};

use crate::{
    address::{Addressing, Endpoint, ServiceUrl},
    client::TimeLimits,
    credentials::Keys,
    cuts::Cuts,
    headers::SaveDefaults,
    kept::ExclusiveCreate,
    list_version::Version,
    urls::{CustomDomain, UrlRules},
};

/// What the options say together.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) bucket: String,
    pub(crate) location: Option<Name>,
    pub(crate) region: Option<String>,
    pub(crate) endpoint: Endpoint,
    /// The service as browsers reach it, where that differs.
    pub(crate) public_endpoint_url: Option<ServiceUrl>,
    pub(crate) keys: Keys,
    /// Contents are left out of the signature.
    pub(crate) unsigned_payload: bool,
    pub(crate) trust_anybody: bool,
    pub(crate) ca_bundle: Option<PathBuf>,
    pub(crate) limits: TimeLimits,
    pub(crate) retry_timeout: Duration,
    pub(crate) allow_overwrite: bool,
    pub(crate) exclusive_create: ExclusiveCreate,
    pub(crate) defaults: SaveDefaults,
    pub(crate) cuts: Cuts,
    /// `None`: it is found out.
    pub(crate) list_version: Option<Version>,
    /// The content types that are stored compressed, if any are.
    pub(crate) gzip: Option<Vec<String>>,
    pub(crate) urls: UrlRules,
}

impl Config {
    /// Checks the options as a whole.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration), saying which
    /// option, why, and what it should be.
    pub(crate) fn new(config: &DriverConfig) -> Result<Self> {
        let options = &config.options;
        let bucket = bucket_name(options)?;
        let region = options.text("region_name").map(region_name).transpose()?;
        let endpoint = Endpoint {
            url: service_url(options, "endpoint_url"),
            addressing: Addressing::read(options.text("addressing_style")),
            secure: options.flag("use_ssl"),
        };
        Ok(Self {
            bucket,
            location: location(options)?,
            region,
            endpoint,
            public_endpoint_url: service_url(options, "public_endpoint_url"),
            keys: Keys {
                access_key: options.secret("access_key").cloned(),
                secret_key: options.secret("secret_key").cloned(),
                token: options.secret("security_token").cloned(),
                profile: options.text("session_profile").map(str::to_owned),
                anonymous: options.flag("skip_signature"),
            },
            unsigned_payload: options.flag("unsigned_payload"),
            trust_anybody: !options.flag("verify"),
            ca_bundle: options.path("ca_bundle"),
            limits: time_limits(options),
            retry_timeout: options.duration("retry_timeout").unwrap_or_default(),
            allow_overwrite: options.flag("file_overwrite"),
            exclusive_create: ExclusiveCreate::read(options.text("exclusive_create")),
            defaults: SaveDefaults::read(
                options.table("object_parameters"),
                options.text("default_acl"),
            )?,
            cuts: cuts(options),
            list_version: Version::read(options.text("list_version")),
            gzip: options.flag("gzip").then(|| gzip_content_types(options)),
            urls: url_rules(options, config.files)?,
        })
    }
}

fn bucket_name(options: &Options) -> Result<String> {
    let Some(name) = options.text("bucket_name") else {
        return Err(Error::configuration("no bucket is named")
            .with_advice("write s3://BUCKET/PREFIX, or set AWS_STORAGE_BUCKET_NAME"));
    };
    // "Bucket naming rules" of S3's user guide. Old buckets of other forms need an access point.
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    let problem = if !(3..=63).contains(&name.len()) {
        "it must have 3 to 63 characters"
    } else if !bytes.iter().copied().all(allowed) {
        "only lower-case letters, digits, dots and hyphens are allowed"
    } else if !edge(bytes.first()) || !edge(bytes.last()) || name.contains("..") {
        "it must start and end with a letter or digit, with no two dots in a row"
    } else if name.parse::<Ipv4Addr>().is_ok() {
        "it must not look like an IP address"
    } else {
        return Ok(name.to_owned());
    };
    Err(Error::configuration(format!(
        "bucket_name: {name:?} is no bucket: {problem}"
    )))
}

/// Takes `/site/` for `site`, as a URL's path has slashes around it. Nothing climbs.
fn location(options: &Options) -> Result<Option<Name>> {
    let Some(text) = options.text("location") else {
        return Ok(None);
    };
    let trimmed = text.trim_matches('/');
    if trimmed.is_empty() {
        return Ok(None);
    }
    let name = Name::new(trimmed).map_err(|error| {
        Error::configuration(format!(
            "location: {text:?} is no folder: {}",
            error.problem()
        ))
    })?;
    Ok(Some(name))
}

/// It goes into a host name and into a signature.
pub(crate) fn region_name(text: &str) -> Result<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !text.is_empty() && text.len() <= 64 && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err(
        Error::configuration(format!("region_name: {text:?} is no region"))
            .with_advice("it is a word such as eu-west-1"),
    )
}

fn service_url(options: &Options, name: &str) -> Option<ServiceUrl> {
    options.text(name).map(|text| ServiceUrl {
        text: text.to_owned(),
        said_by: name.to_owned(),
    })
}

fn time_limits(options: &Options) -> TimeLimits {
    let seconds = |name| options.duration(name).unwrap_or_default();
    TimeLimits {
        connect: seconds("connect_timeout"),
        idle: seconds("read_timeout"),
        total: Some(seconds("timeout")).filter(|time| !time.is_zero()),
    }
}

fn cuts(options: &Options) -> Cuts {
    let number = |name, otherwise| {
        let given = options.integer(name);
        given
            .and_then(|number| u64::try_from(number).ok())
            .unwrap_or(otherwise)
    };
    let usual = Cuts::default();
    Cuts {
        single_bytes: number("multipart_threshold", usual.single_bytes),
        part_bytes: number("multipart_chunksize", usual.part_bytes),
        max_parts: number("max_upload_parts", usual.max_parts),
    }
}

fn gzip_content_types(options: &Options) -> Vec<String> {
    let types = options.list("gzip_content_types");
    types.into_iter().map(str::to_owned).collect()
}

fn url_rules(options: &Options, files: Files) -> Result<UrlRules> {
    let custom_domain = options
        .text("custom_domain")
        .map(|domain| CustomDomain::new(domain, options.text("url_protocol")))
        .transpose()?;
    Ok(UrlRules {
        // The pages that name static files outlive any signature.
        signed: files != Files::Static && options.flag("querystring_auth"),
        expires_in: options.duration("querystring_expire").unwrap_or_default(),
        custom_domain,
    })
}

#[cfg(test)]
mod tests {
    use storehouse_storage::{ErrorKind, Value};

    use super::*;
    use crate::{cuts::MIB, table::TABLE};

    fn config(given: &[(&'static str, &str)]) -> Result<Config> {
        let given = given.iter().map(|(name, text)| {
            let kind = storehouse_storage::find_option(TABLE, name).unwrap().kind;
            (*name, kind.read_text(text).unwrap())
        });
        Config::new(&DriverConfig::new(Options::new(TABLE, given)?))
    }

    #[test]
    fn a_bucket_that_cannot_exist_is_refused() {
        for name in [
            "Bad_Bucket",
            "ab",
            &"a".repeat(64),
            "192.168.0.1",
            "-a-",
            "a..b",
            "a/b",
        ] {
            let error = config(&[("bucket_name", name)]).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Configuration, "{name}");
        }
        assert!(config(&[("bucket_name", "assets.example.com")]).is_ok());
    }

    #[test]
    fn a_missing_bucket_is_told_with_both_ways_to_name_it() {
        let error = config(&[]).unwrap_err().to_string();

        assert!(error.contains("s3://BUCKET") && error.contains("AWS_STORAGE_BUCKET_NAME"));
    }

    #[test]
    fn a_location_has_one_form_and_does_not_climb() {
        for (text, expected) in [
            ("site", Some("site")),
            ("/site/", Some("site")),
            ("a//b", Some("a/b")),
            ("/", None),
        ] {
            let config = config(&[("bucket_name", "bucket"), ("location", text)]).unwrap();

            assert_eq!(
                config.location.as_ref().map(Name::as_str),
                expected,
                "{text}"
            );
        }
        for text in ["../../other", "a/..", "a\0b"] {
            let error = config(&[("bucket_name", "bucket"), ("location", text)]).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Configuration, "{text}");
        }
    }

    #[test]
    fn contents_are_cut_as_the_options_say() {
        assert_eq!(
            config(&[("bucket_name", "bucket")]).unwrap().cuts,
            Cuts::default()
        );
        let given = [
            ("bucket_name", "bucket"),
            ("upload_cutoff", "1"),
            ("chunk_size", "5242880"),
            ("max_upload_parts", "1000"),
        ];
        let expected = Cuts {
            single_bytes: 1,
            part_bytes: 5 * MIB,
            max_parts: 1000,
        };
        assert_eq!(config(&given).unwrap().cuts, expected);
    }

    #[test]
    fn urls_of_static_files_are_never_signed() {
        let options = Options::new(TABLE, [("bucket_name", Value::from("bucket"))]).unwrap();

        let media = Config::new(&DriverConfig::new(options.clone())).unwrap();
        let statics = Config::new(&DriverConfig::new(options).with_files(Files::Static)).unwrap();

        assert!(media.urls.signed);
        assert!(!statics.urls.signed);
    }

    #[test]
    fn a_region_that_is_no_word_is_refused() {
        for text in ["eu west", "a\nb", "ü"] {
            let given = [("bucket_name", "bucket"), ("region_name", text)];

            assert_eq!(config(&given).unwrap_err().kind(), ErrorKind::Configuration);
        }
    }

    #[test]
    fn no_debug_output_shows_a_secret() {
        let config = config(&[
            ("bucket_name", "bucket"),
            ("access_key", "PLANTED-access"),
            ("secret_key", "PLANTED-secret"),
            ("security_token", "PLANTED-token"),
        ])
        .unwrap();

        assert!(!format!("{config:?}").contains("PLANTED"));
    }
}
