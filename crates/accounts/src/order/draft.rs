//! An order as it was sent, before anybody looked at the catalogue.

use doorstep_wire::FieldProblem;

use crate::secret::Secret;

/// What a request says, member by member, and what is wrong with its form. A member
/// that was absent or of the wrong type is `None`; the latter is among the faults.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// What the project is to be called.
    pub project_name: Option<String>,
    /// Where it is to be.
    pub location_id: Option<i64>,
    /// Whether to make no SSH access.
    pub skip_ssh: bool,
    /// What is to run in it.
    pub containers: Vec<DraftContainer>,
    /// Members that mean nothing here, by their pointers.
    pub ignored: Vec<String>,
    /// What is wrong already.
    pub faults: Vec<FieldProblem>,
}

/// A container as it was sent.
#[derive(Debug, Clone, Default)]
pub struct DraftContainer {
    /// What is to run in it.
    pub image: Option<Named>,
    /// What it is to be called.
    pub name: Option<String>,
    /// Its size, and the pointer to where that was said.
    pub product: Option<(i64, String)>,
    /// How many of it.
    pub quantity: i64,
    /// What the image is told, each with the pointer to its entry.
    pub params: Vec<DraftParam>,
    /// Host names that lead to it, each with its pointer.
    pub domains: Vec<(String, String)>,
    /// What is wrong already, so that nothing is said twice.
    pub has_fault: DraftFaults,
}

/// Which members of a container were there and wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct DraftFaults {
    /// The image.
    pub image: bool,
    /// The product.
    pub product: bool,
    /// The list of params, or one of them.
    pub params: bool,
}

/// What an order names an image by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// `image_id`: its default version.
    Image(i64),
    /// `image_variant_id`: this version.
    Variant(i64),
}

/// What an image is told. It may be a secret: which it is, the catalogue knows.
#[derive(Debug, Clone)]
pub struct DraftParam {
    /// The setting's name.
    pub key: String,
    /// Its value.
    pub value: Secret,
    /// The pointer to the entry.
    pub pointer: String,
}
