//! See `doorstep_fuzz::altcha`.
#![cfg_attr(fuzzing, no_main)]

doorstep_fuzz::program!(altcha);
