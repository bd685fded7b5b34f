//! What backups are called, and which of them go when there is a new one.

use jiff::Timestamp;

const BEGIN: &str = "doorstep-";
/// `2026-11-26T03-15-00.123Z`: sorts by time, and is a file's name everywhere.
const TIME: &str = "%Y-%m-%dT%H-%M-%S%.3fZ";
const TIME_LENGTH: usize = 24;
const ENDS: [&str; 2] = [".backup", ".backup.age"];

/// How many stay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    /// The newest ones.
    pub(crate) newest: usize,
    /// And the newest of each of the last days that have one.
    pub(crate) days: usize,
}

/// The name of a backup made now.
pub(crate) fn file_name(now: Timestamp, is_sealed: bool) -> String {
    format!("{BEGIN}{}{}", now.strftime(TIME), ENDS[usize::from(is_sealed)])
}

/// The day, of a name that is ours.
fn day(name: &str) -> Option<&str> {
    let rest = name.strip_prefix(BEGIN)?;
    let time = rest.get(..TIME_LENGTH)?;
    let shape = |(at, c): (usize, char)| match at {
        4 | 7 | 13 | 16 => c == '-',
        10 => c == 'T',
        19 => c == '.',
        23 => c == 'Z',
        _ => c.is_ascii_digit(),
    };
    let is_ours = ENDS.contains(&&rest[TIME_LENGTH..]) && time.chars().enumerate().all(shape);
    is_ours.then(|| &time[..10])
}

/// The files that may go. Only names that this program gives are among them.
pub(crate) fn surplus(mut names: Vec<String>, keep: Keep) -> Vec<String> {
    names.retain(|name| day(name).is_some());
    names.sort();
    names.reverse();
    let (mut days, mut last) = (0, String::new());
    let mut surplus = Vec::new();
    for (at, name) in names.into_iter().enumerate() {
        let is_first_of_day = day(&name).is_some_and(|day| day != last);
        if is_first_of_day {
            days += 1;
            day(&name).unwrap_or_default().clone_into(&mut last);
        }
        if at >= keep.newest && !(is_first_of_day && days <= keep.days) {
            surplus.push(name);
        }
    }
    surplus
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_and_one_a_day_stay_and_what_is_not_ours_is_left_alone() {
        let time = |day: u32, hour: u32| -> Timestamp {
            format!("2026-11-{day:02}T{hour:02}:00:00.5Z").parse().unwrap()
        };
        let name = |day, hour| file_name(time(day, hour), day % 2 == 0);
        assert_eq!(name(2, 7), "doorstep-2026-11-02T07-00-00.500Z.backup.age");
        let mut names: Vec<_> = (1..=9).flat_map(|day| [name(day, 5), name(day, 7)]).collect();
        for other in ["doorstep.db", "doorstep-2026.backup", "notes", "doorstep-ü.backup"] {
            names.push(other.to_owned());
        }
        names.push(format!("{}.part", name(1, 1)));
        let gone = surplus(names.clone(), Keep { newest: 3, days: 4 });
        let stays: Vec<_> = names.iter().filter(|name| !gone.contains(name)).collect();
        let ours: Vec<_> = stays.iter().filter(|name| day(name).is_some()).collect();
        let expected = [name(6, 7), name(7, 7), name(8, 7), name(9, 5), name(9, 7)];
        assert_eq!(
            ours.into_iter().copied().collect::<Vec<_>>(),
            expected.iter().collect::<Vec<_>>()
        );
        assert_eq!(stays.len(), 5 + 5);
        assert_eq!(surplus(vec![name(1, 1)], Keep { newest: 1, days: 0 }), [""; 0]);
    }
}
