//! Other people's contracts: bytes to application, outcome to bytes; pure.
