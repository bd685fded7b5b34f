//! Server-Sent Events, out of the pieces in which they arrive. Pure.

/// What has arrived of a stream, and not yet been read.
#[derive(Debug, Default)]
pub(crate) struct Events {
    rest: String,
}

/// An event: its id and its data, which is one line here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) data: String,
}

impl Events {
    /// Takes a piece; gives the events that are whole now. Comments are none.
    pub(crate) fn take(&mut self, piece: &str) -> Vec<Event> {
        self.rest += piece;
        let mut whole = Vec::new();
        while let Some(end) = self.rest.as_bytes().windows(2).position(|two| two == b"\n\n") {
            let block: String = self.rest.drain(..end + 2).collect();
            let member = |name: &str| {
                let line = block.split('\n').find_map(|line| line.strip_prefix(name));
                line.map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned())
            };
            if let Some(data) = member("data:") {
                whole.push(Event { id: member("id:").unwrap_or_default(), data });
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Events};

    #[test]
    fn events_are_whole_whatever_the_pieces_are() {
        let stream = "retry: 2000\n\nevent: order\nid: 1\ndata: {\"a\":1}\n\n: still here\n\nid: 2\ndata: {}\n\nid: 3";
        let event = |id: &str, data: &str| Event { id: id.to_owned(), data: data.to_owned() };
        let expected = [event("1", "{\"a\":1}"), event("2", "{}")];
        for size in [1, 7, 1_000] {
            let mut events = Events::default();
            let pieces: Vec<char> = stream.chars().collect();
            let read: Vec<Event> = pieces
                .chunks(size)
                .flat_map(|piece| events.take(&piece.iter().collect::<String>()))
                .collect();
            assert_eq!(read, expected, "in pieces of {size}");
        }
    }
}
