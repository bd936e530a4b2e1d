//! Asks for a new password: twice on a terminal, without showing it, or once from a pipe.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// A terminal that does not show what is typed, until this is dropped.
///
/// Its signals are off as well: whoever wants to stop types Ctrl-C into the password, which is then
/// none, and no terminal is left mute by it.
struct Mute {
    before: Termios,
}

impl Mute {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut mute = before.clone();
        mute.local_modes -= LocalModes::ECHO | LocalModes::ISIG;
        mute.local_modes |= LocalModes::ECHONL;
        tcsetattr(io::stdin(), OptionalActions::Flush, &mute)?;
        Ok(Self { before })
    }
}

impl Drop for Mute {
    fn drop(&mut self) {
        // Nothing is left to try where the terminal is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}

/// A new password.
///
/// # Errors
/// Where none can be read, or the two that were typed differ.
pub fn new_password() -> io::Result<String> {
    if !io::stdin().is_terminal() {
        return line();
    }
    let _mute = Mute::begin()?;
    let first = asked("New password: ")?;
    if asked("The same again: ")? != first {
        return Err(io::Error::other("the two passwords differ; nothing is changed"));
    }
    Ok(first)
}

fn asked(question: &str) -> io::Result<String> {
    // Not what was asked for, so it goes beside that.
    write!(io::stderr(), "{question}")?;
    let line = line()?;
    if line.contains(char::is_control) {
        return Err(io::Error::other("nothing is changed"));
    }
    Ok(line)
}

fn line() -> io::Result<String> {
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Err(io::Error::other("there was no password on standard input"));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
