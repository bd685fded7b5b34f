//! Every text of the steps, by key.

use doorstep_widget_kit::texts;

texts! {
    NextTitle = "Your first project";
    NextLead = "Choose what it runs on and give it a name. It comes up while you wait.";
    Start = "Set up a project";
    UnlockTitle = "Go on with your project";
    UnlockLead = "The page was reloaded and no longer has your API password. Enter it to go on.";
    ApiPassword = "Your API password";
    WrongPassword = "This is not the password of {}";
    Nothing = "There is nothing to order at the moment.";
    ShowCredential = "Show credential";
    HideCredential = "Hide credential";
    StepOf = "Step {} of {}";
    ProductTitle = "Choose a size";
    ProjectTitle = "Name your project";
    SettingsTitle = "Settings of {}";
    ReviewTitle = "Place your order";
    Location = "Location";
    Product = "Size";
    ProjectName = "Project name";
    Image = "What runs in it";
    DefaultName = "My project";
    Optional = "optional";
    Free = "Free";
    PerHour = "{} per hour";
    PerMonth = "{} per month";
    PerYear = "{} per year";
    Cpu = "{} CPU";
    Memory = "{} memory";
    Storage = "{} storage";
    Back = "Back";
    Continue = "Continue";
    Place = "Place order";
    Placing = "Placing order…";
    Show = "Show";
    Hide = "Hide";
    IsRequired = "{} is required";
    IsTooLong = "{} is too long";
    CheckFields = "Please check the marked fields.";
    NoAnswer = "We could not reach the server. Nothing that you chose is lost, and trying again will not order twice.";
    Busy = "The server cannot take orders right now. Nothing that you chose is lost; please try again in a moment.";
    TryAgain = "Try again";
    ProgressTitle = "Setting up {}";
    StageOrdered = "Ordered";
    StageWorking = "Being set up";
    StageReady = "Ready";
    Waiting = "Your order is placed and waits for its turn.";
    Working = "Your project is being set up.";
    MayLeave = "You can leave this page: the project comes up without it.";
    OrderedBefore = "You ordered this before the page was reloaded. It has the settings that you gave it then.";
    PlacedTitle = "{} is ordered";
    ReadyTitle = "{} is ready";
    ReadyLead = "Your project is up and running.";
    Open = "Open the project";
    FailedTitle = "{} could not be set up";
    CancelledTitle = "The order was cancelled";
    CancelledLead = "Nothing was set up.";
    ChangeOrder = "Change the order";
}

/// A text with its gaps `{}` filled, in their order. Here as elsewhere texts are cut at
/// single characters: the search for longer ones would be a hundredth of the module.
pub(crate) fn fill(key: Key, with: &[&str]) -> String {
    let mut parts = text(key).split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for (part, with) in parts.zip(with) {
        filled += with;
        filled += part.strip_prefix('}').unwrap_or(part);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::{Key, fill};

    #[test]
    fn gaps_are_filled_in_their_order_and_once() {
        assert_eq!(fill(Key::StepOf, &["2", "3"]), "Step 2 of 3");
        assert_eq!(fill(Key::ReadyTitle, &["{} {}"]), "{} {} is ready");
        assert_eq!(fill(Key::Start, &[]), "Set up a project");
    }
}
