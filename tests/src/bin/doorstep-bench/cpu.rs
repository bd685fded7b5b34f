//! The processor's time that processes have used.

/// What `/proc` counts in: fixed for programs, whatever the kernel's own clock is.
const MILLIS_OF_A_TICK: f64 = 10.0;

/// Of a process with all its threads, its children, and those of them that have ended, in
/// milliseconds.
pub(crate) fn millis(process: u32) -> f64 {
    let children = format!("/proc/{process}/task/{process}/children");
    let children = std::fs::read_to_string(children).unwrap_or_default();
    let living: f64 = children.split_whitespace().map(own).sum();
    own(&process.to_string()) + living
}

/// Of a process and of its children that have ended.
fn own(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name before it is in brackets, and may hold any character.
    let Some((_, fields)) = stat.rsplit_once(") ") else { return 0.0 };
    // Own time in programs and in the kernel, and both of the children.
    let times = fields.split(' ').skip(11).take(4);
    times.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * MILLIS_OF_A_TICK
}
