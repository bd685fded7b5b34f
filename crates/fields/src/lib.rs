//! What a person can be asked at sign-up, and the one rule that checks each
//! answer.
//!
//! The widget calls [`Field::parse`] while the person types; the server calls
//! the same function on the request. There is no second copy of a rule.
//!
//! Invariants: nothing here does I/O, knows JSON, HTTP or a database; it all
//! compiles for wasm.
//!
//! ```
//! use doorstep_fields::{Raw, SignUp, field};
//!
//! let fname = field("fname").expect("it is in the catalogue");
//! assert_eq!(fname.parse(Raw::Text("  Ada ")).unwrap().text(), Some("Ada"));
//!
//! let faults = SignUp::parse([("fname", Raw::Text("Ada"))]).unwrap_err();
//! assert_eq!(faults[0].field, "lname");
//! ```

mod catalogue;
pub mod codes;
mod declared;
mod fault;
mod field;
mod kind;
mod sign_up;

pub use catalogue::{CATALOGUE, field};
pub use declared::{MAX_DIGITS, declare};
pub use fault::{Fault, FaultCode};
pub use field::{Field, is_hidden};
pub use kind::{Answer, Kind, Raw, Value};
pub use sign_up::SignUp;
