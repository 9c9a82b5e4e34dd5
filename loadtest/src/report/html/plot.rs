//! A plot as inline SVG, with its legend and the table behind it.
//!
//! Why not a plotting library: the page is one file that follows the reader's light or dark, so every mark needs a class and
//! its colour from a variable. `plotters` (SVG backend) writes hex colours, no classes and whole pixels; `poloto` has
//! classes, and no logarithmic axis and no gaps where nothing was measured. What is needed is small: two axes, lines, areas, dots.

use super::escape;
use super::frame::{BOTTOM, Frame, HEIGHT, RIGHT, TOP, WIDTH, text};
use super::scale::Scale;
use crate::report::figures::Unit;
use crate::report::format;

/// Most points that a line keeps; more would neither be seen nor mailed gladly.
const MOST_POINTS: usize = 360;

/// A plot.
pub(super) struct Plot {
    pub(super) title: String,
    /// What one sees, in a sentence.
    pub(super) about: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
    pub(super) marks: Vec<Mark>,
    /// What a point shows that stands for several of a long run.
    pub(super) thin: Thin,
}

/// What a point shows that stands for several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thin {
    /// The highest: a peak is what one looks for.
    Highest,
    /// The average: of what is counted per second.
    Average,
}

/// An axis.
pub(super) struct Axis {
    /// What is along it; the table's heading too.
    pub(super) label: &'static str,
    pub(super) scale: Scale,
    pub(super) shown: Shown,
}

/// How an axis writes its values.
#[derive(Clone, Copy)]
pub(super) enum Shown {
    In(Unit),
    Percent,
    Cores,
}

impl Shown {
    fn tick(self, value: f64) -> String {
        match self {
            Shown::In(unit) => format::short(unit, value),
            Shown::Percent => format!("{} %", trimmed(value)),
            Shown::Cores => trimmed(value),
        }
    }

    fn value(self, value: f64) -> String {
        match self {
            Shown::In(unit) => format::value(unit, value),
            Shown::Percent => format!("{} %", trimmed(value)),
            Shown::Cores => format!("{value:.3}"),
        }
    }
}

/// Up to four decimals, without noughts at the end.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A line.
pub(super) struct Series {
    pub(super) name: String,
    /// Its colour: a class of the style sheet.
    pub(super) class: &'static str,
    pub(super) drawn: Drawn,
    /// By rising x; no y: nothing was measured there, and the line has a gap.
    pub(super) points: Vec<(f64, Option<f64>)>,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drawn {
    Line,
    /// What was wanted, behind what came.
    Dashed,
    /// What is beside the point: the longest.
    Faint,
    Area,
    /// Holds its value until the next.
    Step,
    Dots,
}

/// Something to point at.
pub(super) enum Mark {
    /// A moment: a line from bottom to top, named at the top.
    Moment(f64, String),
    /// A level: a line from left to right.
    Level(f64, String),
    /// A point of a line.
    Point(f64, f64, String),
}

impl Plot {
    /// The whole figure. Nothing where no series has a point.
    pub(super) fn figure(mut self) -> String {
        self.series.retain(|series| series.points.iter().any(|(_, y)| y.is_some()));
        if self.series.is_empty() {
            return String::new();
        }
        for series in &mut self.series {
            series.points = thinned(&series.points, self.thin);
        }
        let label = format!("{}. {}", self.title, self.about);
        let mut out = format!("<figure><figcaption><h3>{}</h3>", escape(&self.title));
        out.push_str(&format!("<p>{}</p>{}</figcaption>", escape(&self.about), self.legend()));
        out.push_str(&format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">", escape(&label)));
        self.draw(&mut out);
        out.push_str("</svg>");
        out.push_str(&self.table());
        out.push_str("</figure>\n");
        out
    }

    fn legend(&self) -> String {
        if self.series.len() < 2 {
            return String::new();
        }
        let entries = self.series.iter().map(|series| {
            let kind = match series.drawn {
                Drawn::Dashed => "key dashed",
                Drawn::Dots => "key round",
                _ => "key",
            };
            format!("<li class=\"{}\"><i class=\"{kind}\"></i>{}</li>", series.class, escape(&series.name))
        });
        format!("<ul class=\"legend\">{}</ul>", entries.collect::<String>())
    }

    fn draw(&self, out: &mut String) {
        let (x_ticks, y_ticks) = (self.x.scale.ticks(), self.y.scale.ticks());
        let widest = y_ticks.iter().map(|value| self.y.shown.tick(*value).chars().count()).max().unwrap_or(0);
        let frame = Frame { left: 14.0 + 6.1 * widest as f64, x: &self.x, y: &self.y };
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for value in y_ticks {
            let y = frame.y(value);
            out.push_str(&format!(
                "<line class=\"grid\" x1=\"{:.1}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
                frame.left
            ));
            let (x, y) = (frame.left - 7.0, y + 3.7);
            out.push_str(&text("tick end", x, y, &self.y.shown.tick(value)));
        }
        for value in x_ticks {
            let x = frame.x(value);
            out.push_str(&format!(
                "<line class=\"notch\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{bottom}\" y2=\"{:.1}\"/>",
                bottom + 4.0
            ));
            out.push_str(&text("tick mid", x, bottom + 17.0, &self.x.shown.tick(value)));
        }
        out.push_str(&format!(
            "<line class=\"axis\" x1=\"{:.1}\" x2=\"{right}\" y1=\"{bottom}\" y2=\"{bottom}\"/>",
            frame.left
        ));
        for series in &self.series {
            out.push_str(&frame.series(series));
        }
        for mark in &self.marks {
            out.push_str(&frame.mark(mark));
        }
        out.push_str(&self.hits(&frame));
    }

    /// Strips without colour that tell their values when pointed at, without a script.
    fn hits(&self, frame: &Frame<'_>) -> String {
        let xs = self.xs();
        let mut out = String::new();
        for (nth, x) in xs.iter().enumerate() {
            let middle = |other: Option<&f64>| other.map(|other| (frame.x(*x) + frame.x(*other)) / 2.0);
            let from = middle(nth.checked_sub(1).and_then(|before| xs.get(before))).unwrap_or(frame.left);
            let to = middle(xs.get(nth + 1)).unwrap_or(WIDTH - RIGHT);
            if to - from < 0.05 {
                continue;
            }
            let mut told = self.x.shown.tick(*x);
            for series in &self.series {
                if let Some(y) = value_at(series, *x) {
                    told.push_str(&format!("\n{}: {}", series.name, self.y.shown.value(y)));
                }
            }
            out.push_str(&format!(
                "<rect class=\"hit\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{}\"><title>{}</title></rect>",
                to - from,
                HEIGHT - BOTTOM - TOP,
                escape(&told)
            ));
        }
        out
    }

    /// Every x of every series, once, rising.
    fn xs(&self) -> Vec<f64> {
        let mut xs: Vec<f64> = self.series.iter().flat_map(|series| &series.points).map(|(x, _)| *x).collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        xs
    }

    fn table(&self) -> String {
        let head = self.series.iter().map(|series| format!("<th scope=\"col\">{}</th>", escape(&series.name)));
        let mut out = String::from(
            "<details><summary>Numbers</summary><div class=\"scroll\"><table class=\"numbers\"><thead><tr>",
        );
        out.push_str(&format!(
            "<th scope=\"col\">{}</th>{}</tr></thead><tbody>",
            self.x.label,
            head.collect::<String>()
        ));
        for x in self.xs() {
            out.push_str(&format!("<tr><td>{}</td>", self.x.shown.tick(x)));
            for series in &self.series {
                let shown = value_at(series, x).map_or_else(String::new, |y| self.y.shown.value(y));
                out.push_str(&format!("<td>{shown}</td>"));
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table></div></details>");
        out
    }
}

fn value_at(series: &Series, x: f64) -> Option<f64> {
    let found = series.points.binary_search_by(|(other, _)| other.total_cmp(&x)).ok()?;
    series.points[found].1
}

/// At most [`MOST_POINTS`], each for its neighbours.
fn thinned(points: &[(f64, Option<f64>)], thin: Thin) -> Vec<(f64, Option<f64>)> {
    let each = points.len().div_ceil(MOST_POINTS).max(1);
    let one = |some: &[(f64, Option<f64>)]| {
        let measured = some.iter().filter_map(|(_, y)| *y);
        let y = match thin {
            Thin::Highest => measured.reduce(f64::max),
            Thin::Average => {
                let (sum, count) = measured.fold((0.0, 0.0), |(sum, count), y| (sum + y, count + 1.0));
                (count > 0.0).then(|| sum / count)
            }
        };
        (some[0].0, y)
    };
    points.chunks(each).map(one).collect()
}

#[cfg(test)]
mod tests;
