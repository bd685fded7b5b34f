//! Every text of the form, by key.

use doorstep_fields::{Fault, FaultCode, Field};
use doorstep_widget_kit::texts;

texts! {
    Title = "Create your account";
    Optional = "optional";
    Choose = "Choose…";
    Send = "Create account";
    Sending = "Creating your account…";
    TryAgain = "Try again";
    CheckFields = "Please check the marked fields.";
    NoAnswer = "We could not reach the server. What you typed is still here, and trying again will not create a second account.";
    Busy = "The server cannot take sign-ups right now. What you typed is still here; please try again in a moment.";
    AlreadyRegistered = "You already have an account here. Use the API credential you saved when it was created. If it is lost, ask your provider for a new one.";
    TokenNeeded = "This page is no longer allowed to create the account. Reload the page, then try again.";
    DoneTitle = "Your account is ready";
    DoneOnce = "Save this credential now. This is the only time the password is shown.";
    DoneByProvider = "Your provider has set it up for you and keeps its password. There is nothing to save.";
    DoneWithoutPassword = "Your account is ready. Its password was delivered before and is not shown again.";
    PendingTitle = "We will let you know";
    PendingLead = "Your sign-up has reached us. Your provider looks at it and then tells you how to sign in, usually within a day. You need not do anything else.";
    Username = "API username";
    Password = "API password";
    Show = "Show";
    Hide = "Hide";
    Copy = "Copy";
    Copied = "Copied";
    CopyByHand = "Press Ctrl+C to copy";
    DownloadEnv = "Download .env";
    DownloadJson = "Download JSON";
    SetByProvider = "Set by your provider";
    HintPhone = "With country code, like +44 20 7946 0958";
    HintSftp = "For all projects you create";
}

/// A field's label.
pub(crate) const fn label(field: &Field) -> &'static str {
    field.label
}

/// What helps to answer, if anything does.
pub(crate) fn hint(field: &Field) -> Option<&'static str> {
    match field.name {
        "phone" => Some(text(Key::HintPhone)),
        "c_sftp_pass" => Some(text(Key::HintSftp)),
        _ => None,
    }
}

/// The sentence that says what is wrong.
pub(crate) fn fault(field: &'static Field, code: &FaultCode) -> String {
    Fault { field: field.name, code: code.clone() }.to_string()
}
