//! See `doorstep_fuzz::native_body`.
#![cfg_attr(fuzzing, no_main)]

doorstep_fuzz::program!(native_body);
