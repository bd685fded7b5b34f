//! What is said between widget and server: paths, error codes, bodies; pure, wasm.
