//! A bar chart as SVG.

use std::fmt::Write as _;

/// Bars in groups.
#[derive(Clone, Debug)]
pub struct Bars {
    /// The title above the chart.
    pub title: String,
    /// The names below the groups.
    pub groups: Vec<String>,
    /// The kinds of bars; each has one bar in every group.
    pub series: Vec<Series>,
}

/// Bars of one kind.
#[derive(Clone, Debug)]
pub struct Series {
    /// The name in the legend.
    pub name: String,
    /// The values, one for each group.
    pub values: Vec<f64>,
}

const COLOURS: [&str; 5] = ["#4477aa", "#66ccee", "#228833", "#ccbb44", "#aa3377"];
const HEIGHT: f64 = 240.0;
const BAR: f64 = 34.0;

impl Bars {
    /// The picture.
    #[must_use]
    pub fn svg(&self) -> String {
        let all = self.series.iter().flat_map(|series| &series.values);
        let most = all.copied().fold(f64::EPSILON, f64::max);
        let digits = if most < 20.0 { 2 } else { 0 };
        let group = BAR * (self.series.len() as f64 + 1.0);
        let width = (group * self.groups.len() as f64 + 40.0).max(480.0);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{}\" \
             font-family=\"sans-serif\" font-size=\"11\">\n\
             <text x=\"20\" y=\"20\" font-size=\"14\">{}</text>\n",
            HEIGHT + 100.0,
            self.title
        );
        for (number, series) in self.series.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            for (place, value) in series.values.iter().enumerate() {
                let x = 20.0 + place as f64 * group + number as f64 * BAR;
                let height = value / most * HEIGHT;
                let y = 60.0 + HEIGHT - height;
                let _ = writeln!(
                    svg,
                    "<rect x=\"{x}\" y=\"{y:.1}\" width=\"{}\" height=\"{height:.1}\" \
                     fill=\"{colour}\"/>\
                     <text x=\"{x}\" y=\"{:.1}\">{value:.digits$}</text>",
                    BAR - 4.0,
                    y - 3.0
                );
            }
            let x = 20 + number * 110;
            let _ =
                writeln!(svg, "<text x=\"{x}\" y=\"40\" fill=\"{colour}\">{}</text>", series.name);
        }
        for (place, name) in self.groups.iter().enumerate() {
            let x = 20.0 + place as f64 * group;
            let _ = writeln!(svg, "<text x=\"{x}\" y=\"{}\">{name}</text>", HEIGHT + 78.0);
        }
        svg + "</svg>\n"
    }
}
