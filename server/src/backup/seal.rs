//! Encryption by age (age-encryption.org/v1): to public keys, so that the server can make
//! backups that it cannot read itself. Each part is authenticated, and so is the end.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    str::FromStr as _,
};

use age::{DecryptError, Decryptor, Encryptor, Identity, Recipient, stream::StreamWriter, x25519};

use super::BackupError;

/// A backup's clear text.
pub(crate) type Source = Box<dyn BufRead>;
/// Who can open a backup.
pub(crate) type Identities = Vec<Box<dyn Identity + Send + Sync>>;

/// What an age file begins with.
const AGE: &[u8] = b"age-encryption.org/";

/// A recipient as the command line names it.
pub(crate) fn recipient(text: &str) -> Result<x25519::Recipient, String> {
    x25519::Recipient::from_str(text).map_err(|_| {
        "this is no age recipient: it begins with age1, and `age-keygen` prints it".to_owned()
    })
}

/// An identity of our own, to read back what was just written. It is forgotten with it.
pub(crate) fn own_identity() -> x25519::Identity {
    x25519::Identity::generate()
}

/// Encrypts what is written.
pub(crate) fn sealed<W: Write>(
    recipients: &[x25519::Recipient],
    out: W,
) -> Result<StreamWriter<W>, BackupError> {
    let recipients = recipients.iter().map(|it| it as &dyn Recipient);
    let encryptor = Encryptor::with_recipients(recipients)
        .map_err(|error| BackupError::Write(std::io::Error::other(error.to_string())))?;
    encryptor.wrap_output(out).map_err(BackupError::Write)
}

/// The identities in a file, as `age-keygen` writes it.
pub(crate) fn identities(path: &Path) -> Result<Identities, BackupError> {
    let failed = |why: String| BackupError::Identity { path: path.to_owned(), why };
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let read = age::IdentityFile::from_buffer(BufReader::new(file))
        .map_err(|_| failed("it is not what `age-keygen` writes".to_owned()))?;
    read.into_identities().map_err(|error| failed(error.to_string()))
}

/// Opens a backup. Says whether it is encrypted.
pub(crate) fn open(
    path: &Path,
    identities: Option<&Identities>,
) -> Result<(Source, bool), BackupError> {
    let failed = |source| BackupError::File { path: path.to_owned(), source };
    let mut input = BufReader::new(File::open(path).map_err(failed)?);
    if !input.fill_buf().map_err(failed)?.starts_with(AGE) {
        return Ok((Box::new(input), false));
    }
    let identities = identities.ok_or(BackupError::Sealed)?;
    let refused = |error: DecryptError| match error {
        DecryptError::NoMatchingKeys => BackupError::WrongIdentity,
        _ => BackupError::Damaged("its encryption's header"),
    };
    let decryptor = Decryptor::new_buffered(input).map_err(refused)?;
    let identities = identities.iter().map(|it| &**it as &dyn Identity);
    let opened = decryptor.decrypt(identities).map_err(refused)?;
    Ok((Box::new(BufReader::new(opened)), true))
}
