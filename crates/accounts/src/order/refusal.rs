//! Every way we say no to an order.

use doorstep_wire::Code;

use super::state::{Step, WrongState};

/// Why a request about orders is refused; faults of fields apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderRefusal {
    /// Orders are switched off: there is nothing that would bring a project up.
    Disabled,
    /// There is no such order, or it is somebody else's.
    NotFound,
    /// The order is not in a state from which this leads on.
    State(WrongState),
    /// The order cannot be tried again: what was typed into it is gone.
    SecretsGone,
    /// There is no such image, or none that the caller may have.
    ImageNotFound,
}

impl OrderRefusal {
    /// The code that programs read.
    pub const fn code(self) -> Code {
        match self {
            Self::Disabled => Code::OrderingDisabled,
            Self::NotFound | Self::ImageNotFound => Code::NotFound,
            Self::State(_) => Code::OrderState,
            Self::SecretsGone => Code::OrderSecretsGone,
        }
    }

    /// What happened and what to do.
    pub fn detail(self) -> String {
        let text = match self {
            Self::Disabled => {
                "orders are switched off here: the operator can switch them on (provisioning.driver)"
            }
            Self::NotFound => "you have no order of this id",
            Self::State(WrongState { state, step: Step::Cancel }) => {
                return format!(
                    "the order is {state}: only one that nobody has begun to work on can be cancelled"
                );
            }
            Self::State(WrongState { state, step: Step::Retry }) => {
                return format!("the order is {state}: only one that failed can be tried again");
            }
            Self::State(WrongState { state, .. }) => return format!("the order is {state}"),
            Self::SecretsGone => {
                "the passwords that were sent with the order are no longer kept: place a new order"
            }
            Self::ImageNotFound => "there is no image of this number",
        };
        text.to_owned()
    }
}
