//! Which characters names and passwords may have.

use doorstep_accounts::catalog::apiculus::Names;
use unicode_normalization::char::is_combining_mark;

/// A letter of some script (the general category L): what is alphabetic and neither a
/// mark, a number nor a letter in a circle.
fn is_letter(character: char) -> bool {
    character.is_alphabetic()
        && !character.is_numeric()
        && !is_combining_mark(character)
        && !matches!(character, '\u{24B6}'..='\u{24E9}' | '\u{1F130}'..='\u{1F189}')
}

/// Whether it is a name.
pub(super) fn is_name(text: &str, names: Names) -> bool {
    let mut before = None;
    for character in text.chars() {
        let fits = match (names, before) {
            (Names::Ascii, _) => character.is_ascii_alphabetic(),
            (_, None) => is_letter(character),
            _ if is_letter(character) => true,
            (Names::Strict, _) => is_combining_mark(character),
            (Names::Lenient, Some(before)) => {
                let after_letter = is_letter(before) || is_combining_mark(before);
                match character {
                    ' ' => after_letter || before == '.',
                    '-' | '\'' | '\u{2019}' | '.' => after_letter,
                    mark => is_combining_mark(mark) && after_letter,
                }
            }
        };
        if !fits {
            return false;
        }
        before = Some(character);
    }
    before.is_some_and(|last| is_letter(last) || is_combining_mark(last) || last == '.')
}

/// Whether it can name an organization: something to read, and nothing odd.
pub(super) fn is_organization(text: &str) -> bool {
    let is_word = |character: char| is_letter(character) || character.is_numeric();
    text.chars().any(is_word)
        && text.chars().all(|character| {
            is_word(character) || is_combining_mark(character) || " &.,'()/+-".contains(character)
        })
}

/// The symbols of which a password has one. Others may be in it and do not count.
const SYMBOLS: &str = "_&@#$%!";

/// What a password lacks, each as the end of "password needs …".
pub(super) fn password_lacks(password: &str, (min, max): (usize, usize)) -> Vec<String> {
    let has = |is: fn(&char) -> bool| password.chars().any(|character| is(&character));
    let length = password.chars().count();
    [
        ((min..=max).contains(&length), format!("{min} to {max} characters")),
        (has(char::is_ascii_lowercase), "a small letter".to_owned()),
        (has(char::is_ascii_uppercase), "a capital letter".to_owned()),
        (has(char::is_ascii_digit), "a digit".to_owned()),
        (password.contains(|it| SYMBOLS.contains(it)), format!("one of {SYMBOLS}")),
    ]
    .into_iter()
    .filter(|(is_right, _)| !is_right)
    .map(|(_, part)| part)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_held_to_the_operators_choice() {
        for (text, strict, lenient, ascii) in [
            ("user", true, true, true),
            ("Zoë", true, true, false),
            ("Zoe\u{308}", true, true, false),
            ("देवनागरी", true, true, false),
            ("Mary Jane", false, true, false),
            ("O'Neil", false, true, false),
            ("Jean-Luc", false, true, false),
            ("J. R. R.", false, true, false),
            ("Us3r", false, false, false),
            ("a_b", false, false, false),
            ("a  b", false, false, false),
            ("-a", false, false, false),
            ("a-", false, false, false),
            ("\u{301}a", false, false, false),
            ("Ⅷ", false, false, false),
            ("Ⓐ", false, false, false),
        ] {
            for (names, expected) in
                [(Names::Strict, strict), (Names::Lenient, lenient), (Names::Ascii, ascii)]
            {
                assert_eq!(is_name(text, names), expected, "{text:?} {names:?}");
            }
        }
    }

    #[test]
    fn passwords_have_a_length_and_four_kinds_of_characters() {
        let lacks = |password| password_lacks(password, (6, 16)).len();
        assert_eq!(lacks("UserSam@178"), 0);
        assert_eq!(lacks("Ab@1"), 1);
        assert_eq!(lacks("usersam@178"), 1);
        assert_eq!(lacks("UserSam178"), 1);
        assert_eq!(lacks("UserSam^178"), 1, "a symbol that does not count");
        assert_eq!(lacks("Us^r _1"), 0, "others may be there beside one that does");
        assert_eq!(lacks("Äö1@5678"), 2, "small and capital are of A to Z");
        assert_eq!(lacks(""), 5);
    }

    #[test]
    fn organizations_have_something_to_read() {
        for (text, expected) in [
            ("Indiqus", true),
            ("Müller & Co. (2) / A+B - O'x, y", true),
            ("***", false),
            ("& - .", false),
            ("a\tb", false),
            ("A_B", false),
        ] {
            assert_eq!(is_organization(text), expected, "{text:?}");
        }
    }
}
