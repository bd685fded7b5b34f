//! What becomes of a node, and how it ends.

use clap::ValueEnum;

use super::{network, node::Node};

/// What happens, each to one of the machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ChaosFault {
    /// One of the three Doorstep servers
    Server,
    /// The primary is given another place by an operator
    Switchover,
    /// The synchronous standby
    Standby,
    /// The primary
    Kill,
    /// The cables of the primary, which sees it
    Unplug,
    /// The primary, from everybody, and nobody sees it
    CutOff,
    /// The primary, from the other nodes, while its clients still reach it
    Isolate,
    /// The primary
    Freeze,
}

impl ChaosFault {
    /// All of them, in the order of a trial.
    pub const ALL: [Self; 8] = [
        Self::Server,
        Self::Switchover,
        Self::Standby,
        Self::Kill,
        Self::Unplug,
        Self::CutOff,
        Self::Isolate,
        Self::Freeze,
    ];

    /// What is said of it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Server => "one of three servers is killed (`kill -9`)",
            Self::Switchover => "the primary changes by `patronictl switchover`",
            Self::Standby => "the synchronous standby is killed (`kill -9` of all that runs there)",
            Self::Kill => "the primary is killed (`kill -9` of all that runs there)",
            Self::Unplug => "the primary's cables are out",
            Self::CutOff => "the primary is cut off from everybody, and no side sees it",
            Self::Isolate => {
                "the primary is cut off from the other nodes, and its clients reach it"
            }
            Self::Freeze => "the primary is frozen (SIGSTOP of all that runs there)",
        }
    }

    /// Whether another node has to become the primary.
    pub(super) const fn moves_the_primary(self) -> bool {
        !matches!(self, Self::Server | Self::Standby)
    }

    /// Does it to the node.
    pub(super) fn begin(self, node: &mut Node) {
        match self {
            // They are not about a node, or it does it itself.
            Self::Server | Self::Switchover => {}
            Self::Standby | Self::Kill => node.signal("KILL"),
            Self::Unplug => network::unplug(node.number),
            Self::CutOff => network::cut(node.number, &network::BRIDGES),
            Self::Isolate => network::cut(node.number, &[network::INNER]),
            Self::Freeze => node.signal("STOP"),
        }
    }

    /// Undoes it.
    pub(super) fn end(self, node: &mut Node) {
        match self {
            Self::Server | Self::Switchover => {}
            Self::Standby | Self::Kill => node.start(),
            Self::Unplug | Self::CutOff | Self::Isolate => network::mend(node.number),
            Self::Freeze => node.signal("CONT"),
        }
    }
}
