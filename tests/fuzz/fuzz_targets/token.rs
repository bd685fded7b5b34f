//! See `doorstep_fuzz::token`.
#![cfg_attr(fuzzing, no_main)]

doorstep_fuzz::program!(token);
