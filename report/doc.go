// Package report draws a run as one page: settings, curves, scores, the benchmark pairs gained and lost, clusters and how far
// those of two stages agree. The page holds all it needs (styles, script, pictures) and is read without a network.
//
// The curves are drawn by uPlot 1.6.32 (uplot/, MIT licence), the files of its npm package as they are.
package report
