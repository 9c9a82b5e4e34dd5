//! What is inside a plot's axes, as SVG.

use super::escape;
use super::plot::{Axis, Drawn, Mark, Series};

/// The size of a plot in its own units, and the room around what is drawn.
pub(super) const WIDTH: f64 = 560.0;
pub(super) const HEIGHT: f64 = 250.0;
pub(super) const TOP: f64 = 16.0;
pub(super) const BOTTOM: f64 = 28.0;
pub(super) const RIGHT: f64 = 18.0;

/// A text at a place.
pub(super) fn text(class: &str, x: f64, y: f64, content: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(content))
}

/// Where things are.
pub(super) struct Frame<'a> {
    /// Where the axis of values stands.
    pub(super) left: f64,
    pub(super) x: &'a Axis,
    pub(super) y: &'a Axis,
}

impl Frame<'_> {
    pub(super) fn x(&self, value: f64) -> f64 {
        self.left + self.x.scale.at(value) * (WIDTH - RIGHT - self.left)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.scale.at(value) * (HEIGHT - BOTTOM - TOP)
    }

    pub(super) fn series(&self, series: &Series) -> String {
        if series.drawn == Drawn::Dots {
            let dots = series.points.iter().filter_map(|(x, y)| y.map(|y| (self.x(*x), self.y(y))));
            return dots
                .map(|(x, y)| format!("<circle class=\"dot {}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>", series.class))
                .collect();
        }
        let mut out = String::new();
        let mut path = String::new();
        for run in series.points.split(|(_, y)| y.is_none()) {
            let line = self.run(run, series.drawn);
            if series.drawn == Drawn::Area && !run.is_empty() {
                let (from, to) = (self.x(run[0].0), self.x(run[run.len() - 1].0));
                let bottom = HEIGHT - BOTTOM;
                out.push_str(&format!(
                    "<path class=\"area {}\" d=\"{line}L{to:.1} {bottom}L{from:.1} {bottom}Z\"/>",
                    series.class
                ));
            }
            path.push_str(&line);
        }
        let kind = match series.drawn {
            Drawn::Dashed => "line dashed",
            Drawn::Faint => "line faint",
            _ => "line",
        };
        out.push_str(&format!("<path class=\"{kind} {}\" d=\"{path}\"/>", series.class));
        out
    }

    /// A line without a gap. A lonely point becomes a dot: a line of no length with round ends.
    fn run(&self, run: &[(f64, Option<f64>)], drawn: Drawn) -> String {
        let mut path = String::new();
        for (nth, (x, y)) in run.iter().enumerate() {
            let (x, y) = (self.x(*x), self.y(y.unwrap_or_default()));
            match (nth, drawn) {
                (0, _) => path.push_str(&format!("M{x:.1} {y:.1}")),
                (_, Drawn::Step) => path.push_str(&format!("H{x:.1}V{y:.1}")),
                _ => path.push_str(&format!("L{x:.1} {y:.1}")),
            }
        }
        if run.len() == 1 {
            path.push_str("h0");
        }
        path
    }

    pub(super) fn mark(&self, mark: &Mark) -> String {
        let bottom = HEIGHT - BOTTOM;
        match mark {
            Mark::Moment(at, name) => {
                let x = self.x(*at);
                let (class, beside) =
                    if self.x.scale.at(*at) > 0.75 { ("name end", x - 5.0) } else { ("name", x + 5.0) };
                let line = format!("<line class=\"mark\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"4\" y2=\"{bottom}\"/>");
                line + &text(class, beside, 12.0, name)
            }
            Mark::Level(level, name) => {
                let (y, right) = (self.y(*level), WIDTH - RIGHT);
                let line = format!(
                    "<line class=\"mark\" x1=\"{:.1}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
                    self.left
                );
                line + &text("name", self.left + 6.0, y - 5.0, name)
            }
            Mark::Point(x, y, name) => {
                let near_top = self.y.scale.at(*y) > 0.93;
                let (x, y) = (self.x(*x), self.y(*y));
                let dot = format!("<circle class=\"point\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>");
                let down = if near_top { 17.0 } else { 4.0 };
                dot + &text("name", x + 8.0, y + down, name)
            }
        }
    }
}
