//! See `doorstep_fuzz::client_assertion`.
#![cfg_attr(fuzzing, no_main)]

doorstep_fuzz::program!(client_assertion);
