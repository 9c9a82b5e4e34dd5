//! Programs that are run to their end.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::{LogEnd, TargetError};

/// Runs it; `name` is what it is called in errors, which show the end of what it said. It may leave servers behind that go on
/// writing: so its output goes to a file, not a pipe. Dropping the future kills it, not what it started.
pub(super) async fn run(mut command: Command, name: &str) -> Result<(), TargetError> {
    let log = tempfile::NamedTempFile::new().map_err(TargetError::io("making a file for a log"))?;
    // Both ends append, or they would overwrite each other.
    let output = std::fs::File::options().append(true).open(log.path()).map_err(TargetError::io("opening a log"))?;
    command.stdin(Stdio::null()).stderr(output.try_clone().map_err(TargetError::io("opening a log"))?).stdout(output);
    command.process_group(0);
    let mut command = tokio::process::Command::from(command);
    let status = command.kill_on_drop(true).status().await.map_err(TargetError::io(format!("running {name}")))?;
    if status.success() {
        return Ok(());
    }
    let log = LogEnd::of_file(log.path());
    Err(TargetError::Command { command: name.to_owned(), status: status.to_string(), log })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_failed_one_said_is_shown() {
        let shell = |text: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", text]);
            command
        };
        assert!(run(shell("echo fine"), "it").await.is_ok());
        let error = run(shell("echo one; echo two >&2; exit 3"), "it").await.unwrap_err().to_string();
        assert_eq!(error, "it failed (exit status: 3); it said:\none\ntwo");
        let error = run(Command::new("/nowhere/program"), "that").await.unwrap_err().to_string();
        assert!(error.starts_with("running that: "), "{error}");
    }
}
