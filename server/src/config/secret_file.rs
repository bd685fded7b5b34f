//! Settings that are read from a file: a secret in the environment is seen by every
//! child process, and one in the settings file is copied wherever that goes.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use super::ConfigError;

/// A value, and what the operator should know about the file that it came from.
pub(super) struct Secret {
    pub(super) value: String,
    pub(super) warning: Option<String>,
}

/// Reads the file that the setting `key` names. Editors end a file with a line
/// break, which is no part of the secret.
pub(super) fn read(key: &str, path: &Path) -> Result<Secret, ConfigError> {
    let failed = |why: String| ConfigError(format!("{key}: cannot read {}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let value = text.trim_end_matches(['\r', '\n']).to_owned();
    if value.is_empty() {
        return Err(failed("it is empty".to_owned()));
    }
    let mode = fs::metadata(path).map_err(|error| failed(error.to_string()))?.mode();
    let warning = (mode & 0o007 != 0).then(|| {
        format!("{key}: everybody on this machine may open {}: chmod 600 it", path.display())
    });
    Ok(Secret { value, warning })
}
