//! Starts a program that serves on a free port of this machine, and whose data is gone after it.
//!
//! Which program, and with which words, is for others to say.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use crate::command;
use crate::lifecycle::{Job, NoServer, Server, Slot};

/// MinIO takes a second, a virtual machine of Java ten on a loaded machine.
pub(crate) const START_LIMIT: Duration = Duration::from_secs(60);

/// Starts `name` with the words that `command_line` makes of a data folder and an address.
pub(crate) fn start(
    name: &str,
    slot: &Slot,
    grace: u32,
    command_line: impl Fn(&Path, &str) -> io::Result<Vec<OsString>>,
) -> Result<Server, NoServer> {
    let mut why = String::new();
    // The free port may be taken before the server binds it.
    for _ in 0..3 {
        let address = format!("127.0.0.1:{}", free_port()?);
        let endpoint = format!("http://{address}");
        let data = slot.new_data_folder();
        fs::create_dir_all(&data)?;
        let job = Job::Run(command_line(&data, &address)?, &data);
        let user = slot.launch(&endpoint, grace, &job)?;
        match slot.wait_until_healthy(&endpoint, START_LIMIT)? {
            Some(()) => {
                return Ok(Server {
                    endpoint,
                    user: Some(user),
                });
            }
            None => why = command::last_lines(&fs::read(slot.log()).unwrap_or_default()),
        }
    }
    Err(NoServer::Failed(format!(
        "{name} ended as soon as it was started:{why}"
    )))
}

/// Returns a port that nobody listens on.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}
