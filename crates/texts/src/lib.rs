//! The widget's texts in every language: how a catalogue is written, what makes it
//! whole, and what pages get of it.
//!
//! A catalogue is one file of `widget/locales`, English the one that all are held to: it
//! says which texts there are, and with which placeholders. The widget's build makes its
//! keys of it and packs what is sound; the server checks by it what an operator writes.
//!
//! Invariants: nothing here does I/O; no text of any language is in the widget's code.
//!
//! ```
//! use doorstep_texts::{Catalogue, Part, language};
//!
//! let english = Catalogue::english();
//! assert!(english.faults(&language("en").unwrap(), &english).is_empty());
//! assert_eq!(english.keys(Part::Form).next(), Some(("loader", "loading")));
//! ```

mod all;
mod catalogue;
mod check;
mod keys;
mod languages;
mod text;

pub use catalogue::{Catalogue, Part, Words};
pub use keys::keys;
pub use languages::{LANGUAGES, Language, language};
pub use text::Text;
