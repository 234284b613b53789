//! Which service is meant where the options do not say so: the endpoint that the environment or the
//! profile names. Nothing is read here but values.
//!
//! | order | source |
//! |---|---|
//! | 1 | `AWS_ENDPOINT_URL_S3` |
//! | 2 | `AWS_ENDPOINT_URL` |
//! | 3 | `endpoint_url` below `s3 =` in the section `[services NAME]` that the profile's `services` names |
//! | 4 | `endpoint_url` of the profile |
//!
//! `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true` turns all of them off, and so does the profile's
//! `ignore_configured_endpoint_urls` where that variable is not set.
//!
//! Source: "Service-specific endpoints" of the AWS SDKs and tools reference guide.

use storehouse_storage::{Error, OptionKind, Result};

use crate::{address::ServiceUrl, environment::Environment, profile::Profile};

/// Returns the endpoint that the first of the sources names.
///
/// # Errors
/// [`ErrorKind::Configuration`](storehouse_storage::ErrorKind::Configuration) for one that is no
/// http or https URL, or has a user name or password, and for services that are nowhere.
pub(crate) fn configured(
    name: &str,
    profile: &Profile,
    environment: &Environment,
) -> Result<Option<ServiceUrl>> {
    let ignored = environment
        .get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        .or_else(|| profile.ignores_endpoints.clone());
    if ignored.is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    for variable in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] {
        if let Some(url) = environment.get(variable) {
            return checked(url, variable.to_owned()).map(Some);
        }
    }
    if let Some(services) = &profile.services {
        let Some(section) = &services.section else {
            return Err(Error::configuration(format!(
                "profile {name:?} names services {:?}, of which the configuration file says nothing",
                services.name
            ))
            .with_advice("correct its line `services`, or AWS_CONFIG_FILE"));
        };
        if let Some(url) = &section.s3_endpoint_url {
            let said_by = format!("endpoint_url of services {:?}", services.name);
            return checked(url.clone(), said_by).map(Some);
        }
    }
    match &profile.endpoint_url {
        Some(url) => checked(url.clone(), format!("endpoint_url of profile {name:?}")).map(Some),
        None => Ok(None),
    }
}

/// Holds it to what the option takes.
fn checked(text: String, said_by: String) -> Result<ServiceUrl> {
    match OptionKind::HttpUrl.read_text(&text) {
        Ok(_) => Ok(ServiceUrl { text, said_by }),
        Err(problem) => Err(Error::configuration(format!("{said_by}: {problem}"))),
    }
}

#[cfg(test)]
mod tests {
    use storehouse_storage::ErrorKind;

    use super::*;

    const FILE: &str = "[profile work]\nendpoint_url = http://profile\nservices = local\n\
        [profile plain]\nendpoint_url = http://profile\n\
        [profile without]\nendpoint_url = http://profile\nservices = others\n\
        [profile off]\nendpoint_url = http://profile\nignore_configured_endpoint_urls = TRUE\n\
        [profile lost]\nservices = nowhere\n\
        [profile wrong]\nendpoint_url = http://user:PLANTED@profile\n\
        [services local]\ndynamodb =\n  endpoint_url = http://dynamodb\ns3 =\n  endpoint_url = http://services\n\
        [services others]\ndynamodb =\n  endpoint_url = http://dynamodb\n";

    fn found(name: &str, variables: &'static [(&str, &str)]) -> Result<Option<String>> {
        let profile = Profile::read(name, "", FILE).unwrap_or_default();
        let found = configured(name, &profile, &Environment::of(variables))?;
        Ok(found.map(|service| service.text))
    }

    #[test]
    fn the_nearest_that_names_an_endpoint_is_obeyed() {
        for (case, profile, variables, expected) in [
            (
                "the variable of S3",
                "work",
                &[
                    ("AWS_ENDPOINT_URL", "http://all"),
                    ("AWS_ENDPOINT_URL_S3", "http://s3"),
                ][..],
                Some("http://s3"),
            ),
            (
                "the variable of all services",
                "work",
                &[("AWS_ENDPOINT_URL", "http://all")],
                Some("http://all"),
            ),
            (
                "an empty variable",
                "plain",
                &[("AWS_ENDPOINT_URL", "")],
                Some("http://profile"),
            ),
            ("services", "work", &[], Some("http://services")),
            (
                "services without S3",
                "without",
                &[],
                Some("http://profile"),
            ),
            ("the profile", "plain", &[], Some("http://profile")),
            ("no profile", "nobody", &[], None),
        ] {
            let expected = expected.map(str::to_owned);

            assert_eq!(found(profile, variables).unwrap(), expected, "{case}");
        }
    }

    #[test]
    fn all_of_them_can_be_turned_off() {
        for (case, profile, variables, expected) in [
            ("by the profile", "off", &[][..], None),
            (
                "by the profile, for variables too",
                "off",
                &[("AWS_ENDPOINT_URL", "http://all")],
                None,
            ),
            (
                "by the variable",
                "plain",
                &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")],
                None,
            ),
            (
                "the variable has the last word",
                "off",
                &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")],
                Some("http://profile"),
            ),
        ] {
            let expected = expected.map(str::to_owned);

            assert_eq!(found(profile, variables).unwrap(), expected, "{case}");
        }
    }

    #[test]
    fn an_endpoint_that_cannot_be_one_is_told_with_its_source() {
        for (profile, variables, said_by) in [
            (
                "work",
                &[("AWS_ENDPOINT_URL_S3", "minio:9000")][..],
                "AWS_ENDPOINT_URL_S3: ",
            ),
            (
                "work",
                &[("AWS_ENDPOINT_URL", "http://user:PLANTED@minio")],
                "AWS_ENDPOINT_URL: ",
            ),
            ("wrong", &[], "endpoint_url of profile \"wrong\": "),
            ("lost", &[], "services \"nowhere\""),
        ] {
            let error = found(profile, variables).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Configuration, "{said_by}");
            assert!(error.to_string().contains(said_by), "{error}");
            assert!(!error.to_string().contains("PLANTED"), "{error}");
        }
    }
}
