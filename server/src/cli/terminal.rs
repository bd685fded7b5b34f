//! What commands write: text that moves no cursor, files that are nobody else's.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions, Permissions},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// JSON's own escapes for everything that could move a terminal's cursor or the
/// reading direction; inside of JSON's strings they mean the same.
pub(super) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if c.is_control() || hidden {
            // All of these are below U+10000, where one escape is one character.
            let _ = write!(printable, "\\u{:04x}", u32::from(c));
        } else {
            printable.push(c);
        }
    }
    printable
}

/// An empty file that only its owner may open, also if it was there before: what is
/// known of people is not for everybody on the machine.
pub(super) fn own_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(path)?;
    // A terminal or a pipe is not ours to change.
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.set_len(0)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_line_moves_no_cursor_and_is_still_the_same_json() {
        let text = json!({ "a": "x\u{1b}[2J\r\n\u{9b}y\u{202e}\u{7f}é" }).to_string();
        let line = printable(&text);
        assert!(line.chars().all(|c| !c.is_control()), "{line}");
        assert!(!line.contains('\u{202e}') && line.contains('é'));
        let (one, other): (Value, Value) =
            (serde_json::from_str(&text).unwrap(), serde_json::from_str(&line).unwrap());
        assert_eq!(one, other);
    }
}
