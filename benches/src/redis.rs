//! How much processor time Redis used, as it says itself.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::failure::Failure;

/// Longest answer to `INFO cpu`.
const ANSWER_BYTES: usize = 8 * 1024;

/// Processor time of the Redis server at `address` since its start.
pub(crate) async fn cpu(address: &str) -> Result<Duration, Failure> {
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"INFO cpu\r\n").await?;
        let mut text = Vec::new();
        while text.len() < ANSWER_BYTES && seconds(&text).is_none() {
            if stream.read_buf(&mut text).await? == 0 {
                break;
            }
        }
        Ok(text)
    };
    let text = asked.await.map_err(Failure::io(format!("asking Redis at {address}")))?;
    let seconds = seconds(&text);
    seconds.ok_or_else(|| Failure::answer(format!("INFO cpu at {address}"), String::from_utf8_lossy(&text)))
}

/// The server's own time; its children (which it has none of here) and its main thread alone are said apart.
fn seconds(text: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(text).ok()?;
    let field = |name| {
        // A line without its end may be half a number.
        let (value, _) = text.split_once(name)?.1.split_once("\r\n")?;
        value.parse::<f64>().ok()
    };
    Some(Duration::from_secs_f64(field("used_cpu_sys:")? + field("used_cpu_user:")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_count() {
        assert_eq!(seconds(b"used_cpu_sys:1.5\r\nused_cpu_user:2.25"), None);
        assert_eq!(seconds(b"# CPU\r\nused_cpu_sys:1.5\r\nused_cpu_user:2.25\r\n"), Some(Duration::from_millis(3_750)));
    }
}
