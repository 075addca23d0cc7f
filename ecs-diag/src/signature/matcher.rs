//! One pass over a text finds every piece of every row, and where the parameters begin.

use std::{collections::HashMap, sync::LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};

use super::{
    parameters::Anchor,
    table::{ANSWERED, Form, NO_ANSWER, Signature, TABLE},
    text::{Text, spellings},
};

const WORDS: usize = 16;
/// More occurrences of one anchor than this are not looked at.
const OCCURRENCES: usize = 8;

pub(super) struct Matcher {
    automaton: AhoCorasick,
    /// Pattern of the automaton to piece; several spellings are one piece.
    owners: Vec<u16>,
    /// The most specific first; rows of the same rank in the order of the table.
    forms: Vec<Compiled>,
    /// Words that are a whole text.
    exact: HashMap<String, usize>,
    answered: Group,
    no_answer: Group,
}

struct Compiled {
    signature: &'static Signature,
    form: &'static Form,
    all: Box<[Group]>,
    none: Group,
}

/// Pieces of which one is enough. Most groups are short, so this is quicker than a set.
type Group = Box<[u16]>;

/// A set of pieces.
#[derive(Clone, Copy, Default)]
struct Set([u64; WORDS]);

impl Set {
    fn insert(&mut self, piece: u16) {
        self.0[usize::from(piece) / 64] |= 1 << (piece % 64);
    }

    fn has(&self, piece: u16) -> bool {
        self.0[usize::from(piece) / 64] & (1 << (piece % 64)) != 0
    }

    fn meets(&self, group: &[u16]) -> bool {
        group.iter().any(|piece| self.has(*piece))
    }
}

/// What a text contains.
pub(super) struct Found {
    pieces: Set,
    /// Where the text goes on behind each anchor.
    anchors: Vec<Vec<usize>>,
}

impl Found {
    /// The ends of all occurrences (up to a limit) of an anchor.
    pub(super) fn all(&self, anchor: Anchor) -> &[usize] {
        &self.anchors[anchor as usize]
    }

    /// The end of the first occurrence of an anchor.
    pub(super) fn first(&self, anchor: Anchor) -> Option<usize> {
        self.all(anchor).first().copied()
    }

    pub(super) fn has(&self, anchor: Anchor) -> bool {
        !self.all(anchor).is_empty()
    }
}

/// The form of the table that fits a text best.
#[derive(Clone, Copy)]
pub(super) struct Best {
    pub(super) signature: &'static Signature,
    pub(super) form: &'static Form,
}

impl Matcher {
    pub(super) fn get() -> &'static Self {
        static MATCHER: LazyLock<Matcher> = LazyLock::new(Matcher::new);
        &MATCHER
    }

    fn new() -> Self {
        let mut builder = Pieces::default();
        for anchor in Anchor::ALL {
            for literal in anchor.literals() {
                builder.patterns.push((*literal).to_owned());
                builder.owners.push(*anchor as u16);
            }
        }
        builder.count = u16::try_from(Anchor::ALL.len()).unwrap_or(u16::MAX);
        let mut forms = Vec::new();
        let mut exact = HashMap::new();
        for signature in TABLE.iter() {
            for form in signature.forms {
                let none = builder.group(form.none.iter().copied().flatten());
                let all = form.all.iter().map(|group| builder.group(group.iter())).collect();
                forms.push(Compiled { signature, form, all, none });
            }
        }
        forms.sort_by_key(|compiled| std::cmp::Reverse(compiled.form.rank));
        for (at, compiled) in forms.iter().enumerate() {
            for word in compiled.form.exact {
                for spelling in spellings(word) {
                    exact.entry(spelling).or_insert(at);
                }
            }
        }
        let answered = builder.group(ANSWERED.iter());
        let no_answer = builder.group(NO_ANSWER.iter());
        let Pieces { patterns, owners, .. } = builder;
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(patterns)
            .expect("a few hundred short patterns");
        Self { automaton, owners, forms, exact, answered, no_answer }
    }

    pub(super) fn find(&self, text: &Text) -> Found {
        let mut found =
            Found { pieces: Set::default(), anchors: vec![Vec::new(); Anchor::ALL.len()] };
        for hit in self.automaton.find_overlapping_iter(&text.lower) {
            let piece = self.owners[hit.pattern().as_usize()];
            found.pieces.insert(piece);
            if let Some(ends) = found.anchors.get_mut(usize::from(piece))
                && ends.len() < OCCURRENCES
            {
                ends.push(hit.end());
            }
        }
        found
    }

    pub(super) fn best(&self, text: &Text, found: &Found) -> Option<Best> {
        let bare = text.bare();
        let word = self.exact.get(bare).copied();
        let best = self.forms.iter().position(|compiled| {
            !compiled.all.is_empty()
                && compiled.all.iter().all(|group| found.pieces.meets(group))
                && !found.pieces.meets(&compiled.none)
        });
        // Both are places in the list that starts with the most specific.
        let at = word.into_iter().chain(best).min()?;
        let Compiled { signature, form, .. } = &self.forms[at];
        Some(Best { signature, form })
    }

    /// Whether the text proves that the service answered, or that it did not.
    pub(super) fn answered(&self, found: &Found) -> Option<bool> {
        match (found.pieces.meets(&self.answered), found.pieces.meets(&self.no_answer)) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Pieces {
    patterns: Vec<String>,
    owners: Vec<u16>,
    numbers: HashMap<&'static str, u16>,
    count: u16,
}

impl Pieces {
    fn group<'a>(&mut self, pieces: impl Iterator<Item = &'a &'static str>) -> Group {
        pieces.map(|piece| self.number(piece)).collect()
    }

    fn number(&mut self, piece: &'static str) -> u16 {
        if let Some(number) = self.numbers.get(piece) {
            return *number;
        }
        let number = self.count;
        self.count += 1;
        self.numbers.insert(piece, number);
        for spelling in spellings(piece) {
            self.patterns.push(spelling);
            self.owners.push(number);
        }
        number
    }
}
