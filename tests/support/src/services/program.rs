//! The services: where each comes from, in which version, and how it is started.
//!
//! A service listens on 127.0.0.1, keeps everything in the data folder that it is given, reads no
//! settings of the user's, and reports to nobody.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use crate::launch::free_port;

/// A service, and all there is to know for installing and starting it.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// As its makers count.
    pub(crate) version: &'static str,
    pub(crate) recipe: Recipe,
    /// Access key and secret key.
    pub(crate) keys: (&'static str, &'static str),
    /// Writes its configuration, and returns the words of the command.
    pub(crate) command: fn(&Start<'_>) -> io::Result<Vec<OsString>>,
}

/// How a program is installed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Recipe {
    /// `go install package@version`.
    Go {
        package: &'static str,
        version: &'static str,
    },
    /// `go build ./folder` in a module that has others replaced.
    GoFolder {
        module: &'static str,
        version: &'static str,
        folder: &'static str,
    },
    /// `pip install requirement` in a virtual environment.
    Python { requirement: &'static str },
    /// A jar that has all it needs inside, by its coordinates.
    Maven { artifact: &'static str },
    /// `cargo install package --version version`.
    Cargo {
        package: &'static str,
        version: &'static str,
    },
}

/// What a command line is made of.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// The folder that the program is installed in.
    pub(crate) installed: &'a Path,
    /// An empty folder.
    pub(crate) data: &'a Path,
    /// Where it has to listen: `127.0.0.1:PORT`.
    pub(crate) address: &'a str,
}

const KEYS: (&str, &str) = ("storehouse", "storehouse-secret");

/// Garage takes no others: `GK` and 12 bytes, 32 bytes.
const GARAGE_KEYS: (&str, &str) = (
    "GK73746f7265686f7573652d",
    "73746f7265686f7573652d73656372657473746f7265686f7573652d73656372",
);

/// All of them, but MinIO.
pub(crate) const PROGRAMS: &[Program] = &[
    Program {
        name: "versitygw",
        version: "1.8.0",
        recipe: Recipe::Go {
            package: "github.com/versity/versitygw/cmd/versitygw",
            version: "v1.8.0",
        },
        keys: KEYS,
        command: versitygw,
    },
    Program {
        name: "seaweedfs",
        version: "4.53",
        // Its tags are no versions of Go; this is the commit of 4.53.
        recipe: Recipe::GoFolder {
            module: "github.com/seaweedfs/seaweedfs",
            version: "v0.0.0-20261109003541-7506e5f91cd6",
            folder: "weed",
        },
        keys: KEYS,
        command: seaweedfs,
    },
    Program {
        name: "rclone",
        version: "1.76.0",
        recipe: Recipe::Go {
            package: "github.com/rclone/rclone",
            version: "v1.76.0",
        },
        keys: KEYS,
        command: rclone,
    },
    Program {
        name: "moto",
        version: "5.2.5",
        recipe: Recipe::Python {
            requirement: "moto[server]==5.2.5",
        },
        keys: KEYS,
        command: moto,
    },
    Program {
        name: "s3proxy",
        version: "4.1.0",
        recipe: Recipe::Maven {
            artifact: "org.gaul:s3proxy:4.1.0:jar:jar-with-dependencies",
        },
        keys: KEYS,
        command: s3proxy,
    },
    Program {
        name: "garage",
        version: "2.5.0",
        recipe: Recipe::Cargo {
            package: "garage",
            version: "2.5.0",
        },
        keys: GARAGE_KEYS,
        command: garage,
    },
];

/// Objects are files with extended attributes.
fn versitygw(start: &Start<'_>) -> io::Result<Vec<OsString>> {
    let (access_key, secret_key) = KEYS;
    let mut command = vec![start.installed.join("versitygw").into()];
    command.extend(texts(&["--access", access_key, "--secret", secret_key]));
    command.extend(texts(&["--port", start.address, "--quiet", "posix"]));
    command.push(start.data.into());
    Ok(command)
}

/// All its servers in one process, each on a port of its own.
fn seaweedfs(start: &Start<'_>) -> io::Result<Vec<OsString>> {
    let (access_key, secret_key) = KEYS;
    let config = start.data.join("s3.json");
    let identity = format!(
        r#"{{"identities":[{{"name":"storehouse","credentials":[{{"accessKey":"{access_key}","secretKey":"{secret_key}"}}],"actions":["Admin","Read","Write","List","Tagging"]}}]}}"#
    );
    fs::write(&config, identity)?;

    let mut command = at_home(start, "weed");
    command.extend(texts(&["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]));
    command.push(option("-dir=", start.data));
    // Each bucket has volumes of its own, as many as there may be.
    command.extend(texts(&["-volume.max=0", "-master.volumeSizeLimitMB=64"]));
    command.extend(texts(&[
        "-master.telemetry=false",
        "-volume.preStopSeconds=0",
    ]));
    command.extend(texts(&[
        "-filer",
        "-s3",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    ]));
    command.push(option("-s3.config=", &config));
    command.push(option(
        "-filer.localSocket=",
        &start.data.join("filer.sock"),
    ));
    command.push(option("-s3.localSocket=", &start.data.join("s3.sock")));
    command.push(format!("-s3.port={}", port(start)).into());
    for other in [
        "-master.port",
        "-master.port.grpc",
        "-volume.port",
        "-volume.port.grpc",
        "-filer.port",
        "-filer.port.grpc",
        "-s3.port.grpc",
    ] {
        command.push(format!("{other}={}", free_port()?).into());
    }
    Ok(command)
}

/// A folder on disk, by rclone's virtual file system.
fn rclone(start: &Start<'_>) -> io::Result<Vec<OsString>> {
    let (access_key, secret_key) = KEYS;
    let keys = format!("{access_key},{secret_key}");
    let served = start.data.join("served");
    fs::create_dir(&served)?;
    let mut command = at_home(start, "rclone");
    command.extend(texts(&["serve", "s3", "--addr", start.address]));
    command.extend(texts(&["--auth-key", &keys]));
    command.push(served.into());
    Ok(command)
}

/// In memory; it looks at no signature.
fn moto(start: &Start<'_>) -> io::Result<Vec<OsString>> {
    let mut command = vec![start.installed.join("bin/python").into()];
    command.extend(texts(&["-m", "moto.server", "-H", "127.0.0.1"]));
    command.extend(texts(&["-p", port(start)]));
    Ok(command)
}

/// In front of a folder on disk, whose files have extended attributes.
fn s3proxy(start: &Start<'_>) -> io::Result<Vec<OsString>> {
    let (access_key, secret_key) = KEYS;
    let (config, served) = (start.data.join("s3proxy.conf"), start.data.join("served"));
    fs::create_dir(&served)?;
    let lines = format!(
        "s3proxy.endpoint=http://{}\n\
         s3proxy.authorization=aws-v2-or-v4\n\
         s3proxy.identity={access_key}\n\
         s3proxy.credential={secret_key}\n\
         jclouds.provider=filesystem-nio2\n\
         jclouds.filesystem.basedir={}\n",
        start.address,
        served.display()
    );
    fs::write(&config, lines)?;
    let jar = start
        .installed
        .join("s3proxy-4.1.0-jar-with-dependencies.jar");
    let mut command = texts(&["/usr/bin/env", "java", "-Xmx1g", "-jar"]);
    command.extend([jar.into(), "--properties".into(), config.into()]);
    Ok(command)
}

/// One node, which needs no layout by hand, with a key that may make buckets.
fn garage(start: &Start<'_>) -> io::Result<Vec<OsString>> {
    let (access_key, secret_key) = GARAGE_KEYS;
    let config = start.data.join("garage.toml");
    let data = start.data.display();
    let lines = format!(
        "metadata_dir = \"{data}/meta\"\n\
         data_dir = \"{data}/data\"\n\
         db_engine = \"sqlite\"\n\
         replication_factor = 1\n\
         rpc_bind_addr = \"127.0.0.1:{}\"\n\
         rpc_secret = \"{secret_key}\"\n\
         allow_world_readable_secrets = true\n\
         [s3_api]\n\
         s3_region = \"us-east-1\"\n\
         api_bind_addr = \"{}\"\n",
        free_port()?,
        start.address
    );
    fs::write(&config, lines)?;
    let mut command = texts(&["/usr/bin/env"]);
    command.push(format!("GARAGE_DEFAULT_ACCESS_KEY={access_key}").into());
    command.push(format!("GARAGE_DEFAULT_SECRET_KEY={secret_key}").into());
    command.push(start.installed.join("bin/garage").into());
    command.extend([OsString::from("-c"), config.into(), "server".into()]);
    command.extend(texts(&["--single-node", "--default-access-key"]));
    Ok(command)
}

/// A program that would read settings in the user's folder.
fn at_home(start: &Start<'_>, program: &str) -> Vec<OsString> {
    let mut command = texts(&["/usr/bin/env", "-u", "XDG_CONFIG_HOME"]);
    command.push(option("HOME=", start.data));
    command.push(start.installed.join(program).into());
    command
}

fn port<'a>(start: &Start<'a>) -> &'a str {
    let port = start.address.rsplit(':').next();
    port.expect("an address ends with a port")
}

fn option(name: &str, value: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(value);
    option
}

fn texts(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}
