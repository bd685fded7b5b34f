//! The nouns and their states: users, clients, tokens, credentials, refusals; no I/O.
