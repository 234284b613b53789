//! Whether the system still holds bytes that were handed over for a server and that the server has not
//! taken. On Linux only, by what the system tells of the process's own connections; it reads nothing of a
//! connection and changes nothing.
//!
//! Source: `proc_pid_net(5)`, the files `tcp` and `tcp6`: remote address, `tx_queue` and inode of each
//! connection.

/// Returns whether bytes for a server at `port` wait in the system; `None` if that cannot be told, for
/// example behind a proxy, which is at another port.
#[cfg(target_os = "linux")]
pub(crate) fn holds_bytes_for(port: u16) -> Option<bool> {
    let own = own_sockets()?;
    let queues = ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .collect::<String>();
    let queues = queues
        .lines()
        .filter_map(Connection::read)
        .filter(|connection| connection.port == port && own.contains(&connection.inode));
    queues
        .map(|connection| connection.unsent > 0)
        .reduce(|any, one| any || one)
}

/// Other systems do not tell.
#[cfg(not(target_os = "linux"))]
pub(crate) fn holds_bytes_for(_port: u16) -> Option<bool> {
    None
}

/// The inodes of the sockets that this process has open.
#[cfg(target_os = "linux")]
fn own_sockets() -> Option<std::collections::HashSet<u64>> {
    let files = std::fs::read_dir("/proc/self/fd").ok()?;
    let links = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    let inode = |link: std::path::PathBuf| {
        let link = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
        link.parse().ok()
    };
    Some(links.filter_map(inode).collect())
}

/// A line of the system's table.
#[cfg(target_os = "linux")]
#[derive(Debug, PartialEq, Eq)]
struct Connection {
    /// Of the other side.
    port: u16,
    /// Bytes that the other side has not acknowledged.
    unsent: u64,
    inode: u64,
}

#[cfg(target_os = "linux")]
impl Connection {
    /// Reads a line; `None` for the heading.
    fn read(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, port) = fields.get(2)?.rsplit_once(':')?;
        let (unsent, _) = fields.get(4)?.split_once(':')?;
        Some(Self {
            port: u16::from_str_radix(port, 16).ok()?,
            unsent: u64::from_str_radix(unsent, 16).ok()?,
            inode: fields.get(9)?.parse().ok()?,
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{
        io::Write,
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[test]
    fn a_line_of_the_systems_table_is_read() {
        let line = "   0: 0100007F:9C40 0100007F:2328 01 0000E699:00000000 01:00000014 00000000     0 \
                    0 123456 2 0000000000000000 20 4 30 10 -1";

        let expected = Connection {
            port: 9000,
            unsent: 0xE699,
            inode: 123_456,
        };
        assert_eq!(Connection::read(line), Some(expected));
        let heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt";
        assert_eq!(Connection::read(heading), None);
    }

    #[test]
    fn what_a_server_does_not_take_waits_in_the_system() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(holds_bytes_for(port), None);
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let _server = listener.accept().unwrap();
        assert_eq!(holds_bytes_for(port), Some(false));

        stream.set_nonblocking(true).unwrap();
        while stream.write(&[0; 64 * 1024]).is_ok() {}

        assert_eq!(holds_bytes_for(port), Some(true));
    }
}
