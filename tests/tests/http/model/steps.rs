//! What can happen.

use proptest::{prelude::*, sample::Index};

/// One thing that happens. What it happens to is chosen among what there is by then, so
/// that every sequence, and every shorter one, can be played.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A client asks for a plain register token.
    Register { client: usize },
    /// A client asks for a sign-up token for somebody.
    Mint { client: usize, name: usize, is_claim: bool },
    /// Somebody is signed up.
    Create { token: Index, form: Form, times: usize },
    /// An earlier request is sent again, or its form with another token.
    Again { attempt: Index, with: Option<Index>, times: usize },
    /// A client ends a token.
    Revoke { token: Index },
    /// A code is claimed.
    Claim { code: Index, how: How, times: usize },
    /// Somebody tries a password that once was told.
    LogIn { credential: Index, password: Index },
    /// A user obtains a token.
    Obtain { credential: Index },
    /// A user's token is used.
    Use { token: Index },
    /// A password is replaced.
    Rotate { credential: Index, times: usize },
    /// A credential is ended.
    End { credential: Index },
    /// The clock goes on, or is set back.
    Go { seconds: i64 },
    /// `kill -9`, and a new start.
    Kill,
    /// The same, in the middle of eight requests to sign the same person up.
    KillDuring { token: Index, form: Form, millis: u64 },
}

/// What is filled in. For whom counts with a plain token only: others say it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) name: usize,
    /// How names are spelt.
    pub(super) spelling: usize,
    pub(super) lname: usize,
    pub(super) key: Option<usize>,
}

/// Who claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Rightly,
    WithAnotherVerifier,
    AsAnotherClient,
}

pub(super) const CLIENTS: usize = 2;
/// People that each client has.
pub(super) const NAMES: [[&str; 2]; 3] = [["ada", "ADA"], ["bob", "Bob"], ["eve", "eVe"]];
/// Servers of the clients.
pub(super) const SERVERS: [[&str; 2]; CLIENTS] =
    [["a.example", "A.Example"], ["b.example", "b.EXAMPLE."]];
pub(super) const LNAMES: [&str; 2] = ["Lovelace", "Byron"];
pub(super) const KEYS: [&str; 3] =
    ["the-first-key-of-a-form", "the-second-key-of-a-form", "the-third-key-of-a-form"];

/// Everything at the moment at which it ends, and around it.
const SECONDS: [i64; 14] = [1, 4, 5, 59, 60, 240, 299, 300, 599, 600, 899, 900, 86_399, 86_400];
/// As often as not once only.
const TIMES: [usize; 3] = [1, 1, 8];

pub(super) fn sequences() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 15..60)
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let times = || proptest::sample::select(&TIMES[..]);
    let form = || {
        let key = proptest::option::weighted(0.8, 0..KEYS.len());
        (0..NAMES.len(), 0..2_usize, 0..LNAMES.len(), key)
            .prop_map(|(name, spelling, lname, key)| Form { name, spelling, lname, key })
    };
    let how = prop_oneof![
        5 => Just(How::Rightly),
        2 => Just(How::WithAnotherVerifier),
        1 => Just(How::AsAnotherClient),
    ];
    prop_oneof![
        3 => (0..CLIENTS).prop_map(|client| Step::Register { client }),
        7 => (0..CLIENTS, 0..NAMES.len(), any::<bool>())
            .prop_map(|(client, name, is_claim)| Step::Mint { client, name, is_claim }),
        11 => (index(), form(), times())
            .prop_map(|(token, form, times)| Step::Create { token, form, times }),
        7 => (index(), proptest::option::of(index()), times())
            .prop_map(|(attempt, with, times)| Step::Again { attempt, with, times }),
        2 => index().prop_map(|token| Step::Revoke { token }),
        8 => (index(), how, times()).prop_map(|(code, how, times)| Step::Claim { code, how, times }),
        5 => (index(), index())
            .prop_map(|(credential, password)| Step::LogIn { credential, password }),
        3 => index().prop_map(|credential| Step::Obtain { credential }),
        3 => index().prop_map(|token| Step::Use { token }),
        3 => (index(), times())
            .prop_map(|(credential, times)| Step::Rotate { credential, times }),
        1 => index().prop_map(|credential| Step::End { credential }),
        6 => proptest::sample::select(&SECONDS[..]).prop_map(|seconds| Step::Go { seconds }),
        2 => proptest::sample::select(vec![-1_i64, -60, -300, -3_600])
            .prop_map(|seconds| Step::Go { seconds }),
        1 => Just(Step::Kill),
        2 => (index(), form(), 0..25_u64)
            .prop_map(|(token, form, millis)| Step::KillDuring { token, form, millis }),
    ]
}
