//! Processes of the tests' own: this binary runs itself with a role, for what cannot be tested in
//! a process that other tests run in: its death, its umask, its rights, its memory.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
};

use bytes::Bytes;
use futures::stream;
use storehouse_storage::{Content, SaveOptions, Storage};

use crate::{name, storage};

const ROLE: &str = "STOREHOUSE_TEST_ROLE";
const ROOT: &str = "STOREHOUSE_TEST_ROOT";
/// What a child's own lines start with; the test harness prints others.
const MARK: &str = "child: ";

/// A running child. It is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// Starts a child that plays `role` in the folder `root`.
pub(crate) fn start(role: &str, root: &Path) -> Running {
    run(command(role, root))
}

/// The command of a child, to be changed before it is [run].
pub(crate) fn command(role: &str, root: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    become_child(&mut command, role, root);
    command
}

/// Gives `command`, which runs this binary, its role.
pub(crate) fn become_child(command: &mut Command, role: &str, root: &Path) {
    command
        .args(["--exact", "child::a_child_plays_its_role", "--nocapture"])
        .env(ROLE, role)
        .env(ROOT, root);
}

/// Starts a command made by [`command`].
pub(crate) fn run(mut command: Command) -> Running {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => panic!("cannot start {command:?}: {error}; is it installed?"),
    };
    Running {
        input: child.stdin.take().unwrap(),
        output: BufReader::new(child.stdout.take().unwrap()),
        child,
    }
}

impl Running {
    /// Waits for the next line that the child says.
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let count = self.output.read_line(&mut line).unwrap();
            assert!(count > 0, "the child ended without a word");
            if let Some((_, said)) = line.split_once(MARK) {
                return said.trim_end().to_owned();
            }
        }
    }

    /// Lets a child go on that waits.
    pub(crate) fn go(&mut self) {
        self.input.write_all(b"go\n").unwrap();
    }

    /// Ends it as a crash or an impatient operator does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end, which must be a good one.
    pub(crate) fn finish(mut self) {
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.output, &mut rest).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the child failed ({status}): {rest}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says a line to the parent.
pub(crate) fn say(words: &str) {
    println!("{MARK}{words}");
    std::io::stdout().flush().unwrap();
}

/// Waits until the parent says so.
pub(crate) fn wait_for_go() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// The way in for children. Without a role it is no child, and there is nothing to play.
#[test]
fn a_child_plays_its_role() {
    let Ok(role) = env::var(ROLE) else { return };
    let root = env::var_os(ROOT).unwrap();
    let root = Path::new(&root);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        match role.as_str() {
            "save slowly" => save_slowly(root).await,
            "save once" => save_once(root).await,
            "modes" => crate::modes::save_under_a_umask(root).await,
            "file sizes" => crate::file_sizes::save_a_large_file(root).await,
            "few descriptors" => crate::descriptors::save_many(root).await,
            "slow callers" => crate::descriptors::save_for_slow_callers(root).await,
            "no rights" => crate::refusals::try_without_rights(root).await,
            #[cfg(target_os = "linux")]
            "full disk" => crate::full_disk::fill(root).await,
            #[cfg(target_os = "linux")]
            "many files" => crate::full_disk::make_too_many(root).await,
            #[cfg(target_os = "linux")]
            "two disks" => crate::full_disk::save_across_disks(root).await,
            #[cfg(target_os = "linux")]
            "memory" => crate::memory::save_and_open(root).await,
            other => panic!("there is no role {other:?}"),
        }
    });
}

/// Saves a content that never ends, and says when a part of it is staged.
async fn save_slowly(root: &Path) {
    let blocks = stream::unfold(0, |count| async move {
        // What comes first is gathered; the fifth is asked for when the first is on the disk.
        if count == 5 {
            say("staged");
            std::future::pending::<()>().await;
        }
        let block = Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 256 * 1024]));
        Some((block, count + 1))
    });
    let storage = storage(root);
    let content = Content::from_stream(blocks);
    let options = SaveOptions::default();
    storage
        .save(&name("slow/a.bin"), content, &options)
        .await
        .unwrap();
}

/// Saves its own process id, many times over, under a name that everybody wants.
async fn save_once(root: &Path) {
    let storage = Arc::new(storage(root));
    let content = format!("{:08}", std::process::id()).repeat(40_000);
    say("ready");
    wait_for_go();
    let options = SaveOptions::default();
    let saved = storage
        .save(&name("uploads/a.tar.gz"), content.into(), &options)
        .await;
    say(saved.unwrap().name.as_str());
}
