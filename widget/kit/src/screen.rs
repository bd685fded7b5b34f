//! What is drawn into the root at the moment.

use std::{any::Any, cell::RefCell, rc::Rc};

use leptos::{mount::mount_to, prelude::*};
use web_sys::HtmlElement;

/// The place of the form, and the view that is there.
///
/// Views are exchanged as a whole and never patched: a form is replaced only
/// when its fields or its end have come, and without code that patches them the
/// module is a quarter smaller. Texts and attributes inside are reactive.
#[derive(Clone)]
pub struct Screen {
    root: HtmlElement,
    /// Owns what outlives a view: the answers, and the state of the sign-up.
    owner: Owner,
    /// Leptos' handle; its type names the whole view, so it is kept unnamed.
    view: Rc<RefCell<Option<Box<dyn Any>>>>,
}

impl Screen {
    /// Takes the place over.
    pub fn new(root: HtmlElement) -> Self {
        root.replace_children_with_node_0();
        Self { root, owner: Owner::new(), view: Rc::default() }
    }

    /// Runs something whose signals are to live as long as the form.
    pub fn own<T>(&self, make: impl FnOnce() -> T) -> T {
        self.owner.with(make)
    }

    /// Draws a view in place of the last.
    pub fn draw<V: IntoView + 'static>(&self, view: impl FnOnce() -> V + 'static) {
        self.clear();
        let mounted = self.owner.with(|| mount_to(self.root.clone(), view));
        *self.view.borrow_mut() = Some(Box::new(mounted));
    }

    /// Takes the view off the page.
    pub fn clear(&self) {
        // Taken first: a view that goes may ask for the screen.
        let last = self.view.borrow_mut().take();
        drop(last);
    }

    /// Takes the view off the page and frees all that it stood on.
    pub fn close(&self) {
        self.clear();
        self.owner.cleanup();
    }
}
