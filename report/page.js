// Draws the charts of the page with uPlot, in the colours of the style sheet, anew when the colour scheme changes.
"use strict";
const charts = JSON.parse(document.getElementById("curve-data").textContent);
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Losses and gradients span magnitudes.
const logarithmic = chart => chart.log && chart.series.every(s => s.data.every(x => x == null || x > 0));

// A control has the colour of the stage of the same number, dashed.
function strokes(series) {
  const number = name => Number((/\d+$/.exec(name) || ["0"])[0]);
  return series.map(s => ({ label: s.name, stroke: colour("--s" + number(s.name) % 6), width: 1.5,
    dash: s.name.startsWith("control") ? [6, 4] : [], points: { show: s.steps.length < 2 } }));
}

function options(chart, width) {
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
  const short = x => x == null ? "" : x === 0 ? "0" : Math.abs(x) < 1e-3 || Math.abs(x) >= 1e5 ? x.toExponential() : String(+x.toPrecision(4));
  return { width, height: 256, cursor: { points: { size: 6 } },
    legend: { markers: { dash: (u, i) => (u.series[i].dash || []).length ? "dashed" : "solid", fill: (u, i) => (u.series[i].dash || []).length ? null : u.series[i].stroke(u, i) } },
    scales: { x: { time: false }, y: logarithmic(chart) ? { distr: 3 } : { range: (u, low, high) => uPlot.rangeNum(low ?? 0, high ?? 1, 0.1, true) } },
    axes: [axis, { ...axis, size: 62, values: (u, ticks) => ticks.map(short) }],
    series: [{ label: "step" }, ...strokes(chart.series).map(s => ({ ...s, value: (u, x) => short(x) }))] };
}

function draw(place) {
  const chart = charts.find(c => c.title === place.dataset.chart);
  const data = uPlot.join(chart.series.map(s => [s.steps, s.data]));
  place.replaceChildren();
  return new uPlot(options(chart, place.clientWidth), data, place);
}

const places = [...document.querySelectorAll(".plot")];
let plots = places.map(draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  plots.forEach(p => p.destroy());
  plots = places.map(draw);
});
places.forEach((p, i) => new ResizeObserver(() => {
  if (p.clientWidth > 0 && p.clientWidth !== plots[i].width) plots[i].setSize({ width: p.clientWidth, height: 256 });
}).observe(p));
