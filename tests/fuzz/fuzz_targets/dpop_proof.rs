//! See `doorstep_fuzz::dpop_proof`.
#![cfg_attr(fuzzing, no_main)]

doorstep_fuzz::program!(dpop_proof);
