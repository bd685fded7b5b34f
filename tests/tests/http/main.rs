//! Black-box tests: requests over a real socket to the real program, on both
//! databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail, wherever it stands")]

mod accounts;
mod admin_users;
mod admin_users_at_once;
mod assets;
mod audit;
mod bearer;
mod boundary;
mod bugs;
mod catalog;
mod claims;
mod client_authentication;
mod command_line;
mod coverage;
mod credentials;
mod cross_origin;
mod doctor;
mod dpop;
mod duplicates;
mod durability;
mod frame;
mod idempotency;
mod keys;
mod leaks;
mod limits;
mod limits_of_addresses;
mod load;
mod names;
mod oauth;
mod oauth_clients;
mod operator_users;
mod own_tokens;
mod panel_plugin;
mod pending_sign_ups;
mod publishable;
mod registration;
mod running;
mod sign_up;
mod sign_up_tokens;
mod token_endpoint;
mod transport;
