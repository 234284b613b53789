//! What can be typed: the commands, their flags and their help. It runs nothing.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};

use crate::staticfiles::parse_age;

/// One storage layer for an application's static and media files.
#[derive(Debug, Parser)]
#[command(
    name = "storehouse",
    version,
    about,
    disable_help_subcommand = true,
    // As in Django, a script may give a flag again: the last one counts.
    args_override_self = true
)]
pub(super) struct Flags {
    #[command(flatten)]
    pub(super) common: Common,

    #[command(subcommand)]
    pub(super) command: Command,
}

/// Flags of every command, taken before and after its name.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// The settings file [default: storehouse.toml here or in a parent folder]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) settings: Option<PathBuf>,

    /// The environment: its table in the settings file overrides the rest [default: $STOREHOUSE_ENV]
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) env: Option<String>,

    /// Overrides a setting, also deep in a table: STORAGES.media.OPTIONS.location=media. The value is as in the
    /// settings file; a string also without its quotes, a list of strings also as a,b (but for keys, which may hold
    /// commas)
    #[arg(long, global = true, value_name = "KEY=VALUE", action = clap::ArgAction::Append)]
    pub(super) set: Vec<String>,

    /// 0: nothing, 1: a summary, 2: every file, 3: also the causes of an error
    #[arg(short, long, global = true, value_name = "LEVEL", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=3))]
    pub(super) verbosity: u8,

    /// Prints one JSON object a line
    #[arg(long, global = true)]
    pub(super) json: bool,

    /// Does not run the checks that come before a command
    #[arg(long, global = true)]
    pub(super) skip_checks: bool,

    /// Prints the causes of an error too, as -v 3 does
    #[arg(long, global = true)]
    pub(super) traceback: bool,

    /// Django's, for scripts that give it: nothing is coloured
    #[arg(long, global = true, conflicts_with = "force_color", hide = true)]
    pub(super) no_color: bool,

    /// Django's, for scripts that give it: nothing is coloured
    #[arg(long, global = true, hide = true)]
    pub(super) force_color: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Collects the static files of all apps and folders in the storage of static files
    Collectstatic(CollectstaticFlags),
    /// Prints where static files are found
    Findstatic(FindstaticFlags),
    /// Serves static and media files: with DEBUG from where they are, else what was collected
    #[command(visible_alias = "runserver")]
    Serve(ServeFlags),
    /// Saves a file, and prints the name it was saved under
    Save(SaveFlags),
    /// Writes the content of a file to standard output
    Open(OneName),
    /// Deletes files; one that is not there is no error
    Delete(DeleteFlags),
    /// Tells by its exit code whether a file is there: 0 yes, 1 no, 2 could not tell
    Exists(OneName),
    /// Prints the URL of a file
    Url(UrlFlags),
    /// Prints what the storage knows of a file
    Stat(OneName),
    /// Prints the names of all files, however deep
    List(ListFlags),
    /// Copies all files of one storage to another, leaving out those that are there already
    Copy(CopyFlags),
    /// Prints the releases of static files that are kept, the newest first
    Releases,
    /// Puts an earlier release of static files in force
    Rollback(RollbackFlags),
    /// Prints every setting, and where its value comes from
    Settings,
    /// Checks the settings, and says what is wrong
    Check(CheckFlags),
}

#[derive(Debug, Args)]
pub(super) struct ServeFlags {
    /// Where to listen, as Django's runserver takes it [default: 127.0.0.1:8000]
    #[arg(value_name = "[ADDRESS:]PORT")]
    pub(super) address: Option<String>,

    /// The same, or a socket: unix:PATH
    #[arg(long, value_name = "PLACE", conflicts_with = "address")]
    pub(super) listen: Option<String>,

    /// Listens at the IPv6 address of this machine where no address is given, as Django's runserver
    #[arg(short = '6', long = "ipv6")]
    pub(super) ipv6: bool,

    /// Answers on one thread, as Django's runserver
    #[arg(long, hide = true, conflicts_with = "workers")]
    pub(super) nothreading: bool,

    /// How many threads answer [default: as many as there are processors]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) workers: Option<u16>,

    /// Serves no static files: the application does
    #[arg(long)]
    pub(super) nostatic: bool,

    /// Serves static files from where they are without DEBUG too
    #[arg(long, conflicts_with = "nostatic")]
    pub(super) insecure: bool,

    /// Django's, for scripts that give it: there is no code to load again
    #[arg(long, hide = true)]
    pub(super) noreload: bool,

    /// Serves by TLS, with this certificate and those that vouch for it, in PEM
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,

    /// The key of the certificate, in PEM
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct StorageFlag {
    /// An alias of STORAGES, or a storage URL
    #[arg(long, value_name = "ALIAS-or-URL", default_value = "default")]
    pub(super) storage: String,
}

#[derive(Debug, Args)]
pub(super) struct OneName {
    /// The name of the file
    pub(super) name: String,

    #[command(flatten)]
    pub(super) storage: StorageFlag,
}

#[derive(Debug, Args)]
pub(super) struct SaveFlags {
    /// The file to save; - is standard input
    #[arg(value_name = "SRC")]
    pub(super) source: String,

    /// The name to save it under [default: the file's own]
    pub(super) name: Option<String>,

    /// Replaces what is there instead of taking another name
    #[arg(long)]
    pub(super) overwrite: bool,

    /// The longest name allowed, in characters
    #[arg(long, value_name = "CHARACTERS")]
    pub(super) max_length: Option<usize>,

    /// The Content-Type [default: what the name suggests]
    #[arg(long, value_name = "TYPE")]
    pub(super) content_type: Option<String>,

    /// The Cache-Control
    #[arg(long, value_name = "VALUE")]
    pub(super) cache_control: Option<String>,

    /// The Content-Disposition
    #[arg(long, value_name = "VALUE")]
    pub(super) content_disposition: Option<String>,

    /// A pair to keep with the file; may be given again
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) metadata: Vec<(String, String)>,

    #[command(flatten)]
    pub(super) storage: StorageFlag,
}

#[derive(Debug, Args)]
pub(super) struct DeleteFlags {
    /// The names of the files
    #[arg(required = true, value_name = "NAME")]
    pub(super) names: Vec<String>,

    #[command(flatten)]
    pub(super) storage: StorageFlag,
}

#[derive(Debug, Args)]
pub(super) struct UrlFlags {
    /// The name of the file
    pub(super) name: String,

    /// How long the URL works
    #[arg(long, value_name = "SECONDS")]
    pub(super) expires_in: Option<u64>,

    /// Makes a browser save the file under this name
    #[arg(long, value_name = "NAME")]
    pub(super) download_name: Option<String>,

    /// Makes the answer carry this Content-Type
    #[arg(long, value_name = "TYPE")]
    pub(super) content_type: Option<String>,

    #[command(flatten)]
    pub(super) storage: StorageFlag,
}

#[derive(Debug, Args)]
pub(super) struct ListFlags {
    /// Only what is below this folder
    pub(super) prefix: Option<String>,

    /// Ends each name with a NUL instead of a line break, which a name may hold: for xargs -0
    #[arg(short = '0', long, conflicts_with = "json")]
    pub(super) null: bool,

    /// Only what lies directly in the folder: its folders, each with a slash at its end, then its files
    #[arg(long)]
    pub(super) dirs: bool,

    #[command(flatten)]
    pub(super) storage: StorageFlag,
}

#[derive(Debug, Args)]
pub(super) struct CopyFlags {
    /// The storage to copy from: an alias of STORAGES, or a storage URL
    #[arg(value_name = "SRC-STORAGE")]
    pub(super) source: String,

    /// The storage to copy to
    #[arg(value_name = "DST-STORAGE")]
    pub(super) destination: String,

    /// Only what is below this folder
    pub(super) prefix: Option<String>,

    #[command(flatten)]
    pub(super) jobs: JobsFlag,
}

#[derive(Debug, Args)]
pub(super) struct CheckFlags {
    /// Also looks at what matters in production, and writes, reads and deletes a file in each storage
    #[arg(long)]
    pub(super) deploy: bool,

    /// Only the checks of this kind; may be given again
    #[arg(short, long = "tag", value_name = "TAG", conflicts_with = "list_tags")]
    pub(super) tags: Vec<String>,

    /// Prints the kinds of checks there are
    #[arg(long)]
    pub(super) list_tags: bool,

    /// The least level that makes the command fail
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "error",
        ignore_case = true
    )]
    pub(super) fail_level: FailLevel,
}

/// Django's levels. No check here is critical, and none is below a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "UPPER")]
pub(super) enum FailLevel {
    Critical,
    Error,
    Warning,
    Info,
    Debug,
}

#[derive(Debug, Args)]
pub(super) struct RollbackFlags {
    /// The release, as `storehouse releases` shows it [default: the one before that in force]
    #[arg(value_name = "ID")]
    pub(super) id: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct JobsFlag {
    /// How many files are worked on at once [default: 32 for a bucket, 16 a processor for a disk]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
}

#[derive(Debug, Args)]
pub(super) struct CollectstaticFlags {
    /// Does not ask before it overwrites or deletes
    #[arg(long, visible_alias = "no-input")]
    pub(super) noinput: bool,

    /// Leaves out files and folders that match; may be given again
    #[arg(short, long, value_name = "PATTERN")]
    pub(super) ignore: Vec<String>,

    /// Says what would be done, and does nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,

    /// Deletes what is there and was not collected
    #[arg(short, long)]
    pub(super) clear: bool,

    /// Deletes hashed files of earlier runs that are older than this and that nothing needs: 30d, 12h
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    pub(super) prune_older_than: Option<Duration>,

    /// Deletes hashed files that none of the last N releases needs; the option `releases` has to keep
    /// as many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) keep_versions: Option<u16>,

    /// Deletes nothing and stops if more than so many files were to be deleted
    #[arg(long, value_name = "N")]
    pub(super) max_delete: Option<usize>,

    /// Gives every object in a bucket its content type, cache-control and other attributes anew
    #[arg(long)]
    pub(super) repair_metadata: bool,

    /// Writes what would be done to a file, as JSON, and does nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "apply"])]
    pub(super) plan: Option<PathBuf>,

    /// Does what the plan in a file says, if nothing has changed since it was made
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ignore", "dry_run", "clear", "link", "no_post_process", "no_default_ignore", "repair_metadata", "prune_older_than", "keep_versions"])]
    pub(super) apply: Option<PathBuf>,

    /// Makes links to the files instead of copies, in a folder of this machine
    #[arg(short, long)]
    pub(super) link: bool,

    /// Makes no hashed names and no manifest
    #[arg(long)]
    pub(super) no_post_process: bool,

    /// Does not leave out CVS, hidden files and those that end in ~
    #[arg(long)]
    pub(super) no_default_ignore: bool,

    #[command(flatten)]
    pub(super) jobs: JobsFlag,
}

#[derive(Debug, Args)]
pub(super) struct FindstaticFlags {
    /// The files as pages name them, such as css/app.css; a folder is found too
    #[arg(required = true, value_name = "NAME")]
    pub(super) names: Vec<String>,

    /// Only the one that collectstatic collects
    #[arg(long)]
    pub(super) first: bool,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    if key.is_empty() {
        return Err("the key is empty".to_owned());
    }
    Ok((key.to_owned(), value.to_owned()))
}

impl JobsFlag {
    /// How many files are worked on at once. A bucket answers late; a disk has its own threads.
    pub(super) fn count(&self, is_local: bool) -> usize {
        match self.jobs {
            Some(jobs) => usize::from(jobs),
            // The disk has as many threads as it needs; they should not have to wait for work.
            None if is_local => 16 * std::thread::available_parallelism().map_or(1, usize::from),
            None => 32,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn no_two_flags_of_a_command_are_the_same() {
        Flags::command().debug_assert();
    }

    #[test]
    fn flags_that_people_type_for_django_are_taken() {
        for line in [
            "collectstatic --noinput --skip-checks --traceback --no-color",
            "collectstatic --force-color",
            "runserver --nostatic --noreload 8000",
            "runserver --insecure --noreload",
            "check --tag staticfiles -t urls --fail-level WARNING",
            "check --fail-level warning --deploy",
            "check --list-tags",
        ] {
            let words = std::iter::once("storehouse").chain(line.split(' '));

            let parsed = Flags::try_parse_from(words);

            assert!(parsed.is_ok(), "{line}: {parsed:?}");
        }
        let both = ["storehouse", "check", "--no-color", "--force-color"];
        assert!(Flags::try_parse_from(both).is_err());
    }

    #[test]
    fn common_flags_are_taken_after_the_command_too() {
        let flags = Flags::parse_from([
            "storehouse",
            "list",
            "--env",
            "minio",
            "-v",
            "3",
            "--set",
            "DEBUG=1",
        ]);

        assert_eq!(flags.common.env.as_deref(), Some("minio"));
        assert_eq!(flags.common.verbosity, 3);
        assert_eq!(flags.common.set, ["DEBUG=1"]);
    }
}
