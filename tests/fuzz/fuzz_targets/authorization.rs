//! See `doorstep_fuzz::authorization`.
#![cfg_attr(fuzzing, no_main)]

doorstep_fuzz::program!(authorization);
