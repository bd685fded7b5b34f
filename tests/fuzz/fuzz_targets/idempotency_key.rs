//! See `doorstep_fuzz::idempotency_key`.
#![cfg_attr(fuzzing, no_main)]

doorstep_fuzz::program!(idempotency_key);
