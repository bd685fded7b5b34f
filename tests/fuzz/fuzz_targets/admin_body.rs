//! See `doorstep_fuzz::admin_body`.
#![cfg_attr(fuzzing, no_main)]

doorstep_fuzz::program!(admin_body);
