//! One component for each way to answer.

mod check_box;
mod choice_list;
mod text_line;

pub(crate) use check_box::CheckBox;
pub(crate) use choice_list::ChoiceList;
pub(crate) use text_line::TextLine;
