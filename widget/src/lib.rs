//! The sign-up form, drawn by Leptos.
