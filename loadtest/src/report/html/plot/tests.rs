use super::*;

fn plot(points: Vec<(f64, Option<f64>)>, drawn: Drawn) -> Plot {
    Plot {
        title: "A <title>".to_owned(),
        about: "About & so on.".to_owned(),
        x: Axis { label: "Second", scale: Scale::even(0.0, 10.0), shown: Shown::In(Unit::Seconds) },
        y: Axis { label: "Time", scale: Scale::from_zero(100.0, false), shown: Shown::In(Unit::Milliseconds) },
        series: vec![Series { name: "p99".to_owned(), class: "q-p99", drawn, points }],
        marks: vec![Mark::Moment(5.0, "cut \"now\"".to_owned())],
        thin: Thin::Highest,
    }
}

#[test]
fn a_gap_stays_a_gap() {
    let drawn = plot(vec![(0.0, Some(1.0)), (1.0, Some(2.0)), (2.0, None), (3.0, Some(4.0))], Drawn::Line).figure();
    let path = drawn.split("<path class=\"line q-p99\" d=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert_eq!(path.matches('M').count(), 2, "{path}");
    assert!(path.ends_with("h0"), "a lonely point is drawn: {path}");
}

#[test]
fn nothing_measured_is_no_plot() {
    assert_eq!(plot(vec![(0.0, None)], Drawn::Line).figure(), "");
    assert_eq!(plot(Vec::new(), Drawn::Area).figure(), "");
}

#[test]
fn everything_is_escaped_and_told_in_a_table() {
    let drawn = plot(vec![(0.0, Some(1.0)), (1.0, Some(2.5))], Drawn::Area).figure();
    assert!(drawn.contains("A &lt;title&gt;") && drawn.contains("cut &quot;now&quot;") && !drawn.contains("& so"));
    assert!(drawn.contains("<td>2.50 ms</td>"), "{drawn}");
    assert!(drawn.contains("aria-label=\"A &lt;title&gt;. About &amp; so on.\""));
    assert!(drawn.contains("<title>1 s\np99: 2.50 ms</title>"));
}

#[test]
fn a_long_run_is_thinned_and_keeps_its_peaks() {
    let points: Vec<_> = (0..3600).map(|s| (f64::from(s), Some(if s == 1801 { 9.0 } else { 1.0 }))).collect();
    let thin = thinned(&points, Thin::Highest);
    assert!(thin.len() <= MOST_POINTS);
    assert_eq!(thin.iter().filter_map(|(_, y)| *y).fold(0.0, f64::max), 9.0);
    let average = thinned(&points, Thin::Average);
    assert!(average.iter().filter_map(|(_, y)| *y).fold(0.0, f64::max) < 2.0);
}
