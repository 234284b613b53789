//! One settings file, three environments, no change in anything else.

use storehouse_test_support::{Bucket, Minio};

use crate::site::{Ran, Site};

fn site(minio: &Minio, bucket: &Bucket) -> Site {
    let site = Site::new(&format!(
        r#"
        STATIC_URL = "/static/"
        STATIC_ROOT = "disk/static"
        STATICFILES_DIRS = ["assets"]
        MEDIA_ROOT = "disk/media"
        MEDIA_URL = "/media/"

        [environments.minio]
        DEFAULT_FILE_STORAGE = "s3://{bucket}/media"
        STATICFILES_STORAGE = "s3://{bucket}/static"
        AWS_S3_ENDPOINT_URL = "{endpoint}"
        AWS_S3_ACCESS_KEY_ID = "{access_key}"
        AWS_S3_SECRET_ACCESS_KEY = "{secret_key}"

        [environments.memory]
        DEFAULT_FILE_STORAGE = "memory://media"
        STATICFILES_STORAGE = "memory://static"
        "#,
        bucket = bucket.name(),
        endpoint = minio.endpoint(),
        access_key = minio.access_key(),
        secret_key = minio.secret_key(),
    ));
    site.write("assets/site.css", "body{}");
    site.write("photo.jpg", "a photo");
    site
}

fn run_in(site: &Site, environment: &str, arguments: &[&str]) -> Ran {
    Ran::of(
        site.command(arguments)
            .env("STOREHOUSE_ENV", environment)
            .output()
            .unwrap(),
    )
}

#[test]
fn the_environment_chooses_disk_bucket_or_memory() {
    let minio = Minio::get();
    let bucket = minio.bucket("environments");
    let site = site(&minio, &bucket);

    for environment in ["", "minio", "memory"] {
        assert_eq!(
            run_in(&site, environment, &["save", "photo.jpg"])
                .done()
                .out,
            "photo.jpg\n",
            "{environment}"
        );
        let collected = run_in(&site, environment, &["collectstatic", "--noinput"]).done();
        assert!(
            collected.out.contains("1 static file copied"),
            "{environment}: {}",
            collected.out
        );
    }

    assert_eq!(site.files("disk"), ["media/photo.jpg", "static/site.css"]);
    assert_eq!(
        bucket.object_names(),
        ["media/photo.jpg", "static/site.css"]
    );
    assert_eq!(
        run_in(&site, "", &["open", "photo.jpg"]).done().out,
        "a photo"
    );
    assert_eq!(
        run_in(&site, "minio", &["open", "photo.jpg"]).done().out,
        "a photo"
    );
    // Memory ends with the process.
    assert_eq!(run_in(&site, "memory", &["exists", "photo.jpg"]).code, 1);
}

#[test]
fn an_environment_that_the_file_does_not_have_is_an_error_with_those_it_has() {
    let site =
        Site::new("[environments.minio]\nDEBUG = true\n[environments.production]\nDEBUG = false\n");

    let ran = run_in(&site, "prodction", &["settings"]).failed(1);

    ran.tells(&["prodction", "production"]);
}

#[test]
fn the_flag_beats_the_variable() {
    let site = Site::new(
        "[environments.a]\nSTATIC_URL = \"/a/\"\n[environments.b]\nSTATIC_URL = \"/b/\"\n",
    );

    let ran = run_in(&site, "a", &["settings", "--env", "b"]).done();

    assert!(ran.out.contains("STATIC_URL = \"/b/\""), "{}", ran.out);
}
