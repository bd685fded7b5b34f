//! See `doorstep_fuzz::authorization_details`.
#![cfg_attr(fuzzing, no_main)]

doorstep_fuzz::program!(authorization_details);
