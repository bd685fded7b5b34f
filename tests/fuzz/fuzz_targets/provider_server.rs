//! See `doorstep_fuzz::provider_server`.
#![cfg_attr(fuzzing, no_main)]

doorstep_fuzz::program!(provider_server);
