//! See `doorstep_fuzz::jwk_set`.
#![cfg_attr(fuzzing, no_main)]

doorstep_fuzz::program!(jwk_set);
